// Why connections ended and why peers were refused: each reason of ipdaemon_counters.def is produced once, and the
// metrics count it and nothing else.
import { truncateSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { certificates, writeTemporary } from '../support/certificates';
import { P } from '../support/ids';
import { behaviour, fill, type ServerOptions, type TestServer, withServer } from '../support/server';
import { authenticating, configure, implicit } from '../support/tls';

interface Scenario {
  reason: string;
  before?: (server: TestServer) => void;
  options?: ServerOptions;
  act: (server: TestServer) => Promise<void> | void;
}

const settings =
  (...all: string[]) =>
  (server: TestServer) =>
    configure(server, ...all);

const frames = settings('DefaultFraming=length=dec2,max=10');

async function writes(server: TestServer, text: string): Promise<void> {
  (await server.connect()).client.write(text);
}

async function doesNotRead(server: TestServer): Promise<number> {
  const { id } = await server.connect({ paused: true });
  fill(server, id);
  return id;
}

const ends: Scenario[] = [
  { reason: 'peer', act: async (server) => (await server.connect()).client.end() },
  { reason: 'program', act: async (server) => server.must(server.disconnect((await server.connect()).id)) },
  {
    reason: 'shutdown',
    act: async (server) => {
      await server.connect();
      server.must(server.shutdown());
    },
  },
  {
    reason: 'reset',
    act: async (server) => {
      await server.connect();
      server.must(server.reset());
    },
  },
  {
    reason: 'idle',
    before: (server) => server.must(server.set(P.DefaultIdleTimeout, 1)),
    act: async (server) => void (await server.connect()),
  },
  {
    reason: 'piece_timeout',
    before: (server) => {
      server.must(server.set(P.DefaultEOL, '\n'));
      configure(server, 'PieceTimeout=1');
    },
    act: (server) => writes(server, 'unfinished'),
  },
  {
    reason: 'send_timeout',
    before: settings('SendTimeout=1'),
    options: { smallBuffers: true },
    act: async (server) => void (await doesNotRead(server)),
  },
  {
    reason: 'linger_timeout',
    options: { smallBuffers: true },
    act: async (server) => {
      const id = await doesNotRead(server);
      server.must(server.set(P.Timeout, id, 1));
      server.must(server.disconnect(id));
    },
  },
  {
    reason: 'max_time',
    before: settings('MaxConnectionTime=1'),
    act: async (server) => void (await server.connect()),
  },
  {
    reason: 'drain',
    act: async (server) => {
      await server.connect();
      configure(server, 'Drain=0');
    },
  },
  { reason: 'reset_by_peer', act: async (server) => (await server.connect()).client.reset() },
  { reason: 'too_long', before: frames, act: (server) => writes(server, '99') },
  { reason: 'malformed', before: frames, act: (server) => writes(server, 'no') },
  {
    reason: 'file',
    options: { smallBuffers: true },
    act: async (server) => {
      const { client, id } = await server.connect({ paused: true });
      const file = writeTemporary('shrinks', 'x'.repeat(8_000_000));
      server.must(server.sendFile(id, file));
      truncateSync(file, 100);
      client.socket.resume();
    },
  },
  {
    reason: 'tls_data',
    before: implicit(),
    act: async (server) => void (await server.connectTls()).client.raw.write('no record of TLS'),
  },
  { reason: 'tls_handshake', before: implicit(), act: (server) => server.client().write('no ClientHello') },
  {
    reason: 'tls_timeout',
    before: implicit('p256', settings('DefaultConnectionTimeout=1')),
    act: (server) => void server.client(),
  },
  {
    reason: 'tls_certificate',
    before: authenticating(),
    act: (server) => void server.tlsClient({ identity: certificates().clients.wrongCa }),
  },
  {
    reason: 'gave_way',
    before: implicit('p256', settings('MaxConnections=1')),
    act: async (server) => {
      await server.client().isConnected();
      await server.until(() => server.count('ConnectionRequest') === 1, 'the first peer');
      server.client();
    },
  },
];

const proxied = (trusted: string, ...more: string[]) =>
  settings(`ProxyTrustedClients=${trusted}`, 'ProxyProtocol=1', ...more);

const refusals: Scenario[] = [
  {
    reason: 'full',
    before: settings('MaxConnections=1'),
    act: async (server) => {
      await server.connect();
      server.client();
    },
  },
  { reason: 'allowed_clients', before: settings('AllowedClients=10.0.0.0/8'), act: (server) => void server.client() },
  { reason: 'denied', before: settings('DeniedClients=127.0.0.1'), act: (server) => void server.client() },
  {
    reason: 'program',
    options: { on: { ConnectionRequest: () => ({ accept: false }) } },
    act: (server) => void server.client(),
  },
  {
    reason: 'per_address',
    before: settings('MaxConnectionsPerAddress=1'),
    act: async (server) => {
      await server.connect();
      server.client();
    },
  },
  {
    reason: 'rate',
    before: settings('ConnectRatePerAddress=1', 'ConnectRateInterval=3600'),
    act: async (server) => {
      await server.connect();
      server.client();
    },
  },
  { reason: 'proxy_untrusted', before: proxied('127.0.0.9'), act: (server) => void server.client() },
  { reason: 'proxy_header', before: proxied('127.0.0.1'), act: (server) => server.client().write('HELO') },
  { reason: 'proxy_empty', before: proxied('127.0.0.1'), act: (server) => server.client().end() },
  {
    reason: 'proxy_timeout',
    before: proxied('127.0.0.1', 'DefaultConnectionTimeout=1'),
    act: (server) => void server.client(),
  },
  {
    reason: 'not_listening',
    act: async (server) => {
      server.client();
      // It is in the backlog by then, and no turn of the loop has accepted it.
      await new Promise<void>((resolve) => process.nextTick(resolve));
      server.must(server.set(P.Listening, false));
    },
  },
];

/** Those that need memory or a network to fail: the simulator demands them (test/native/sim/main.cpp). */
const simulated = new Set(['memory', 'network']);

const counted = (server: TestServer, name: string) =>
  Object.entries(server.api.ipdaemon_metrics(server.res)[name] as Record<string, number>).filter(([, n]) => n > 0);

behaviour('the metrics count why', (kind) => {
  const runs = (metric: string, { reason, before, options, act }: Scenario) =>
    withServer(kind, { ...options, ...(before ? { before } : {}), check: { bytes: false } }, async (server) => {
      await act(server);
      await server.until(
        () => counted(server, metric).length > 0,
        () => `${metric} ${reason}; ${server.tail()}`,
      );
      expect(counted(server, metric)).toEqual([[reason, 1]]);
    });

  test.each(ends)('a connection ended: $reason', (scenario) => runs('ipdaemon_closed_total', scenario));

  test.each(refusals)('a peer was refused: $reason', (scenario) => runs('ipdaemon_refused_total', scenario));

  test('and there is no other reason', () =>
    withServer(kind, { listen: false }, (server) => {
      const metrics = server.api.ipdaemon_metrics(server.res);
      const words = (name: string) => Object.keys(metrics[name] as object).filter((word) => !simulated.has(word));
      expect(words('ipdaemon_closed_total').sort()).toEqual(ends.map(({ reason }) => reason).sort());
      expect(words('ipdaemon_refused_total').sort()).toEqual(refusals.map(({ reason }) => reason).sort());
    }));
});
