// Behaviour of the properties of the server as a whole.
import { expect, test } from '@jest/globals';
import type { Client } from '../support/client';
import { covers } from '../support/coverage';
import { Code, P } from '../support/ids';
import { behaviour, stays, type TestServer, withServer } from '../support/server';
import { tcpRow } from '../support/tcp-row';
import { lateness } from '../support/waiting';

behaviour(covers('property', 'Version'), (kind) => {
  test('names the product and its version', () =>
    withServer(kind, { listen: false }, (server) => {
      const { version } = require('../../package.json') as { version: string };
      expect(server.get(P.Version)).toMatch(/ipdaemon/i);
      expect(server.get(P.Version)).toContain(version);
    }));
});

behaviour(covers('property', 'RuntimeLicense'), (kind) => {
  test('is kept for ported programs, and nothing depends on it', () =>
    withServer(kind, { listen: false }, (server) => {
      expect(server.set(P.RuntimeLicense, 'ABC-123')).toBe(0);
      expect(server.get(P.RuntimeLicense)).toBe('ABC-123');
      server.listen();
      expect(server.get(P.Listening)).toBe(true);
    }));
});

behaviour(covers('property', 'CodePage'), (kind) => {
  test('reads the number of the setting of the same name', () =>
    withServer(kind, { listen: false }, (server) => {
      expect(server.get(P.CodePage)).toBe(28591);
      server.config('CodePage=65001');
      expect(server.get(P.CodePage)).toBe(65001);
    }));
});

behaviour(covers('property', 'Listening'), (kind) => {
  test('true lets clients in, false keeps new ones out and leaves the others alone', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      server.must(server.set(P.Listening, false));
      expect(server.get(P.Listening)).toBe(false);
      const late = server.client();
      await server.until(() => late.closed, 'the late client to be refused');
      expect(late.error?.code).toBe('ECONNREFUSED');
      client.write('still here');
      await server.until(() => server.input(id) === 'still here', 'input of the first client');
      expect(server.get(P.Connected, id)).toBe(true);
    }));

  test('set to what it already is does nothing', () =>
    withServer(kind, {}, async (server) => {
      const { port } = server;
      expect(server.set(P.Listening, true)).toBe(0);
      expect(server.get(P.LocalPort)).toBe(port);
      await server.connect();
      expect(server.set(P.Listening, false)).toBe(0);
      expect(server.set(P.Listening, false)).toBe(0);
    }));

  test('can be true, false and true at once on one port', () =>
    withServer(kind, {}, async (server) => {
      const { port } = server;
      await server.connect();
      server.must(server.set(P.Listening, false));
      server.must(server.set(P.LocalPort, port));
      for (let i = 0; i < 5; i += 1) {
        server.must(server.set(P.Listening, true));
        server.must(server.set(P.Listening, false));
      }
      server.must(server.set(P.Listening, true));
      expect(server.get(P.LocalPort)).toBe(port);
      await server.connect();
    }));

  test('fails in the call itself when the port is taken, and stays false', () =>
    withServer(kind, {}, (first) =>
      withServer(kind, { listen: false }, (second) => {
        second.set(P.LocalHost, '127.0.0.1');
        second.set(P.LocalPort, first.port);
        expect(second.set(P.Listening, true)).toBe(Code.AddressInUse);
        expect(second.error).toMatch(/^\[10048\] /);
        expect(second.get(P.Listening)).toBe(false);
        expect(second.get(P.LocalPort)).toBe(first.port);
        second.must(second.set(P.LocalPort, 0));
        second.must(second.set(P.Listening, true));
        second.set(P.Listening, false);
      }),
    ));

  test('fails for an address that is not of this machine', () =>
    withServer(kind, { listen: false }, (server) => {
      server.set(P.LocalHost, '192.0.2.1');
      expect(server.set(P.Listening, true)).toBe(Code.AddressNotAvailable);
      expect(server.get(P.Listening)).toBe(false);
    }));
});

