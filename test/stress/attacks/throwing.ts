// A client whose lines make the handler throw, and who sends them without a pause. The server goes on after exceptions:
// by a handler of uncaughtException, or by `try` around do_doevents.
import type { Attack } from './attack';
import { withAttackers, withServer } from './hosts';
import { observe, Polite } from './polite';
import { Sockets } from './sockets';

function throwing(way: 'loop' | 'pump', title: string): Attack {
  const name = `throwing-${way}`;
  return {
    name,
    title: `handler throws, ${title}`,
    figures: [
      { key: 'answers', title: 'answers of 20 polite clients in 5 s', unit: 'count' },
      { key: 'longest', title: 'longest wait', unit: 'ms' },
    ],

    async crowd(port, count) {
      const sockets = await new Sockets(port, true).add(count);
      const block = 'throw\n'.repeat(10_000);
      const flood = () => {
        for (const socket of sockets.list) {
          while (!socket.destroyed && socket.write(block)) {}
        }
      };
      for (const socket of sockets.list) socket.on('drain', flood);
      return { attack: flood, open: () => sockets.open() };
    },

    async measure(host, { duration }) {
      if (way === 'pump' && !host.pumps) return undefined;
      return withServer(host, way === 'pump' ? ['--pump'] : [], async (server) => {
        const clients = await Polite.meetAll(server.clear, 20);
        return withAttackers(name, server.clear, 1, async (attackers) => {
          await attackers.attack();
          return observe(clients, duration);
        });
      });
    },
  };
}

export const throwingInLoop = throwing('loop', "host's loop");
export const throwingInPump = throwing('pump', 'pump loop');
