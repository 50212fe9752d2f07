// Properties and settings of TLS as values: what is accepted, refused and read back. What they do to a client is
// in test/tls.
import * as path from 'node:path';
import { expect, test } from '@jest/globals';
import { certificates, serverPem, writeTemporary } from '../support/certificates';
import { covers } from '../support/coverage';
import { Code, E, P } from '../support/ids';
import { behaviour, type TestServer, withServer } from '../support/server';

const noCertificate = ['-----BEGIN CERTIFICATE-----', 'MIIBszCCAVmgAwIBAgIUQ==', '-----END CERTIFICATE-----'].join(
  '\n',
);
const certificate = () => certificates().pem.clientAuthority.trim();

behaviour(
  covers(
    'property',
    'SSLEnabled',
    'SSLStartMode',
    'SSLAuthenticateClients',
    'SSLCertEncoded',
    'SSLCertStore',
    'SSLCertStorePassword',
    'SSLCertStoreType',
    'SSLCertSubject',
  ),
  (kind) => {
    const closed = (body: (server: TestServer) => void) => withServer(kind, { listen: false }, body);

    test.each([
      ['SSLEnabled', P.SSLEnabled, true],
      ['SSLStartMode automatic', P.SSLStartMode, 0],
      ['SSLStartMode implicit', P.SSLStartMode, 1],
    ] as const)(
      '%s without a certificate makes Listening fail with 282, and nothing is bound',
      (_name, property, value) =>
        closed((server) => {
          server.api.ipworks_ipdaemon_register_callback(server.res, E.SSLConnectionRequest, null);
          server.must(server.set(property, value));
          expect(server.set(P.Listening, true)).toBe(Code.NoServerCertificate);
          expect(server.error).toMatch(/certificate/);
          expect(server.get(P.Listening)).toBe(false);
          server.must(server.set(P.SSLEnabled, false));
          server.must(server.set(P.Listening, true));
          server.set(P.Listening, false);
        }),
    );

    test('SSLEnabled and SSLStartMode are one truth', () =>
      closed((server) => {
        expect([server.get(P.SSLEnabled), server.get(P.SSLStartMode)]).toEqual([false, 3]);
        server.set(P.SSLEnabled, true);
        expect([server.get(P.SSLEnabled), server.get(P.SSLStartMode)]).toEqual([true, 0]);
        server.set(P.SSLEnabled, false);
        expect([server.get(P.SSLEnabled), server.get(P.SSLStartMode)]).toEqual([false, 3]);
        server.set(P.SSLStartMode, 1);
        expect(server.get(P.SSLEnabled)).toBe(true);
        server.set(P.SSLEnabled, true);
        expect(server.get(P.SSLStartMode)).toBe(1);
        server.set(P.SSLStartMode, 2);
        expect(server.get(P.SSLEnabled)).toBe(false);
        server.set(P.SSLStartMode, 3);
        expect(server.get(P.SSLEnabled)).toBe(false);
      }));

    test('SSLEnabled turned on while listening does not pretend: the call fails or no client is served in clear', () =>
      withServer(kind, { without: ['SSLConnectionRequest'] }, async (server) => {
        const code = server.set(P.SSLEnabled, true);
        if (code === 0) {
          const client = server.client();
          client.socket.write('in clear');
          await server.until(() => client.ended || client.closed, 'the client not to be served in clear');
          expect(server.events('Connected').every((param) => param.statuscode !== 0)).toBe(true);
          server.set(P.SSLEnabled, false);
        } else {
          expect([Code.NoServerCertificate, Code.NotNow]).toContain(code);
          expect(server.get(P.SSLEnabled)).toBe(false);
        }
      }));

    test('certificate properties are kept as they were given while they are not complete', () =>
      closed((server) => {
        server.must(server.set(P.SSLCertStoreType, 7));
        server.must(server.set(P.SSLCertStorePassword, 'gehe\u00efm \u20ac'));
        server.must(server.set(P.SSLAuthenticateClients, true));
        expect(server.get(P.SSLCertStoreType)).toBe(7);
        expect(server.get(P.SSLCertStorePassword)).toBe('gehe\u00efm \u20ac');
        expect(server.get(P.SSLAuthenticateClients)).toBe(true);
        server.must(server.set(P.SSLCertStore, serverPem('p256')));
        expect(server.get(P.SSLCertStore)).toBe(serverPem('p256'));
        expect(server.set(P.SSLStartMode, 4)).toBe(Code.InvalidValue);
        expect(server.set(P.SSLStartMode, -1)).toBe(Code.InvalidValue);
      }));

    test('SSLCertSubject reads back in full, and SSLCertEncoded as the certificate', () =>
      closed((server) => {
        expect([server.get(P.SSLCertSubject), server.get(P.SSLCertEncoded)]).toEqual(['', '']);
        server.must(server.set(P.SSLCertStoreType, 7));
        server.must(server.set(P.SSLCertStore, serverPem('p256')));
        server.must(server.set(P.SSLCertSubject, 'localhost'));
        expect(server.get(P.SSLCertSubject)).toBe('CN=localhost p256, OU=Servers, O=Test, C=DE');
        expect(String(server.get(P.SSLCertEncoded)).trim()).toBe(certificates().servers.p256.certificate.trim());
      }));

    test('do_reset forgets the certificate', () =>
      closed((server) => {
        server.must(server.set(P.SSLCertStoreType, 7));
        server.must(server.set(P.SSLCertStore, serverPem('p256')));
        server.must(server.set(P.SSLCertSubject, '*'));
        server.must(server.reset());
        expect([server.get(P.SSLCertSubject), server.get(P.SSLCertEncoded), server.get(P.SSLCertStore)]).toEqual([
          '',
          '',
          '',
        ]);
        server.api.ipworks_ipdaemon_register_callback(server.res, E.SSLConnectionRequest, null);
        server.must(server.set(P.SSLEnabled, true));
        expect(server.set(P.Listening, true)).toBe(Code.NoServerCertificate);
      }));

    test('a password never shows up in an error', () =>
      closed((server) => {
        expect(server.set(P.SSLCertStorePassword, 'secret'.repeat(20_000))).toBe(Code.InvalidValue);
        expect(server.error).not.toContain('secret');
      }));
  },
);

