// Balancers that are not ours before a server: it knows the client as they announce it, and they take it for healthy.
import { readFileSync } from 'node:fs';
import * as net from 'node:net';
import * as path from 'node:path';
import * as tls from 'node:tls';
import { expect, test } from '@jest/globals';
import { certificates, writeTemporary } from '../support/certificates';
import { Client } from '../support/client';
import { withExample } from '../support/examples';
import { P } from '../support/ids';
import { root, withProgram } from '../support/program';
import { behaviour, type ServerKind, type TestServer, withServer } from '../support/server';
import { implicit } from '../support/tls';
import { withTools } from '../support/tools';
import { balancerAddress, stunnelName, type Way, withHaproxy, withNginx, withStunnel } from './balancers';
import { freePorts, host, listens, run } from './tools';

const clientAddress = '127.0.0.7';
const greeting = 'hello\n';

interface Options {
  mode?: number;
  settings?: string[];
  tls?: boolean;
}

/** A server that trusts the balancers' address. */
function trusting(
  kind: ServerKind,
  { mode = 1, settings = [], tls: secure = false }: Options,
  body: (server: TestServer) => Promise<void>,
): Promise<void> {
  const before = (server: TestServer) => {
    for (const setting of [`ProxyProtocol=${mode}`, `ProxyTrustedClients=${balancerAddress}`, ...settings]) {
      server.config(setting);
    }
  };
  return withServer(
    kind,
    { check: { bytes: false, allGone: false }, before: secure ? implicit('p256', before) : before },
    body,
  );
}

/** A client of a balancer. */
interface Visitor {
  socket: net.Socket;
  port: number;
  closed: boolean;
}

function visitor(front: number | string, { address = clientAddress, secure = false } = {}): Promise<Visitor> {
  const options =
    typeof front === 'string'
      ? { path: front }
      : { port: front, host: address.includes(':') ? address : host, localAddress: address };
  const { certificate, key } = certificates().clients.good;
  const socket = secure
    ? tls.connect({
        ...{ ...options, rejectUnauthorized: false, servername: 'front.example', cert: certificate, key },
        ALPNProtocols: ['ipd/1'],
      })
    : net.connect(options);
  return new Promise((resolve, reject) => {
    const it: Visitor = { socket, port: 0, closed: false };
    socket.on('error', reject);
    socket.on('close', () => {
      it.closed = true;
    });
    socket.on('data', () => undefined);
    socket.on(secure ? 'secureConnect' : 'connect', () => {
      it.port = socket.localPort ?? 0;
      socket.write(greeting);
      resolve(it);
    });
  });
}

/** Visits, runs a body when the greeting has arrived, and ends the visit. */
async function visit(
  server: TestServer,
  front: number | string,
  options: Parameters<typeof visitor>[1],
  body: (id: number, visitor: Visitor) => void | Promise<void>,
): Promise<void> {
  const before = server.count('Connected');
  const gone = server.count('Disconnected');
  const it = await visitor(front, options);
  try {
    const { connectionid: id, statuscode } = await server.event('Connected', undefined, before + 1);
    expect(statuscode).toBe(0);
    await server.until(() => server.input(id) === greeting, 'the greeting');
    await body(id, it);
  } finally {
    it.socket.destroy();
  }
  await server.event('Disconnected', undefined, gone + 1);
}

/** Checks that a connection is known as announced; `to` are the address and the port that the client has connected to. */
function expectAnnounced(server: TestServer, id: number, version: string, source: string, port: number, to: string[]) {
  const [destination, destinationPort] = to;
  const family = source.includes(':') ? 'TCP6' : 'TCP4';
  expect(server.config(`ProxyHeader[${id}]`)).toBe(
    `${version} PROXY ${family} ${source} ${destination} ${port} ${destinationPort}`,
  );
  expect(server.get(P.RemoteHost, id)).toBe(source);
  expect(server.get(P.RemotePort, id)).toBe(port);
  expect(server.get(P.LocalAddress, id)).toBe(destination);
  expect(server.config(`ProxyPeer[${id}]`)).toMatch(new RegExp(`^${balancerAddress} \\d+$`));
  expect(server.events('ConnectionRequest').at(-1)).toMatchObject({ address: source, port, accept: true });
  expect(server.api.proxyInfo(server.res, id)).toMatchObject({
    version: version === 'v1' ? 1 : 2,
    ...{ command: 'PROXY', source, sourcePort: port, destination, destinationPort: Number(destinationPort) },
    peer: server.config(`ProxyPeer[${id}]`),
  });
}

