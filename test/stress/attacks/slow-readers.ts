// Clients that ask for 16 MiB and read nothing. The handler of this library waits for each in the loop of PORTING.md, so
// that a pump nests for every one of them.
import type { Attack } from './attack';
import { withAttackers, withServer } from './hosts';
import { answersAll, observe, Polite } from './polite';
import { Sockets } from './sockets';

function slowReaders(many: number): Attack {
  const name = `slow-readers-${many}`;
  return {
    name,
    title: `${many} slow readers`,
    figures: [
      { key: 'answers', title: 'answers of 20 polite clients in 5 s', unit: 'count' },
      { key: 'longest', title: 'longest wait', unit: 'ms' },
      { key: 'during', title: 'serves all at the end', unit: 'yes' },
      { key: 'afterwards', title: 'serves when they have left', unit: 'yes' },
    ],

    async crowd(port, count) {
      const sockets = await new Sockets(port, false).add(count);
      return { attack: () => sockets.write('much\n'), open: () => sockets.open() };
    },

    measure: (host, { count, duration }) =>
      withServer(host, [], async (server) => {
        const clients = await Polite.meetAll(server.clear, 20);
        const seen = await withAttackers(name, server.clear, count(many), async (attackers) => {
          await attackers.attack();
          const { answers, longest } = await observe(clients, duration);
          return { answers, longest, during: Number(await answersAll(clients, 1000)) };
        });
        return { ...seen, afterwards: Number(await answersAll(clients, 5000)) };
      }),
  };
}

export const slowReaders64 = slowReaders(64);
export const slowReaders200 = slowReaders(200);
