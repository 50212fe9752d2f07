// do_disconnect: one connection ends, queued data first.
import { expect, test } from '@jest/globals';
import { covers } from '../support/coverage';
import { Code, P } from '../support/ids';
import { behaviour, withServer } from '../support/server';

behaviour(covers('method', 'Disconnect'), (kind) => {
  test('fires Disconnected 0 before it returns when nothing is queued', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      server.must(server.disconnect(id));
      expect(server.events('Disconnected', id)).toMatchObject([{ statuscode: 0, description: 'OK' }]);
      await client.isGone();
      expect(client.error).toBeUndefined();
    }));

  test('of an id that does not exist fails with 126', () =>
    withServer(kind, {}, async (server) => {
      const { id } = await server.connect();
      expect(server.disconnect(id + 1)).toBe(Code.UnknownConnection);
      server.must(server.disconnect(id));
      expect(server.disconnect(id)).toBe(Code.UnknownConnection);
    }));

  test('inside a handler ends the connection after the handler', () => {
    const inside: number[] = [];
    return withServer(kind, {}, async (server) => {
      server.on('DataIn', ({ connectionid }) => {
        server.must(server.disconnect(connectionid));
        inside.push(server.count('Disconnected', connectionid));
      });
      const { client, id } = await server.connect();
      client.write('bye');
      await server.event('Disconnected', id);
      expect(inside).toEqual([0]);
      await client.isGone();
    });
  });

  test('inside a handler delivers nothing more of that connection', () =>
    withServer(
      kind,
      {
        before: (server) => {
          server.set(P.DefaultEOL, '\n');
          server.on('DataIn', ({ connectionid }) => server.must(server.disconnect(connectionid)));
        },
      },
      async (server) => {
        const { client, id } = await server.connect();
        client.write('1\n2\n3\n');
        await server.event('Disconnected', id);
        expect(server.pieces(id).map((piece) => piece.text)).toEqual(['1']);
      },
    ));

  test('of another connection from inside a handler works too', () =>
    withServer(kind, {}, async (server) => {
      const first = await server.connect();
      const second = await server.connect();
      server.on('DataIn', () => server.must(server.disconnect(second.id)));
      first.client.write('x');
      await server.event('Disconnected', second.id);
      await second.client.isGone();
      expect(server.get(P.Connected, first.id)).toBe(true);
    }));

  test('lets the "bye" through although the peer is still sending', () =>
    withServer(kind, {}, async (server) => {
      server.on('DataIn', ({ connectionid }) => {
        server.send(connectionid, 'bye\r\n');
        server.disconnect(connectionid);
      });
      const { client } = await server.connect();
      for (let i = 0; i < 20; i += 1) {
        client.write('talking and talking '.repeat(50));
      }
      await client.receives('bye\r\n');
    }));
});
