// The settings of TLS as a client meets them: versions, suites, groups, signatures, sessions, the packet log.
import { expect, test } from '@jest/globals';
import { certificates } from '../support/certificates';
import { Code, P } from '../support/ids';
import { behaviour, type TestServer, withServer } from '../support/server';
import { configure, implicit, negotiates, statuses } from '../support/tls';

const versions = ['TLSv1.2', 'TLSv1.3'] as const;

const all = { ciphers: 'ALL:@SECLEVEL=0' };

behaviour('SSLEnabledProtocols', (kind) => {
  test.each([
    ['15360', { 'TLSv1.2': true, 'TLSv1.3': true }],
    ['3072', { 'TLSv1.2': true, 'TLSv1.3': false }],
    ['1024', { 'TLSv1.2': true, 'TLSv1.3': false }],
    ['12288', { 'TLSv1.2': false, 'TLSv1.3': true }],
    ['8192', { 'TLSv1.2': false, 'TLSv1.3': true }],
  ])('%s lets in %j', (value, wanted) =>
    withServer(
      kind,
      { before: implicit('p256', (server) => configure(server, `SSLEnabledProtocols=${value}`)) },
      async (server) => {
        for (const version of versions) {
          const { version: got } = await negotiates(server, { version });
          expect([version, got]).toEqual([version, wanted[version] ? version : undefined]);
        }
      },
    ),
  );

  test('with TLS 1.0 or 1.1 lowers the security level, and SSLStatus says so', () =>
    withServer(
      kind,
      { before: implicit('p256', (server) => configure(server, 'SSLEnabledProtocols=4032')) },
      async (server) => {
        expect((await server.event('SSLStatus', 0)).message).toMatch(/TLS 1\.0 or 1\.1.*security level/);
        expect((await negotiates(server, { version: 'TLSv1.2' })).version).toBe('TLSv1.2');
        expect(await negotiates(server, { version: 'TLSv1.3' })).toEqual({});
      },
    ));
});

behaviour('SSLEnabledCipherSuites', (kind) => {
  const only = (list: string) => ({
    before: implicit('p256', (server: TestServer) => configure(server, `SSLEnabledCipherSuites=${list}`)),
  });

  test.each([
    ['TLS_AES_256_GCM_SHA384', 'TLSv1.3', 'AES-256-GCM', '256'],
    ['TLS_CHACHA20_POLY1305_SHA256', 'TLSv1.3', 'ChaCha20-Poly1305', '256'],
    ['TLS_AES_128_GCM_SHA256', 'TLSv1.3', 'AES-128-GCM', '128'],
    ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 'TLSv1.2', 'AES-256-GCM', '256'],
    ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'TLSv1.2', 'AES-128-GCM', '128'],
    ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'TLSv1.2', 'ChaCha20-Poly1305', '256'],
    ['TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256', 'TLSv1.2', 'AES-128-CBC', '128'],
  ])('%s alone is what is negotiated', (suite, version, cipher, strength) =>
    withServer(kind, only(suite), async (server) => {
      const got = await negotiates(server);
      expect(got).toMatchObject({ suite, version, strength });
      expect(got.cipher?.toLowerCase()).toBe(cipher.toLowerCase());
    }),
  );

  test('takes the order of the list, not that of the client', () =>
    withServer(kind, only('TLS_AES_128_GCM_SHA256;TLS_AES_256_GCM_SHA384'), async (server) => {
      const ciphers = 'TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256';
      expect((await negotiates(server, { ciphers })).suite).toBe('TLS_AES_128_GCM_SHA256');
    }));

  test('without a suite of TLS 1.3 takes it out of SSLEnabledProtocols', () =>
    withServer(kind, only('TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'), async (server) => {
      expect(server.config('SSLEnabledProtocols')).toBe('3072');
      expect(await negotiates(server, { version: 'TLSv1.3' })).toEqual({});
      configure(server, 'SSLEnabledCipherSuites=*');
      expect(server.config('SSLEnabledProtocols')).toBe('15360');
      expect((await negotiates(server, { version: 'TLSv1.3' })).version).toBe('TLSv1.3');
    }));

  test('refuses an unknown suite with its name, and keeps the old list', () =>
    withServer(kind, only('TLS_AES_128_GCM_SHA256'), async (server) => {
      for (const bad of ['TLS_RSA_WITH_RC4_128_SHA', 'CALG_AES_256', 'NONSENSE']) {
        expect(server.configCode(`SSLEnabledCipherSuites=TLS_AES_256_GCM_SHA384;${bad}`)).toBe(Code.InvalidValue);
        expect(server.error).toContain(bad);
      }
      expect(server.config('SSLEnabledCipherSuites')).toBe('TLS_AES_128_GCM_SHA256');
      expect((await negotiates(server)).suite).toBe('TLS_AES_128_GCM_SHA256');
    }));

  test('that leave nothing for the enabled versions are refused at the setting or at Listening', () =>
    withServer(kind, { listen: false }, (server) => {
      implicit('p256')(server);
      configure(server, 'SSLEnabledProtocols=3072');
      const code = server.configCode('SSLEnabledCipherSuites=TLS_AES_128_GCM_SHA256');
      expect(code || server.set(P.Listening, true)).toBe(Code.InvalidValue);
      expect(server.get(P.Listening)).toBe(false);
    }));

  test('and OpenSSLCipherList exclude each other', () =>
    withServer(kind, { listen: false }, (server) => {
      configure(server, 'OpenSSLCipherList=HIGH');
      expect(server.configCode('SSLEnabledCipherSuites=TLS_AES_128_GCM_SHA256')).toBe(Code.NotNow);
      configure(server, 'OpenSSLCipherList=', 'SSLEnabledCipherSuites=TLS_AES_128_GCM_SHA256');
      expect(server.configCode('OpenSSLCipherList=HIGH')).toBe(Code.NotNow);
    }));
});

