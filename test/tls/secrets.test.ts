// What is a password or a private key does not get into a message, whichever property or setting it was given to by
// mistake.
import { expect, test } from '@jest/globals';
import { serverPem } from '../support/certificates';
import { P } from '../support/ids';
import { behaviour, withServer } from '../support/server';
import { Store, serve } from '../support/tls';

behaviour('a value that is a key or a password', (kind) => {
  test('is not in the text of an error', () =>
    withServer(kind, { listen: false }, (server) => {
      const key = /-----BEGIN PRIVATE KEY-----[\s\S]*?-----END PRIVATE KEY-----\n/.exec(
        serverPem('p256'),
      )?.[0] as string;
      const secret = key.split('\n')[1]?.slice(0, 16) as string;
      expect(secret).toMatch(/^[A-Za-z0-9+/]{16}$/);
      serve(server, 'p256');
      const attempts: [string, () => number][] = [
        ['SSLCertStorePassword', () => server.set(P.SSLCertStorePassword, `${secret}\u0000`)],
        ['SSLCertStoreType', () => server.set(P.SSLCertStoreType, key as unknown as number)],
        ['SSLCertSubject', () => server.set(P.SSLCertSubject, key)],
        ['LocalPort', () => server.set(P.LocalPort, key as unknown as number)],
        [
          'SSLCertStore',
          () => {
            server.must(server.set(P.SSLCertStoreType, Store.pemFile));
            server.set(P.SSLCertStore, key);
            return server.set(P.SSLCertSubject, '*');
          },
        ],
        ['SSLCertEncoded', () => server.set(P.SSLCertEncoded, key)],
        ...[
          ...['SSLCACerts', 'SSLServerCACerts', 'OpenSSLCAFile', 'OpenSSLCADir', 'SSLEnabledCipherSuites'],
          ...['TLS13SupportedGroups', 'TLS12SignatureAlgorithms', 'SSLProvider', 'AllowedClients', 'CodePage'],
        ].map((name): [string, () => number] => [name, () => server.configCode(`${name}=${key}`)]),
        ['a setting without =', () => server.configCode(`OpenSSLPrngSeedData ${secret}`)],
        ['a setting with :', () => server.configCode(`SSLCACerts: ${key}`)],
      ];
      for (const [name, attempt] of attempts) {
        expect([name, attempt()]).not.toEqual([name, 0]);
        expect([name, server.error.length > 0]).toEqual([name, true]);
        expect([name, server.error]).not.toEqual([name, expect.stringContaining(secret)]);
      }
    }));
});
