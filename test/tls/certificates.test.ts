import { writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { certificates, everyServer, type ServerName, serverPem, store, writeTemporary } from '../support/certificates';
import { P } from '../support/ids';
import { behaviour, withServer } from '../support/server';
import { choose, configure, implicit, StartMode, Store, statuses } from '../support/tls';

const password = 'test password';
const pem = (name: ServerName) => certificates().servers[name];

const rsaOnly = { sigalgs: 'rsa_pss_rsae_sha256:rsa_pkcs1_sha256' };
const ecOnly = { sigalgs: 'ecdsa_secp256r1_sha256' };

behaviour('a certificate store', (kind) => {
  const good: [title: string, served: string, type: number, content: () => string | Uint8Array, secret?: string][] = [
    ['PFX', 'leaf rsa', Store.pfxBlob, () => store('pfx'), password],
    ['PFX in base64', 'leaf rsa', Store.pfxBlob, () => certificates().stores.pfx, password],
    ['PFX of 2005 (3DES)', 'localhost rsa', Store.pfxBlob, () => store('pfx3des'), password],
    ['PFX of 1999 (RC2-40)', 'localhost rsa', Store.pfxBlob, () => store('pfxRc2'), password],
    ['PFX with an empty password', 'localhost p256', Store.pfxBlob, () => store('pfxEmptyPassword')],
    ['PFX without a password', 'localhost p256', Store.pfxBlob, () => store('pfxNoPassword')],
    ['PFX with Ed25519', 'localhost ed25519', Store.pfxBlob, () => store('pfxEd25519'), password],
    ['JKS', 'leaf p256', Store.jksBlob, () => store('jks'), password],
    ['JKS that is PKCS #12', 'leaf rsa', Store.jksBlob, () => store('pfx'), password],
    ['PEM', 'localhost p256', Store.pemBlob, () => serverPem('p256')],
    ['PEM with the key last', 'localhost rsa', Store.pemBlob, () => pem('rsa').certificate + pem('rsa').key],
    [
      'PEM with the chain first',
      'leaf p256',
      Store.pemBlob,
      () => pem('leafP256').chain + pem('leafP256').key + pem('leafP256').certificate,
    ],
    [
      'PEM with text between the blocks',
      'localhost p256',
      Store.pemBlob,
      () => `Bag Attributes\n${pem('p256').key}subject=CN = x\n\n${pem('p256').certificate}the end\n`,
    ],
    [
      'PEM with ends of lines of Windows',
      'localhost p256',
      Store.pemBlob,
      () => serverPem('p256').replaceAll('\n', '\r\n'),
    ],
    ['PEM in base64', 'localhost p256', Store.pemBlob, () => Buffer.from(serverPem('p256')).toString('base64')],
    [
      'PEM with an encrypted key',
      'localhost rsa',
      Store.pemBlob,
      () => certificates().pem.encryptedKey + pem('rsa').certificate,
      password,
    ],
    [
      'PEM with a key encrypted in the traditional way',
      'localhost rsa',
      Store.pemBlob,
      () => certificates().pem.traditionalEncryptedKey + pem('rsa').certificate,
      password,
    ],
    [
      'PEM with a traditional key of RSA',
      'localhost rsa',
      Store.pemBlob,
      () => certificates().pem.traditionalKey + pem('rsa').certificate,
    ],
    [
      'PEM with a traditional key of EC',
      'localhost p256',
      Store.pemBlob,
      () => certificates().pem.traditionalEcKey + pem('p256').certificate,
    ],
    ['PEM with PKCS #7 and a key', 'leaf p256', Store.pemBlob, () => pem('leafP256').key + certificates().pem.p7b],
    ['JWK with its certificate', 'localhost p256', Store.jwkBlob, () => store('jwk')],
    ['set of JWKs', 'localhost rsa', Store.jwkBlob, () => store('jwkSet')],
  ];

  test.each(good)('of the kind %s serves %s', (_title, served, type, content, secret = '') =>
    withServer(
      kind,
      {
        before: (server) => {
          server.must(choose(server, { type, store: content(), password: secret }));
          server.must(server.set(P.SSLStartMode, StartMode.implicit));
        },
      },
      async (server) => {
        // Of several keys a client that can use each gets the first one of the store, or a faster one.
        const { client } = await server.connectTls({ ca: everyServer(), ...(served.endsWith('rsa') ? rsaOnly : {}) });
        expect(client.served).toBe(served);
      },
    ),
  );

  const files: [title: string, type: number, content: () => string | Uint8Array, secret: string][] = [
    ['PFX', Store.pfxFile, () => store('pfx3des'), password],
    ['JKS', Store.jksFile, () => store('jks'), password],
    ['PEM', Store.pemFile, () => serverPem('ed25519'), ''],
    ['JWK', Store.jwkFile, () => store('jwk'), ''],
    ['PFX found by its content', Store.auto, () => store('pfx'), password],
    ['PEM found by its content', Store.auto, () => serverPem('p256'), ''],
  ];

  test.each(files)('in a file of the kind %s is read', (title, type, content, secret) =>
    withServer(
      kind,
      {
        before: (server) => {
          const file = writeTemporary(`${title.replaceAll(' ', '-')}-${type}.store`, content());
          server.must(choose(server, { type, store: file, password: secret }));
          server.must(server.set(P.SSLStartMode, StartMode.implicit));
        },
      },
      async (server) => {
        await server.connectTls({ ca: everyServer() });
      },
    ),
  );

  test.each<[string, () => string | Uint8Array, string]>([
    ['PFX', () => store('pfx'), password],
    ['PFX in base64', () => certificates().stores.pfx, password],
    ['PEM', () => serverPem('p256'), ''],
    ['JKS', () => store('jks'), password],
    ['JWK', () => store('jwk'), ''],
  ])('of type 99 with the content of %s is recognised', (_title, content, secret) =>
    withServer(
      kind,
      {
        before: (server) => {
          server.must(choose(server, { type: Store.auto, store: content(), password: secret }));
          server.must(server.set(P.SSLStartMode, StartMode.implicit));
        },
      },
      async (server) => {
        await server.connectTls({ ca: everyServer() });
      },
    ),
  );

  test('out of a variable with its ends of line written out is served after replaceAll', () => {
    const variable = serverPem('p256').replaceAll('\n', '\\n');
    return withServer(
      kind,
      { before: implicit('p256', (s) => s.must(choose(s, { store: variable.replaceAll('\\n', '\n') }))) },
      async (server) => {
        expect((await server.connectTls()).client.served).toBe('localhost p256');
      },
    );
  });

  test('with a weak key is served when the security level allows it', () =>
    withServer(
      kind,
      { before: implicit('rsa1024', (server) => configure(server, 'OpenSSLCipherList=DEFAULT@SECLEVEL=1')) },
      async (server) => {
        const { client } = await server.connectTls({ version: 'TLSv1.2', ciphers: 'DEFAULT@SECLEVEL=0' });
        expect(client.served).toBe('localhost rsa1024');
      },
    ));

  test.each(['expired', 'notYet'] as const)('with a certificate that is %s is served, and SSLStatus says so', (name) =>
    withServer(kind, { before: implicit(name) }, async (server) => {
      const { message } = await server.event('SSLStatus', 0);
      expect(message).toMatch(name === 'expired' ? /CN=expired.*expired/ : /CN=not yet.*not valid before/);
      const { client } = await server.connectTls();
      expect(client.served).toBe(name === 'expired' ? 'expired' : 'not yet');
    }),
  );

  test('with a valid certificate says nothing at Listening', () =>
    withServer(kind, { before: implicit('p256') }, async (server) => {
      await server.connectTls();
      expect(statuses(server, 0)).toEqual([]);
    }));

  test('read from a file is read once: a changed file counts at the next assignment', () => {
    let file = '';
    return withServer(
      kind,
      {
        before: (server) => {
          file = writeTemporary('once.pem', serverPem('p256'));
          server.must(choose(server, { type: Store.pemFile, store: file }));
          server.must(server.set(P.SSLStartMode, StartMode.implicit));
        },
      },
      async (server) => {
        writeFileSync(file, serverPem('second'));
        expect((await server.connectTls()).client.served).toBe('localhost p256');
        server.must(choose(server, { type: Store.pemFile, store: file }));
        expect((await server.connectTls()).client.served).toBe('second');
      },
    );
  });

  test('gives each client the certificate that it can use: RSA and EC side by side', () =>
    withServer(
      kind,
      {
        before: (server) => {
          server.must(choose(server, { store: serverPem('rsa') + serverPem('p256') }));
          server.must(server.set(P.SSLStartMode, StartMode.implicit));
        },
      },
      async (server) => {
        for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
          expect((await server.connectTls({ version, ...rsaOnly })).client.served).toBe('localhost rsa');
          expect((await server.connectTls({ version, ...ecOnly })).client.served).toBe('localhost p256');
        }
      },
    ));

  test.each<[string, number, () => Uint8Array]>([
    ['PFX', Store.pfxBlob, () => store('pfxTwo')],
    ['JKS', Store.jksBlob, () => store('jksTwo')],
  ])('of the kind %s with two identities serves both', (_title, type, content) =>
    withServer(
      kind,
      {
        before: (server) => {
          server.must(choose(server, { type, store: content(), password }));
          server.must(server.set(P.SSLStartMode, StartMode.implicit));
        },
      },
      async (server) => {
        expect((await server.connectTls(rsaOnly)).client.served).toBe('localhost rsa');
        expect((await server.connectTls(ecOnly)).client.served).toBe('localhost p256');
      },
    ),
  );
});
