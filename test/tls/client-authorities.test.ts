// Who may issue client certificates: revocation lists, SSLSecurityFlags, the lists of authorities.
import { expect, test } from '@jest/globals';
import { type ClientName, certificates, writeTemporary } from '../support/certificates';
import { Code, P } from '../support/ids';
import { behaviour, type TestServer, withServer } from '../support/server';
import {
  authenticating,
  authorityFolder,
  checkingRevocation,
  comes,
  configure,
  implicit,
  judged,
  serve,
} from '../support/tls';

const client = (name: ClientName) => certificates().clients[name];

const versions = ['TLSv1.2', 'TLSv1.3'] as const;

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