behaviour(covers('property', 'LocalPort'), (kind) => {
  test('0 lets the system choose, shows the choice while listening, and is 0 again after', () =>
    withServer(kind, {}, (server) => {
      expect(server.port).toBeGreaterThan(0);
      server.set(P.Listening, false);
      expect(server.get(P.LocalPort)).toBe(0);
    }));

  test('given as a numeric string is the port', () =>
    withServer(kind, {}, async (server) => {
      const { port } = server;
      server.set(P.Listening, false);
      server.must(server.set(P.LocalPort, String(port)));
      server.must(server.set(P.Listening, true));
      expect(server.get(P.LocalPort)).toBe(port);
      await server.connect();
    }));

  test('cannot be changed while listening', () =>
    withServer(kind, {}, (server) => {
      expect(server.set(P.LocalPort, 4000)).toBe(Code.LocalPortWhileListening);
      expect(server.get(P.LocalPort)).toBe(server.port);
    }));
});

behaviour(covers('property', 'LocalHost'), (kind) => {
  test('limits listening to one address', () =>
    withServer(kind, { before: (server) => server.must(server.set(P.LocalHost, '127.0.0.2')) }, async (server) => {
      const elsewhere = server.client({ host: '127.0.0.1' });
      await server.until(() => elsewhere.closed, 'the client of the other address to be refused');
      const { client, id } = await server.connect({ host: '127.0.0.2' });
      expect(client.connected).toBe(true);
      expect(server.get(P.LocalAddress, id)).toBe('127.0.0.2');
    }));

  test('reads the bound address while listening, and is empty before', () =>
    withServer(kind, { listen: false }, (server) => {
      expect(server.get(P.LocalHost)).toBe('');
      server.must(server.set(P.Listening, true));
      expect(server.get(P.LocalHost)).toBe('0.0.0.0');
      server.set(P.Listening, false);
      expect(server.get(P.LocalHost)).toBe('');
    }));

  test('may be a name, which is looked up when listening starts', () =>
    withServer(kind, { before: (server) => server.must(server.set(P.LocalHost, 'localhost')) }, async (server) => {
      await server.connect();
    }));

  test('that cannot be found fails at Listening', () =>
    withServer(kind, { listen: false }, (server) => {
      server.must(server.set(P.LocalHost, 'no-such-host.invalid'));
      expect([11001, 11002, 11003, 11004]).toContain(server.set(P.Listening, true));
      expect(server.get(P.Listening)).toBe(false);
    }));

  test.each([
    ['fe80::1', /; add the interface, as in fe80::1%eth0$/],
    ['fe80::1%no-such-interface', /there is no interface 'no-such-interface'$/],
    ['::1%lo', /only link-local addresses \(fe80::\/10\) can have an interface$/],
  ])('%s fails at Listening, and the error says what is wrong with its interface', (host, reason) =>
    withServer(kind, { listen: false, before: (server) => server.config('UseIPv6=1') }, (server) => {
      server.must(server.set(P.LocalHost, host));
      const code = server.set(P.Listening, true);
      expect([10022, 10049, 11001]).toContain(code);
      expect(server.error).toMatch(reason);
    }),
  );

  test('cannot be changed while listening', () =>
    withServer(kind, {}, (server) => {
      expect(server.set(P.LocalHost, '127.0.0.3')).toBe(Code.LocalHostWhileListening);
    }));
});

behaviour(covers('property', 'ConnectionBacklog'), (kind) => {
  test('may change while listening, and clients still get in', () =>
    withServer(kind, {}, async (server) => {
      expect(server.set(P.ConnectionBacklog, 200)).toBe(0);
      expect(server.get(P.ConnectionBacklog)).toBe(200);
      await server.connect();
    }));

  test('lets as many peers wait as it says before anybody is accepted', () =>
    withServer(
      { ...kind, pump: 'doevents' },
      { before: (server) => server.set(P.ConnectionBacklog, 64) },
      async (server) => {
        const clients = Array.from({ length: 60 }, () => server.client());
        await server.until(() => server.count('ReadyToSend') === clients.length, 'all clients to get in');
      },
    ));
});