behaviour(
  covers(
    'setting',
    'LogSSLPackets',
    'OpenSSLCADir',
    'OpenSSLCAFile',
    'OpenSSLCipherList',
    'OpenSSLPrngSeedData',
    'ReuseSSLSession',
    'SSLCACertFilePaths',
    'SSLCACerts',
    'SSLCipherStrength',
    'SSLEnabledCipherSuites',
    'SSLIncludeCertChain',
    'SSLServerCACerts',
    'TLS12SignatureAlgorithms',
    'TLS12SupportedGroups',
    'TLS13SignatureAlgorithms',
    'TLS13SupportedGroups',
  ),
  (kind) => {
    test.each<[string, () => string]>([
      ['LogSSLPackets', () => 'True'],
      ['OpenSSLCADir', () => __dirname],
      ['OpenSSLCAFile', () => writeTemporary('ca.pem', certificate())],
      ['OpenSSLCipherList', () => 'HIGH:!aNULL:@SECLEVEL=1'],
      ['ReuseSSLSession', () => 'False'],
      ['SSLCACertFilePaths', () => '/first.pem;/second.pem'],
      ['SSLCACerts', certificate],
      ['SSLCipherStrength', () => '128'],
      ['SSLEnabledCipherSuites', () => 'TLS_AES_256_GCM_SHA384;TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'],
      ['SSLIncludeCertChain', () => 'True'],
      ['SSLServerCACerts', () => `${certificate()}\n${certificates().pem.wrongAuthority.trim()}`],
      ['TLS12SignatureAlgorithms', () => 'sha256-rsa,sha384-ecdsa'],
      ['TLS12SupportedGroups', () => 'ecdhe_secp256r1'],
      ['TLS13SignatureAlgorithms', () => 'ed25519'],
      ['TLS13SupportedGroups', () => 'ecdhe_x25519,ecdhe_secp256r1'],
    ])('%s takes a good value and reads it back', (name, make) =>
      withServer(kind, { listen: false }, (server) => {
        const value = make();
        expect([server.config(`${name}=${value}`), server.error]).toEqual([value, '']);
        expect(server.config(name)).toBe(value);
      }),
    );

    test.each<[string, string, () => string]>([
      ['LogSSLPackets', 'no boolean', () => 'perhaps'],
      ['OpenSSLCADir', 'no folder', () => path.join(__dirname, 'no-such-folder')],
      ['OpenSSLCADir', 'a file', () => __filename],
      ['OpenSSLCAFile', 'a missing file', () => path.join(__dirname, 'no-such-file.pem')],
      ['OpenSSLCAFile', 'a file without a certificate', () => __filename],
      ['OpenSSLCAFile', 'a folder', () => __dirname],
      ['OpenSSLCipherList', 'no list of OpenSSL', () => 'NO-SUCH-SUITE'],
      ['ReuseSSLSession', 'no boolean', () => 'maybe'],
      ['SSLCACerts', 'PEM that is no certificate', () => noCertificate],
      ['SSLCACerts', 'text', () => 'no certificate'],
      ['SSLCipherStrength', 'a negative number', () => '-1'],
      ['SSLCipherStrength', 'more than any suite has', () => '1000'],
      ['SSLEnabledCipherSuites', 'an unknown suite', () => 'TLS_AES_256_GCM_SHA384;TLS_NO_SUCH_SUITE'],
      ['SSLEnabledCipherSuites', 'a name of Windows', () => 'CALG_AES_256'],
      ['SSLIncludeCertChain', 'no boolean', () => 'x'],
      ['SSLServerCACerts', 'PEM that is no certificate', () => `${certificate()}\n${noCertificate}`],
      ['TLS12SignatureAlgorithms', 'an unknown name', () => 'sha256-nothing'],
      ['TLS12SignatureAlgorithms', 'MD5', () => 'md5-rsa'],
      ['TLS12SupportedGroups', 'an unknown name', () => 'ecdhe_nothing'],
      ['TLS13SignatureAlgorithms', 'an unknown name', () => 'ed25519,nothing'],
      ['TLS13SupportedGroups', 'an unknown name', () => 'ecdhe_x25519,nothing'],
    ])('%s refuses %s and keeps its value', (name, _title, make) =>
      withServer(kind, { listen: false }, (server) => {
        const before = server.config(name);
        const code = server.configCode(`${name}=${make()}`);
        expect(name === 'OpenSSLCAFile' ? [Code.InvalidValue, Code.FileUnusable] : [Code.InvalidValue]).toContain(code);
        expect(server.error).toContain(name);
        expect([server.config(name), server.code]).toEqual([before, 0]);
      }),
    );

    test('OpenSSLPrngSeedData takes any bytes and reads back empty', () =>
      withServer(kind, { listen: false }, (server) => {
        expect([server.config('OpenSSLPrngSeedData=  noise = \u0001 '), server.code]).toEqual(['', 0]);
        expect([server.config('OpenSSLPrngSeedData='), server.code]).toEqual(['', 0]);
        expect([server.config('OpenSSLPrngSeedData'), server.code]).toEqual(['', 0]);
      }));
  },
);

