// Certificates by server name: SSLSniCertificates, SSLStrictSNI, SSLServerName.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { expect, test } from '@jest/globals';
import { selfSignedCertificate } from '../../lib/index';
import { certificates, serverPem, temporaryFolder, writeTemporary } from '../support/certificates';
import { covers } from '../support/coverage';
import { Code, P } from '../support/ids';
import { behaviour, type ServerOptions, type TestServer, withServer } from '../support/server';
import { choose, configure, implicit, StartMode, statuses } from '../support/tls';

const versions = ['TLSv1.2', 'TLSv1.3'] as const;
const file = (...names: string[]) =>
  writeTemporary(`${names[0]?.replace('*', 'any')}.pem`, selfSignedCertificate(names));
const withNames = (list: string, more?: (server: TestServer) => void): ServerOptions => ({
  before: implicit('p256', (server) => {
    configure(server, `SSLSniCertificates=${list}`);
    more?.(server);
  }),
});
/** The common name of the certificate that a client gets for a name. */
const servedFor = async (server: TestServer, servername?: string, version: (typeof versions)[number] = 'TLSv1.3') =>
  (await server.connectTls({ version, ...(servername === undefined ? {} : { servername }) })).client.served;

behaviour(covers('setting', 'SSLSniCertificates'), (kind) => {
  test.each(versions)(
    '%s: a name gets its certificate, an exact one before a pattern, others that of the store',
    (version) => {
      const list = [file('*.one.example'), file('a.one.example', 'two.example')].join(' ; ');
      return withServer(kind, withNames(list), async (server) => {
        expect(server.config('SSLSniCertificates')).toBe(list);
        for (const [name, served] of [
          ['a.one.example', 'a.one.example'],
          ['A.One.EXAMPLE', 'a.one.example'],
          ['two.example', 'a.one.example'],
          ['b.one.example', '*.one.example'],
          ['c.b.one.example', 'localhost p256'],
          ['one.example', 'localhost p256'],
          ['other.example', 'localhost p256'],
          [undefined, 'localhost p256'],
        ] as const) {
          expect([name, await servedFor(server, name, version)]).toEqual([name, served]);
        }
      });
    },
  );

  test('a file has several certificates, each for its names, with all kinds of key', () => {
    const both = writeTemporary('both.pem', serverPem('rsa') + serverPem('other') + serverPem('ed25519'));
    return withServer(kind, withNames(both), async (server) => {
      const ciphers = 'ECDHE-RSA-AES128-GCM-SHA256';
      expect(await servedFor(server, 'localhost')).toMatch(/^localhost (rsa|ed25519)$/);
      const rsa = await server.connectTls({ version: 'TLSv1.2', servername: 'localhost', ciphers });
      expect(rsa.client.served).toBe('localhost rsa');
      expect(await servedFor(server, undefined)).toBe('localhost p256');
    });
  });

  test('a directory stands for the .pem files in it, in the order of their names', async () => {
    const folder = temporaryFolder();
    writeFileSync(path.join(folder, 'b.pem'), selfSignedCertificate(['second', 'x.example']));
    writeFileSync(path.join(folder, 'a.pem'), selfSignedCertificate(['first', 'x.example']));
    writeFileSync(path.join(folder, 'notes.txt'), 'no certificate');
    mkdirSync(path.join(folder, 'sub.pem'));
    const notice = /SSLSniCertificates has .x\.example. in several certificates; that in .*a\.pem. is served/;
    await withServer(kind, withNames(folder), async (server) => {
      expect(await servedFor(server, 'x.example')).toBe('first');
      expect(await servedFor(server, 'second')).toBe('second');
      await server.until(() => statuses(server, 0).some((text) => notice.test(text)), 'the notice about x.example');
    });
  });

  test('a thousand certificates, each for its name', () => {
    const folder = temporaryFolder();
    const pem = selfSignedCertificate(['n0.example']);
    writeFileSync(path.join(folder, '0.pem'), pem);
    for (let i = 1; i < 1000; i += 1) {
      writeFileSync(path.join(folder, `${i}.pem`), selfSignedCertificate([`n${i}.example`]));
    }
    return withServer(kind, withNames(folder), async (server) => {
      for (const i of [0, 1, 499, 998, 999]) {
        expect(await servedFor(server, `n${i}.example`)).toBe(`n${i}.example`);
      }
      expect(await servedFor(server, 'n1000.example')).toBe('localhost p256');
    });
  });

  test('it changes while listening; files are read when it is set and when listening begins', () => {
    const name = file('one.example');
    return withServer(kind, withNames(name), async (server) => {
      expect(await servedFor(server, 'one.example')).toBe('one.example');
      writeFileSync(`${name}.new`, selfSignedCertificate(['new', 'one.example']));
      renameSync(`${name}.new`, name);
      expect(await servedFor(server, 'one.example')).toBe('one.example');
      configure(server, `SSLSniCertificates=${name}`);
      expect(await servedFor(server, 'one.example')).toBe('new');
      writeFileSync(name, selfSignedCertificate(['newer', 'one.example']));
      server.must(server.set(P.Listening, false));
      server.listen();
      expect(await servedFor(server, 'one.example')).toBe('newer');
      configure(server, 'SSLSniCertificates=');
      expect(await servedFor(server, 'one.example')).toBe('localhost p256');
    });
  });

  test.each([
    ['is not there', () => `${temporaryFolder()}/none.pem`],
    ['is no PEM file', () => writeTemporary('text.pem', 'nothing')],
    ['has no key', () => writeTemporary('bare.pem', certificates().servers.rsa.certificate)],
    [
      'has the key of another',
      () => writeTemporary('mixed.pem', certificates().servers.rsa.key + certificates().servers.second.certificate),
    ],
    ['has no DNS name', () => writeTemporary('ip.pem', selfSignedCertificate(['127.0.0.1']))],
    ['has a key that is too weak', () => writeTemporary('weak.pem', serverPem('rsa1024'))],
    [
      'has an encrypted key',
      () => writeTemporary('locked.pem', certificates().pem.encryptedKey + certificates().servers.rsa.certificate),
    ],
    ['is a directory without a .pem file', () => temporaryFolder()],
  ])('a file that %s is refused with 271, and nothing changes', (_name, bad) => {
    const good = file('one.example');
    return withServer(kind, withNames(good), async (server) => {
      const name = bad();
      expect(server.configCode(`SSLSniCertificates=${file('two.example')};${name}`)).toBe(Code.TlsStore);
      expect(server.error).toContain('SSLSniCertificates');
      expect(server.error).toContain(name);
      expect(server.config('SSLSniCertificates')).toBe(good);
      expect(await servedFor(server, 'one.example')).toBe('one.example');
      expect(await servedFor(server, 'two.example')).toBe('localhost p256');
    });
  });

  test('a bad file makes Listening fail, too', () => {
    const name = file('one.example');
    return withServer(kind, { ...withNames(name), listen: false }, (server) => {
      writeFileSync(name, 'nothing');
      expect(server.set(P.Listening, true)).toBe(Code.TlsStore);
      expect(server.error).toContain(name);
      expect(server.get(P.Listening)).toBe(false);
    });
  });

  test('SSLConnectionRequest fires first, has the subject that the name gets, and its choice wins', () =>
    withServer(kind, withNames(file('one.example')), async (server) => {
      const subjects: string[] = [];
      let choice: string | undefined;
      server.on('SSLConnectionRequest', (param) => {
        subjects.push(param.certsubject);
        if (choice !== undefined) {
          param.certstore = choice;
          param.certsubject = '*';
        }
      });
      expect(await servedFor(server, 'one.example')).toBe('one.example');
      expect(await servedFor(server, 'x.example')).toBe('localhost p256');
      choice = serverPem('second');
      expect(await servedFor(server, 'one.example')).toBe('second');
      expect(subjects).toEqual(['CN=one.example', 'CN=localhost p256, OU=Servers, O=Test, C=DE', 'CN=one.example']);
    }));

  test('it serves without SSLCertStore, and a name without a certificate is refused with 282', () => {
    const before = (server: TestServer) => {
      configure(server, `SSLSniCertificates=${file('one.example')}`);
      server.must(server.set(P.SSLStartMode, StartMode.implicit));
    };
    return withServer(kind, { before, without: ['SSLConnectionRequest'] }, async (server) => {
      expect(await servedFor(server, 'one.example')).toBe('one.example');
      const client = server.tlsClient({ servername: 'two.example' });
      await client.isRefused();
      expect((client.error as NodeJS.ErrnoException).code).toMatch(/UNRECOGNIZED_NAME$/);
      await server.until(() => server.count('Error') > 0, 'Error');
      expect(server.events('Error')).toMatchObject([{ errorcode: Code.NoServerCertificate }]);
      expect(server.events('Error')[0]?.description).toContain("'two.example'");
      expect(server.configCode('SSLSniCertificates=')).toBe(Code.NoServerCertificate);
      expect(await servedFor(server, 'one.example')).toBe('one.example');
    });
  });

  test.each(versions)('%s: a session of one name is not resumed under another', (version) =>
    withServer(kind, withNames(file('one.example', 'two.example')), async (server) => {
      const first = await server.connectTls({ version, servername: 'one.example' });
      const session = await first.client.hasSession();
      expect((await server.connectTls({ version, servername: 'two.example', session })).client.resumed).toBe(false);
      const again = await server.connectTls({ version, servername: 'one.example', session });
      expect(again.client.resumed).toBe(true);
    }),
  );
});