behaviour(covers('property', 'ConnectionCount'), (kind) => {
  test('counts connections from Connected to Disconnected', () => {
    const counts: unknown[] = [];
    return withServer(
      kind,
      {
        before: (server) => {
          for (const name of ['ConnectionRequest', 'Connected', 'Disconnected'] as const) {
            server.on(name, () => void counts.push([name, server.get(P.ConnectionCount)]));
          }
        },
      },
      async (server) => {
        const first = await server.connect();
        const second = await server.connect();
        expect(server.get(P.ConnectionCount)).toBe(2);
        first.client.end();
        await server.event('Disconnected', first.id);
        second.client.end();
        await server.event('Disconnected', second.id);
        expect(server.get(P.ConnectionCount)).toBe(0);
        expect(counts).toEqual([
          ['ConnectionRequest', 0],
          ['Connected', 1],
          ['ConnectionRequest', 1],
          ['Connected', 2],
          ['Disconnected', 1],
          ['Disconnected', 0],
        ]);
      },
    );
  });
});

behaviour(covers('property', 'KeepAlive'), (kind) => {
  test('is taken by connections accepted after it was set, and by no others', () =>
    withServer(kind, {}, async (server) => {
      const before = await server.connect();
      server.must(server.set(P.KeepAlive, true));
      const after = await server.connect();
      expect(server.get(P.KeepAlive)).toBe(true);
      await server.until(() => keepAliveTimer(server, after.client), 'the system to run a keep-alive timer');
      expect(keepAliveTimer(server, before.client)).toBe(false);
    }));

  test('set back to false probes no new peers', () =>
    withServer(kind, { before: (server) => server.set(P.KeepAlive, true) }, async (server) => {
      server.must(server.set(P.KeepAlive, false));
      const { client } = await server.connect();
      await stays(() => client.closed, 'the connection to end');
      expect(keepAliveTimer(server, client)).toBe(false);
    }));
});

/** Whether the system runs a keep-alive timer for the server's end of a connection. */
function keepAliveTimer(server: TestServer, client: Client): boolean {
  return tcpRow(server, client).timer === 2;
}

behaviour(covers('property', 'Linger'), (kind) => {
  test('true sends what is queued before the connection ends', () =>
    withServer(kind, { smallBuffers: true }, async (server) => {
      const { client, id } = await server.connect({ paused: true });
      const text = 'x'.repeat(3_000_000);
      server.must(server.send(id, text));
      server.must(server.disconnect(id));
      client.socket.resume();
      await client.receives(text);
      expect((await server.event('Disconnected', id)).statuscode).toBe(0);
      await client.isGone();
      expect(client.error).toBeUndefined();
    }));

  test('false ends the connection at once, and what is queued is lost', () =>
    withServer(kind, { smallBuffers: true, before: (server) => server.set(P.Linger, false) }, async (server) => {
      const { client, id } = await server.connect({ paused: true });
      server.must(server.send(id, 'x'.repeat(12_000_000)));
      server.must(server.disconnect(id));
      expect(server.count('Disconnected', id)).toBe(1);
      client.socket.resume();
      await server.until(() => client.closed, 'the client to notice the reset');
      expect(client.bytesReceived).toBeLessThan(12_000_000);
    }));

  test('true gives a peer that never reads the time of Timeout, then ends the connection with 10060', () =>
    withServer(kind, { smallBuffers: true }, async (server) => {
      const { client, id } = await server.connect({ paused: true });
      server.must(server.send(id, 'x'.repeat(12_000_000)));
      server.must(server.set(P.Timeout, id, 1));
      const start = performance.now();
      server.must(server.disconnect(id));
      expect(server.count('Disconnected', id)).toBe(0);
      expect((await server.event('Disconnected', id)).statuscode).toBe(Code.ConnectionTimedOut);
      const waited = performance.now() - start;
      expect(waited).toBeGreaterThanOrEqual(1000);
      expect(waited).toBeLessThan(1000 + lateness);
      client.destroy();
    }));

  test('applies to connections accepted after it was set', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      server.must(server.set(P.Linger, false));
      server.must(server.send(id, 'bye'));
      server.must(server.disconnect(id));
      await client.receives('bye');
      await client.isGone();
      expect(client.error).toBeUndefined();
    }));
});