behaviour(covers('setting', 'SSLEnabledProtocols'), (kind) => {
  test.each([
    ['3072', '3072'],
    ['0x3C00', '15360'],
    ['1024', '3072'],
    ['8192', '12288'],
    ['4032', '4032'],
  ])('%s reads back as the full pairs %s', (value, shown) =>
    withServer(kind, { listen: false }, (server) => {
      expect([server.config(`SSLEnabledProtocols=${value}`), server.code]).toEqual([shown, 0]);
    }),
  );

  test('drops SSL 2 and SSL 3 beside usable versions, and refuses them alone', () =>
    withServer(kind, { listen: false }, (server) => {
      expect(server.config('SSLEnabledProtocols=3132')).toBe('3072');
      for (const value of ['12', '48', '60', '0']) {
        expect([value, server.configCode(`SSLEnabledProtocols=${value}`)]).toEqual([value, Code.NotAvailable]);
      }
      expect(server.configCode('SSLEnabledProtocols=16384')).toBe(Code.InvalidValue);
      expect(server.config('SSLEnabledProtocols')).toBe('3072');
    }));
});

behaviour(covers('setting', 'SSLSecurityFlags'), (kind) => {
  test('takes the bits with a meaning, in hexadecimal too', () =>
    withServer(kind, { listen: false }, (server) => {
      expect(server.config('SSLSecurityFlags=0x80000000')).toBe('2147483648');
      expect(server.config('SSLSecurityFlags=0x11')).toBe('17');
      expect(server.configCode('SSLSecurityFlags=0x8')).toBe(Code.InvalidValue);
      expect(server.configCode('SSLSecurityFlags=0x100000000')).toBe(Code.InvalidValue);
      expect(server.config('SSLSecurityFlags')).toBe('17');
    }));
});

