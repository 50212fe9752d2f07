// Which groups and signature algorithms are offered, and which are agreed on.
import { expect, test } from '@jest/globals';
import { serverPem } from '../support/certificates';
import { Code, P } from '../support/ids';
import { behaviour, withServer } from '../support/server';
import { choose, configure, implicit, negotiates, StartMode } from '../support/tls';

/** ML-KEM came with OpenSSL 3.5. */
const [major = 0, minor = 0] = (process.versions.openssl ?? '0').split('.').map(Number);

const hasHybridGroups = major > 3 || (major === 3 && minor >= 5);

behaviour('TLS12SupportedGroups and TLS13SupportedGroups', (kind) => {
  test('decide each for its version', () =>
    withServer(
      kind,
      {
        before: implicit('p256', (server) =>
          configure(server, 'TLS12SupportedGroups=ecdhe_secp384r1', 'TLS13SupportedGroups=ecdhe_secp521r1'),
        ),
      },
      async (server) => {
        const curves = 'X25519:P-256:P-384:P-521';
        expect(await negotiates(server, { version: 'TLSv1.2', curves })).toMatchObject({
          exchange: 'ECDHE-P-384',
          exchangeStrength: '384',
        });
        expect(await negotiates(server, { version: 'TLSv1.3', curves })).toMatchObject({
          exchange: 'ECDHE-P-521',
          exchangeStrength: '521',
        });
        expect(await negotiates(server, { version: 'TLSv1.3', curves: 'P-384' })).toEqual({});
        expect(await negotiates(server, { version: 'TLSv1.2', curves: 'P-521' })).toEqual({});
      },
    ));

  test('have X25519MLKEM768 first where OpenSSL has it, as node:tls does', () =>
    withServer(kind, { before: implicit() }, async (server) => {
      const classic = { exchange: 'ECDHE-X25519', exchangeStrength: '253' };
      const hybrid = { exchange: 'ECDHE-X25519MLKEM768', exchangeStrength: '768' };
      const best = hasHybridGroups ? hybrid : classic;
      expect(server.config('TLS13SupportedGroups')).toMatch(/^X25519MLKEM768,ecdhe_x25519,/);
      expect(await negotiates(server)).toMatchObject({ version: 'TLSv1.3', ...best });
      expect(await negotiates(server, { curves: 'X25519:P-256' })).toMatchObject(classic);
      expect(await negotiates(server, { version: 'TLSv1.2' })).toMatchObject(classic);
      if (hasHybridGroups) {
        // The share that the client sends first is of X25519: it is asked for the better one.
        expect(await negotiates(server, { curves: 'X25519:X25519MLKEM768' })).toMatchObject(hybrid);
        expect(await negotiates(server, { curves: 'X25519MLKEM768' })).toMatchObject(hybrid);
      }
    }));

  test('take a hybrid group by its name, and pass it over where OpenSSL has none', () =>
    withServer(
      kind,
      {
        before: implicit('p256', (server) => configure(server, 'TLS13SupportedGroups=x25519mlkem768,ecdhe_secp256r1')),
      },
      async (server) => {
        const exchange = hasHybridGroups ? 'ECDHE-X25519MLKEM768' : 'ECDHE-P-256';
        expect((await negotiates(server)).exchange).toBe(exchange);
        expect(await negotiates(server, { version: 'TLSv1.3', curves: 'X25519' })).toEqual({});
        const code = server.configCode('TLS13SupportedGroups=SecP384r1MLKEM1024');
        expect(code).toBe(hasHybridGroups ? 0 : Code.InvalidValue);
        if (hasHybridGroups) {
          const got = await negotiates(server, { curves: 'SecP384r1MLKEM1024' });
          expect(got).toMatchObject({ exchange: 'ECDHE-SecP384r1MLKEM1024', exchangeStrength: '1024' });
        } else {
          expect(server.error).toMatch(/OpenSSL 3\.5/);
        }
        expect(server.configCode('TLS12SupportedGroups=X25519MLKEM768')).toBe(Code.InvalidValue);
      },
    ));

  test('take the finite fields in TLS 1.3', () =>
    withServer(
      kind,
      { before: implicit('p256', (server) => configure(server, 'TLS13SupportedGroups=ffdhe_2048')) },
      async (server) => {
        expect(await negotiates(server, { version: 'TLSv1.3', curves: 'ffdhe2048' })).toMatchObject({
          exchange: expect.stringMatching(/^DHE/),
          exchangeStrength: '2048',
        });
      },
    ));

  test('refuse a name that they do not know, and keep the old list', () =>
    withServer(kind, { listen: false }, (server) => {
      for (const name of ['TLS12SupportedGroups', 'TLS13SupportedGroups']) {
        const before = server.config(name);
        expect(server.configCode(`${name}=ecdhe_x25519,nonsense`)).toBe(Code.InvalidValue);
        expect(server.error).toContain('nonsense');
        expect(server.config(name)).toBe(before);
      }
    }));
});

behaviour('TLS12SignatureAlgorithms and TLS13SignatureAlgorithms', (kind) => {
  test('decide each for its version with what the server signs', () =>
    withServer(
      kind,
      {
        before: (server) => {
          server.must(choose(server, { store: serverPem('rsa') + serverPem('p256') }));
          server.must(server.set(P.SSLStartMode, StartMode.implicit));
          configure(server, 'TLS12SignatureAlgorithms=sha256-rsa', 'TLS13SignatureAlgorithms=ecdsa_secp256r1_sha256');
        },
      },
      async (server) => {
        expect((await server.connectTls({ version: 'TLSv1.2' })).client.served).toBe('localhost rsa');
        expect((await server.connectTls({ version: 'TLSv1.3' })).client.served).toBe('localhost p256');
        expect(await negotiates(server, { version: 'TLSv1.3', sigalgs: 'rsa_pss_rsae_sha256' })).toEqual({});
      },
    ));

  test('refuse a name that they do not know, and keep the old list', () =>
    withServer(kind, { listen: false }, (server) => {
      for (const name of ['TLS12SignatureAlgorithms', 'TLS13SignatureAlgorithms']) {
        const before = server.config(name);
        expect(server.configCode(`${name}=nonsense`)).toBe(Code.InvalidValue);
        expect(server.config(name)).toBe(before);
      }
    }));
});
