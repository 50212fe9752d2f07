// Clients of a full server: each is told "busy" and disconnected, and keeps its end open. The server has a thousand
// descriptors. New polite clients want to be told, too.
import * as net from 'node:net';
import type { Attack } from './attack';
import { withAttackers, withServer } from './hosts';
import { look, Polite, sleep } from './polite';
import { Sockets } from './sockets';

const descriptors = 1000;

/** Connects, reads until the end, and leaves; gives how long it took, or `limit` for a client that heard nothing. */
function visit(port: number, limit: number): Promise<number> {
  return new Promise((resolve) => {
    const begin = performance.now();
    const socket = net.connect({ port, host: '127.0.0.1' });
    let text = '';
    const done = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(text === 'busy\n' ? performance.now() - begin : limit);
    };
    const timer = setTimeout(done, limit);
    socket.on('data', (chunk) => {
      text += String(chunk);
      if (text === 'busy\n') done();
    });
    socket.on('error', done);
    socket.on('end', done);
  });
}

export const lingering: Attack = {
  name: 'lingering',
  title: '3,000 clients of a full server',
  figures: [
    { key: 'peak', title: 'descriptors of 1,000 in use at most', unit: 'count' },
    { key: 'longest', title: 'longest wait of a client that is in', unit: 'ms' },
    { key: 'visits', title: 'new clients that were told "busy"', unit: 'count' },
    { key: 'slowest', title: 'longest wait of a new client', unit: 'ms' },
  ],

  async crowd(port, count) {
    const sockets = new Sockets(port, true);
    return { attack: () => void sockets.add(count), open: () => sockets.open() };
  },

  measure: (host, { count, duration }) =>
    withServer(
      host,
      ['--busy'],
      async (server) => {
        const inside = await Polite.meet(server.clear);
        return withAttackers('lingering', server.clear, count(3000), async (attackers) => {
          let peak = 0;
          const watch = setInterval(() => {
            peak = Math.max(peak, server.descriptors);
          }, 10);
          let visits = 0;
          let slowest = 0;
          inside.begin();
          await attackers.attack();
          const end = performance.now() + duration;
          while (performance.now() < end) {
            const took = await visit(server.clear, duration);
            visits += took < duration ? 1 : 0;
            slowest = Math.max(slowest, took);
            await sleep(20);
          }
          clearInterval(watch);
          return { peak, longest: look([inside]).longest, visits, slowest };
        });
      },
      descriptors,
    ),
};
