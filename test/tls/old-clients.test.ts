// Clients of before AEAD: the defaults refuse them, the text of 276 says what was missing and names a setting, and that
// setting admits them. What each family offers is simulated; the table in docs/reference/tls.md has the same rows.
import { expect, test } from '@jest/globals';
import { type ServerName, serverPem } from '../support/certificates';
import { Code } from '../support/ids';
import { behaviour, type TestServer, withServer } from '../support/server';
import { choose, configure, implicit, statuses } from '../support/tls';
import type { TlsClientOptions } from '../support/tls-client';

const offer = (...suites: string[]) => `${suites.join(':')}:@SECLEVEL=0`;
const sha2AndSha1 = 'RSA+SHA256:RSA+SHA384:RSA+SHA1:ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA1';
const curves = 'P-256:P-384';

/** AES-GCM only with ECDSA, with DHE and with RSA. */
const windows7: TlsClientOptions = {
  version: 'TLSv1.2',
  ciphers: offer(
    ...['ECDHE-RSA-AES256-SHA384', 'ECDHE-RSA-AES128-SHA256', 'ECDHE-RSA-AES256-SHA', 'ECDHE-RSA-AES128-SHA'],
    ...['DHE-RSA-AES256-GCM-SHA384', 'DHE-RSA-AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'AES128-GCM-SHA256'],
    ...['AES256-SHA256', 'AES128-SHA256', 'AES256-SHA', 'AES128-SHA'],
    ...['ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-SHA384'],
  ),
  sigalgs: sha2AndSha1,
  curves,
};

const ios8: TlsClientOptions = {
  version: 'TLSv1.2',
  ciphers: offer(
    ...['ECDHE-ECDSA-AES256-SHA384', 'ECDHE-ECDSA-AES128-SHA256', 'ECDHE-ECDSA-AES256-SHA', 'ECDHE-ECDSA-AES128-SHA'],
    ...['ECDHE-RSA-AES256-SHA384', 'ECDHE-RSA-AES128-SHA256', 'ECDHE-RSA-AES256-SHA', 'ECDHE-RSA-AES128-SHA'],
    ...['AES256-SHA256', 'AES128-SHA256', 'AES256-SHA', 'AES128-SHA'],
  ),
  sigalgs: sha2AndSha1,
  curves,
};

const java7: TlsClientOptions = {
  version: 'TLSv1.2',
  ciphers: offer(
    ...['ECDHE-ECDSA-AES128-SHA256', 'ECDHE-RSA-AES128-SHA256', 'AES128-SHA256', 'DHE-RSA-AES128-SHA256'],
    ...['ECDHE-ECDSA-AES128-SHA', 'ECDHE-RSA-AES128-SHA', 'AES128-SHA', 'DHE-RSA-AES128-SHA'],
  ),
  sigalgs: sha2AndSha1,
  curves: 'P-256:P-384:P-521',
};

const device: TlsClientOptions = {
  version: 'TLSv1.2',
  ciphers: offer('AES128-SHA', 'AES256-SHA'),
  sigalgs: 'RSA+SHA256:RSA+SHA1',
};

const sha1Only: TlsClientOptions = {
  version: 'TLSv1.2',
  ciphers: offer('ECDHE-RSA-AES128-GCM-SHA256'),
  sigalgs: 'RSA+SHA1',
  curves,
};

const tls10: TlsClientOptions = { version: 'TLSv1', ciphers: offer('ECDHE-RSA-AES128-SHA', 'AES128-SHA') };

/** The text of the n-th handshake that failed. */
async function refusal(server: TestServer, options: TlsClientOptions, n = 1): Promise<string> {
  const client = server.tlsClient(options);
  await client.isRefused();
  const { errorcode, description } = await server.event('Error', undefined, n);
  expect(errorcode).toBe(Code.TlsHandshake);
  return description;
}

async function isServed(server: TestServer, options: TlsClientOptions): Promise<string> {
  const { client, id } = await server.connectTls(options);
  client.write('hello');
  await server.until(() => server.input(id) === 'hello', 'data of an old client');
  return server.config(`SSLNegotiatedCipherSuite[${id}]`);
}

behaviour('an old client', (kind) => {
  test.each<[string, TlsClientOptions, ServerName, RegExp, string]>([
    [
      'Windows 7, 8.1 and Server 2012 R2, with an RSA certificate',
      windows7,
      'rsa',
      /no cipher suite in common that works with the server's RSA certificate: the client offers TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384, .* and \d+ more/,
      'SSLEnabledCipherSuites=*;TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384',
    ],
    [
      'iOS 8 and Safari 8',
      ios8,
      'p256',
      /no cipher suite in common: the client offers TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384/,
      'SSLEnabledCipherSuites=*;TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384',
    ],
    [
      'Java 7',
      java7,
      'rsa',
      /no cipher suite in common: /,
      'SSLEnabledCipherSuites=*;TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256',
    ],
    [
      'a device without forward secrecy',
      device,
      'rsa',
      /no cipher suite in common: the client offers TLS_RSA_WITH_AES_128_CBC_SHA, TLS_RSA_WITH_AES_256_CBC_SHA;/,
      'SSLEnabledCipherSuites=*;TLS_RSA_WITH_AES_128_CBC_SHA',
    ],
    [
      'a device that knows no signature but SHA-1',
      sha1Only,
      'rsa',
      /no signature algorithm in common: the client offers rsa_pkcs1_sha1, and the key of the server's certificate is RSA/,
      'OpenSSLCipherList=DEFAULT@SECLEVEL=0',
    ],
    [
      'a client of TLS 1.0',
      tls10,
      'rsa',
      /no protocol version in common: the client offers TLSv1 at most, and this server allows TLSv1\.2, TLSv1\.3/,
      'SSLEnabledProtocols=15552',
    ],
  ])(
    '%s: the text of 276 says what was missing, and the setting that it names admits it',
    (_title, options, name, why, setting) =>
      withServer(kind, { before: implicit(name) }, async (server) => {
        const text = await refusal(server, options);
        expect(text).toMatch(why);
        expect(text).toContain(`; ${setting} would allow it`);
        expect(statuses(server).at(-1)).toContain(setting);
        configure(server, setting);
        await isServed(server, options);
        // And nobody else loses anything by it.
        const { id } = await server.connectTls();
        expect(server.config(`SSLNegotiatedVersion[${id}]`)).toBe('TLSv1.3');
      }),
  );

  test('on Windows 7 needs no setting where there is an EC certificate, and the text says so', () =>
    withServer(kind, { before: implicit('rsa') }, async (server) => {
      expect(await refusal(server, windows7)).toMatch(/, and so would an EC certificate beside the RSA one$/);
      server.must(choose(server, { store: serverPem('rsa') + serverPem('p256') }));
      expect(await isServed(server, windows7)).toBe('TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256');
    }));

  test('that has no group in common is told so, with the group that would do', () =>
    withServer(
      kind,
      { before: implicit('rsa', (server) => configure(server, 'TLS12SupportedGroups=ecdhe_x25519')) },
      async (server) => {
        const options = { version: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256', curves: 'P-384:P-256' } as const;
        const text = await refusal(server, options);
        expect(text).toMatch(
          /no group in common: the client offers ecdhe_secp384r1, ecdhe_secp256r1, and TLS12SupportedGroups is ecdhe_x25519; ecdhe_secp384r1 in it would allow it/,
        );
        configure(server, 'TLS12SupportedGroups=ecdhe_x25519,ecdhe_secp384r1');
        await isServed(server, options);
      },
    ));

  test('that offers nothing that would do is not given false hope', () =>
    withServer(kind, { before: implicit('ed25519') }, async (server) => {
      const text = await refusal(server, device);
      expect(text).toMatch(/no cipher suite in common: /);
      expect(text).not.toContain('would allow');
    }));
});

behaviour('SSLEnabledCipherSuites with * among others', (kind) => {
  test('keeps the defaults, in the place of the *', () =>
    withServer(
      kind,
      {
        before: implicit('rsa', (server) =>
          configure(server, 'SSLEnabledCipherSuites=*; TLS_RSA_WITH_AES_128_CBC_SHA ;TLS_AES_128_GCM_SHA256'),
        ),
      },
      async (server) => {
        expect(server.config('SSLEnabledProtocols')).toBe('15360');
        const both = { version: 'TLSv1.2', ciphers: offer('AES128-SHA', 'ECDHE-RSA-AES256-GCM-SHA384') } as const;
        expect(await isServed(server, device)).toBe('TLS_RSA_WITH_AES_128_CBC_SHA');
        expect(await isServed(server, both)).toBe('TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384');
        expect(await isServed(server, {})).toBe('TLS_AES_128_GCM_SHA256');
        configure(server, 'SSLEnabledCipherSuites=TLS_RSA_WITH_AES_128_CBC_SHA;*');
        expect(await isServed(server, both)).toBe('TLS_RSA_WITH_AES_128_CBC_SHA');
        expect(server.configCode('SSLEnabledCipherSuites=*;NONSENSE')).toBe(Code.InvalidValue);
        expect(server.configCode('OpenSSLCipherList=HIGH')).toBe(Code.NotNow);
      },
    ));
});

behaviour('SHA-1', (kind) => {
  test('in TLS12SignatureAlgorithms alone is refused with what it needs, and works at security level 0', () =>
    withServer(kind, { before: implicit('rsa') }, async (server) => {
      expect(server.configCode('TLS12SignatureAlgorithms=sha1-rsa')).toBe(Code.InvalidValue);
      expect(server.error).toContain('OpenSSLCipherList=DEFAULT@SECLEVEL=0');
      configure(server, 'OpenSSLCipherList=DEFAULT@SECLEVEL=0', 'TLS12SignatureAlgorithms=sha1-rsa');
      await isServed(server, sha1Only);
      const modern = { version: 'TLSv1.2', sigalgs: 'RSA+SHA256', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' } as const;
      expect(await refusal(server, modern)).toMatch(
        /no signature algorithm in common: the client offers rsa_pkcs1_sha256, .* TLS12SignatureAlgorithms is sha1-rsa/,
      );
    }));
});
