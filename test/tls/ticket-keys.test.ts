// SSLTicketKeys: the keys of session tickets that several servers share.
import { randomBytes } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { forEachBinding } from '../support/bindings';
import { serverPem, temporaryFolder, writeTemporary } from '../support/certificates';
import { covers } from '../support/coverage';
import { Code, P } from '../support/ids';
import { script, withProgram } from '../support/program';
import { behaviour, type TestServer, withServer } from '../support/server';
import { configure, implicit, statuses } from '../support/tls';
import { TlsClient, type Version } from '../support/tls-client';

const versions: Version[] = ['TLSv1.2', 'TLSv1.3'];
const key = (length = 80) => randomBytes(length).toString('base64');
const withKeys = (keys: string) => ({
  before: implicit('p256', (server) => configure(server, `SSLTicketKeys=${keys}`)),
});

/** A new session with the server. */
async function sessionOf(server: TestServer, version: Version): Promise<Buffer> {
  const { client } = await server.connectTls({ version });
  return client.hasSession();
}

/** Whether the server resumes the session, and the session that the client gets in its place, if any. */
async function resumes(server: TestServer, version: Version, session: Buffer) {
  const { client, id } = await server.connectTls({ version, session });
  server.must(server.send(id, 'over'));
  await client.receives('over');
  // A renewed ticket of TLS 1.2 is told by no event.
  return { resumed: client.resumed, session: client.session ?? client.tls.getSession() };
}

