// do_reset: everything ends without events, every default is back.
import { expect, test } from '@jest/globals';
import { covers } from '../support/coverage';
import { Code, P } from '../support/ids';
import { behaviour, withServer } from '../support/server';

behaviour(covers('method', 'Reset'), (kind) => {
  test('ends listening and all connections without events and gives every default back', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      server.must(server.set(P.DefaultEOL, '\n'));
      server.config('TcpNoDelay=True');
      server.must(server.reset());
      expect(server.get(P.Listening)).toBe(false);
      expect(server.get(P.ConnectionCount)).toBe(0);
      expect(server.get(P.DefaultEOL)).toBe('');
      expect(server.config('TcpNoDelay')).toBe('False');
      expect([server.get(P.Connected, id), server.code]).toEqual([false, Code.UnknownConnection]);
      expect(server.count('Disconnected')).toBe(0);
      await client.isGone();
    }));

  test('keeps the callbacks, so that the server can be used again', async () => {
    await withServer(kind, { check: { allGone: false } }, async (server) => {
      server.must(server.reset());
      if (kind.pump === 'doevents') {
        server.config('ProcessIdleEvents=False');
      }
      server.log.length = 0;
      server.listen();
      const { client, id } = await server.connect();
      client.write('again');
      await server.until(() => server.input(id) === 'again', 'DataIn after reset');
      client.end();
      await server.event('Disconnected', id);
    });
  });

  test('inside a handler takes effect when the handler has returned', () =>
    withServer(kind, {}, async (server) => {
      let inside: unknown;
      server.on('DataIn', ({ connectionid }) => {
        server.must(server.reset());
        inside = server.get(P.Connected, connectionid);
      });
      const { client } = await server.connect();
      client.write('reset');
      await client.isGone();
      await server.until(() => server.get(P.Listening) === false, 'listening to end');
      expect(inside).not.toBeUndefined();
      expect(server.count('Disconnected')).toBe(0);
    }));
});
