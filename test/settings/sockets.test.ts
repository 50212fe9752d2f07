// Settings of sockets and connections.
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { covers } from '../support/coverage';
import { Code, P } from '../support/ids';
import { behaviour, stays, type TestServer, withServer } from '../support/server';
import { tcpRow } from '../support/tcp-row';

behaviour(covers('setting', 'BindExclusively'), (kind) => {
  test('True keeps a second server from the port', () =>
    withServer(kind, {}, (first) =>
      withServer(kind, { listen: false, before: (server) => server.config('BindExclusively=False') }, (second) => {
        second.set(P.LocalHost, '127.0.0.1');
        second.set(P.LocalPort, first.port);
        expect(second.set(P.Listening, true)).toBe(Code.AddressInUse);
      }),
    ));

  test('False on both lets two servers share a port', async () => {
    const share = (server: TestServer) => server.config('BindExclusively=False');
    await withServer(kind, { before: share }, async (first) => {
      const second = kind.api.ipworks_ipdaemon_open();
      try {
        const { api } = kind;
        api.ipworks_ipdaemon_do_config(second, 'BindExclusively=False');
        api.ipworks_ipdaemon_set(second, P.LocalHost, 0, '127.0.0.1');
        api.ipworks_ipdaemon_set(second, P.LocalPort, 0, first.port);
        expect(api.ipworks_ipdaemon_set(second, P.Listening, 0, true)).toBe(0);
        expect(api.ipworks_ipdaemon_get(second, P.LocalPort, 0)).toBe(first.port);
      } finally {
        kind.api.ipworks_ipdaemon_close(second);
      }
      await first.connect();
    });
  });

  test('cannot be changed while listening', () =>
    withServer(kind, {}, (server) => {
      expect(server.configCode('BindExclusively=False')).toBe(Code.NotNow);
      expect(server.config('BindExclusively')).toBe('True');
    }));
});

behaviour(covers('setting', 'ConnectionUID'), (kind) => {
  test('is never the same, not even for other servers of the process', () =>
    withServer(kind, {}, (one) =>
      withServer(kind, {}, async (two) => {
        const uids = new Set<string>();
        for (const server of [one, two, one, two]) {
          const { id } = await server.connect();
          const uid = server.config(`ConnectionUID[${id}]`);
          expect(server.config(`connectionuid[${id}]`)).toBe(uid);
          expect(uid.length).toBeGreaterThan(0);
          uids.add(uid);
        }
        expect(uids.size).toBe(4);
      }),
    ));

  test('can be read inside Disconnected', () => {
    let last = '';
    return withServer(kind, {}, async (server) => {
      server.on('Disconnected', ({ connectionid }) => {
        last = server.config(`ConnectionUID[${connectionid}]`);
      });
      const { client, id } = await server.connect();
      const uid = server.config(`ConnectionUID[${id}]`);
      client.end();
      await server.event('Disconnected', id);
      expect(last).toBe(uid);
    });
  });
});

behaviour(covers('setting', 'InBufferSize', 'OutBufferSize'), (kind) => {
  test.each(['InBufferSize', 'OutBufferSize'])('%s reports the size that the system really uses', (name) =>
    withServer(kind, { listen: false }, (server) => {
      expect(server.config(`${name}=65536`)).toBe('65536');
      expect(server.config(name)).toBe('65536');
      // Systems have a smallest size; asking for less gives that.
      expect(Number(server.config(`${name}=1`))).toBeGreaterThan(1);
    }),
  );

  test('OutBufferSize bounds what the system takes for a peer that does not read', () => {
    const taken = async (size: number) => {
      let bytes = 0;
      await withServer(kind, { before: (server) => server.config(`OutBufferSize=${size}`) }, async (server) => {
        const { client, id } = await server.connect({ paused: true });
        // With a blocking time-out BytesSent says exactly how much the system took.
        server.must(server.set(P.Timeout, id, 1));
        expect(server.send(id, 'o'.repeat(16_000_000))).toBe(Code.TimedOut);
        bytes = server.get(P.BytesSent, id) as number;
        client.reset();
        await server.event('Disconnected', id);
      });
      return bytes;
    };
    return (async () => {
      expect(await taken(16_384)).toBeLessThan(await taken(2_000_000));
    })();
  });

  test('InBufferSize bounds what a peer can send to a server that does not read', () =>
    withServer(kind, { before: (server) => server.config('InBufferSize=16384') }, (small) =>
      withServer(kind, { before: (server) => server.config('InBufferSize=1000000') }, async (large) => {
        const pushed = async (server: TestServer) => {
          const { client, id } = await server.connect({ record: false });
          server.must(server.set(P.AcceptData, id, false));
          client.write(Buffer.alloc(16_000_000));
          return { client, id, unread: () => tcpRow(server, client).unread };
        };
        const [inSmall, inLarge] = [await pushed(small), await pushed(large)];
        // Without the setting it is 128 KB.
        await large.until(() => inLarge.unread() > 200_000, 'the large buffer to hold more');
        await stays(() => inSmall.unread() > 100_000, 'as much in the small buffer');
        for (const [server, { client, id }] of [
          [small, inSmall],
          [large, inLarge],
        ] as const) {
          client.reset();
          await server.event('Disconnected', id);
        }
      }),
    ));
});

