// Three waves of clients that send half a ClientHello, stay for a moment, and leave: what memory does the server need
// for them, and how much of it does it give back?
import type { Attack } from './attack';
import { type Server, withAttackers, withServer } from './hosts';
import { answersAll, Polite, sleep } from './polite';
import { clientHello, Sockets } from './sockets';

/** The memory of a server that has answered everybody and stays as it is. */
async function steady(server: Server, clients: Polite[], ms: number): Promise<number> {
  await answersAll(clients, 30_000);
  await sleep(ms);
  return server.memory;
}

export const halfHandshakes: Attack = {
  name: 'half-handshakes',
  title: '3 waves of 5,000 half handshakes',
  figures: [
    { key: 'before', title: 'resident memory before', unit: 'KiB' },
    { key: 'peak', title: 'at most', unit: 'KiB' },
    { key: 'each', title: 'of the first wave, each', unit: 'bytes' },
    { key: 'after1', title: '3 s after the first wave', unit: 'KiB' },
    { key: 'after2', title: '3 s after the second', unit: 'KiB' },
    { key: 'after3', title: '3 s after the third', unit: 'KiB' },
    { key: 'trimmed', title: 'after malloc_trim', unit: 'KiB' },
  ],

  async crowd(port, count) {
    const hello = await clientHello();
    const half = hello.subarray(0, hello.length >> 1);
    const sockets = await new Sockets(port, true).add(count, (socket) => socket.write(half));
    return { open: () => sockets.open() };
  },

  measure: (host, { count, duration }) =>
    withServer(host, [], async (server) => {
      // Warm: what the first handshakes need is no memory of the attack.
      const clients = [await Polite.meet(server.tls, true), await Polite.meet(server.clear)];
      const many = count(5000);
      const pause = (duration * 3) / 5;
      const figures: Record<string, number> = { before: await steady(server, clients, pause) };
      let peak = 0;
      for (const wave of [1, 2, 3]) {
        await withAttackers('half-handshakes', server.tls, many, async () => {
          const memory = await steady(server, clients, pause / 3);
          peak = Math.max(peak, memory);
          if (wave === 1) figures.each = (memory - (figures.before as number)) / many;
        });
        figures[`after${wave}`] = await steady(server, clients, pause);
      }
      await server.command('trim');
      return { ...figures, peak, trimmed: server.memory };
    }),
};
