// do_shutdown: everything ends with events, what is queued leaves first.
import { expect, test } from '@jest/globals';
import { covers } from '../support/coverage';
import { P } from '../support/ids';
import { withThreadPeer } from '../support/peer';
import { behaviour, withServer } from '../support/server';

behaviour(covers('method', 'Shutdown'), (kind) => {
  test('stops listening, disconnects everybody and has fired each Disconnected when it returns', () =>
    withServer(kind, {}, async (server) => {
      const peers = [await server.connect(), await server.connect(), await server.connect()];
      server.must(server.shutdown());
      expect(server.get(P.Listening)).toBe(false);
      expect(server.get(P.ConnectionCount)).toBe(0);
      expect(server.events('Disconnected').map((param) => param.statuscode)).toEqual([0, 0, 0]);
      for (const { client } of peers) {
        await client.isGone();
        expect(client.error).toBeUndefined();
      }
      const late = server.client();
      await server.until(() => late.closed, 'a late client to be refused');
    }));

  test('of an idle server succeeds', () =>
    withServer(kind, { listen: false }, (server) => {
      server.must(server.shutdown());
      server.must(server.shutdown());
    }));

  test('sends what is queued first', () =>
    withServer(kind, { smallBuffers: true }, (server) =>
      withThreadPeer(server, { paused: true }, async (peer, id) => {
        const text = 'd'.repeat(2_000_000);
        server.must(server.send(id, text));
        peer.command({ op: 'resume', after: 50 });
        server.must(server.shutdown());
        expect(server.events('Disconnected', id)).toMatchObject([{ statuscode: 0 }]);
        await peer.until('end');
        expect(peer.text.length).toBe(text.length);
      }),
    ));

  test('inside a handler ends the connections after it', () =>
    withServer(kind, {}, async (server) => {
      let inside = -1;
      server.on('DataIn', () => {
        server.must(server.shutdown());
        inside = server.count('Disconnected');
      });
      const first = await server.connect();
      const second = await server.connect();
      first.client.write('everybody out');
      await server.event('Disconnected', first.id);
      await server.event('Disconnected', second.id);
      expect(inside).toBe(0);
      expect(server.get(P.Listening)).toBe(false);
    }));

  test('lets the server listen again on the same port', () =>
    withServer(kind, {}, async (server) => {
      const { port } = server;
      await server.connect();
      server.must(server.shutdown());
      server.must(server.set(P.LocalPort, port));
      server.must(server.set(P.Listening, true));
      await server.connect();
    }));
});