behaviour(covers('setting', 'KeepAliveInterval', 'KeepAliveRetryCount', 'KeepAliveTime'), (kind) => {
  test.each([
    ['KeepAliveTime', '30000'],
    ['KeepAliveInterval', '4000'],
    ['KeepAliveRetryCount', '3'],
  ])('%s turns KeepAlive on', (name, value) =>
    withServer(kind, { listen: false }, (server) => {
      expect(server.get(P.KeepAlive)).toBe(false);
      expect(server.config(`${name}=${value}`)).toBe(value);
      expect(server.get(P.KeepAlive)).toBe(true);
    }),
  );

  test.each([
    ['KeepAliveTime', 'tcp_keepalive_time', 1000],
    ['KeepAliveInterval', 'tcp_keepalive_intvl', 1000],
    ['KeepAliveRetryCount', 'tcp_keepalive_probes', 1],
  ])('%s reads what the system does until it is set', (name, sysctl, unit) =>
    withServer(kind, { listen: false }, (server) => {
      const system = Number(readFileSync(`/proc/sys/net/ipv4/${sysctl}`, 'latin1')) * unit;
      expect(server.config(name)).toBe(String(system));
    }),
  );

  test('milliseconds are rounded up to the whole seconds that are in force', () =>
    withServer(kind, { listen: false }, (server) => {
      expect(server.config('KeepAliveTime=1500')).toBe('2000');
      expect(server.config('KeepAliveInterval=1')).toBe('1000');
    }));

  test('KeepAliveTime is what the timer of a new connection runs', () =>
    withServer(kind, { before: (server) => server.config('KeepAliveTime=2000000') }, async (server) => {
      const { client } = await server.connect();
      await server.until(() => tcpRow(server, client).timer === 2, 'the system to run a keep-alive timer');
      const { timerSeconds } = tcpRow(server, client);
      expect(timerSeconds).toBeGreaterThan(1500);
      expect(timerSeconds).toBeLessThanOrEqual(2001);
    }));
});

behaviour(covers('setting', 'MaxConnections'), (kind) => {
  test('closes a further peer at once, without a byte and without events of a connection', () =>
    withServer(
      kind,
      { before: (server) => server.config('MaxConnections=2'), check: { maxConnections: 2 } },
      async (server) => {
        const first = await server.connect();
        await server.connect();
        const third = server.client();
        await server.until(() => third.ended || third.closed, 'the third peer to be closed');
        expect(third.bytesReceived).toBe(0);
        expect(server.count('ConnectionRequest')).toBe(2);
        expect(server.count('Connected')).toBe(2);
        expect(server.count('Error')).toBe(0);
        first.client.end();
        await server.event('Disconnected', first.id);
        await server.connect();
      },
    ));

  test('cannot be changed while listening, and can before and after', () =>
    withServer(kind, { before: (server) => server.config('MaxConnections=10') }, (server) => {
      expect(server.configCode('MaxConnections=20')).toBe(Code.MaxConnectionsWhileListening);
      expect(server.config('MaxConnections')).toBe('10');
      server.set(P.Listening, false);
      expect(server.config('MaxConnections=20')).toBe('20');
    }));
});

