// Much work in one turn of the loop: a hundred lines at once that cost the handler 20 ms each, and thousands of
// connections that time out in the same moment.
import type { Attack } from './attack';
import { withAttackers, withServer } from './hosts';
import { answersAll, look, observe, Polite, sleep } from './polite';
import { Sockets } from './sockets';

export const computing: Attack = {
  name: 'computing',
  title: '100 lines of 20 ms at once',
  figures: [{ key: 'longest', title: 'longest wait of a polite client', unit: 'ms' }],

  async crowd(port, count) {
    const sockets = await new Sockets(port, true).add(count);
    return { attack: () => sockets.write('compute\n'), open: () => sockets.open() };
  },

  measure: (host, { count, duration }) =>
    withServer(host, [], async (server) => {
      const client = await Polite.meet(server.clear);
      return withAttackers('computing', server.clear, count(100), async (attackers) => {
        await server.findsAtOnce(attackers);
        await observe([client], duration / 2);
        await answersAll([client], 30_000);
        return { longest: look([client]).longest };
      });
    }),
};

/** Waits until a number of connections is the one wanted. Bun looks at its time-outs every four seconds. */
async function becomes(look: () => Promise<number>, wanted: number): Promise<void> {
  const end = performance.now() + 30_000;
  for (let now = await look(); now !== wanted; now = await look()) {
    if (performance.now() > end) throw new Error(`there are ${now} connections in place of ${wanted}`);
    await sleep(50);
  }
}

export const timeOuts: Attack = {
  name: 'time-outs',
  title: '9,000 time-outs in one tick',
  figures: [{ key: 'longest', title: 'longest wait of a polite client', unit: 'ms' }],

  async crowd(port, count) {
    return new Sockets(port, true).add(count);
  },

  measure: (host, { count }) =>
    withServer(host, [], async (server) => {
      const client = await Polite.meet(server.clear);
      const many = count(9000);
      return withAttackers('time-outs', server.clear, many, async (attackers) => {
        await becomes(() => server.command('count'), many + 1);
        await server.command('expire');
        client.begin();
        await becomes(() => attackers.open(), 0);
        await answersAll([client], 30_000);
        return { longest: look([client]).longest };
      });
    }),
};
