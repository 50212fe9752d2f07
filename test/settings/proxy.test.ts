// PROXY headers: who has to send one, what they change, and what becomes of peers whose header is bad, late or missing.
import * as tls from 'node:tls';
import { expect, test } from '@jest/globals';
import { Client, type ClientOptions } from '../support/client';
import { covers } from '../support/coverage';
import { Code, P } from '../support/ids';
import { type ProxyHeader, proxyHeader, proxyHeaders } from '../support/proxy-headers';
import { behaviour, type ServerKind, type ServerOptions, type TestServer, withServer } from '../support/server';
import { implicit } from '../support/tls';

const count = (server: TestServer, name: keyof TestServer['api']['Counter']) =>
  server.api.ipdaemon_counter(server.res, server.api.Counter[name]);
const refused = (server: TestServer, reason: keyof TestServer['api']['Refused']) =>
  server.api.ipdaemon_counter(server.res, 100 + server.api.Refused[reason]);

/** A server behind a proxy at 127.0.0.1. */
function proxied(
  kind: ServerKind,
  { mode = 1, settings = [], ...more }: ServerOptions & { mode?: number; settings?: string[] },
  body: (server: TestServer) => Promise<void>,
): Promise<void> {
  const { before } = more;
  return withServer(
    kind,
    {
      ...more,
      before: (server) => {
        before?.(server);
        for (const setting of [`ProxyProtocol=${mode}`, 'ProxyTrustedClients=127.0.0.1', ...settings]) {
          server.config(setting);
        }
      },
    },
    (server) => endingPeers(() => body(server)),
  );
}

const peers: Client[] = [];

/** Runs a test, and ends the peers that it has left. */
async function endingPeers(body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } finally {
    for (const client of peers.splice(0)) {
      client.destroy();
    }
  }
}

/** Not one of those of the server, whose addresses and bytes the log checker compares with the events. */
function peer(server: TestServer, options?: ClientOptions): Client {
  const client = new Client(server.port, options);
  peers.push(client);
  return client;
}

async function closes(client: Client): Promise<void> {
  await client.isGone();
  expect(client.text).toBe('');
}

/** What the settings of a connection say. */
function told(server: TestServer, id: number) {
  return {
    header: server.config(`ProxyHeader[${id}]`),
    host: server.get(P.RemoteHost, id),
    port: server.get(P.RemotePort, id),
    local: server.get(P.LocalAddress, id),
  };
}

function expected({ text }: ProxyHeader, port: number) {
  const [, , family = '', source, destination, sourcePort] = text.split(' ');
  return family.startsWith('TCP')
    ? { header: text, host: source, port: Number(sourcePort), local: destination }
    : { header: text, host: '127.0.0.1', port, local: '127.0.0.1' };
}

const greeting = 'hello\r\n';

