// do_interrupt: a blocking send is cut short.
import { expect, test } from '@jest/globals';
import { covers } from '../support/coverage';
import { Code, P } from '../support/ids';
import { withThreadPeer } from '../support/peer';
import { behaviour, withServer } from '../support/server';

behaviour(covers('method', 'Interrupt'), (kind) => {
  test('ends a blocking send with 301 and leaves the connection up', () =>
    withServer(kind, { smallBuffers: true }, async (server) => {
      const other = await server.connect();
      await withThreadPeer(server, { paused: true }, async (peer, id) => {
        server.must(server.set(P.Timeout, id, 600));
        server.on('DataIn', () => {
          expect(server.api.ipworks_ipdaemon_do_interrupt(server.res, id)).toBe(0);
        });
        other.client.write('stop it');
        const start = performance.now();
        expect(server.send(id, 'i'.repeat(12_000_000))).toBe(Code.TimedOut);
        expect(performance.now() - start).toBeLessThan(500_000);
        const sent = server.get(P.BytesSent, id) as number;
        expect(sent).toBeLessThan(12_000_000);
        expect(server.get(P.Connected, id)).toBe(true);
        server.must(server.disconnect(id));
        peer.command({ op: 'resume' });
        await peer.until('end');
        expect(peer.text.length).toBe(sent);
      });
    }));

  test('without a blocking send does nothing, and fails for an unknown id', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      expect(server.api.ipworks_ipdaemon_do_interrupt(server.res, id)).toBe(0);
      expect(server.api.ipworks_ipdaemon_do_interrupt(server.res, id + 1)).toBe(Code.UnknownConnection);
      server.must(server.send(id, 'not interrupted'));
      await client.receives('not interrupted');
    }));
});
