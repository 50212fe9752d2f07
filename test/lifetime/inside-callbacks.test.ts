// What a handler may do to its own server: everything, anywhere.
import { expect, test } from '@jest/globals';
import { E, type EventName, P } from '../support/ids';
import { behaviour, type Peer, stays, type TestServer, withServer } from '../support/server';
import { calls } from '../support/tables';

/** Events of a connection in clear, and how a client makes each happen. */
const situations: [EventName, (server: TestServer) => Promise<void>][] = [
  ['ConnectionRequest', async (server) => void server.client()],
  ['Connected', async (server) => void server.client()],
  ['ReadyToSend', async (server) => void server.client()],
  [
    'DataIn',
    async (server) => {
      const client = server.client();
      await client.isConnected();
      client.write('a\nb\nc\n');
    },
  ],
  [
    'Disconnected',
    async (server) => {
      const client = server.client();
      await client.isConnected();
      client.end();
    },
  ],
];

behaviour('inside a callback', (kind) => {
  test.each(situations)('close in %s ends the server, with no event after it', (name, provoke) =>
    withServer(kind, { before: (server) => server.set(P.DefaultEOL, '\n') }, async (server) => {
      let closed = 0;
      server.on(name, () => {
        closed += 1;
        server.close();
      });
      await provoke(server);
      const [client] = server.clients;
      await server.until(() => closed === 1, `close inside ${name}`);
      await server.until(() => client?.ended === true || client?.closed === true, 'the connection to end');
      await stays(() => closed > 1, 'an event after close');
      expect(() => server.get(P.Listening)).toThrow(TypeError);
    }),
  );

  test.each(situations)('close in %s frees the port before the handler returns', (name, provoke) =>
    withServer(kind, { before: (server) => server.set(P.DefaultEOL, '\n') }, async (server) => {
      const { api } = kind;
      const { port } = server;
      let code: number | undefined;
      server.on(name, () => {
        server.close();
        const res = api.ipworks_ipdaemon_open();
        api.ipworks_ipdaemon_set(res, P.LocalHost, 0, '127.0.0.1');
        api.ipworks_ipdaemon_set(res, P.LocalPort, 0, port);
        code = api.ipworks_ipdaemon_set(res, P.Listening, 0, true);
        api.ipworks_ipdaemon_close(res);
      });
      await provoke(server);
      await server.until(() => code !== undefined, `close inside ${name}`);
      expect(code).toBe(0);
    }),
  );

  test.each(situations)('reset in %s ends connections and listening, with no event after it', (name, provoke) =>
    withServer(kind, { before: (server) => server.set(P.DefaultEOL, '\n') }, async (server) => {
      server.on(name, () => server.must(server.reset()));
      await provoke(server);
      await server.until(() => server.get(P.Listening) === false, `reset inside ${name}`);
      expect(server.get(P.ConnectionCount)).toBe(0);
      const [client] = server.clients;
      await server.until(() => client?.ended === true || client?.closed === true, 'the connection to end');
    }),
  );

  test.each(situations)('shutdown in %s ends connections and listening, with their events', (name, provoke) =>
    withServer(kind, { before: (server) => server.set(P.DefaultEOL, '\n') }, async (server) => {
      server.on(name, () => server.must(server.shutdown()));
      await provoke(server);
      await server.until(
        () => server.get(P.Listening) === false && server.get(P.ConnectionCount) === 0,
        `shutdown inside ${name}`,
      );
      expect(server.count('Disconnected')).toBe(server.count('Connected'));
    }),
  );

  test.each(situations)('Listening false and true again in %s works', (name, provoke) =>
    withServer(kind, { before: (server) => server.set(P.DefaultEOL, '\n') }, async (server) => {
      let turned = 0;
      server.on(name, () => {
        if (turned === 0) {
          turned = 1;
          server.must(server.set(P.Listening, false));
          server.must(server.set(P.LocalPort, server.port));
          server.must(server.set(P.Listening, true));
        }
      });
      await provoke(server);
      await server.until(() => turned === 1, name);
      await server.connect();
    }),
  );

  test.each(situations)('a second server can be opened, used and closed in %s', (name, provoke) =>
    withServer(kind, { before: (server) => server.set(P.DefaultEOL, '\n') }, async (server) => {
      const { api } = server;
      let ports = 0;
      server.on(name, () => {
        const res = api.ipworks_ipdaemon_open();
        api.ipworks_ipdaemon_set(res, P.Listening, 0, true);
        ports += Number(api.ipworks_ipdaemon_get(res, P.LocalPort, 0)) > 0 ? 1 : 0;
        api.ipworks_ipdaemon_do_doevents(res);
        api.ipworks_ipdaemon_close(res);
      });
      await provoke(server);
      await server.until(() => ports > 0, name);
    }),
  );

  test('every connection may be disconnected by the first', () =>
    withServer(kind, {}, async (server) => {
      const peers: Peer[] = [];
      for (let i = 0; i < 10; i += 1) {
        peers.push(await server.connect());
      }
      server.on('DataIn', () => {
        for (const { id } of peers) {
          server.disconnect(id);
        }
      });
      for (const { client } of peers) {
        client.write('x');
      }
      await server.until(() => server.count('Disconnected') === 10, 'all to be disconnected');
      expect(server.get(P.ConnectionCount)).toBe(0);
    }));

  test('unregistering its own event inside it is the end of it', () =>
    withServer(kind, { check: { bytes: false } }, async (server) => {
      server.on('DataIn', () => {
        server.api.ipworks_ipdaemon_register_callback(server.res, E.DataIn, null);
      });
      const { client, id } = await server.connect();
      client.write('one');
      await server.event('DataIn', id);
      client.write('two');
      client.end();
      await server.event('Disconnected', id);
      expect(server.count('DataIn', id)).toBe(1);
    }));

  const argumentsOf: Record<string, (id: number) => unknown[]> = {
    set: () => [P.DefaultEOL, 0, ''],
    get: () => [P.LocalPort, 0],
    register_callback: () => [E.SSLStatus, null],
    do_config: () => ['SelectWaitMillis'],
    do_send: (id) => [id, 'text'],
    do_sendline: (id) => [id, 'line'],
    do_sendfile: (id) => [id, __filename],
    do_disconnect: (id) => [id],
    do_interrupt: (id) => [id],
    do_startssl: (id) => [id],
  };

  test.each(calls.map((row) => [row.name, row.callable] as const))('%s may be called: %s', (name, callable) =>
    // Without SSLConnectionRequest, which might choose a certificate, do_startssl changes nothing here.
    withServer(kind, { check: { bytes: false }, without: ['SSLConnectionRequest'] }, async (server) => {
      const functions = server.api as unknown as Record<string, (...args: unknown[]) => unknown>;
      let called = 0;
      let connected: unknown;
      server.on('DataIn', ({ connectionid }) => {
        called += 1;
        if (name === 'close') {
          server.close();
          return;
        }
        functions[`ipworks_ipdaemon_${name}`]?.(server.res, ...(argumentsOf[name]?.(connectionid) ?? []));
        connected = server.get(P.ConnectionCount);
      });
      const { client } = await server.connect({ record: false });
      client.write('x');
      await server.until(() => called === 1, 'the handler');
      if (callable === 'DEFERRED') {
        await client.isGone();
        // A reset ends them for the program at once; a closed handle answers nothing.
        expect(connected).toBe(name === 'do_reset' ? 0 : undefined);
      } else {
        expect([0, 1]).toContain(connected);
        if (name === 'do_disconnect' || name === 'do_shutdown') {
          await client.isGone();
        } else {
          client.end();
          await server.event('Disconnected');
        }
      }
    }),
  );
});
