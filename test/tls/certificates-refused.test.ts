import { expect, test } from '@jest/globals';
import {
  certificates,
  type ServerName,
  type StoreName,
  serverPem,
  store,
  writeTemporary,
} from '../support/certificates';
import { Code, E, P } from '../support/ids';
import { behaviour, type TestServer, withServer } from '../support/server';
import { type Choice, choose, StartMode, Store } from '../support/tls';

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
      /written as \\n/,
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

  test('type that does not exist is refused where it is set', () =>
    withServer(kind, { listen: false }, (server) => {
      for (const type of [-1, 21, 98, 100]) {
        expect([type, server.set(P.SSLCertStoreType, type)]).toEqual([type, Code.InvalidValue]);
      }
    }));
});
