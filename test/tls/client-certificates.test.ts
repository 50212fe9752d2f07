// Client certificates: judged inside the handshake, SSLClientAuthentication decides.
import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { type ClientName, certificates, writeTemporary } from '../support/certificates';
import { Code, P } from '../support/ids';
import { behaviour, eachServer, type Param, type TestServer, withServer } from '../support/server';
import {
  authenticating,
  authorityFolder,
  checkingRevocation,
  configure,
  explicit,
  implicit,
  serve,
  statuses,
} from '../support/tls';
import type { TlsClient, TlsClientOptions } from '../support/tls-client';

const client = (name: ClientName) => certificates().clients[name];
const versions = ['TLSv1.2', 'TLSv1.3'] as const;

/** What a client came to: the code of its Connected. */
async function comes(server: TestServer, options: TlsClientOptions): Promise<{ client: TlsClient; status: number }> {
  const before = server.count('Connected');
  const one = server.tlsClient(options);
  const connected = await server.event('Connected', undefined, before + 1);
  if (connected.statuscode === 0) {
    await one.isSecure();
    await server.event('ReadyToSend', connected.connectionid);
  } else {
    await one.isRefused();
  }
  return { client: one, status: connected.statuscode };
}

/** The judgement of the newest client. */
function judged(server: TestServer): Param {
  return server.events('SSLClientAuthentication').at(-1) as Param;
}

const outcomes: [name: ClientName, code: number, reason: RegExp][] = [
  ['good', 0, /^OK$/],
  ['expired', Code.TlsChain, /expired/],
  ['notYet', Code.TlsChain, /not yet valid/],
  ['wrongCa', Code.TlsChain, /issuer/],
  ['selfSigned', Code.TlsChain, /self.signed/],
  ['wrongUsage', Code.TlsChain, /purpose/],
];

const acceptingAll = authenticating((server) =>
  server.on('SSLClientAuthentication', (param) => {
    param.accept = true;
  }),
);

