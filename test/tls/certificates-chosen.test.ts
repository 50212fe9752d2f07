// The server's certificate: its chain, and how it is chosen by its subject or given itself.
import { X509Certificate } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { certificates, type ServerName, serverPem, store, writeTemporary } from '../support/certificates';
import { Code, E, P } from '../support/ids';
import { behaviour, type TestServer, withServer } from '../support/server';
import { choose, configure, implicit, StartMode, Store } from '../support/tls';

const password = 'test password';
const pem = (name: ServerName) => certificates().servers[name];

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
