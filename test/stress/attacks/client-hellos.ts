// A crowd of TLS clients whose connections stand already, and who all begin their handshakes in the same moment.
import type { Attack } from './attack';
import { withAttackers, withServer } from './hosts';
import { answersAll, look, observe, Polite } from './polite';
import { clientHello, Sockets } from './sockets';

export const clientHellos: Attack = {
  name: 'client-hellos',
  title: '500 ClientHellos at once',
  figures: [
    { key: 'same', title: 'longest wait on the same handle', unit: 'ms', atMost: 4 },
    { key: 'other', title: 'longest wait on another handle', unit: 'ms', atMost: 4 },
  ],

  async crowd(port, count) {
    const hello = await clientHello();
    const sockets = await new Sockets(port, true).add(count);
    return { attack: () => sockets.write(hello), open: () => sockets.open() };
  },

  measure: (host, { count, duration }) =>
    withServer(host, [], async (server) => {
      const same = await Polite.meet(server.tls, true);
      const other = await Polite.meet(server.clear);
      return withAttackers('client-hellos', server.tls, count(500), async (attackers) => {
        await server.findsAtOnce(attackers);
        await observe([same, other], duration / 2);
        await answersAll([same, other], 60_000);
        return { same: look([same]).longest, other: look([other]).longest };
      });
    }),
};
