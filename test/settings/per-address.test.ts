// Limits for the peers of one block of addresses. The exact times of rates are in address_blocks.test.cpp, by a clock
// that stands still.
import { expect, test } from '@jest/globals';
import { covers } from '../support/coverage';
import { Code, P } from '../support/ids';
import { behaviour, eachServer, type TestServer, withServer } from '../support/server';

const from = (server: TestServer, localAddress: string) => server.client({ localAddress });

async function isLetIn(server: TestServer, localAddress: string): Promise<number> {
  const before = server.count('Connected');
  from(server, localAddress);
  await server.until(() => server.count('Connected') > before, 'Connected');
  const connected = server.events('Connected');
  return connected[connected.length - 1]?.connectionid as number;
}

async function isClosedInSilence(server: TestServer, localAddress: string): Promise<void> {
  const before = server.seen.length;
  const client = from(server, localAddress);
  await client.isGone();
  expect(client.text).toBe('');
  expect(server.seen.length).toBe(before);
}

async function ends(server: TestServer, id: number): Promise<void> {
  server.must(server.set(P.Connected, id, false));
  await server.event('Disconnected', id);
}

const withSettings = (...settings: string[]) => ({
  before: (server: TestServer) => {
    for (const setting of settings) {
      server.must(server.configCode(setting));
    }
  },
});

behaviour(covers('setting', 'MaxConnectionsPerAddress'), (kind) => {
  test('closes further peers of one address in silence, lets others in, and gives places back', () =>
    withServer(kind, withSettings('MaxConnectionsPerAddress=2'), async (server) => {
      const id = await isLetIn(server, '127.0.0.2');
      await isLetIn(server, '127.0.0.2');
      await isClosedInSilence(server, '127.0.0.2');
      await isLetIn(server, '127.0.0.3');
      await ends(server, id);
      await isLetIn(server, '127.0.0.2');
      await isClosedInSilence(server, '127.0.0.2');
    }));

  test('counts those who are there when it is set, and lowered it ends nobody', () =>
    withServer(kind, {}, async (server) => {
      const id = await isLetIn(server, '127.0.0.2');
      await isLetIn(server, '127.0.0.2');
      server.must(server.configCode('MaxConnectionsPerAddress=2'));
      await isClosedInSilence(server, '127.0.0.2');
      server.must(server.configCode('MaxConnectionsPerAddress=1'));
      await ends(server, id);
      await isClosedInSilence(server, '127.0.0.2');
      expect(server.get(P.ConnectionCount)).toBe(1);
      server.must(server.configCode('MaxConnectionsPerAddress=0'));
      await isLetIn(server, '127.0.0.2');
    }));

  test('gets place and rate back when ConnectionRequest refuses', () =>
    withServer(kind, withSettings('MaxConnectionsPerAddress=1', 'ConnectRatePerAddress=1'), async (server) => {
      let asked = 0;
      server.on('ConnectionRequest', (param) => {
        asked += 1;
        param.accept = asked > 3;
      });
      for (let i = 0; i < 3; i += 1) {
        await from(server, '127.0.0.2').isGone();
      }
      expect(asked).toBe(3);
      await isLetIn(server, '127.0.0.2');
      await isClosedInSilence(server, '127.0.0.2');
    }));

  test('counts a peer about which ConnectionRequest is being asked', () =>
    withServer(kind, withSettings('MaxConnectionsPerAddress=1'), async (server) => {
      let asked = 0;
      server.on('ConnectionRequest', () => {
        asked += 1;
        if (asked > 1) return;
        // A limit that comes now, too, knows of the one being asked about.
        server.must(server.configCode('MaxConnectionsPerAddress=0'));
        server.must(server.configCode('MaxConnectionsPerAddress=1'));
      });
      await isLetIn(server, '127.0.0.2');
      await isClosedInSilence(server, '127.0.0.2');
      expect(asked).toBe(1);
    }));
});

