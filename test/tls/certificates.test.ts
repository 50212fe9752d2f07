// The server's certificate: from which stores it comes, how it is chosen, and what is said when it cannot be.
import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import {
  certificates,
  everyServer,
  type ServerName,
  type StoreName,
  serverPem,
  store,
  writeTemporary,
} from '../support/certificates';
import { Code, E, P } from '../support/ids';
import { behaviour, type TestServer, withServer } from '../support/server';
import { type Choice, choose, configure, implicit, StartMode, Store, statuses } from '../support/tls';

const closed = (body: (server: TestServer) => void) => ({ listen: false as const, body });
const password = 'test password';
const pem = (name: ServerName) => certificates().servers[name];

/** The code with which a choice ends, at the property or at Listening at the latest, and its text. */
function outcome(server: TestServer, choice: Choice): { code: number; error: string } {
  // With such a handler a server may listen without a certificate.
  server.must(server.api.ipworks_ipdaemon_register_callback(server.res, E.SSLConnectionRequest, null));
  const first = choose(server, choice);
  const { error } = server;
  server.must(server.set(P.SSLStartMode, StartMode.implicit));
  const second = server.set(P.Listening, true);
  if (second === 0) {
    server.set(P.Listening, false);
  }
  // A refusal at the property has to stand at Listening.
  if (first !== 0) {
    expect([first, Code.NoServerCertificate]).toContain(second);
  }
  return { code: first || second, error: first === 0 ? server.error : error };
}

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

  test.each<[string, number, StoreName, string]>([
    ['PPK of version 2', Store.ppkBlob, 'ppk2', ''],
    ['encrypted PPK of version 2', Store.ppkBlob, 'ppk2Encrypted', password],
    ['PPK of version 3', Store.ppkBlob, 'ppk3', ''],
    ['XML', Store.xmlBlob, 'xml', ''],
  ])(
    'that holds only a key, %s, serves together with SSLCertEncoded, and alone fails with 273',
    (_t, type, name, secret) =>
      withServer(
        kind,
        {
          before: (server) => {
            expect(outcome(server, { type, store: store(name), password: secret }).code).toBe(Code.TlsCertificate);
            server.must(server.set(P.SSLCertEncoded, pem('rsa').certificate));
          },
        },
        async (server) => {
          const { client } = await server.connectTls();
          expect(client.served).toBe('localhost rsa');
          expect(server.get(P.SSLCertSubject)).toBe('CN=localhost rsa, OU=Servers, O=Test, C=DE');
        },
      ),
  );

  const bad: [title: string, choice: () => Choice, code: number, reason: RegExp][] = [
    [
      'PFX with a wrong password',
      () => ({ type: Store.pfxBlob, store: store('pfx'), password: 'wrong one' }),
      Code.TlsStore,
      /wrong password/,
    ],
    [
      'PFX without the password it needs',
      () => ({ type: Store.pfxBlob, store: store('pfx') }),
      Code.TlsStore,
      /password/,
    ],
    [
      'PEM with a wrong password',
      () => ({ store: certificates().pem.encryptedKey + pem('rsa').certificate, password: 'wrong one' }),
      Code.TlsStore,
      /wrong password/,
    ],
    [
      'traditional PEM with a wrong password',
      () => ({ store: certificates().pem.traditionalEncryptedKey + pem('rsa').certificate, password: 'wrong one' }),
      Code.TlsStore,
      /wrong password/,
    ],
    [
      'JKS with a wrong password',
      () => ({ type: Store.jksBlob, store: store('jks'), password: 'wrong one' }),
      Code.TlsStore,
      /wrong password/,
    ],
    [
      'PPK with a wrong password',
      () => ({ type: Store.ppkBlob, store: store('ppk2Encrypted'), password: 'wrong one' }),
      Code.TlsStore,
      /wrong password/,
    ],
    ['JCEKS', () => ({ type: Store.jksBlob, store: store('jceks'), password }), Code.TlsStore, /keytool/],
    [
      'a missing PFX file',
      () => ({ type: Store.pfxFile, store: '/no/such/file.pfx' }),
      Code.TlsStore,
      /\/no\/such\/file\.pfx/,
    ],
    [
      'a missing PEM file',
      () => ({ type: Store.pemFile, store: '/no/such/file.pem' }),
      Code.TlsStore,
      /\/no\/such\/file\.pem/,
    ],
    ['a folder', () => ({ type: Store.pemFile, store: '/tmp' }), Code.TlsStore, /\/tmp/],
    ['random bytes as PFX', () => ({ type: Store.pfxBlob, store: store('random') }), Code.TlsStore, /./],
    ['random bytes of type 99', () => ({ type: Store.auto, store: store('random') }), Code.TlsStore, /recogni[sz]ed/],
    ['half a PFX', () => ({ type: Store.pfxBlob, store: store('pfx').subarray(0, 900), password }), Code.TlsStore, /./],
    [
      'PEM under the type of PFX',
      () => ({ type: Store.pfxBlob, store: serverPem('p256') }),
      Code.TlsStore,
      /PEM.*SSLCertStoreType/,
    ],
    [
      'a subject that nothing matches',
      () => ({ store: serverPem('p256'), subject: 'CN=nobody' }),
      Code.TlsNoMatch,
      /localhost p256/,
    ],
    ['PEM without a certificate', () => ({ store: pem('p256').key }), Code.TlsCertificate, /no certificate/],
    ['PEM without a key', () => ({ store: pem('p256').certificate }), Code.TlsCertificate, /private key/],
    [
      'PEM with the key of another certificate',
      () => ({ store: pem('p256').certificate + pem('second').key }),
      Code.TlsCertificate,
      /key/,
    ],
    [
      'PEM with a key of another kind',
      () => ({ store: pem('p256').certificate + pem('rsa').key }),
      Code.TlsCertificate,
      /key/,
    ],
    ['a weak key', () => ({ store: serverPem('rsa1024') }), Code.TlsCertificate, /too small.*SECLEVEL/],
    ['a public key file', () => ({ type: Store.publicKeyBlob, store: store('publicKey') }), Code.TlsCertificate, /key/],
    ['P7B', () => ({ type: Store.p7bBlob, store: store('p7b') }), Code.TlsCertificate, /key/],
    [
      'an SSH public key',
      () => ({ type: Store.sshPublicKeyBlob, store: store('sshPublicKey') }),
      Code.TlsCertificate,
      /SSH/,
    ],
    [
      'a file with an SSH public key',
      () => ({ type: Store.sshPublicKeyFile, store: writeTemporary('id.pub', store('sshPublicKey')) }),
      Code.TlsCertificate,
      /SSH/,
    ],
    [
      'JWK without a certificate',
      () => ({ type: Store.jwkBlob, store: store('jwkWithoutCertificate') }),
      Code.TlsCertificate,
      /certificate/,
    ],
    ...(['pemBlob', 'auto'] as const).flatMap((kind) =>
      (
        [
          ['its ends of line written out as \\n', '\\n', /written as \\n; .*text\.replaceAll\('\\\\n', '\\n'\)/],
          ['its ends of line written out as \\r\\n', '\\r\\n', /text\.replaceAll\('\\\\r\\\\n', '\\n'\)/],
          ['blanks in place of its ends of line', ' ', /its line ends are missing/],
          ['no ends of line', '', /its line ends are missing/],
        ] as const
      ).map(([title, end, reason]): (typeof bad)[number] => [
        `PEM with ${title}, as ${kind}`,
        () => ({ type: Store[kind], store: serverPem('p256').replaceAll('\n', end) }),
        Code.TlsStore,
        reason,
      ]),
    ),
    [
      'PEM in quotes with its ends of line written out, as in a file of variables',
      () => ({ type: Store.pemBlob, store: JSON.stringify(serverPem('p256')) }),
      Code.TlsStore,
      /written out as \\n/,
    ],
    ['the user store of Windows', () => ({ type: Store.user, store: 'MY' }), Code.TlsNoMatch, /PEM or PFX/],
    ['the machine store of Windows', () => ({ type: Store.machine, store: 'MY' }), Code.TlsNoMatch, /PEM or PFX/],
    ['a security key', () => ({ type: Store.securityKey, store: '/lib/p11.so' }), Code.NotAvailable, /PKCS ?#11/],
  ];

  test.each(bad)('%s is refused before the first client', (_title, choice, code, reason) => {
    const { body, ...options } = closed((server) => {
      const found = outcome(server, choice());
      expect(found).toEqual({ code, error: expect.stringMatching(reason) });
      expect(found.error).not.toContain('wrong one');
      expect(found.error).not.toContain(password);
      expect(server.get(P.Listening)).toBe(false);
    });
    return withServer(kind, options, body);
  });

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

  test('type that does not exist is refused where it is set', () =>
    withServer(kind, { listen: false }, (server) => {
      for (const type of [-1, 21, 98, 100]) {
        expect([type, server.set(P.SSLCertStoreType, type)]).toEqual([type, Code.InvalidValue]);
      }
    }));

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

const rsaOnly = { sigalgs: 'rsa_pss_rsae_sha256:rsa_pkcs1_sha256' };
const ecOnly = { sigalgs: 'ecdsa_secp256r1_sha256' };

behaviour('the chain', (kind) => {
  test('of the store goes out with the certificate', () =>
    withServer(kind, { before: implicit('leafRsa') }, async (server) => {
      const { client } = await server.connectTls({ ca: certificates().pem.serverRoot });
      expect(client.served).toBe('leaf rsa');
    }));

  test('is completed by SSLCACerts', () =>
    withServer(
      kind,
      {
        before: (server) => {
          const { key, certificate } = pem('leafP256');
          server.must(choose(server, { store: key + certificate }));
          server.must(server.set(P.SSLStartMode, StartMode.implicit));
          configure(server, `SSLCACerts=${certificates().pem.serverIntermediate}${certificates().pem.serverRoot}`);
        },
      },
      async (server) => {
        const { client } = await server.connectTls({ ca: certificates().pem.serverRoot });
        const chain: string[] = [];
        let one = client.tls.getPeerCertificate(true);
        for (;;) {
          chain.push(String(one.subject.CN));
          if (one.issuerCertificate === undefined || one.issuerCertificate === one || chain.length > 4) {
            break;
          }
          one = one.issuerCertificate;
        }
        expect(chain.slice(0, 2)).toEqual(['leaf p256', 'Server Intermediate']);
      },
    ));

  test('that is missing makes a client that verifies refuse', () =>
    withServer(
      kind,
      {
        before: (server) => {
          const { key, certificate } = pem('leafP256');
          server.must(choose(server, { store: key + certificate }));
          server.must(server.set(P.SSLStartMode, StartMode.implicit));
        },
        check: { bytes: false },
      },
      async (server) => {
        const client = server.tlsClient({ ca: certificates().pem.serverRoot, version: 'TLSv1.2' });
        await client.isRefused();
        expect(client.error?.code).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
        await server.event('Connected');
      },
    ));
});

behaviour('SSLCertSubject', (kind) => {
  const closedServer = (body: (server: TestServer) => void) => withServer(kind, { listen: false }, body);
  const three = () => serverPem('p256') + serverPem('rsa') + serverPem('comma');

  test.each([
    ['*', 'CN=localhost p256, OU=Servers, O=Test, C=DE'],
    ['CN=localhost rsa, OU=Servers, O=Test, C=DE', 'CN=localhost rsa, OU=Servers, O=Test, C=DE'],
    ['cn=LOCALHOST RSA,ou=servers,o=test,c=de', 'CN=localhost rsa, OU=Servers, O=Test, C=DE'],
    ['C=DE, O=Test, OU=Servers, CN=localhost rsa', 'CN=localhost rsa, OU=Servers, O=Test, C=DE'],
    ['localhost r', 'CN=localhost rsa, OU=Servers, O=Test, C=DE'],
    ['LOCALHOST', 'CN=localhost p256, OU=Servers, O=Test, C=DE'],
    ['Comma, Inc', 'CN=M\u00fcller \u20ac, OU=inner, OU=outer, O="Comma, Inc", C=DE'],
    ['M\u00fcller', 'CN=M\u00fcller \u20ac, OU=inner, OU=outer, O="Comma, Inc", C=DE'],
    ['OU=inner', 'CN=M\u00fcller \u20ac, OU=inner, OU=outer, O="Comma, Inc", C=DE'],
  ])('%s finds, and reads back as %s', (wanted, full) =>
    closedServer((server) => {
      server.must(choose(server, { store: three(), subject: wanted }));
      expect(server.get(P.SSLCertSubject)).toBe(full);
      expect(String(server.get(P.SSLCertEncoded))).toContain('BEGIN CERTIFICATE');
      const found = new X509Certificate(String(server.get(P.SSLCertEncoded)));
      expect(full).toContain(found.subject.match(/CN=(.*)/)?.[1] ?? 'nothing');
    }),
  );

  test('that finds nothing reads back empty with 272, and Listening fails', () =>
    closedServer((server) => {
      expect(choose(server, { store: three(), subject: 'CN=nobody' })).toBe(Code.TlsNoMatch);
      expect(server.get(P.SSLCertSubject)).toBe('');
      server.must(server.set(P.SSLStartMode, StartMode.implicit));
      server.api.ipworks_ipdaemon_register_callback(server.res, E.SSLConnectionRequest, null);
      expect([Code.TlsNoMatch, Code.NoServerCertificate]).toContain(server.set(P.Listening, true));
    }));

  test('may come before the store: the order does not matter', () =>
    withServer(
      kind,
      {
        before: (server) => {
          server.set(P.SSLCertSubject, 'CN=leaf rsa');
          server.set(P.SSLCertStorePassword, password);
          server.set(P.SSLCertStore, store('pfx'));
          server.must(server.set(P.SSLCertStoreType, Store.pfxBlob));
          server.must(server.set(P.SSLStartMode, StartMode.implicit));
        },
      },
      async (server) => {
        const { client } = await server.connectTls();
        expect(client.served).toBe('leaf rsa');
        expect(server.get(P.SSLCertSubject)).toBe('CN=leaf rsa, OU=Servers, O=Test, C=DE');
      },
    ));

  test('is not needed: a store alone is served from', () =>
    withServer(
      kind,
      {
        before: (server) => {
          server.must(server.set(P.SSLCertStoreType, Store.pemBlob));
          server.must(server.set(P.SSLCertStore, serverPem('ed25519')));
          server.must(server.set(P.SSLStartMode, StartMode.implicit));
        },
      },
      async (server) => {
        expect((await server.connectTls()).client.served).toBe('localhost ed25519');
      },
    ));
});

behaviour('SSLCertEncoded', (kind) => {
  test('reads as the certificate in use, one PEM block, and empty without one', () =>
    withServer(kind, { listen: false }, (server) => {
      expect(server.get(P.SSLCertEncoded)).toBe('');
      server.must(choose(server, { store: serverPem('leafRsa') }));
      const read = String(server.get(P.SSLCertEncoded));
      expect(read.match(/-----BEGIN/g)).toHaveLength(1);
      expect(new X509Certificate(read).fingerprint256).toBe(
        new X509Certificate(pem('leafRsa').certificate).fingerprint256,
      );
    }));

  test.each<[string, () => string | Uint8Array]>([
    ['PEM', () => pem('rsa').certificate],
    ['base64 of DER', () => new X509Certificate(pem('rsa').certificate).raw.toString('base64')],
    ['DER', () => new X509Certificate(pem('rsa').certificate).raw],
  ])('set as %s chooses that certificate, with the key of the store', (_title, encoded) =>
    withServer(
      kind,
      {
        before: (server) => {
          server.must(choose(server, { store: serverPem('p256') + serverPem('rsa') }));
          server.must(server.set(P.SSLCertEncoded, encoded()));
          expect(server.get(P.SSLCertSubject)).toBe('CN=localhost rsa, OU=Servers, O=Test, C=DE');
          server.must(server.set(P.SSLStartMode, StartMode.implicit));
        },
      },
      async (server) => {
        expect((await server.connectTls()).client.served).toBe('localhost rsa');
      },
    ),
  );

  test('set with its key needs no store', () =>
    withServer(
      kind,
      {
        before: (server) => {
          server.must(server.set(P.SSLCertEncoded, serverPem('ed25519')));
          server.must(server.set(P.SSLStartMode, StartMode.implicit));
        },
      },
      async (server) => {
        expect((await server.connectTls()).client.served).toBe('localhost ed25519');
      },
    ));

  test('without a key anywhere fails with 272 and empties the subject', () =>
    withServer(kind, { listen: false }, (server) => {
      server.must(choose(server, { store: serverPem('p256') }));
      expect(outcomeOfEncoded(server, pem('rsa').certificate)).toBe(Code.TlsNoMatch);
      expect(server.get(P.SSLCertSubject)).toBe('');
    }));

  test('that is no certificate fails with 271, and a path is told where it belongs', () =>
    withServer(kind, { listen: false }, (server) => {
      expect(outcomeOfEncoded(server, 'no certificate at all')).toBe(Code.TlsStore);
      expect(outcomeOfEncoded(server, writeTemporary('path.pem', serverPem('p256')))).toBe(Code.TlsStore);
      expect(server.error).toContain('SSLCertStore');
    }));

  test('and SSLCertSubject: the one assigned last wins', () =>
    withServer(
      kind,
      {
        before: (server) => {
          server.must(choose(server, { store: serverPem('p256') + serverPem('rsa') }));
          server.must(server.set(P.SSLCertEncoded, pem('rsa').certificate));
          server.must(server.set(P.SSLCertSubject, 'localhost p256'));
          server.must(server.set(P.SSLStartMode, StartMode.implicit));
        },
      },
      async (server) => {
        expect((await server.connectTls()).client.served).toBe('localhost p256');
      },
    ));
});

/** The code that an assignment to SSLCertEncoded leads to, at Listening at the latest. */
function outcomeOfEncoded(server: TestServer, encoded: string): number {
  const first = server.set(P.SSLCertEncoded, encoded);
  if (first !== 0) {
    return first;
  }
  server.must(server.set(P.SSLStartMode, StartMode.implicit));
  return server.set(P.Listening, true);
}
