// SSLConnectionRequest: what a client offers, and another certificate for each.
import { expect, test } from '@jest/globals';
import { certificates, everyServer, serverPem, store, writeTemporary } from '../support/certificates';
import { Code, P } from '../support/ids';
import { behaviour, type Param, type TestServer, withServer } from '../support/server';
import { authenticating, choose, configure, explicit, implicit, StartMode, Store, serve } from '../support/tls';

const versions = ['TLSv1.2', 'TLSv1.3'] as const;

const asked = (server: TestServer): Param => server.events('SSLConnectionRequest').at(-1) as Param;

/** Another certificate for clients that ask for other.example. */
const otherByName = implicit('p256', (server) =>
  server.on('SSLConnectionRequest', (param) => {
    if (param.servername === 'other.example') {
      param.certstore = serverPem('other');
      param.certsubject = '*';
    }
  }),
);

behaviour('SSLConnectionRequest', (kind) => {
  test('tells the suites that the client offers, by their IANA names, in its order', () =>
    withServer(kind, { before: implicit() }, async (server) => {
      await server.connectTls({
        ciphers:
          'TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305',
      });
      const offered = asked(server).supportedciphersuites.split(',');
      const wanted = [
        'TLS_AES_256_GCM_SHA384',
        'TLS_AES_128_GCM_SHA256',
        'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
        'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
      ];
      expect(offered.filter((name) => wanted.includes(name))).toEqual(wanted);
    }));

  test.each(versions)('%s: tells the signature algorithms that the client offers, in its order', (version) =>
    withServer(kind, { before: implicit() }, async (server) => {
      await server.connectTls({
        version,
        sigalgs: 'ecdsa_secp256r1_sha256:rsa_pss_rsae_sha256:ed25519:rsa_pkcs1_sha512',
      });
      expect(asked(server).supportedsignaturealgs.split(',')).toEqual([
        'ecdsa_secp256r1_sha256',
        'rsa_pss_rsae_sha256',
        'ed25519',
        'rsa_pkcs1_sha512',
      ]);
    }),
  );

  test.each(versions)('%s: tells the name that the client asks for, empty without one', (version) =>
    withServer(kind, { before: implicit() }, async (server) => {
      await server.connectTls({ version, servername: 'other.example' });
      expect(asked(server).servername).toBe('other.example');
      await server.connectTls({ version });
      expect(asked(server).servername).toBe('');
    }),
  );

  test('brings the certificate that is set', () =>
    withServer(kind, { before: implicit() }, async (server) => {
      await server.connectTls();
      expect(asked(server)).toMatchObject({
        certstoretype: Store.pemBlob,
        certstore: serverPem('p256'),
        certpassword: '',
        certsubject: 'CN=localhost p256, OU=Servers, O=Test, C=DE',
      });
    }));

  test.each(versions)('%s: chooses another certificate by the name asked for', (version) =>
    withServer(
      kind,
      {
        before: otherByName,
      },
      async (server) => {
        expect((await server.connectTls({ version, servername: 'other.example' })).client.served).toBe('other.example');
        expect((await server.connectTls({ version, servername: 'localhost' })).client.served).toBe('localhost p256');
        expect((await server.connectTls({ version })).client.served).toBe('localhost p256');
      },
    ),
  );

  test('chooses by what the client can verify: EC or RSA', () =>
    withServer(
      kind,
      {
        before: implicit('rsa', (server) =>
          server.on('SSLConnectionRequest', (param) =>
            param.supportedsignaturealgs.includes('ecdsa_secp256r1_sha256')
              ? { ...param, certstore: serverPem('p256'), certsubject: '*' }
              : param,
          ),
        ),
      },
      async (server) => {
        expect((await server.connectTls()).client.served).toBe('localhost p256');
        const old = { sigalgs: 'rsa_pss_rsae_sha256:rsa_pkcs1_sha256' };
        expect((await server.connectTls(old)).client.served).toBe('localhost rsa');
      },
    ));

  test('chooses out of another kind of store, with its password and chain', () =>
    withServer(
      kind,
      {
        before: implicit('p256', (server) =>
          server.on('SSLConnectionRequest', (param) => {
            param.certstoretype = Store.pfxBlob;
            param.certstore = store('pfx');
            param.certpassword = certificates().password;
            param.certsubject = '*';
          }),
        ),
      },
      async (server) => {
        expect((await server.connectTls({ ca: certificates().pem.serverRoot })).client.served).toBe('leaf rsa');
      },
    ));

  test('chooses out of a file', () =>
    withServer(
      kind,
      {
        before: implicit('p256', (server) => {
          const file = writeTemporary('chosen.pem', serverPem('ed25519'));
          server.on('SSLConnectionRequest', (param) => {
            param.certstoretype = Store.pemFile;
            param.certstore = file;
            param.certsubject = '*';
          });
        }),
      },
      async (server) => {
        expect((await server.connectTls({ ca: everyServer() })).client.served).toBe('localhost ed25519');
      },
    ));

  test('chooses another certificate of the same store by the subject alone', () =>
    withServer(
      kind,
      {
        before: (server) => {
          server.must(choose(server, { store: serverPem('p256') + serverPem('second'), subject: 'localhost p256' }));
          server.must(server.set(P.SSLStartMode, StartMode.implicit));
          server.on('SSLConnectionRequest', (param) => {
            param.certsubject = 'CN=second';
          });
        },
      },
      async (server) => {
        expect((await server.connectTls()).client.served).toBe('second');
      },
    ));

  test('lets a server listen without a certificate, and has to choose one', () =>
    withServer(
      kind,
      {
        before: (server) => {
          server.must(server.set(P.SSLStartMode, StartMode.implicit));
          server.on('SSLConnectionRequest', (param) => {
            if (param.servername !== 'nobody.example') {
              param.certstoretype = Store.pemBlob;
              param.certstore = serverPem('rsa');
              param.certsubject = '*';
            }
          });
        },
      },
      async (server) => {
        expect((await server.connectTls()).client.served).toBe('localhost rsa');
        const client = server.tlsClient({ servername: 'nobody.example' });
        await client.isRefused();
        await server.event('Connected', undefined, 2);
        expect(server.events('Error')).toMatchObject([{ errorcode: Code.NoServerCertificate }]);
        await server.connectTls();
      },
    ));

  test.each<[string, (param: Param) => void, number]>([
    ['a store that cannot be opened', (param) => Object.assign(param, { certstore: 'nonsense' }), Code.TlsStore],
    ['a subject that nothing matches', (param) => Object.assign(param, { certsubject: 'CN=nobody' }), Code.TlsNoMatch],
    [
      'a certificate without its key',
      (param) => Object.assign(param, { certstore: certificates().servers.rsa.certificate, certsubject: '*' }),
      Code.TlsCertificate,
    ],
    [
      'a wrong password',
      (param) =>
        Object.assign(param, { certstoretype: Store.pfxBlob, certstore: store('pfx'), certpassword: 'wrong one' }),
      Code.TlsStore,
    ],
    [
      'a weak key',
      (param) => Object.assign(param, { certstore: serverPem('rsa1024'), certsubject: '*' }),
      Code.TlsCertificate,
    ],
  ])('that chooses %s refuses this client and no other', (_title, spoil, code) =>
    withServer(kind, { before: implicit() }, async (server) => {
      server.on('SSLConnectionRequest', (param) => {
        if (param.servername === 'other.example') {
          spoil(param);
        }
      });
      const client = server.tlsClient({ servername: 'other.example' });
      await client.isRefused();
      const { connectionid: id } = await server.event('Connected');
      expect(server.events('Error', id)).toMatchObject([{ errorcode: code }]);
      expect(server.events('Connected', id)).toMatchObject([{ statuscode: code }]);
      expect(server.events('Error', id)[0]?.description).not.toContain('wrong one');
      await server.connectTls();
    }),
  );

  test('of a client that resumes is fired too', () =>
    withServer(kind, { before: implicit() }, async (server) => {
      for (const version of versions) {
        const first = await server.connectTls({ version });
        const session = await first.client.hasSession();
        const second = await server.connectTls({ version, session });
        expect(second.client.resumed).toBe(true);
        expect(server.count('SSLConnectionRequest', second.id)).toBe(1);
      }
    }));

  test.each(versions)('%s: a session made with one certificate is not resumed with another', (version) =>
    withServer(
      kind,
      {
        before: otherByName,
      },
      async (server) => {
        const first = await server.connectTls({ version, servername: 'localhost' });
        const session = await first.client.hasSession();
        const second = await server.connectTls({ version, servername: 'other.example', session });
        expect(second.client.resumed).toBe(false);
        expect(second.client.served).toBe('other.example');
      },
    ),
  );

  test('and client certificates go together', () =>
    withServer(
      kind,
      {
        before: authenticating((server) =>
          server.on('SSLConnectionRequest', (param) => {
            param.certstore = serverPem('other');
            param.certsubject = '*';
          }),
        ),
      },
      async (server) => {
        const { client } = await server.connectTls({ identity: certificates().clients.good });
        expect(client.served).toBe('other.example');
        expect(server.count('SSLClientAuthentication')).toBe(1);
      },
    ));

  test('fires after StartSSL and chooses there as well', () =>
    withServer(
      kind,
      {
        before: explicit('p256', (server) =>
          server.on('SSLConnectionRequest', (param) => {
            param.certstore = serverPem('second');
            param.certsubject = '*';
          }),
        ),
      },
      async (server) => {
        const client = server.tlsClient({ clear: true });
        await client.isConnected();
        await server.event('ReadyToSend');
        server.must(server.startSsl(server.idOf(client)));
        client.startTls();
        await client.isSecure();
        expect(client.served).toBe('second');
      },
    ));

  test('may change the properties: they count for the next client', () =>
    withServer(kind, { before: implicit() }, async (server) => {
      server.on('SSLConnectionRequest', () => {
        server.on('SSLConnectionRequest', () => undefined);
        serve(server, 'second');
      });
      expect((await server.connectTls()).client.served).toBe('localhost p256');
      expect((await server.connectTls()).client.served).toBe('second');
    }));

  test('comes for a client whose versions are refused with its reason in Error', () =>
    withServer(
      kind,
      { before: implicit('p256', (server) => configure(server, 'SSLEnabledProtocols=12288')) },
      async (server) => {
        const client = server.tlsClient({ version: 'TLSv1.2' });
        await client.isRefused();
        await server.event('Connected');
        expect(server.events('Error')).toMatchObject([{ errorcode: Code.TlsHandshake }]);
        expect(server.events('Error')[0]?.description).toMatch(/protocol/);
      },
    ));
});