/** Checks a connection whose header names nobody. */
function expectUnnamed(server: TestServer, id: number, header: string) {
  expect(server.config(`ProxyHeader[${id}]`)).toBe(header);
  expect(server.get(P.RemoteHost, id)).toBe(balancerAddress);
  expect(`${balancerAddress} ${server.get(P.RemotePort, id)}`).toBe(server.config(`ProxyPeer[${id}]`));
  expect(server.api.proxyInfo(server.res, id)?.source).toBeUndefined();
}

const everyOption = 'ssl,cert-cn,ssl-cipher,cert-sig,cert-key,authority,crc32c,unique-id';
const withId: Partial<Way> = { lines: ['unique-id-format id-%pid-%rt'] };

withTools('haproxy', ['haproxy'], () => {
  behaviour('haproxy', (kind) => {
    test('with send-proxy and send-proxy-v2, over IPv4, IPv6 and a Unix socket', () =>
      trusting(kind, {}, (server) =>
        withHaproxy(
          server.port,
          {
            v1: { options: 'send-proxy' },
            v2: { options: 'send-proxy-v2' },
            v1ipv6: { options: 'send-proxy', front: 'ipv6' },
            v2ipv6: { options: 'send-proxy-v2', front: 'ipv6' },
            v1unix: { options: 'send-proxy', front: 'unix' },
            v2unix: { options: 'send-proxy-v2', front: 'unix' },
          },
          async ({ fronts }) => {
            for (const version of ['v1', 'v2'] as const) {
              const front = fronts[version];
              await visit(server, front, {}, (id, { port }) =>
                expectAnnounced(server, id, version, clientAddress, port, [host, String(front)]),
              );
              const ipv6 = fronts[`${version}ipv6`];
              await visit(server, ipv6, { address: '::1' }, (id, { port }) =>
                expectAnnounced(server, id, version, '::1', port, ['::1', String(ipv6)]),
              );
              await visit(server, fronts[`${version}unix`], {}, (id) =>
                expectUnnamed(server, id, version === 'v1' ? 'v1 UNKNOWN' : 'v2 LOCAL'),
              );
            }
          },
        ),
      ));

    test('with send-proxy-v2-ssl-cn and all proxy-v2-options', () =>
      trusting(kind, {}, (server) =>
        withHaproxy(
          server.port,
          { all: { options: `send-proxy-v2-ssl-cn proxy-v2-options ${everyOption}`, tls: true, ...withId } },
          async ({ fronts: { all } }) =>
            visit(server, all, { secure: true }, (id, { port }) => {
              expectAnnounced(server, id, 'v2', clientAddress, port, [host, String(all)]);
              const info = server.api.proxyInfo(server.res, id);
              expect(info).toMatchObject({
                alpn: 'ipd/1',
                authority: 'front.example',
                ssl: {
                  ...{ version: 'TLSv1.3', cipher: expect.stringMatching(/^TLS_/), commonName: 'good' },
                  ...{ clientCertificate: 'connection', verified: true },
                },
              });
              expect(Buffer.from(info?.uniqueId ?? []).toString()).toMatch(/^id-\d+-\d+$/);
              expect(info?.tlvs.map(({ type }) => type).sort((a, b) => a - b)).toEqual([0x01, 0x02, 0x03, 0x05, 0x20]);
            }),
        ),
      ));

    test('with TLS of the server itself behind the header', () =>
      trusting(kind, { tls: true }, (server) =>
        withHaproxy(
          server.port,
          { v1: { options: 'send-proxy ssl verify none' }, v2: { options: 'send-proxy-v2 ssl verify none' } },
          async ({ fronts }) => {
            for (const version of ['v1', 'v2'] as const) {
              const front = fronts[version];
              await visit(server, front, {}, (id, { port }) => {
                expectAnnounced(server, id, version, clientAddress, port, [host, String(front)]);
                expect(server.config(`SSLNegotiatedVersion[${id}]`)).toBe('TLSv1.3');
              });
            }
          },
        ),
      ));

    test('AllowedClients and limits per address mean the client and not the balancer', () =>
      trusting(kind, { settings: ['AllowedClients=127.0.0.7,127.0.0.8', 'MaxConnectionsPerAddress=1'] }, (server) =>
        withHaproxy(server.port, { v2: { options: 'send-proxy-v2' } }, async ({ fronts: { v2 } }) => {
          const refused = (reason: 'PerAddress' | 'AllowedClients') =>
            server.api.ipdaemon_counter(server.res, 100 + server.api.Refused[reason]);
          await visit(server, v2, {}, async () => {
            const second = await visitor(v2);
            await server.until(() => second.closed, 'the end of the second of one client');
            expect(refused('PerAddress')).toBe(1);
            await visit(server, v2, { address: '127.0.0.8' }, () => undefined);
          });
          const stranger = await visitor(v2, { address: '127.0.0.9' });
          await server.until(() => stranger.closed, 'the end of one that is not allowed');
          expect(refused('AllowedClients')).toBe(1);
          expect(server.events('ConnectionRequest').at(-1)).toMatchObject({ address: '127.0.0.9', accept: false });
        }),
      ));

    test('its checks without a header find the server up, and make no noise', () =>
      trusting(kind, {}, (server) =>
        withHaproxy(server.port, { bare: { options: '', isCheck: true } }, async ({ state }) => {
          let found = await state('bare');
          while (found.check === 'INI') found = await state('bare');
          expect(found).toEqual({ status: 'UP', check: 'L4OK', failures: 0 });
          expect(server.seen).toEqual([]);
        }),
      ));

    const plainChecks = {
      v1: 'send-proxy',
      v2: 'send-proxy-v2',
      crc: 'send-proxy-v2 proxy-v2-options crc32c',
    };
    const tlsChecks = { ssl: 'send-proxy-v2 ssl verify none', sslCrc: `${plainChecks.crc} ssl verify none` };
    // A check of version 1 has the balancer's own address, and that has to be allowed where it goes on to TLS.
    const v1Check = { v1: 'send-proxy ssl verify none' };
    const checks = [
      { mode: 1, tls: false, options: plainChecks, allowed: '10.0.0.0/8' },
      { mode: 2, tls: false, options: plainChecks, allowed: '10.0.0.0/8' },
      { mode: 1, tls: true, options: tlsChecks, allowed: '10.0.0.0/8' },
      { mode: 2, tls: true, options: tlsChecks, allowed: '10.0.0.0/8' },
      { mode: 1, tls: true, options: v1Check, allowed: `10.0.0.0/8,${balancerAddress}` },
    ];
    const title = 'its checks find the server up, with ProxyProtocol=$mode, TLS $tls and AllowedClients=$allowed';
    test.each(checks)(title, ({ mode, tls, options, allowed }) =>
      trusting(kind, { mode, tls, settings: [`AllowedClients=${allowed}`] }, (server) => {
        const names = Object.keys(options);
        const ways = Object.fromEntries(
          Object.entries(options).map(([name, text]) => [name, { options: text, isCheck: true }]),
        ) as Record<string, Way>;
        return withHaproxy(server.port, ways, async ({ state }) => {
          // Several of each: two or three failures would make it take the server for dead.
          await server.event('ConnectionRequest', undefined, 6 * names.length);
          for (const name of names) {
            expect(await state(name)).toEqual({ status: 'UP', check: tls ? 'L6OK' : 'L4OK', failures: 0 });
          }
          expect(server.count('Error')).toBe(0);
        });
      }),
    );
  });
});

