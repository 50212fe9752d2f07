// Client certificates: judged inside the handshake, SSLClientAuthentication decides.
import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { type ClientName, certificates, writeTemporary } from '../support/certificates';
import { Code, P } from '../support/ids';
import { behaviour, eachServer, withServer } from '../support/server';
import {
  authenticating,
  checkingRevocation,
  comes,
  configure,
  explicit,
  implicit,
  judged,
  statuses,
} from '../support/tls';

const client = (name: ClientName) => certificates().clients[name];

const versions = ['TLSv1.2', 'TLSv1.3'] as const;

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
