// Application protocols: SSLAlpnProtocols, SSLNegotiatedAlpn.
import { expect, test } from '@jest/globals';
import { covers } from '../support/coverage';
import { Code } from '../support/ids';
import { behaviour, type TestServer, withServer } from '../support/server';
import { configure, implicit } from '../support/tls';
import type { TlsClientOptions } from '../support/tls-client';

const versions = ['TLSv1.2', 'TLSv1.3'] as const;
const speaking = (list: string) => ({
  before: implicit('p256', (server) => configure(server, `SSLAlpnProtocols=${list}`)),
});

/** What both sides say was agreed on. */
async function agreed(server: TestServer, options: TlsClientOptions) {
  const { client, id } = await server.connectTls(options);
  return [client.tls.alpnProtocol, server.config(`SSLNegotiatedAlpn[${id}]`)];
}

behaviour(covers('setting', 'SSLAlpnProtocols', 'SSLNegotiatedAlpn'), (kind) => {
  test.each(versions)('%s: a client gets the first of the server that it offers', (version) =>
    withServer(kind, speaking('mqtt,http/1.1 , h2'), async (server) => {
      expect(server.config('SSLAlpnProtocols')).toBe('mqtt,http/1.1,h2');
      expect(await agreed(server, { version, alpn: ['h2', 'http/1.1'] })).toEqual(['http/1.1', 'http/1.1']);
      expect(await agreed(server, { version, alpn: ['h2', 'mqtt'] })).toEqual(['mqtt', 'mqtt']);
      expect(await agreed(server, { version, alpn: ['h2'] })).toEqual(['h2', 'h2']);
    }),
  );

  test.each(versions)('%s: one that offers none gets in without', (version) =>
    withServer(kind, speaking('mqtt'), async (server) => {
      expect(await agreed(server, { version })).toEqual([false, '']);
    }),
  );

  test.each(versions)('%s: without the setting, what a client offers is ignored', (version) =>
    withServer(kind, { before: implicit() }, async (server) => {
      expect(server.config('SSLAlpnProtocols')).toBe('');
      expect(await agreed(server, { version, alpn: ['h2'] })).toEqual([false, '']);
    }),
  );

  test.each(versions)('%s: without one in common the client is told so, and the server has 276', (version) =>
    withServer(kind, speaking('mqtt,h2'), async (server) => {
      const client = server.tlsClient({ version, alpn: ['http/1.1', 'spdy/3'] });
      await client.isRefused();
      expect((client.error as NodeJS.ErrnoException).code).toMatch(/NO_APPLICATION_PROTOCOL$/);
      const connected = await server.event('Connected');
      expect(connected.statuscode).toBe(Code.TlsHandshake);
      expect(connected.description).toContain(
        "no application protocol in common: the client offers 'http/1.1', 'spdy/3', and SSLAlpnProtocols is mqtt,h2",
      );
      expect(server.events('Error')).toMatchObject([{ errorcode: Code.TlsHandshake }]);
    }),
  );

  test.each(versions)(
    '%s: a session is resumed under the protocol that it was made with, and under no other',
    (version) =>
      withServer(kind, speaking('one,two'), async (server) => {
        const visit = async (alpn: string[] | undefined, session?: Buffer) => {
          const options = { version, ...(alpn ? { alpn } : {}), ...(session ? { session } : {}) };
          const { client, id } = await server.connectTls(options);
          server.must(server.send(id, 'over'));
          await client.receives('over');
          expect(server.config(`SSLNegotiatedAlpn[${id}]`)).toBe(alpn?.[0] ?? '');
          return client;
        };
        const session = async (alpn?: string[]) => (await visit(alpn)).hasSession();
        expect((await visit(['one'], await session(['one']))).resumed).toBe(true);
        expect((await visit(['two'], await session(['one']))).resumed).toBe(false);
        expect((await visit(undefined, await session(['one']))).resumed).toBe(false);
        expect((await visit(['one'], await session())).resumed).toBe(false);
        expect((await visit(undefined, await session())).resumed).toBe(true);
      }),
  );

  test('a client that is asked for another key share gets its protocol, too', () =>
    withServer(
      kind,
      {
        before: implicit('p256', (server) =>
          configure(server, 'SSLAlpnProtocols=h2', 'TLS13SupportedGroups=ecdhe_secp384r1'),
        ),
      },
      async (server) => {
        expect(await agreed(server, { version: 'TLSv1.3', curves: 'P-256:P-384', alpn: ['h2'] })).toEqual(['h2', 'h2']);
      },
    ));

  test('it changes while listening, for the handshakes that begin later', () =>
    withServer(kind, speaking('one'), async (server) => {
      const { id } = await server.connectTls({ alpn: ['one', 'two'] });
      configure(server, 'SSLAlpnProtocols=two');
      expect(await agreed(server, { alpn: ['one', 'two'] })).toEqual(['two', 'two']);
      configure(server, 'SSLAlpnProtocols=');
      expect(await agreed(server, { alpn: ['one', 'two'] })).toEqual([false, '']);
      expect(server.config(`SSLNegotiatedAlpn[${id}]`)).toBe('one');
    }));

  test.each([
    ['an empty entry', 'h2,,mqtt'],
    ['only a comma', ','],
    ['256 bytes', `h2,${'x'.repeat(256)}`],
  ])('%s is refused, and the old list stays', (_name, list) =>
    withServer(kind, speaking('one'), async (server) => {
      expect(server.configCode(`SSLAlpnProtocols=${list}`)).toBe(Code.InvalidValue);
      expect(server.error).toMatch(/SSLAlpnProtocols cannot be '.*each entry must be a name of 1 to 255 bytes/);
      expect(server.config('SSLAlpnProtocols')).toBe('one');
      expect(server.configCode(`SSLAlpnProtocols=h2,${'x'.repeat(255)}`)).toBe(0);
      expect(await agreed(server, { alpn: ['x'.repeat(255)] })).toEqual(['x'.repeat(255), 'x'.repeat(255)]);
    }),
  );

  test('it can be read inside Connected and Disconnected, and is empty without TLS', () => {
    const read: string[] = [];
    return withServer(
      kind,
      { before: implicit('p256', (server) => configure(server, 'SSLAlpnProtocols=h2')) },
      async (server) => {
        for (const name of ['Connected', 'Disconnected'] as const) {
          server.on(name, ({ connectionid }) => read.push(server.config(`SSLNegotiatedAlpn[${connectionid}]`)));
        }
        const { client, id } = await server.connectTls({ alpn: ['h2'] });
        client.end();
        await server.event('Disconnected', id);
        expect(read).toEqual(['h2', 'h2']);
      },
    );
  });
});