behaviour(covers('setting', 'ProxyHeader', 'ProxyProtocol'), (kind) => {
  test('headers of real programs decide who the client is, and what follows them is its first input', () =>
    proxied(kind, {}, async (server) => {
      for (const header of proxyHeaders.filter(({ refusedAt }) => refusedAt === 0)) {
        const n = server.count('Connected') + 1;
        const client = peer(server);
        client.write(Buffer.concat([header.bytes, Buffer.from(greeting)]));
        await server.until(() => server.count('Connected') === n, header.name);
        const { connectionid: id } = server.events('Connected')[n - 1] ?? { connectionid: 0 };
        expect({ name: header.name, ...told(server, id) }).toEqual({
          name: header.name,
          ...expected(header, client.localPort),
        });
        expect(server.config(`ProxyPeer[${id}]`)).toBe(`127.0.0.1 ${client.localPort}`);
        const request = server.events('ConnectionRequest')[n - 1];
        expect(request?.address).toBe(server.get(P.RemoteHost, id));
        expect(request?.port).toBe(server.get(P.RemotePort, id));
        await server.until(() => server.input(id) === greeting, `input behind ${header.name}`);
        server.must(server.disconnect(id));
        await client.isGone();
      }
    }));

  test('headers that cannot be used close the connection by the byte that proves it, with one Error for all', () =>
    proxied(kind, {}, async (server) => {
      const bad = proxyHeaders.filter(({ refusedAt }) => refusedAt > 0);
      for (const header of bad) {
        const client = peer(server);
        client.write(header.bytes.subarray(0, header.refusedAt));
        await closes(client);
      }
      expect(refused(server, 'ProxyHeader')).toBe(bad.length);
      expect(server.events('Error')).toMatchObject([{ connectionid: 0, errorcode: 2013 }]);
      expect(server.events('Error')[0]?.description).toContain('PROXY header from 127.0.0.1: ');
      expect(server.count('ConnectionRequest')).toBe(0);
    }));

  test('the Error about something else shows how it begins', () =>
    proxied(kind, {}, async (server) => {
      const client = peer(server);
      client.write('GET / HTTP/1.1\r\n\r\n');
      await closes(client);
      await server.event('Error');
      expect(server.events('Error')[0]?.description).toContain(': 47 45 54 20 2f 20 48 54 54 50 2f 31 2e 31 0d 0a');
    }));

  test('a header may come byte by byte', () =>
    proxied(kind, {}, async (server) => {
      for (const [i, name] of ['v1-tcp6-nginx', 'v2-ssl-haproxy'].entries()) {
        const header = proxyHeader(name);
        const client = peer(server);
        for (const byte of header.bytes) {
          client.write(Buffer.of(byte));
          await new Promise(setImmediate);
        }
        client.write(greeting);
        const { connectionid: id } = await server.event('Connected', undefined, i + 1);
        await server.until(() => server.input(id) === greeting, name);
        expect(told(server, id)).toEqual(expected(header, client.localPort));
      }
      expect(server.count('Error')).toBe(0);
    }));

  test('with 1, a peer that is not trusted is closed at once, whatever it sends', () =>
    proxied(kind, {}, async (server) => {
      const client = peer(server, { localAddress: '127.0.0.2' });
      client.write(proxyHeader('v1-tcp4-nginx').bytes);
      await closes(client);
      expect(refused(server, 'ProxyUntrusted')).toBe(1);
      expect(server.seen).toEqual([]);
    }));

  test('with 2, a peer that is not trusted is direct, and a header from it is data', () =>
    proxied(kind, { mode: 2 }, async (server) => {
      const client = peer(server, { localAddress: '127.0.0.2' });
      const header = proxyHeader('v1-tcp4-nginx');
      client.write(header.bytes);
      const { connectionid: id } = await server.event('Connected');
      await server.until(() => server.input(id) === header.bytes.toString('latin1'), 'the header as data');
      expect(told(server, id)).toEqual({ header: '', host: '127.0.0.2', port: client.localPort, local: '127.0.0.1' });
      expect(server.config(`ProxyPeer[${id}]`)).toBe(`127.0.0.2 ${client.localPort}`);
      const other = peer(server);
      other.write(Buffer.concat([header.bytes, Buffer.from(greeting)]));
      await server.event('Connected', undefined, 2);
      expect(server.get(P.RemoteHost, id + 1)).toBe('198.51.100.7');
    }));

  test('AllowedClients and ConnectionRequest mean the client; a check of the proxy itself is let in', () =>
    proxied(kind, { settings: ['AllowedClients=198.51.100.0/24'] }, async (server) => {
      const outcome = async (name: string) => {
        const requests = server.count('ConnectionRequest');
        const client = peer(server);
        client.write(proxyHeader(name).bytes);
        await server.until(() => server.count('ConnectionRequest') > requests, name);
        return server.events('ConnectionRequest').at(-1)?.accept;
      };
      expect(await outcome('v1-tcp4-haproxy')).toBe(true);
      expect(await outcome('v1-tcp6-haproxy')).toBe(false);
      expect(await outcome('v1-unknown-haproxy')).toBe(false);
      expect(await outcome('v2-unspec-proxy-made')).toBe(false);
      expect(await outcome('v2-local-check-haproxy')).toBe(true);
    }));

  test('what follows a header may be TLS', () =>
    proxied(kind, { before: implicit() }, async (server) => {
      for (const name of ['v1-tcp4-nginx', 'v2-ssl-cn-full-haproxy']) {
        const n = server.count('Connected') + 1;
        const client = peer(server);
        await client.isConnected();
        const plain = client.socket;
        plain.removeAllListeners('data');
        // In one packet with the first bytes of TLS.
        plain.cork();
        plain.write(proxyHeader(name).bytes);
        const secure = tls.connect({ socket: plain, rejectUnauthorized: false });
        setImmediate(() => plain.uncork());
        secure.on('error', () => undefined);
        secure.write(greeting);
        await server.until(() => server.count('Connected') === n, name);
        const { connectionid: id, statuscode } = server.events('Connected')[n - 1] ?? { connectionid: 0 };
        expect(statuscode).toBe(0);
        await server.until(() => server.input(id) === greeting, `input behind ${name}`);
        expect(server.get(P.RemoteHost, id)).toBe('198.51.100.7');
        expect(server.config(`SSLNegotiatedVersion[${id}]`)).toBe('TLSv1.3');
        secure.destroy();
      }
    }));

  test('one that ends without a byte is counted in silence, one that ends within its header with an Error', () =>
    proxied(kind, {}, async (server) => {
      const silent = peer(server);
      await silent.isConnected();
      silent.end();
      await closes(silent);
      await server.until(() => refused(server, 'ProxyEmpty') === 1, 'the count');
      expect(server.seen).toEqual([]);
      const cut = peer(server);
      cut.write('PROXY TCP4');
      cut.end();
      await closes(cut);
      await server.event('Error');
      expect(server.events('Error')[0]?.description).toContain('ended after 10 bytes');
      expect(refused(server, 'ProxyHeader')).toBe(1);
    }));

  test('one that is silent is closed after DefaultConnectionTimeout, with an Error that tells of balancers', () =>
    proxied(kind, { settings: ['DefaultConnectionTimeout=1'] }, async (server) => {
      const began = performance.now();
      const client = peer(server);
      await closes(client);
      expect(performance.now() - began).toBeGreaterThanOrEqual(1000);
      await server.event('Error');
      expect(server.events('Error')[0]?.description).toContain('DefaultConnectionTimeout');
      expect(server.events('Error')[0]?.description).toContain('speaks first');
      expect(refused(server, 'ProxyTimeout')).toBe(1);
    }));

  test('those that wait for a header make room, the oldest first', () =>
    proxied(kind, { settings: ['MaxConnections=2'], check: { maxConnections: 2 } }, async (server) => {
      const waiting = [];
      for (let i = 0; i < 2; i += 1) {
        const client = peer(server);
        await client.isConnected();
        waiting.push(client);
      }
      const [first, second] = waiting as [Client, Client];
      const third = peer(server);
      third.write(proxyHeader('v1-tcp4-nginx').bytes);
      await closes(first);
      await server.event('Connected');
      expect(second.ended).toBe(false);
      second.write(proxyHeader('v1-tcp6-nginx').bytes);
      await server.event('Connected', undefined, 2);
      expect(count(server, 'RefusedFull')).toBe(1);
    }));

  test('do_shutdown, do_reset and the end of the server close those that wait', () =>
    proxied(kind, {}, async (server) => {
      const client = peer(server);
      client.write('PROXY ');
      await client.isConnected();
      const other = peer(server);
      other.write(proxyHeader('v1-tcp4-nginx').bytes);
      await server.event('Connected');
      server.must(server.shutdown());
      await closes(client);
      await other.isGone();
      expect(server.count('Error')).toBe(0);
    }));
});