behaviour(covers('setting', 'ConnectRatePerAddress', 'ConnectRateInterval'), (kind) => {
  test('let so many in at once, whether they stay or not, and then none before its time', () =>
    withServer(kind, withSettings('ConnectRateInterval=3600', 'ConnectRatePerAddress=3'), async (server) => {
      for (let i = 0; i < 3; i += 1) {
        await ends(server, await isLetIn(server, '127.0.0.2'));
      }
      await isClosedInSilence(server, '127.0.0.2');
      await isLetIn(server, '127.0.0.3');
    }));

  test('let a peer in again when its time has come', () =>
    withServer(kind, withSettings('ConnectRateInterval=1', 'ConnectRatePerAddress=1'), async (server) => {
      await isLetIn(server, '127.0.0.2');
      for (let tries = 0; server.count('Connected') < 2; tries += 1) {
        const client = from(server, '127.0.0.2');
        await server.until(() => client.closed || server.count('Connected') === 2, 'the peer to be in or out');
        expect(tries).toBeLessThan(100_000);
      }
    }));
});

behaviour(covers('setting', 'AddressBlocks'), (kind) => {
  test('says which addresses share a limit', () =>
    withServer(kind, withSettings('MaxConnectionsPerAddress=1', 'AddressBlocks=31:128'), async (server) => {
      await isLetIn(server, '127.0.0.2');
      await isClosedInSilence(server, '127.0.0.3');
      await isLetIn(server, '127.0.0.4');
      expect(server.config('AddressBlocks=32:64')).toBe('32:64');
      await isClosedInSilence(server, '127.0.0.2');
      await isLetIn(server, '127.0.0.3');
    }));

  test.each(['32', '0:64', '33:64', '32:0', '32:129', 'a:b', '32:64:', ':'])(
    'refuses "%s" and keeps the old ones',
    (value) =>
      withServer(kind, { listen: false }, (server) => {
        server.config('AddressBlocks=24:48');
        expect(server.configCode(`AddressBlocks=${value}`)).toBe(Code.InvalidValue);
        expect(server.error).toContain('AddressBlocks');
        expect(server.config('AddressBlocks')).toBe('24:48');
      }),
  );

  test('reads back as plain numbers', () =>
    withServer(kind, { listen: false }, (server) => {
      expect(server.config('AddressBlocks=08:048')).toBe('8:48');
    }));
});

behaviour(covers('setting', 'UnlimitedClients'), (kind) => {
  test('are let in beyond the limits, and count for nobody else', () =>
    withServer(
      kind,
      withSettings(
        'MaxConnectionsPerAddress=1',
        'ConnectRatePerAddress=1',
        'UnlimitedClients=127.0.0.2',
        'AddressBlocks=8:64',
      ),
      async (server) => {
        for (let i = 0; i < 3; i += 1) {
          await isLetIn(server, '127.0.0.2');
        }
        await isLetIn(server, '127.0.0.3');
        await isClosedInSilence(server, '127.0.0.4');
        await isLetIn(server, '127.0.0.2');
      },
    ));
});

// Elsewhere, the exception would be one of the test's own process.
test.each(eachServer().filter(({ pump }) => pump === 'doevents'))(
  'place and rate are given back when the handler of ConnectionRequest throws ($name)',
  (kind) =>
    withServer(kind, withSettings('MaxConnectionsPerAddress=1', 'ConnectRatePerAddress=1'), async (server) => {
      let asked = 0;
      server.on('ConnectionRequest', () => {
        asked += 1;
        if (asked <= 3) throw new Error(`${asked}`);
      });
      for (let i = 0; i < 3; i += 1) {
        await from(server, '127.0.0.2').isGone();
      }
      await server.until(() => server.thrown.length === 3, 'three exceptions');
      expect(server.thrown.map((error) => (error as Error).message)).toEqual(['1', '2', '3']);
      expect(server.count('Connected')).toBe(0);
      await isLetIn(server, '127.0.0.2');
      await isClosedInSilence(server, '127.0.0.2');
      expect(asked).toBe(4);
    }),
);