behaviour('SSLClientAuthentication', (kind) => {
  test.each(versions.flatMap((version) => outcomes.map((row) => [version, ...row] as const)))(
    '%s: for the client %s recommends accordingly, and the recommendation stands: %d',
    (version, name, code, reason) =>
      withServer(kind, { before: authenticating() }, async (server) => {
        const { status } = await comes(server, { version, identity: client(name) });
        expect(status).toBe(code);
        const param = judged(server);
        expect(param.status).toMatch(reason);
        expect(param.accept).toBe(code === 0);
        const certificate = new X509Certificate(client(name).certificate);
        expect(new X509Certificate(param.certencoded).fingerprint256).toBe(certificate.fingerprint256);
        expect(param.certsubject).toMatch(/^CN=.*, OU=Clients, O=Test, C=DE$/);
        expect(param.certissuer).toMatch(/^CN=.*, OU=Clients, O=Test, C=DE$/);
        expect(server.count('SSLClientAuthentication')).toBe(1);
        if (code !== 0) {
          expect(server.events('Error')).toMatchObject([{ errorcode: code }]);
          expect(server.events('Error')[0]?.description).toMatch(reason);
          expect(statuses(server).at(-1)).toMatch(/^handshake failed: /);
        }
      }),
  );

  test.each(versions)('%s: fires inside the handshake, before Connected', (version) =>
    withServer(kind, { before: authenticating() }, async (server) => {
      let inside: unknown[] = [];
      server.on('SSLClientAuthentication', ({ connectionid }) => {
        inside = [server.count('Connected'), server.get(P.Connected, connectionid)];
      });
      const { id } = await server.connectTls({ version, identity: client('good') });
      expect(inside).toEqual([0, false]);
      const story = server.story(id);
      expect(story.indexOf('SSLClientAuthentication')).toBeGreaterThan(story.indexOf('SSLConnectionRequest'));
      expect(story.indexOf('SSLClientAuthentication')).toBeLessThan(story.indexOf('Connected'));
    }),
  );

  test.each(versions)('%s: accept True lets each of them in', (version) =>
    withServer(
      kind,
      {
        before: acceptingAll,
      },
      async (server) => {
        for (const [name] of outcomes) {
          const { client: one, status } = await comes(server, { version, identity: client(name) });
          expect([name, status]).toEqual([name, 0]);
          one.write('hello');
          await server.until(() => server.input(server.idOf(one)) === 'hello', 'data of the client');
        }
      },
    ),
  );

  test.each(versions)('%s: accept False keeps out a good one, with 275', (version) =>
    withServer(
      kind,
      {
        before: authenticating((server) =>
          server.on('SSLClientAuthentication', (param) => ({ ...param, accept: false })),
        ),
      },
      async (server) => {
        const { status } = await comes(server, { version, identity: client('good') });
        expect(status).toBe(Code.TlsChain);
        expect(judged(server).status).toBe('OK');
      },
    ),
  );

  test.each(versions)(
    '%s: a client without a certificate reaches it with nothing, and is refused with 281',
    (version) =>
      withServer(kind, { before: authenticating() }, async (server) => {
        const { status } = await comes(server, { version });
        expect(status).toBe(Code.NoClientCertificate);
        expect(judged(server)).toMatchObject({ certencoded: '', certsubject: '', certissuer: '', accept: false });
        expect(judged(server).status).not.toBe('OK');
        expect(judged(server).status).toMatch(/no certificate/);
        expect(server.count('SSLClientAuthentication')).toBe(1);
      }),
  );

  test.each(versions)('%s: a client without a certificate is in when accept says so', (version) =>
    withServer(
      kind,
      {
        before: authenticating((server) =>
          server.on('SSLClientAuthentication', (param) => {
            param.accept = param.certencoded === '';
          }),
        ),
      },
      async (server) => {
        expect((await comes(server, { version })).status).toBe(0);
        expect((await comes(server, { version, servername: 'localhost' })).status).toBe(0);
        expect((await comes(server, { version, identity: client('good') })).status).toBe(Code.TlsChain);
      },
    ),
  );

  test('without a handler the recommendation stands', () =>
    withServer(kind, { before: authenticating(), without: ['SSLClientAuthentication'] }, async (server) => {
      expect((await comes(server, { identity: client('good') })).status).toBe(0);
      expect((await comes(server, { identity: client('wrongCa') })).status).toBe(Code.TlsChain);
      expect((await comes(server, {})).status).toBe(Code.NoClientCertificate);
    }));

  test('SSLAuthenticateClients without an authority says with SSLStatus who counts instead, once', () =>
    withServer(kind, { before: implicit() }, async (server) => {
      server.must(server.set(P.SSLAuthenticateClients, true));
      expect((await server.event('SSLStatus', 0)).message).toMatch(/^SSLAuthenticateClients without SSLServerCACerts/);
      configure(server, 'SSLIncludeCertChain=True');
      configure(server, 'ReuseSSLSession=False');
      configure(server, `SSLServerCACerts=${certificates().pem.clientAuthority}`);
      expect((await comes(server, { identity: client('good') })).status).toBe(0);
      expect(server.count('SSLStatus', 0)).toBe(1);
    }));

  test('does not fire while SSLAuthenticateClients is False', () =>
    withServer(kind, { before: implicit() }, async (server) => {
      expect((await comes(server, { identity: client('good') })).status).toBe(0);
      expect(server.count('SSLClientAuthentication')).toBe(0);
    }));

  test.each(versions)('%s: SSLIncludeCertChain hands over the chain behind the certificate', (version) =>
    withServer(kind, { before: authenticating() }, async (server) => {
      const blocks = () =>
        (judged(server).certencoded.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(
          (one) => new X509Certificate(one).subject.match(/CN=(.*)/)?.[1],
        );
      expect((await comes(server, { version, identity: client('below') })).status).toBe(0);
      expect(blocks()).toEqual(['below']);
      configure(server, 'SSLIncludeCertChain=True');
      expect((await comes(server, { version, identity: client('below') })).status).toBe(0);
      expect(blocks().slice(0, 2)).toEqual(['below', 'Client Intermediate']);
    }),
  );

  test('after StartSSL decides too: refusal is Error and Disconnected', () =>
    withServer(
      kind,
      {
        before: explicit('p256', (server) => {
          server.must(server.set(P.SSLAuthenticateClients, true));
          configure(server, `SSLServerCACerts=${certificates().pem.clientAuthority}`);
        }),
      },
      async (server) => {
        for (const [name, code] of [
          ['good', 0],
          ['wrongCa', Code.TlsChain],
        ] as const) {
          const one = server.tlsClient({ clear: true, identity: client(name) });
          await one.isConnected();
          await server.until(() => server.count('ReadyToSend', server.idOf(one)) > 0, 'ReadyToSend');
          const id = server.idOf(one);
          server.must(server.startSsl(id));
          one.startTls();
          if (code === 0) {
            await one.isSecure();
            await server.until(() => statuses(server, id).some((text) => /complete/.test(text)), 'the handshake');
          } else {
            await server.event('Disconnected', id);
            expect(server.events('Error', id)).toMatchObject([{ errorcode: code }]);
            expect(server.events('Disconnected', id)).toMatchObject([{ statuscode: code }]);
          }
        }
      },
    ));
});

// Pumped by Node's loop the exception is an uncaughtException, which test/lifetime covers.
describe.each(eachServer().filter(({ pump }) => pump === 'doevents'))(
  'a handler of SSLClientAuthentication that throws ($name)',
  (kind) => {
    test.each(versions)('%s: refuses the client, and the exception comes out of the pump', (version) =>
      withServer(kind, { before: authenticating() }, async (server) => {
        server.on('SSLClientAuthentication', () => {
          throw new Error('thrown by the handler');
        });
        expect((await comes(server, { version, identity: client('good') })).status).not.toBe(0);
        expect(server.thrown.map(String)).toEqual(['Error: thrown by the handler']);
        server.on('SSLClientAuthentication', () => undefined);
        expect((await comes(server, { version, identity: client('good') })).status).toBe(0);
      }),
    );
  },
);

behaviour('a resumed session', (kind) => {
  test.each(versions)('%s: fires the event again before Connected, and accept decides again', (version) =>
    withServer(kind, { before: authenticating() }, async (server) => {
      const first = await server.connectTls({ version, identity: client('good') });
      const session = await first.client.hasSession();
      const second = await comes(server, { version, identity: client('good'), session });
      expect([second.status, second.client.resumed]).toEqual([0, true]);
      const id = server.idOf(second.client);
      expect(server.count('SSLClientAuthentication', id)).toBe(1);
      expect(judged(server).status).toBe('OK');
      const certificate = new X509Certificate(client('good').certificate);
      expect(new X509Certificate(judged(server).certencoded).fingerprint256).toBe(certificate.fingerprint256);
      const story = server.story(id);
      expect(story.indexOf('SSLClientAuthentication')).toBeLessThan(story.indexOf('Connected'));
      expect(statuses(server, id)).toContain('session resumed');
      server.on('SSLClientAuthentication', (param) => {
        param.accept = false;
      });
      expect((await comes(server, { version, identity: client('good'), session })).status).toBe(Code.TlsChain);
    }),
  );

  test.each(versions)('%s: is judged by the authorities of today', (version) =>
    withServer(kind, { before: authenticating() }, async (server) => {
      const first = await server.connectTls({ version, identity: client('good') });
      const session = await first.client.hasSession();
      configure(server, `SSLServerCACerts=${certificates().pem.wrongAuthority}`);
      const { status } = await comes(server, { version, identity: client('good'), session });
      expect(status).toBe(Code.TlsChain);
      expect(judged(server)).toMatchObject({ accept: false });
    }),
  );

  test.each(versions)('%s: is judged by the revocation lists of today', (version) =>
    withServer(kind, { before: checkingRevocation('nothingRevoked') }, async (server) => {
      const first = await server.connectTls({ version, identity: client('good') });
      const session = await first.client.hasSession();
      const { pem } = certificates();
      const file = writeTemporary(`today-${kind.pump}.pem`, pem.clientAuthority + pem.goodRevoked);
      configure(server, `OpenSSLCAFile=${file}`);
      const { status } = await comes(server, { version, identity: client('good'), session });
      expect(status).toBe(Code.TlsChain);
      expect(judged(server).status).toMatch(/revoked/);
    }),
  );

  test.each(versions)('%s: of a client without a certificate asks again', (version) =>
    withServer(
      kind,
      {
        before: acceptingAll,
      },
      async (server) => {
        const first = await server.connectTls({ version });
        const session = await first.client.hasSession();
        expect((await comes(server, { version, session })).status).toBe(0);
        expect(server.count('SSLClientAuthentication')).toBe(2);
        expect(judged(server).certencoded).toBe('');
        server.on('SSLClientAuthentication', () => undefined);
        expect((await comes(server, { version, session })).status).toBe(Code.NoClientCertificate);
      },
    ),
  );
});

behaviour('SSLCheckCRL', (kind) => {
  test.each(versions)('%s: 1 refuses a revoked certificate and takes one that is not', (version) =>
    withServer(kind, { before: checkingRevocation('revoked') }, async (server) => {
      expect((await comes(server, { version, identity: client('revoked') })).status).toBe(Code.TlsChain);
      expect(judged(server)).toMatchObject({ accept: false, status: expect.stringMatching(/revoked/) });
      expect((await comes(server, { version, identity: client('good') })).status).toBe(0);
    }),
  );

  test('0 does not look at lists', () =>
    withServer(
      kind,
      { before: checkingRevocation('revoked', 1, (server) => configure(server, 'SSLCheckCRL=0')) },
      async (server) => {
        expect((await comes(server, { identity: client('revoked') })).status).toBe(0);
      },
    ));

  test('1 goes on without a list, 2 refuses with 280', async () => {
    for (const [level, code] of [
      [1, 0],
      [2, Code.TlsPeerUnchecked],
    ] as const) {
      await withServer(
        kind,
        {
          before: authenticating((server) => {
            const file = writeTemporary('authority-only.pem', certificates().pem.clientAuthority);
            configure(server, `OpenSSLCAFile=${file}`, `SSLCheckCRL=${level}`);
          }),
        },
        async (server) => {
          expect((await comes(server, { identity: client('good') })).status).toBe(code);
          expect(judged(server).status).toMatch(code === 0 ? /^OK$/ : /CRL/);
        },
      );
    }
  });

  test('2 refuses with 280 when the list is stale, and SSLSecurityFlags 0x900 overlook that', () =>
    withServer(kind, { before: checkingRevocation('staleRevocations', 2) }, async (server) => {
      expect((await comes(server, { identity: client('good') })).status).toBe(Code.TlsPeerUnchecked);
      // The root is on no list that is of today either.
      configure(server, 'SSLSecurityFlags=0x900');
      expect((await comes(server, { identity: client('good') })).status).toBe(0);
    }));

  test('takes lists from OpenSSLCADir too', () =>
    withServer(
      kind,
      {
        before: authenticating((server) => {
          const folder = authorityFolder(certificates().pem.revoked);
          configure(server, 'SSLServerCACerts=', `OpenSSLCADir=${folder}`, 'SSLCheckCRL=2');
        }),
      },
      async (server) => {
        expect((await comes(server, { identity: client('revoked') })).status).toBe(Code.TlsChain);
        expect((await comes(server, { identity: client('good') })).status).toBe(0);
      },
    ));
});

behaviour('SSLSecurityFlags', (kind) => {
  test.each<[string, ClientName, string]>([
    ['0x1 overlooks that a certificate has expired', 'expired', '0x1'],
    ['0x1 overlooks that a certificate is not valid yet', 'notYet', '0x1'],
    ['0x10 overlooks an unknown authority', 'wrongCa', '0x10'],
    ['0x10 overlooks that a certificate is self-signed', 'selfSigned', '0x10'],
    ['0x20 overlooks a wrong usage', 'wrongUsage', '0x20'],
  ])('%s', (_title, name, flag) =>
    withServer(kind, { before: authenticating() }, async (server) => {
      const every = ['0x1', '0x10', '0x20', '0x100', '0x80000000'];
      for (const other of every.filter((one) => one !== flag)) {
        configure(server, `SSLSecurityFlags=${other}`);
        expect([other, (await comes(server, { identity: client(name) })).status]).toEqual([other, Code.TlsChain]);
      }
      configure(server, `SSLSecurityFlags=${flag}`);
      expect((await comes(server, { identity: client(name) })).status).toBe(0);
      expect(judged(server)).toMatchObject({ accept: true, status: 'OK' });
    }),
  );

  test('do not overlook a revocation', () =>
    withServer(
      kind,
      { before: checkingRevocation('revoked', 2, (server) => configure(server, 'SSLSecurityFlags=0x80000F37')) },
      async (server) => {
        expect((await comes(server, { identity: client('revoked') })).status).toBe(Code.TlsChain);
      },
    ));
});

behaviour('authorities for client certificates', (kind) => {
  const asking = (more: (server: TestServer) => void) =>
    implicit('p256', (server) => {
      server.must(server.set(P.SSLAuthenticateClients, true));
      more(server);
    });

  test.each<[string, (server: TestServer) => void]>([
    ['SSLServerCACerts', (server) => configure(server, `SSLServerCACerts=${certificates().pem.clientAuthority}`)],
    [
      'OpenSSLCAFile',
      (server) => {
        const { pem } = certificates();
        const text = `Comment between blocks\n${pem.wrongAuthority}\n${pem.clientAuthority}`;
        configure(server, `OpenSSLCAFile=${writeTemporary('authorities.pem', text)}`);
      },
    ],
    ['OpenSSLCADir', (server) => configure(server, `OpenSSLCADir=${authorityFolder()}`)],
    [
      'the first file of SSLCACertFilePaths that exists',
      (server) => {
        const file = writeTemporary('bundle.pem', certificates().pem.clientAuthority);
        configure(server, `SSLCACertFilePaths=/no/such/bundle.pem;${file}`);
      },
    ],
  ])('come from %s', (_title, more) =>
    withServer(kind, { before: asking(more) }, async (server) => {
      expect((await comes(server, { identity: client('good') })).status).toBe(0);
      expect((await comes(server, { identity: client('selfSigned') })).status).toBe(Code.TlsChain);
    }),
  );

  test('that are not known at all refuse every certificate', () =>
    withServer(
      kind,
      { before: asking((server) => configure(server, 'SSLCACertFilePaths=/no/such/bundle.pem')) },
      async (server) => {
        expect((await comes(server, { identity: client('good') })).status).toBe(Code.TlsChain);
      },
    ));

  test('of SSLCACertFilePaths do not count while another one is named', () =>
    withServer(
      kind,
      {
        before: asking((server) => {
          const file = writeTemporary('bundle.pem', certificates().pem.clientAuthority);
          configure(server, `SSLCACertFilePaths=${file}`, `SSLServerCACerts=${certificates().pem.wrongAuthority}`);
        }),
      },
      async (server) => {
        expect((await comes(server, { identity: client('good') })).status).toBe(Code.TlsChain);
        expect((await comes(server, { identity: client('wrongCa') })).status).toBe(0);
      },
    ));

  test('asked for while listening count for the next handshake', () =>
    withServer(kind, { before: (server) => serve(server, 'p256') }, async (server) => {
      server.must(server.set(P.SSLEnabled, true));
      expect((await comes(server, {})).status).toBe(0);
      server.must(server.set(P.SSLAuthenticateClients, true));
      expect((await comes(server, {})).status).toBe(Code.NoClientCertificate);
    }));
});