behaviour(covers('setting', 'ProxyTrustedClients'), (kind) => {
  test('must name somebody while ProxyProtocol is in force', () =>
    withServer(kind, { listen: false }, (server) => {
      server.config('ProxyProtocol=1');
      expect(server.set(P.Listening, true)).toBe(Code.InvalidValue);
      expect(server.error).toContain('ProxyTrustedClients');
      server.config('ProxyTrustedClients=127.0.0.1');
      server.must(server.set(P.Listening, true));
      expect(server.configCode('ProxyTrustedClients=')).toBe(Code.InvalidValue);
      expect(server.error).toContain('ProxyTrustedClients');
      expect(server.config('ProxyTrustedClients')).toBe('127.0.0.1');
      server.config('ProxyProtocol=0');
      server.config('ProxyTrustedClients=');
      expect(server.configCode('ProxyProtocol=2')).toBe(Code.InvalidValue);
      expect(server.error).toContain('ProxyTrustedClients');
      expect(server.config('ProxyProtocol')).toBe('0');
    }));

  test('may be everybody, and changes for peers to come', () =>
    withServer(
      kind,
      {
        before: (server) => {
          server.config('ProxyTrustedClients=*');
          server.config('ProxyProtocol=1');
        },
      },
      (server) =>
        endingPeers(async () => {
          const client = peer(server, { localAddress: '127.0.0.3' });
          client.write(proxyHeader('v2-tcp4-haproxy').bytes);
          await server.event('Connected');
          server.config('ProxyTrustedClients=192.0.2.1');
          await closes(peer(server, { localAddress: '127.0.0.3' }));
          expect(server.count('Connected')).toBe(1);
        }),
    ));

  test.each(['127.0.0.1/33', ',', 'unix@'])('refuses "%s" and keeps the old list', (list) =>
    withServer(kind, { listen: false }, (server) => {
      server.config('ProxyTrustedClients=192.0.2.1');
      expect(server.configCode(`ProxyTrustedClients=${list}`)).toBe(Code.InvalidValue);
      expect(server.error).toContain('ProxyTrustedClients');
      expect(server.config('ProxyTrustedClients')).toBe('192.0.2.1');
    }),
  );
});

