// SSLKeyLogFile: the secrets of all connections, for tools that read recorded traffic.
import { chmodSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import * as path from 'node:path';
import { expect, test } from '@jest/globals';
import { forEachBinding } from '../support/bindings';
import { serverPem, temporaryFolder, writeTemporary } from '../support/certificates';
import { covers } from '../support/coverage';
import { Code, P } from '../support/ids';
import { script, withProgram } from '../support/program';
import { behaviour, type TestServer, withServer } from '../support/server';
import { configure, implicit, statuses } from '../support/tls';
import { TlsClient, type TlsClientOptions } from '../support/tls-client';

const versions = ['TLSv1.2', 'TLSv1.3'] as const;
const labels = {
  'TLSv1.2': ['CLIENT_RANDOM'],
  'TLSv1.3': [
    'CLIENT_HANDSHAKE_TRAFFIC_SECRET',
    'CLIENT_TRAFFIC_SECRET_0',
    'EXPORTER_SECRET',
    'SERVER_HANDSHAKE_TRAFFIC_SECRET',
    'SERVER_TRAFFIC_SECRET_0',
  ],
};
const logging = (file: string) => ({
  before: implicit('p256', (server) => configure(server, `SSLKeyLogFile=${file}`)),
});
const lines = (file: string) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .sort();
const onPosix = process.platform === 'win32' ? test.skip : test;

/** What node:tls logs of its own side of a connection. */
async function visit(server: TestServer, options: TlsClientOptions): Promise<string[]> {
  const kept: string[] = [];
  const client = server.tlsClient({ ...options, onKey: (line) => kept.push(line.toString().trim()) });
  await client.isSecure();
  await server.until(() => server.count('ReadyToSend', server.idOf(client)) > 0, 'the client to be in');
  return kept.sort();
}

behaviour(covers('setting', 'SSLKeyLogFile'), (kind) => {
  test.each(versions)('%s: has the secrets that the client has, line by line', (version) => {
    const file = path.join(temporaryFolder(), 'keys.log');
    return withServer(kind, logging(file), async (server) => {
      expect(server.config('SSLKeyLogFile')).toBe(file);
      const first = await visit(server, { version });
      expect(first.map((line) => line.split(' ')[0])).toEqual(labels[version]);
      expect(lines(file)).toEqual(first);
      const second = await visit(server, { version });
      expect(lines(file)).toEqual([...first, ...second].sort());
    });
  });

  test('is appended to, and a new server goes on behind what was there', () => {
    const file = writeTemporary('keys.log', '# kept\n');
    return withServer(kind, logging(file), async (server) => {
      const seen = await visit(server, {});
      expect(lines(file)).toEqual(['# kept', ...seen].sort());
    });
  });

  onPosix('is for its owner only, also if it was for others before', () => {
    const file = writeTemporary('keys.log', '');
    chmodSync(file, 0o666);
    return withServer(kind, { ...logging(file), listen: false }, (server) => {
      expect(statSync(file).mode & 0o777).toBe(0o600);
      const fresh = path.join(temporaryFolder(), 'fresh.log');
      configure(server, `SSLKeyLogFile=${fresh}`);
      expect(statSync(fresh).mode & 0o777).toBe(0o600);
    });
  });

  test('is told by SSLStatus each time that listening begins', () => {
    const file = path.join(temporaryFolder(), 'keys.log');
    const told = (server: TestServer) => statuses(server, 0).filter((text) => text.includes(file)).length;
    return withServer(kind, logging(file), async (server) => {
      await server.until(() => told(server) === 1, 'the notice');
      expect(statuses(server, 0).find((text) => text.includes(file))).toMatch(/the secrets of all TLS connections/);
      server.must(server.set(P.Listening, false));
      server.listen();
      await server.until(() => told(server) === 2, 'the notice again');
    });
  });

  test('changes and ends while listening, for the handshakes that begin later', () => {
    const [one, two] = ['one', 'two'].map((name) => path.join(temporaryFolder(), name)) as [string, string];
    return withServer(kind, { before: implicit() }, async (server) => {
      await visit(server, {});
      configure(server, `SSLKeyLogFile=${one}`);
      const first = await visit(server, {});
      configure(server, `SSLKeyLogFile=${two}`);
      const second = await visit(server, {});
      configure(server, 'SSLKeyLogFile=');
      await visit(server, {});
      expect([lines(one), lines(two)]).toEqual([first, second]);
    });
  });

  test.each([
    ['in a folder that is not there', () => `${temporaryFolder()}/none/keys.log`],
    ['that is a folder', () => temporaryFolder()],
  ])('one %s is refused with 302, and the old one stays', (_name, bad) => {
    const file = path.join(temporaryFolder(), 'keys.log');
    return withServer(kind, logging(file), async (server) => {
      const name = bad();
      expect(server.configCode(`SSLKeyLogFile=${name}`)).toBe(Code.FileUnusable);
      expect(server.error).toContain('SSLKeyLogFile is');
      expect(server.error).toContain(name);
      expect(server.config('SSLKeyLogFile')).toBe(file);
      const seen = await visit(server, {});
      expect(lines(file)).toEqual(seen);
    });
  });

  const onLinux = process.platform === 'linux' ? test : test.skip;
  onLinux('a device is refused', () => {
    const link = path.join(temporaryFolder(), 'keys.log');
    symlinkSync('/dev/full', link);
    return withServer(kind, { listen: false }, (server) => {
      expect(server.configCode(`SSLKeyLogFile=${link}`)).toBe(Code.FileUnusable);
      expect(server.error).toMatch(/it is not a regular file/);
    });
  });
});

forEachBinding('SSLKeyLogFile when the disk is full', () => {
  onPosix('disturbs no handshake, and is told once', async () => {
    const pem = writeTemporary('server.pem', serverPem('p256'));
    const log = path.join(temporaryFolder(), 'keys.log');
    const server = script(`
      const res = ipdaemon.ipworks_ipdaemon_open();
      const set = (property, value) => ipdaemon.ipworks_ipdaemon_set(res, property, 0, value);
      ipdaemon.ipworks_ipdaemon_register_callback(res, E.SSLStatus, ({ message }) => console.log(message));
      ipdaemon.ipworks_ipdaemon_do_config(res, 'SSLKeyLogFile=' + ${JSON.stringify(log)});
      set(P.SSLCertStoreType, 99);
      set(P.SSLCertStore, ${JSON.stringify(pem)});
      set(P.SSLCertSubject, '*');
      set(P.SSLStartMode, 1);
      set(P.LocalHost, '127.0.0.1');
      set(P.Listening, true);
      console.log('listening ' + ipdaemon.ipworks_ipdaemon_get(res, P.LocalPort, 0));`);
    // No file may become longer than half a KiB.
    const limited = ['-c', 'ulimit -f 1; exec "$0" "$@"', process.execPath, ...server];
    await withProgram(
      limited,
      async (program) => {
        for (let visits = 1; visits <= 3; visits += 1) {
          const client = new TlsClient(await program.port(), {});
          await client.isSecure();
          client.end();
          await client.isGone();
          await program.says(new RegExp(`(handshake complete[^]*){${visits}}`));
        }
        expect(program.output.match(/SSLKeyLogFile cannot write to .*keys\.log.: ./g)).toHaveLength(1);
      },
      { host: '/bin/sh' },
    );
  });
});