behaviour(covers('setting', 'SSLStrictSNI'), (kind) => {
  const refused = async (server: TestServer, servername?: string) => {
    const before = server.count('Error');
    const client = server.tlsClient(servername === undefined ? {} : { servername });
    await client.isRefused();
    expect((client.error as NodeJS.ErrnoException).code).toMatch(/UNRECOGNIZED_NAME$/);
    await server.until(() => server.count('Error') > before, 'Error');
    const error = server.events('Error').at(-1);
    expect(error?.errorcode).toBe(Code.TlsHandshake);
    return error?.description ?? '';
  };

  test('names without a certificate are refused, and clients without a name', () =>
    withServer(
      kind,
      withNames(file('*.one.example'), (server) => configure(server, 'SSLStrictSNI=True')),
      async (server) => {
        expect(server.config('SSLStrictSNI')).toBe('True');
        expect(await servedFor(server, 'a.one.example')).toBe('*.one.example');
        // Of the certificate of SSLCertStore.
        expect(await servedFor(server, 'other.example')).toBe('localhost p256');
        expect(await refused(server, 'two.example')).toContain(
          "asks for 'two.example', which no certificate has; SSLStrictSNI is True",
        );
        expect(await refused(server)).toContain('the client asks for no server name; SSLStrictSNI is True');
        configure(server, 'SSLStrictSNI=False');
        expect(await servedFor(server, 'two.example')).toBe('localhost p256');
      },
    ));

  test('it works without SSLSniCertificates, and SSLConnectionRequest may choose nevertheless', () =>
    withServer(
      kind,
      { before: implicit('p256', (server) => configure(server, 'SSLStrictSNI=True')) },
      async (server) => {
        expect(await servedFor(server, 'localhost')).toBe('localhost p256');
        expect(await refused(server, 'two.example')).not.toBe('');
        server.on('SSLConnectionRequest', (param) => {
          param.certstore = serverPem('second');
        });
        expect(await servedFor(server, 'two.example')).toBe('second');
      },
    ));
});

behaviour(covers('setting', 'SSLServerName'), (kind) => {
  test.each(versions)('%s: it is what the client has asked for, also when it resumes, and empty without', (version) =>
    withServer(kind, { before: implicit() }, async (server) => {
      const nameOf = async (servername?: string, session?: Buffer) => {
        const options = { version, ...(servername ? { servername } : {}), ...(session ? { session } : {}) };
        const peer = await server.connectTls(options);
        return { ...peer, name: server.config(`SSLServerName[${peer.id}]`) };
      };
      const first = await nameOf('a.example');
      expect(first.name).toBe('a.example');
      const again = await nameOf('a.example', await first.client.hasSession());
      expect([again.client.resumed, again.name]).toEqual([true, 'a.example']);
      expect((await nameOf()).name).toBe('');
    }),
  );

  test('it can be read inside Disconnected, and is empty without TLS', () =>
    withServer(kind, { before: (server) => choose(server, { store: serverPem('p256') }) }, async (server) => {
      const { id } = await server.connect();
      expect(server.config(`SSLServerName[${id}]`)).toBe('');
    }));
});
