// Handlers that do the unexpected in the middle of TLS.
import { expect, test } from '@jest/globals';
import { Code, P } from '../support/ids';
import { behaviour, withServer } from '../support/server';
import { authenticating, configure, implicit } from '../support/tls';

behaviour('a handler inside TLS', (kind) => {
  test('of SSLStatus that disconnects while a line is unfinished ends the connection, and nothing more is delivered', () =>
    withServer(
      kind,
      { before: implicit('p256', (server) => configure(server, 'LogSSLPackets=True')), check: { bytes: false } },
      async (server) => {
        const { client, id } = await server.connectTls();
        server.set(P.EOL, id, '\n');
        client.write('unfinished'.repeat(100));
        await server.until(() => server.events('SSLStatus', id).length > 0, 'the first record');
        // Something waits to be sent, so that the connection lingers.
        client.tls.pause();
        while (server.send(id, 'y'.repeat(60_000)) === 0);
        const before = server.count('DataIn', id);
        let disconnected = false;
        server.on('SSLStatus', ({ connectionid, message }) => {
          if (connectionid !== id || disconnected || !message.startsWith('received record')) return;
          disconnected = true;
          server.must(server.disconnect(id));
        });
        client.write('more\n');
        await server.until(() => disconnected, 'the handler');
        client.tls.resume();
        await server.event('Disconnected', id);
        expect(server.count('DataIn', id)).toBe(before);
      },
    ));

  test('that pumps until it may send goes on when the handshake has failed', () =>
    withServer(
      kind,
      { before: authenticating((server) => configure(server, 'DefaultConnectionTimeout=1')) },
      async (server) => {
        const codes: number[] = [];
        server.on('SSLClientAuthentication', ({ connectionid }) => {
          codes.push(server.send(connectionid, 'too early'));
          while (server.get(P.ReadyToSend, connectionid) === false) server.doEvents();
          codes.push(server.send(connectionid, 'too late'));
          return { accept: true };
        });
        // Where the machine stands still, the time is over before the handler is asked; then another one comes.
        while (codes.length === 0) {
          const client = server.tlsClient();
          await server.until(() => codes.length === 2 || client.closed, 'the handler to return');
        }
        expect(codes).toEqual([Code.WouldBlock, Code.TimedOut]);
      },
    ));
});