behaviour(covers('setting', 'SSLCheckCRL'), (kind) => {
  test('needs a source of revocation lists to be switched on', () =>
    withServer(kind, { listen: false }, (server) => {
      expect(server.configCode('SSLCheckCRL=1')).toBe(Code.NotAvailable);
      expect(server.configCode('SSLCheckCRL=3')).toBe(Code.InvalidValue);
      server.config(`OpenSSLCADir=${__dirname}`);
      expect(server.config('SSLCheckCRL=2')).toBe('2');
      expect(server.config('SSLCheckCRL=0')).toBe('0');
    }));
});

behaviour(
  covers('setting', 'SSLEnableRenegotiation', 'UseInternalSecurityAPI', 'SSLProvider', 'TLS13KeyShareGroups'),
  (kind) => {
    test('report what is in force and refuse what cannot be', () =>
      withServer(kind, { listen: false }, (server) => {
        expect(server.config('SSLEnableRenegotiation')).toBe('True');
        expect(server.configCode('SSLEnableRenegotiation=False')).toBe(Code.NotAvailable);
        expect(server.config('UseInternalSecurityAPI')).toBe('False');
        expect(server.configCode('UseInternalSecurityAPI=True')).toBe(Code.NotAvailable);
        expect(server.config('SSLProvider')).toBe('OpenSSL');
        expect(server.config('SSLProvider=*')).toBe('OpenSSL');
        expect(server.config('SSLProvider=openssl')).toBe('OpenSSL');
        expect(server.configCode('SSLProvider=Internal')).toBe(Code.NotAvailable);
        expect(server.config('TLS13KeyShareGroups')).toBe('');
        expect(server.configCode('TLS13KeyShareGroups=ecdhe_x25519')).toBe(Code.NotAvailable);
      }));
  },
);

behaviour(
  covers(
    'setting',
    'SSLNegotiatedCipher',
    'SSLNegotiatedCipherStrength',
    'SSLNegotiatedCipherSuite',
    'SSLNegotiatedKeyExchange',
    'SSLNegotiatedKeyExchangeStrength',
    'SSLNegotiatedVersion',
  ),
  (kind) => {
    test.each([
      ['SSLNegotiatedCipher', ''],
      ['SSLNegotiatedCipherStrength', '0'],
      ['SSLNegotiatedCipherSuite', ''],
      ['SSLNegotiatedKeyExchange', ''],
      ['SSLNegotiatedKeyExchangeStrength', '0'],
      ['SSLNegotiatedVersion', ''],
    ])('%s of a connection in clear says so', (name, value) =>
      withServer(kind, {}, async (server) => {
        const inside: unknown[] = [];
        server.on('Disconnected', ({ connectionid }) => void inside.push(server.config(`${name}[${connectionid}]`)));
        const { client, id } = await server.connect();
        expect([server.config(`${name}[${id}]`), server.code]).toEqual([value, 0]);
        client.end();
        await server.event('Disconnected', id);
        expect(inside).toEqual([value]);
      }),
    );
  },
);
