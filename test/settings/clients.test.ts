// Lists of clients: DeniedClients, and files in every list.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { covers } from '../support/coverage';
import { Code, P } from '../support/ids';
import { behaviour, type TestServer, withServer } from '../support/server';

const folder = mkdtempSync(path.join(tmpdir(), 'ipdaemon-clients-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function file(content: string): string {
  files += 1;
  const name = path.join(folder, `list-${files}`);
  writeFileSync(name, content);
  return name;
}

async function isClosedInSilence(server: TestServer, localAddress: string): Promise<void> {
  const before = server.seen.length;
  const client = server.client({ localAddress });
  await client.isGone();
  expect(client.text).toBe('');
  expect(server.seen.length).toBe(before);
}

behaviour(covers('setting', 'DeniedClients'), (kind) => {
  test('closes a peer at once, without a byte and without events, and lets others in', () =>
    withServer(kind, { before: (server) => server.config('DeniedClients=127.0.0.2, 10.*') }, async (server) => {
      await isClosedInSilence(server, '127.0.0.2');
      await server.connect();
      expect(server.count('ConnectionRequest')).toBe(1);
    }));

  test('wins over AllowedClients, and what it lets pass is still judged by that', () =>
    withServer(
      kind,
      {
        before: (server) => {
          server.config('AllowedClients=127.0.0.2,127.0.0.3');
          server.config('DeniedClients=127.0.0.2');
        },
      },
      async (server) => {
        await isClosedInSilence(server, '127.0.0.2');
        await server.client({ localAddress: '127.0.0.1' }).isGone();
        expect(server.count('ConnectionRequest')).toBe(1);
        server.client({ localAddress: '127.0.0.3' });
        await server.event('Connected');
      },
    ));

  test('changes while listening, for new connections only, and is empty after do_reset', () =>
    withServer(kind, {}, async (server) => {
      const { id } = await server.connect();
      expect(server.config('DeniedClients=*')).toBe('*');
      await isClosedInSilence(server, '127.0.0.1');
      expect(server.get(P.Connected, id)).toBe(true);
      expect(server.config('DeniedClients=')).toBe('');
      await server.connect();
      server.must(server.reset());
      expect(server.config('DeniedClients')).toBe('');
    }));

  test.each(['127.0.0.1/33', ',', '@', '127.0.0.1;::1'])(
    'refuses the list "%s", names the setting, and keeps the old one',
    (list) =>
      withServer(kind, { listen: false }, (server) => {
        server.config('DeniedClients=192.0.2.1');
        expect(server.configCode(`DeniedClients=${list}`)).toBe(Code.InvalidValue);
        expect(server.error).toContain('DeniedClients');
        expect(server.config('DeniedClients')).toBe('192.0.2.1');
      }),
  );

  test('reports a name without an address, which stands for nobody, beside one of AllowedClients', () =>
    withServer(
      kind,
      {
        before: (server) => {
          server.config('AllowedClients=*,no-such-host.invalid');
          server.config('DeniedClients=no-such-other.invalid');
        },
      },
      async (server) => {
        await server.connect();
        await server.until(() => server.count('Error') === 2, 'two Errors');
        const texts = server
          .events('Error')
          .map(({ description }) => description)
          .join(' ');
        expect(texts).toMatch(/no-such-host.invalid' in AllowedClients/);
        expect(texts).toMatch(/no-such-other.invalid' in DeniedClients/);
      },
    ));
});

behaviour('a file in a list of clients', (kind) => {
  test('has an entry a line, with comments', () =>
    withServer(
      kind,
      {
        before: (server) =>
          server.config(`DeniedClients=192.0.2.1,@${file('# those\n127.0.0.2 # two\r\n\n127.0.0.4/31\n')}`),
      },
      async (server) => {
        await isClosedInSilence(server, '127.0.0.2');
        await isClosedInSilence(server, '127.0.0.5');
        await server.connect();
      },
    ));

  test('is read again when listening begins, and not before', () =>
    withServer(kind, {}, async (server) => {
      const name = file('127.0.0.2');
      expect(server.config(`DeniedClients=@${name}`)).toBe(`@${name}`);
      writeFileSync(name, '127.0.0.1');
      await isClosedInSilence(server, '127.0.0.2');
      await server.connect();
      server.must(server.set(P.Listening, false));
      server.listen();
      await isClosedInSilence(server, '127.0.0.1');
    }));

  test('that cannot be read when listening begins keeps the server from it with 302', () =>
    withServer(kind, { listen: false }, (server) => {
      const name = file('127.0.0.2');
      server.must(server.configCode(`AllowedClients=@${name}`));
      rmSync(name);
      expect(server.set(P.Listening, true)).toBe(Code.FileUnusable);
      expect(server.error).toContain(name.slice(0, 40));
      expect(server.get(P.Listening)).toBe(false);
    }));

  test('that is missing or wrong is refused, and the old list stays', () =>
    withServer(kind, {}, async (server) => {
      server.must(server.configCode('DeniedClients=127.0.0.2'));
      expect(server.configCode(`DeniedClients=@${folder}/none`)).toBe(Code.FileUnusable);
      expect(server.configCode(`DeniedClients=@${folder}`)).toBe(Code.FileUnusable);
      expect(server.configCode(`DeniedClients=@${file('127.0.0.1\n127.0.0.1.1\n')}`)).toBe(Code.InvalidValue);
      expect(server.error).toContain('line 2');
      expect(server.error).toContain("'127.0.0.1.1'");
      expect(server.config('DeniedClients')).toBe('127.0.0.2');
      await isClosedInSilence(server, '127.0.0.2');
      await server.connect();
    }));
});