withTools('the example behind-haproxy', ['haproxy'], () => {
  test('knows the client behind haproxy.cfg', () =>
    withExample('behind-haproxy', [], async (port, program) => {
      const [front] = (await freePorts(1)) as [number];
      const text = readFileSync(path.join(root, 'examples', 'haproxy.cfg'), 'utf8');
      const file = writeTemporary('haproxy.cfg', text.replace(':7777', `:${port}`).replace(':8888', `:${front}`));
      await withProgram(
        ['-db', '-f', file],
        async (haproxy) => {
          await listens(haproxy, front);
          const client = new Client(front, { localAddress: clientAddress });
          await client.isConnected();
          client.write(greeting);
          await client.receives(`${clientAddress} ${client.localPort} says: hello\r\n`);
          client.destroy();
          await program.says(new RegExp(`^\\d+: ${clientAddress} through ${host} \\d+$`, 'm'));
        },
        { host: 'haproxy' },
      );
    }));
});

withTools('nginx', ['nginx'], () => {
  behaviour('nginx', (kind) => {
    test('with proxy_protocol, over IPv4, IPv6 and a Unix socket', () =>
      trusting(kind, {}, (server) =>
        withNginx(server.port, async (fronts) => {
          await visit(server, fronts.ipv4, {}, (id, { port }) =>
            expectAnnounced(server, id, 'v1', clientAddress, port, [host, String(fronts.ipv4)]),
          );
          await visit(server, fronts.ipv6, { address: '::1' }, (id, { port }) =>
            expectAnnounced(server, id, 'v1', '::1', port, ['::1', String(fronts.ipv6)]),
          );
          await visit(server, fronts.unix, {}, (id) => expectUnnamed(server, id, 'v1 UNKNOWN'));
        }),
      ));
  });
});