behaviour('the default', (kind) => {
  test('suites all have forward secrecy and authenticated encryption', () =>
    withServer(kind, { before: implicit('rsa') }, async (server) => {
      for (const ciphers of ['AES128-GCM-SHA256', 'AES256-SHA', 'ECDHE-RSA-AES128-SHA256', 'ECDHE-RSA-AES256-SHA']) {
        const options = { version: 'TLSv1.2', ciphers: `${ciphers}:@SECLEVEL=0` } as const;
        expect([ciphers, await negotiates(server, options)]).toEqual([ciphers, {}]);
      }
      expect((await negotiates(server, { version: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES256-GCM-SHA384' })).suite).toBe(
        'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
      );
    }));

  test('group is X25519 in both versions', () =>
    withServer(kind, { before: implicit() }, async (server) => {
      for (const version of versions) {
        // In TLS 1.3 a share that the client has sent already saves a round trip, so the client's first one wins.
        const curves = version === 'TLSv1.2' ? 'P-256:X25519' : 'X25519:P-256';
        const got = await negotiates(server, { version, curves });
        expect(got).toMatchObject({ version, exchange: 'ECDHE-X25519', exchangeStrength: '253' });
      }
    }));
});

behaviour('OpenSSLCipherList', (kind) => {
  test('decides about the suites of TLS 1.2', () =>
    withServer(
      kind,
      { before: implicit('rsa', (server) => configure(server, 'OpenSSLCipherList=AES256-GCM-SHA384')) },
      async (server) => {
        expect(await negotiates(server, { version: 'TLSv1.2', ...all })).toMatchObject({
          suite: 'TLS_RSA_WITH_AES_256_GCM_SHA384',
          exchange: 'RSA',
          exchangeStrength: '2048',
        });
        expect((await negotiates(server, { version: 'TLSv1.3' })).version).toBe('TLSv1.3');
      },
    ));

  test('with suites without authentication or encryption is told by SSLStatus, with their names', () =>
    withServer(
      kind,
      {
        before: implicit('rsa', (server) =>
          configure(server, 'OpenSSLCipherList=ADH-AES128-SHA:NULL-SHA256:AES128-SHA:@SECLEVEL=0'),
        ),
      },
      async (server) => {
        expect((await server.event('SSLStatus', 0)).message).toMatch(
          /without authentication or encryption are enabled: TLS_DH_anon_WITH_AES_128_CBC_SHA, TLS_RSA_WITH_NULL_SHA256$/,
        );
      },
    ));

  test('that OpenSSL does not understand is refused where it is set', () =>
    withServer(kind, { listen: false }, (server) => {
      configure(server, 'OpenSSLCipherList=HIGH:!aNULL');
      expect(server.configCode('OpenSSLCipherList=NO-SUCH-SUITE')).toBe(Code.InvalidValue);
      expect(server.config('OpenSSLCipherList')).toBe('HIGH:!aNULL');
    }));
});

behaviour('SSLCipherStrength', (kind) => {
  test('takes away the suites below it, in both versions', () =>
    withServer(
      kind,
      { before: implicit('p256', (server) => configure(server, 'SSLCipherStrength=256')) },
      async (server) => {
        for (const version of versions) {
          expect((await negotiates(server, { version })).strength).toBe('256');
        }
        expect(await negotiates(server, { version: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256' })).toEqual({});
        expect(await negotiates(server, { version: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' })).toEqual({});
      },
    ));

  test('that leaves nothing is refused', () =>
    withServer(kind, { listen: false }, (server) => {
      expect(server.configCode('SSLCipherStrength=257')).toBe(Code.InvalidValue);
      expect(server.config('SSLCipherStrength')).toBe('0');
    }));
});

behaviour('ReuseSSLSession', (kind) => {
  test.each(versions)('%s: True, the default, lets a client resume', (version) =>
    withServer(kind, { before: implicit() }, async (server) => {
      expect(server.config('ReuseSSLSession')).toBe('True');
      const first = await server.connectTls({ version });
      expect(first.client.resumed).toBe(false);
      const session = await first.client.hasSession();
      first.client.end();
      const second = await server.connectTls({ version, session });
      expect(second.client.resumed).toBe(true);
      expect(statuses(server, second.id)).toContain('session resumed');
      expect(statuses(server, first.id)).not.toContain('session resumed');
      second.client.write('data of a resumed session');
      await server.until(() => server.input(second.id).length > 0, 'data of a resumed session');
    }),
  );

  test.each(versions)('%s: False does not', (version) =>
    withServer(
      kind,
      { before: implicit('p256', (server) => configure(server, 'ReuseSSLSession=False')) },
      async (server) => {
        const first = await server.connectTls({ version });
        first.client.write('x');
        await server.until(() => server.input(first.id) === 'x', 'data');
        server.must(server.send(first.id, 'y'));
        await first.client.receives('y');
        const session = version === 'TLSv1.2' ? first.client.tls.getSession() : first.client.session;
        const second = await server.connectTls({ version, ...(session === undefined ? {} : { session }) });
        expect(second.client.resumed).toBe(false);
      },
    ),
  );

  test.each(versions)('%s: a session outlives a change of settings that does not touch it', (version) =>
    withServer(kind, { before: implicit() }, async (server) => {
      const first = await server.connectTls({ version });
      const session = await first.client.hasSession();
      configure(server, 'LogSSLPackets=True');
      const second = await server.connectTls({ version, session });
      expect(second.client.resumed).toBe(true);
    }),
  );

  test('a session of another server is no session here', () =>
    withServer(kind, { before: implicit() }, (first) =>
      withServer(kind, { before: implicit() }, async (second) => {
        for (const version of versions) {
          const session = await (await first.connectTls({ version })).client.hasSession();
          expect((await second.connectTls({ version, session })).client.resumed).toBe(false);
        }
      }),
    ));
});

behaviour('SSLNegotiated...', (kind) => {
  const names = ['Version', 'CipherSuite', 'Cipher', 'CipherStrength', 'KeyExchange', 'KeyExchangeStrength'];

  test('is empty during the handshake and readable inside Disconnected', () =>
    withServer(kind, { before: implicit() }, async (server) => {
      const read = (id: number) => names.map((name) => server.config(`SSLNegotiated${name}[${id}]`));
      const during: string[][] = [];
      const after: string[][] = [];
      server.on('SSLConnectionRequest', ({ connectionid }) => void during.push(read(connectionid)));
      server.on('Disconnected', ({ connectionid }) => void after.push(read(connectionid)));
      const { client, id } = await server.connectTls({ version: 'TLSv1.3', ciphers: 'TLS_AES_256_GCM_SHA384' });
      expect(during).toEqual([['', '', '', '0', '', '0']]);
      const up = read(id);
      expect(up.slice(0, 4)).toEqual(['TLSv1.3', 'TLS_AES_256_GCM_SHA384', 'AES-256-GCM', '256']);
      client.end();
      await server.event('Disconnected', id);
      expect(after).toEqual([up]);
      expect(server.configCode(`SSLNegotiatedVersion[${id}]`)).toBe(Code.UnknownConnection);
    }));

  test('belongs to its connection alone', () =>
    withServer(kind, { before: implicit() }, async (server) => {
      const old = await server.connectTls({ version: 'TLSv1.2' });
      const young = await server.connectTls({ version: 'TLSv1.3' });
      expect(server.config(`SSLNegotiatedVersion[${old.id}]`)).toBe('TLSv1.2');
      expect(server.config(`SSLNegotiatedVersion[${young.id}]`)).toBe('TLSv1.3');
    }));
});

behaviour('LogSSLPackets', (kind) => {
  test.each(versions)('%s: reports records and messages through SSLStatus, never what is in them', (version) =>
    withServer(
      kind,
      { before: implicit('p256', (server) => configure(server, 'LogSSLPackets=True')) },
      async (server) => {
        const { client, id } = await server.connectTls({ version, servername: 'localhost' });
        const secret = 'confidential-marker';
        client.write(secret);
        await server.until(() => server.input(id) === secret, 'data');
        server.must(server.send(id, secret));
        await client.receives(secret);
        const said = statuses(server, id);
        for (const message of ['ClientHello', 'ServerHello', 'Certificate', 'Finished']) {
          expect(said.some((line) => line.includes(message))).toBe(true);
        }
        expect(said.some((line) => /^received .*record.*bytes/.test(line))).toBe(true);
        expect(said.some((line) => /^sent .*record.*bytes/.test(line))).toBe(true);
        expect(said.some((line) => /application data/.test(line))).toBe(true);
        expect(said.join('\n')).not.toContain(secret);
        expect(said.every((line) => /^[\x20-\x7e]+$/.test(line))).toBe(true);
      },
    ),
  );

  test('False, the default, reports none', () =>
    withServer(kind, { before: implicit() }, async (server) => {
      const { id } = await server.connectTls();
      expect(statuses(server, id).filter((line) => /record|ServerHello/.test(line))).toEqual([]);
    }));
});

behaviour('SSLCACerts and SSLServerCACerts', (kind) => {
  test('refuse what is no certificate, and keep what was there', () =>
    withServer(kind, { listen: false }, (server) => {
      const good = certificates().pem.clientAuthority.trim();
      const bad = '-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQ==\n-----END CERTIFICATE-----';
      for (const name of ['SSLCACerts', 'SSLServerCACerts']) {
        configure(server, `${name}=${good}`);
        for (const value of [bad, `${good}\n${bad}`, 'nonsense']) {
          expect([name, server.configCode(`${name}=${value}`)]).toEqual([name, Code.InvalidValue]);
        }
        expect(server.config(name).trim()).toBe(good);
      }
    }));

  test('say so when the ends of line are written out, as in variables of the environment', () =>
    withServer(kind, { listen: false }, (server) => {
      const good = certificates().pem.clientAuthority.trim();
      for (const name of ['SSLCACerts', 'SSLServerCACerts']) {
        expect(server.configCode(`${name}=${good.replaceAll('\n', '\\n')}`)).toBe(Code.InvalidValue);
        expect(server.error).toContain(`${name}: its line ends are written as \\n; turn them into real ones first`);
      }
    }));
});
