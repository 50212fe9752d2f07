// ipdaemon_counter: what no event tells.
import * as net from 'node:net';
import { expect, test } from '@jest/globals';
import { Code, P } from '../support/ids';
import { behaviour, type TestServer, withServer } from '../support/server';
import { stays } from '../support/waiting';

const count = (server: TestServer, name: keyof TestServer['api']['Counter']) =>
  server.api.ipdaemon_counter(server.res, server.api.Counter[name]);

behaviour('ipdaemon_counter', (kind) => {
  test('counts peers that MaxConnections turned away, and those that were let in', () =>
    withServer(kind, { before: (server) => server.config('MaxConnections=1') }, async (server) => {
      await server.connect();
      expect([count(server, 'Accepted'), count(server, 'RefusedFull')]).toEqual([1, 0]);
      for (let i = 1; i <= 3; i += 1) {
        await server.client().isGone();
        expect(count(server, 'RefusedFull')).toBe(i);
      }
      expect([count(server, 'Accepted'), count(server, 'RefusedProgram')]).toEqual([1, 0]);
    }));

  test('counts peers that ConnectionRequest and AllowedClients turned away', () =>
    withServer(kind, { before: (server) => server.config('AllowedClients=192.0.2.1') }, async (server) => {
      await server.client().isGone();
      expect(count(server, 'RefusedProgram')).toBe(1);
      server.on('ConnectionRequest', (param) => {
        param.accept = param.port === 0;
      });
      await server.client().isGone();
      expect([count(server, 'RefusedProgram'), count(server, 'Accepted')]).toEqual([2, 0]);
    }));

  test('counts peers in the backlog that Listening=False resets', () =>
    withServer(
      kind,
      {
        // Nobody accepts them while Node's loop does not pump.
        before: (server) => {
          server.config('ProcessIdleEvents=False');
          server.must(server.set(P.ConnectionBacklog, 10));
        },
      },
      async (server) => {
        const { api, res } = server;
        const clients = [];
        for (let i = 0; i < 4; i += 1) {
          const socket = net.connect(server.port, '127.0.0.1');
          socket.on('error', () => undefined);
          const connected = new Promise((resolve) => socket.once('connect', resolve));
          clients.push({ socket, closed: new Promise((resolve) => socket.once('close', resolve)), connected });
        }
        // Not a wait of the tests, which pump.
        await Promise.all(clients.map(({ connected }) => connected));
        expect(api.ipworks_ipdaemon_set(res, P.Listening, 0, false)).toBe(0);
        expect(count(server, 'RefusedClosed')).toBe(4);
        await Promise.all(clients.map(({ closed }) => closed));
        expect(count(server, 'Accepted')).toBe(0);
        server.must(server.set(P.Listening, true));
        server.must(server.set(P.Listening, false));
        await stays(() => count(server, 'RefusedClosed') !== 4, 'a peer that nobody sent');
        server.must(server.reset());
        expect(count(server, 'RefusedClosed')).toBe(4);
      },
    ));

  test('counts why connections end, which with those there are is all that were accepted', () =>
    withServer(kind, {}, async (server) => {
      const { Closed, Counter, Refused } = server.api;
      const closed = (reason: number) => server.api.ipdaemon_counter(server.res, 200 + reason);
      const sum = () => Object.values(Closed).reduce((all, reason) => all + closed(reason), 0);
      const by = await server.connect();
      const gone = await server.connect();
      await server.connect();
      gone.client.end();
      await server.event('Disconnected', gone.id);
      server.must(server.disconnect(by.id));
      await server.event('Disconnected', by.id);
      expect([closed(Closed.Peer), closed(Closed.Program), sum()]).toEqual([1, 1, 2]);
      expect([count(server, 'Accepted'), count(server, 'Connections'), count(server, 'Handshakes')]).toEqual([3, 1, 0]);
      server.must(server.reset());
      expect([closed(Closed.Reset), sum(), count(server, 'Connections')]).toEqual([1, 3, 0]);
      expect(server.api.ipdaemon_counter(server.res, 100 + Refused.Full)).toBe(count(server, 'RefusedFull'));
      expect(Object.values(Counter)).toContain(23);
    }));

  test('counts bytes in both directions', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      client.write('12345');
      await server.event('DataIn', id);
      server.must(server.send(id, '123'));
      await client.receives('123');
      expect([count(server, 'BytesIn'), count(server, 'BytesOut'), count(server, 'Memory')]).toEqual([5, 3, 0]);
    }));

  test('answers -1 and records 2001 for what is not a counter', () =>
    withServer(kind, { listen: false }, (server) => {
      for (const [other, text] of [
        [0, '0'],
        [99, '99'],
        [100, '100'],
        [299, '299'],
        ['Accepted', '"Accepted"'],
        [undefined, 'undefined'],
      ]) {
        expect(server.api.ipdaemon_counter(server.res, other as 1)).toBe(-1);
        expect(server.api.ipworks_ipdaemon_get_last_error_code(server.res)).toBe(Code.UnknownName);
        expect(server.api.ipworks_ipdaemon_get_last_error(server.res)).toContain(`${text} is not a counter`);
      }
    }));
});