behaviour(covers('setting', 'SSLTicketKeys'), (kind) => {
  test.each([48, 80])('with %i bytes let a session be resumed by another server that has them', (length) => {
    const options = withKeys(key(length));
    return withServer(kind, options, (one) =>
      withServer(kind, options, async (other) => {
        for (const version of versions) {
          expect(await resumes(other, version, await sessionOf(one, version))).toMatchObject({ resumed: true });
        }
      }),
    );
  });

  test('that are missing or others do not', () =>
    withServer(kind, withKeys(key()), (one) =>
      withServer(kind, { before: implicit() }, async (other) => {
        for (const version of versions) {
          const session = await sessionOf(one, version);
          expect(await resumes(other, version, session)).toMatchObject({ resumed: false });
          configure(other, `SSLTicketKeys=${key()}`);
          expect(await resumes(other, version, session)).toMatchObject({ resumed: false });
          configure(other, 'SSLTicketKeys=');
        }
      }),
    ));

  test('change while listening: the first seals, all open, and a ticket of another than the first is renewed', () => {
    const [old, young] = [key(), key()];
    return withServer(kind, withKeys(old), async (server) => {
      for (const version of versions) {
        configure(server, `SSLTicketKeys=${old}`);
        const first = await sessionOf(server, version);
        configure(server, `SSLTicketKeys=${young} , ${old}`);
        const renewed = await resumes(server, version, first);
        expect(renewed.resumed).toBe(true);
        configure(server, `SSLTicketKeys=${young}`);
        expect(await resumes(server, version, renewed.session as Buffer)).toMatchObject({ resumed: true });
        expect(await resumes(server, version, first)).toMatchObject({ resumed: false });
      }
    });
  });

  test('that are taken away give the server keys of its own, as at the beginning', () =>
    withServer(kind, withKeys(key()), async (server) => {
      for (const version of versions) {
        const shared = await sessionOf(server, version);
        configure(server, 'SSLTicketKeys=');
        expect(await resumes(server, version, shared)).toMatchObject({ resumed: false });
        expect(await resumes(server, version, await sessionOf(server, version))).toMatchObject({ resumed: true });
        configure(server, `SSLTicketKeys=${key()}`);
      }
    }));

  test('come from files: a key in base64 on each line, or one key as it is', () => {
    const [a, b] = [randomBytes(80), randomBytes(80)];
    const text = writeTemporary(
      'keys.txt',
      `# of this week\n${a.toString('base64')} # first\r\n\n${b.toString('base64')}`,
    );
    const raw = writeTemporary('key.bin', a);
    return withServer(kind, withKeys(`@${text}`), (one) =>
      withServer(kind, withKeys(`@${raw},${b.toString('base64')}`), async (other) => {
        for (const version of versions) {
          expect(await resumes(other, version, await sessionOf(one, version))).toMatchObject({ resumed: true });
        }
      }),
    );
  });

  test('are read again from their file when listening begins', () => {
    const file = writeTemporary('key.bin', randomBytes(80));
    const shared = randomBytes(80);
    return withServer(kind, withKeys(`@${file}`), (one) =>
      withServer(kind, withKeys(shared.toString('base64')), async (other) => {
        const resumed = async () => (await resumes(one, 'TLSv1.3', await sessionOf(other, 'TLSv1.3'))).resumed;
        writeFileSync(file, shared);
        expect(await resumed()).toBe(false);
        one.must(one.set(P.Listening, false));
        one.listen();
        expect(await resumed()).toBe(true);
        one.must(one.set(P.Listening, false));
        writeFileSync(file, 'no key');
        expect(one.set(P.Listening, true)).toBe(Code.InvalidValue);
        expect(one.error).toContain(file);
      }),
    );
  });

  test('are never read back', () =>
    withServer(kind, { listen: false }, (server) => {
      expect([server.config(`SSLTicketKeys=${key()}`), server.code]).toEqual(['', 0]);
      expect([server.config('SSLTicketKeys'), server.code]).toEqual(['', 0]);
    }));

  test.each([
    ['too short', () => key(47), /key 1 has 47 bytes; a key has 48 \(AES-128\) or 80 \(AES-256\)/],
    ['no base64', () => `${key()},secret-secret`, /key 2 is not base64/],
    ['an empty entry', () => `${key()},`, /key 2 is not base64/],
    ['of two lengths', () => `${key(80)},${key(48)}`, /key 2 has 48 bytes, and the first has another length/],
    ['seventeen', () => Array.from({ length: 17 }, () => key(48)).join(), /key 17 is one too many/],
    [
      'in a file, too long',
      () => `@${writeTemporary('key.bin', randomBytes(81))}`,
      /key 1 in the file .*key\.bin.* has 81 bytes/,
    ],
    [
      'in a file without one',
      () => `@${writeTemporary('empty', '# none\n')}`,
      /key 1 in the file .*empty.* is missing/,
    ],
  ])('that are %s are refused, and the old ones stay', (_name, keys, text) => {
    const good = key();
    return withServer(kind, withKeys(good), (one) =>
      withServer(kind, withKeys(good), async (other) => {
        const bad = keys();
        expect(other.configCode(`SSLTicketKeys=${bad}`)).toBe(Code.InvalidValue);
        expect(other.error).toMatch(text);
        expect(other.error).not.toContain(bad.split(',')[0]);
        expect(other.error).not.toContain('secret');
        expect(await resumes(other, 'TLSv1.3', await sessionOf(one, 'TLSv1.3'))).toMatchObject({ resumed: true });
      }),
    );
  });

  test.each([
    ['is not there', () => `${temporaryFolder()}/none`],
    ['is a folder', () => temporaryFolder()],
  ])('in a file that %s are refused with 302', (_name, file) =>
    withServer(kind, { listen: false }, (server) => {
      const name = file();
      expect(server.configCode(`SSLTicketKeys=@${name}`)).toBe(Code.FileUnusable);
      expect(server.error).toContain(name);
      expect(server.error).toContain('SSLTicketKeys');
    }),
  );

  const onPosix = process.platform === 'win32' ? test.skip : test;
  onPosix('in a file that other users can read are reported by SSLStatus, each time that listening begins', () => {
    const file = writeTemporary('key.bin', randomBytes(80));
    const notice = new RegExp(`^other users can read the ticket keys in .${file}`);
    const told = (server: TestServer) => statuses(server, 0).filter((text) => notice.test(text)).length;
    chmodSync(file, 0o644);
    return withServer(kind, withKeys(`@${file}`), async (server) => {
      await server.until(() => told(server) === 1, 'the notice');
      server.must(server.set(P.Listening, false));
      server.listen();
      await server.until(() => told(server) === 2, 'the notice again');
      chmodSync(file, 0o640);
      server.must(server.set(P.Listening, false));
      server.listen();
      await server.connectTls();
      expect(told(server)).toBe(2);
    });
  });

  test('are gone after do_reset', () => {
    const shared = key();
    const before = (server: TestServer) => {
      configure(server, `SSLTicketKeys=${shared}`);
      // Not through the log, for which nothing may come after a reset.
      server.must(server.api.ipworks_ipdaemon_do_reset(server.res));
      implicit()(server);
    };
    return withServer(kind, withKeys(shared), (one) =>
      withServer(kind, { before }, async (other) => {
        expect(await resumes(other, 'TLSv1.3', await sessionOf(one, 'TLSv1.3'))).toMatchObject({ resumed: false });
      }),
    );
  });
});

forEachBinding('SSLTicketKeys in processes', () => {
  test('let a client that reaches another process resume its session', async () => {
    const pem = writeTemporary('server.pem', serverPem('p256'));
    const keys = writeTemporary('keys', key());
    const server = script(`
      const res = ipdaemon.ipworks_ipdaemon_open();
      const set = (property, value) => ipdaemon.ipworks_ipdaemon_set(res, property, 0, value);
      ipdaemon.ipworks_ipdaemon_do_config(res, 'SSLTicketKeys=@' + ${JSON.stringify(keys)});
      set(P.SSLCertStoreType, 99);
      set(P.SSLCertStore, ${JSON.stringify(pem)});
      set(P.SSLCertSubject, '*');
      set(P.SSLStartMode, 1);
      set(P.LocalHost, '127.0.0.1');
      set(P.Listening, true);
      console.log('listening ' + ipdaemon.ipworks_ipdaemon_get(res, P.LocalPort, 0));`);
    await withProgram(server, (one) =>
      withProgram(server, async (other) => {
        for (const version of versions) {
          const first = new TlsClient(await one.port(), { version });
          await first.isSecure();
          const second = new TlsClient(await other.port(), { version, session: await first.hasSession() });
          await second.isSecure();
          expect(second.resumed).toBe(true);
          for (const client of [first, second]) {
            client.end();
            await client.isGone();
          }
        }
      }),
    );
  });
});