behaviour(covers('setting', 'ProxyPeer', 'ProxyTLVs'), (kind) => {
  test('proxyInfo tells all that a header says', () =>
    proxied(kind, {}, async (server) => {
      const client = peer(server);
      client.write(proxyHeader('v2-ssl-cn-full-haproxy').bytes);
      const { connectionid: id } = await server.event('Connected');
      const tlvs = server.config(`ProxyTLVs[${id}]`);
      expect(tlvs).toMatch(
        /^03=[0-9a-f]{8} 01=6970642f31 02=66726f6e742e6578616d706c65 05=[0-9a-f]+ 20=0700000000 20\.21=/,
      );
      expect(server.api.proxyInfo(server.res, id)).toEqual({
        version: 2,
        command: 'PROXY',
        source: '198.51.100.7',
        sourcePort: 56330,
        destination: '192.0.2.10',
        destinationPort: 21007,
        peer: `127.0.0.1 ${client.localPort}`,
        alpn: 'ipd/1',
        authority: 'front.example',
        uniqueId: expect.any(Uint8Array),
        ssl: {
          version: 'TLSv1.3',
          cipher: 'TLS_AES_256_GCM_SHA384',
          commonName: 'terminal-17',
          clientCertificate: 'connection',
          verified: true,
        },
        tlvs: expect.arrayContaining([{ type: 1, value: Uint8Array.from(Buffer.from('ipd/1')) }]),
      });
    }));

  test('proxyInfo does not take a missing certificate for a verified one, and a check for a client', () =>
    proxied(kind, {}, async (server) => {
      const info = async (name: string) => {
        const n = server.count('Connected') + 1;
        peer(server).write(proxyHeader(name).bytes);
        const { connectionid } = await server.event('Connected', undefined, n);
        return server.api.proxyInfo(server.res, connectionid);
      };
      expect((await info('v2-ssl-haproxy'))?.ssl).toMatchObject({ clientCertificate: 'none', verified: false });
      expect(await info('v2-local-nlb')).toMatchObject({ version: 2, command: 'LOCAL', tlvs: [] });
      expect((await info('v2-local-nlb'))?.source).toBeUndefined();
      expect(await info('v1-unknown-nginx')).toMatchObject({ version: 1, command: 'UNKNOWN' });
    }));

  test('proxyInfo is undefined without a header', () =>
    withServer(kind, {}, async (server) => {
      const { id, client } = await server.connect();
      expect(server.api.proxyInfo(server.res, id)).toBeUndefined();
      expect(server.config(`ProxyPeer[${id}]`)).toBe(`127.0.0.1 ${client.localPort}`);
      expect(server.config(`ProxyTLVs[${id}]`)).toBe('');
      expect(() => server.api.proxyInfo(server.res, 999)).toThrow();
    }));
});