withTools('stunnel', [stunnelName], () => {
  behaviour('stunnel', (kind) => {
    test('with protocol = proxy', () =>
      trusting(kind, {}, (server) =>
        withStunnel(server.port, (front) =>
          visit(server, front, { secure: true }, (id, { port }) =>
            expectAnnounced(server, id, 'v1', clientAddress, port, [host, String(front)]),
          ),
        ),
      ));
  });
});

withTools('curl', ['curl'], () => {
  behaviour('curl', (kind) => {
    test.each(['http', 'https'])('with --haproxy-protocol and %s', (scheme) =>
      trusting(kind, { tls: scheme === 'https' }, async (server) => {
        server.on('DataIn', ({ connectionid: id, text }) => {
          if (!text.endsWith('\r\n\r\n')) return;
          // curl announces itself.
          const port = server.get(P.RemotePort, id);
          expect(server.config(`ProxyHeader[${id}]`)).toBe(
            `v1 PROXY TCP4 ${balancerAddress} ${host} ${port} ${server.port}`,
          );
          expect(server.config(`ProxyPeer[${id}]`)).toBe(`${balancerAddress} ${port}`);
          server.must(server.send(id, 'HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nfine\n'));
        });
        const address = ['--interface', balancerAddress, '--noproxy', '*', '--max-time', '15'];
        const { status, output } = await run(
          'curl',
          [
            '-q',
            '--silent',
            '--show-error',
            '-k',
            '--haproxy-protocol',
            ...address,
            `${scheme}://${host}:${server.port}/`,
          ],
          { endInput: true },
        );
        expect({ status, output }).toEqual({ status: 0, output: 'fine\n' });
        expect(server.events('ConnectionRequest')[0]).toMatchObject({ address: balancerAddress });
        await server.event('Disconnected');
        expect(server.count('Error')).toBe(0);
      }),
    );
  });
});