behaviour(covers('setting', 'TcpNoDelay'), (kind) => {
  test.each(['True', 'False'])('%s delivers small sends', (value) =>
    withServer(kind, { before: (server) => server.config(`TcpNoDelay=${value}`) }, async (server) => {
      const { client, id } = await server.connect();
      let expected = '';
      for (let i = 0; i < 50; i += 1) {
        server.must(server.send(id, `${i},`));
        expected += `${i},`;
      }
      await client.receives(expected);
    }),
  );

  /** How long an answer of two small sends takes, which Node's loop does and no handler; the shortest of ten. */
  const answerMs = (settings: string[]): Promise<number> => {
    let shortest = Number.POSITIVE_INFINITY;
    return withServer(
      kind,
      {
        before: (server) => {
          for (const setting of settings) server.config(setting);
          server.on('DataIn', ({ connectionid }) => {
            setImmediate(() => {
              server.send(connectionid, 'header ');
              server.send(connectionid, 'and body;');
            });
          });
        },
      },
      async (server) => {
        const { client } = await server.connect();
        // The system acknowledges the first packets of a connection at once.
        for (let round = 1; round <= 30; round += 1) {
          const start = performance.now();
          client.write('?');
          await server.until(() => client.bytesReceived === 16 * round, 'the answer');
          if (round > 20) shortest = Math.min(shortest, performance.now() - start);
        }
      },
    ).then(() => shortest);
  };

  test('False lets the second of two small sends wait for the acknowledgement of the first, True does not', async () => {
    // Where the machine stands still, the system acknowledges at once for a while.
    let held = 0;
    for (let attempt = 0; attempt < 5 && held < 20; attempt += 1) held = await answerMs([]);
    expect(held).toBeGreaterThanOrEqual(20);
    expect(await answerMs(['TcpNoDelay=True'])).toBeLessThan(20);
  });
});

behaviour(covers('setting', 'UseIOCP', 'UseWindowsMessages'), (kind) => {
  const onWindows = process.platform === 'win32';

  test.each([
    ['UseIOCP', onWindows ? 'True' : 'False', onWindows ? 'False' : 'True'],
    ['UseWindowsMessages', 'False', 'True'],
  ])('%s reads %s here, and cannot be set to %s', (name, inForce, opposite) =>
    withServer(kind, { listen: false }, (server) => {
      expect(server.config(name)).toBe(inForce);
      expect(server.config(`${name}=${inForce}`)).toBe(inForce);
      expect(server.configCode(`${name}=${opposite}`)).toBe(Code.NotAvailable);
      expect(server.config(name)).toBe(inForce);
    }),
  );
});

behaviour(covers('setting', 'UseIPv6'), (kind) => {
  test('0 listens on IPv4 only', () =>
    withServer(kind, {}, async (server) => {
      const six = server.client({ host: '::1' });
      await server.until(() => six.closed, 'the IPv6 client to be refused');
      await server.connect();
    }));

  test('1 listens on IPv6 only', () =>
    withServer(kind, { before: (server) => server.config('UseIPv6=1') }, async (server) => {
      const four = server.client({ host: '127.0.0.1' });
      await server.until(() => four.closed, 'the IPv4 client to be refused');
      const { id } = await server.connect({ host: '::1' });
      expect(server.get(P.RemoteHost, id)).toBe('::1');
      expect(server.get(P.LocalAddress, id)).toBe('::1');
    }));

  test('2 serves both and shows IPv4 peers with their IPv4 address', () =>
    withServer(kind, { before: (server) => server.config('UseIPv6=2') }, async (server) => {
      const four = await server.connect({ host: '127.0.0.1' });
      const six = await server.connect({ host: '::1' });
      expect(server.get(P.RemoteHost, four.id)).toBe('127.0.0.1');
      expect(server.get(P.LocalAddress, four.id)).toBe('127.0.0.1');
      expect(server.get(P.RemoteHost, six.id)).toBe('::1');
    }));

  test('takes words for 0 and 1', () =>
    withServer(kind, { listen: false }, (server) => {
      expect(server.config('UseIPv6=True')).toBe('1');
      expect(server.config('UseIPv6=False')).toBe('0');
      expect(server.configCode('UseIPv6=3')).toBe(Code.InvalidValue);
    }));

  test('and a LocalHost of the other family do not go together', () =>
    withServer(kind, { listen: false }, (server) => {
      server.config('UseIPv6=1');
      server.must(server.set(P.LocalHost, '127.0.0.1'));
      expect(server.set(P.Listening, true)).toBe(Code.FamilyNotSupported);
    }));

  test('cannot be changed while listening', () =>
    withServer(kind, {}, (server) => {
      expect(server.configCode('UseIPv6=2')).toBe(Code.NotNow);
    }));
});

behaviour(covers('setting', 'DefaultConnectionTimeout'), (kind) => {
  test('is kept for TLS handshakes and does not touch connections in clear', () =>
    withServer(kind, { before: (server) => server.config('DefaultConnectionTimeout=1') }, async (server) => {
      const { id } = await server.connect();
      const start = performance.now();
      await server.until(() => performance.now() - start > 1300, 'longer than the limit');
      await stays(() => server.count('Disconnected', id) > 0, 'a connection in clear to end');
      expect(server.config('DefaultConnectionTimeout')).toBe('1');
    }));
});
