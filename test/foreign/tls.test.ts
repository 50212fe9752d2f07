// The example servers of TLS and clients that are not ours: every suite of the default policy, what is outside
// of it, resumption, STARTTLS, certificates by name, client certificates.
import { mkdirSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  certificates,
  type ServerName,
  serverPem,
  store,
  temporaryFolder,
  writeTemporary,
} from '../support/certificates';
import { withExample } from '../support/examples';
import { Program } from '../support/program';
import { withTools } from '../support/tools';
import { clients, everyAuthority, identityOf, type Visit } from './clients';
import { host, printed, run, tells } from './tools';

const question = 'question of a foreign client\n';
const suites13 = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];
// As OpenSSL and as everybody else names them; the kind of the key goes in the middle.
const suites12 = [
  ['AES128-GCM-SHA256', 'AES_128_GCM_SHA256'],
  ['AES256-GCM-SHA384', 'AES_256_GCM_SHA384'],
  ['CHACHA20-POLY1305', 'CHACHA20_POLY1305_SHA256'],
] as const;
const keys = { rsa: 'RSA', p256: 'ECDSA', ed25519: 'ECDSA' };
/** What a client may ask for, and must not get. */
const refused: [string, ...string[]][] = [
  ['TLS 1.1', '-tls1_1', '-cipher', 'ALL:@SECLEVEL=0'],
  ['TLS 1.0', '-tls1', '-cipher', 'ALL:@SECLEVEL=0'],
  ['suites with CBC', '-tls1_2', '-cipher', 'ECDHE+AES:!AESGCM:!AESCCM:@SECLEVEL=0'],
  ['suites with CCM', '-tls1_2', '-cipher', 'ECDHE+AESCCM'],
  ['suites without forward secrecy', '-tls1_2', '-cipher', 'kRSA:@SECLEVEL=0'],
  ['suites without authentication', '-tls1_2', '-cipher', 'aNULL:@SECLEVEL=0'],
  ['suites without encryption', '-tls1_2', '-cipher', 'eNULL:@SECLEVEL=0'],
  ['suites with ephemeral DH', '-tls1_2', '-cipher', 'DHE:@SECLEVEL=0'],
];

/** Key, certificate and chain of a server in one file, as the examples take them. */
const pem = (name: ServerName) => writeTemporary(`${name}.pem`, serverPem(name));

const openssl = (port: number, args: string[], input = question) =>
  run('openssl', ['s_client', '-connect', `${host}:${port}`, ...args], { input });

/** An echo comes back; then the client ends, as the server does not. */
async function echoes(port: number, args: string[]): Promise<string> {
  const client = new Program(['s_client', '-connect', `${host}:${port}`, ...args], { host: 'openssl' });
  client.write(question);
  await client.says(new RegExp(`^${question}`, 'm'));
  client.child.stdin?.end();
  await client.ends();
  return printed(client);
}

withTools('openssl s_client and tls-echo', ['openssl', 'nc'], () => {
  describe.each(Object.entries(keys) as [keyof typeof keys, string][])('with a key of %s', (kind, keyName) => {
    test('every suite of the policy, and none outside', () =>
      withExample('tls-echo', ['--certificate', pem(kind)], async (port, server) => {
        const authority = ['-CAfile', everyAuthority(), '-verify_return_error'];
        const talks = async (version: string, option: string[], name: string, theirs: string) => {
          const seen = server.output.length;
          await echoes(port, [...authority, ...option, theirs]);
          await tells(server, seen, new RegExp(`${version}, ${name}\n`));
        };
        for (const name of suites13) await talks('TLSv1.3', ['-tls1_3', '-ciphersuites'], name, name);
        for (const [theirs, name] of suites12) {
          const own = `ECDHE-${keyName}-${theirs}`;
          await talks('TLSv1.2', ['-tls1_2', '-cipher'], `TLS_ECDHE_${keyName}_WITH_${name}`, own);
        }
        for (const [what, ...args] of refused) {
          const seen = server.output.length;
          const { output } = await openssl(port, args);
          expect([what, output]).toEqual([what, expect.stringMatching(/alert|no protocols|no cipher/i)]);
          await tells(server, seen, /no connection, 276 /);
        }
      }));
  });

  test('a PFX and its chain', () => {
    const root = writeTemporary('root.pem', certificates().pem.serverRoot);
    const file = ['--certificate', writeTemporary('store.pfx', store('pfx')), '--password', certificates().password];
    return withExample('tls-echo', file, async (port) => {
      await echoes(port, ['-CAfile', root, '-verify_return_error']);
    });
  });

  test('without a certificate it makes one, and does not talk in clear', () =>
    withExample('tls-echo', [], async (port, server) => {
      expect(await echoes(port, [])).toMatch(/subject=CN = localhost/);
      const plain = await run('nc', [host, String(port)], { input: 'GET / HTTP/1.0\r\n\r\n', endInput: true });
      expect(plain.output).not.toContain('GET');
      await server.says(/no connection, 276 .*not look like TLS/);
    }));
});

withTools('starttls', ['openssl', 'gnutls-cli', 'curl', 'nc'], () => {
  const withServer = (body: (port: number) => Promise<void>) =>
    withExample('starttls', ['--certificate', pem('p256')], body);
  const input = 'EHLO again\r\nECHO through TLS\r\nSTARTTLS\r\nQUIT\r\n';
  const isGood = (output: string) => {
    for (const answer of ['250 through TLS', '503 ', '221 bye']) expect(output).toContain(answer);
  };

  test('with openssl, gnutls-cli and curl', () =>
    withServer(async (port) => {
      const authority = everyAuthority();
      for (const version of ['-tls1_2', '-tls1_3']) {
        const args = ['-starttls', 'smtp', version, '-CAfile', authority, '-verify_return_error'];
        isGood((await openssl(port, args, input)).output);
      }
      const gnutls = ['--starttls-proto=smtp', '--port', String(port), '--x509cafile', authority, 'localhost'];
      isGood((await run('gnutls-cli', gnutls, { input })).output);
      const curl = await run('curl', [
        ...['-q', '--silent', '--show-error', '--verbose', '--noproxy', '*', '--max-time', '15', '--ssl-reqd'],
        ...['--cacert', authority, '--request', 'ECHO by curl', '--resolve', `localhost:${port}:${host}`],
        `smtp://localhost:${port}`,
      ]);
      expect(curl).toEqual({ status: 0, output: expect.stringContaining('250 by curl') });
    }));

  test('in clear; what came behind the command is dropped', () =>
    withServer(async (port) => {
      const clear = await run('nc', [host, String(port)], { input: 'ECHO in clear\r\nQUIT\r\n', endInput: true });
      expect(clear.output).toBe('220 ready\r\n250 in clear\r\n221 bye\r\n');
      // Commands that somebody put behind STARTTLS are not executed, in clear or later.
      const { output } = await run('nc', ['-w', '2', host, String(port)], { input: 'STARTTLS\r\nECHO injected\r\n' });
      expect(output).toMatch(/^220 ready\r\n220 go ahead\r\n/);
      expect(output).not.toContain('injected');
    }));
});

withTools('https', ['openssl', 'curl'], () => {
  test('curl gets pages by name', () => {
    const folder = path.join(temporaryFolder(), 'names');
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'localhost.pem'), serverPem('rsa'));
    writeFileSync(path.join(folder, 'other.example.pem'), serverPem('other'));
    const { rsa, other } = certificates().servers;
    const authorities = writeTemporary('names.pem', rsa.certificate + rsa.chain + other.certificate + other.chain);
    return withExample('https', ['--certificates', folder], async (port) => {
      const get = (name: string, ...args: string[]) =>
        run('curl', [
          ...['-q', '--silent', '--show-error', '--noproxy', '*', '--max-time', '15', '--cacert', authorities],
          ...['--resolve', `${name}:${port}:${host}`, ...args, `https://${name}:${port}/page`],
        ]);
      for (const name of ['localhost', 'other.example']) {
        for (const version of [['--tlsv1.2', '--tls-max', '1.2'], ['--tlsv1.3']]) {
          expect(await get(name, ...version)).toEqual({
            status: 0,
            output: expect.stringMatching(/^TLSv1\.\d, TLS_\S+\nGET \/page HTTP\/1\.1\n$/),
          });
        }
      }
      const head = await get('localhost', '--head');
      expect(head).toEqual({ status: 0, output: expect.stringMatching(/^HTTP\/1\.0 200 /) });
      // Who asks for another name gets the first, and sees that it is for somebody else.
      expect((await get('unknown.example')).status).toBe(60);
    });
  });

  test.each([
    ['-tls1_2', 'TLSv1.2'],
    ['-tls1_3', 'TLSv1.3'],
  ])('resumes with %s, but not for another name', (flag, version) =>
    withExample('https', [], async (port) => {
      const session = path.join(temporaryFolder(), 'session');
      const visit = async (name: string, option: string) =>
        (await openssl(port, [flag, '-servername', name, option, session], 'GET / HTTP/1.0\r\n\r\n')).output;
      expect(await visit('other.localhost', '-sess_out')).toContain(`New, ${version}`);
      const second = await visit('other.localhost', '-sess_in');
      expect(second).toContain(`Reused, ${version}`);
      expect(second).toContain('GET / HTTP/1.0');
      // A session of one certificate is not for another.
      expect(await visit('localhost', '-sess_in')).toContain(`New, ${version}`);
    }),
  );
});

// curl takes an answer without a header for an error.
for (const client of clients.filter(({ title }) => title !== 'curl')) {
  withTools(`mutual-tls and ${client.title}`, client.tools, () => {
    type Outcome = [who: string | null, answer: string | undefined, told: RegExp];
    const withOutcomes = (outcomes: Outcome[], ...more: string[]) => {
      const { clientAuthority, revoked } = certificates().pem;
      const authority = writeTemporary('authority.pem', clientAuthority + revoked);
      const args = ['--certificate', pem('p256'), '--ca', authority, ...more];
      return withExample('mutual-tls', args, async (port, server) => {
        const visits = outcomes.map(
          ([who]): Visit => ({
            ...{ port, version: 'TLSv1.3', name: 'localhost', times: 1, authority: everyAuthority() },
            ...identityOf(who),
          }),
        );
        const prepared = await client.prepare(visits);
        for (const [index, [who, answer, told]] of outcomes.entries()) {
          const seen = server.output.length;
          const { output } = await prepared.visit(visits[index] as Visit, index);
          expect([who, /you are .*/.exec(output)?.[0]?.trim(), output]).toEqual([who, answer, output]);
          await tells(server, seen, told);
        }
        await prepared.end();
      });
    };

    test('certificates of every kind', () =>
      withOutcomes(
        [
          ['good', 'you are CN=good, OU=Clients, O=Test, C=DE', /: CN=good, OU=Clients, O=Test, C=DE\n/],
          ['revoked', undefined, /: 275 .*revoked/],
          ['expired', undefined, /: 275 .*expired/],
          ['wrongCa', undefined, /: 275 .*issuer/],
          ['selfSigned', undefined, /: 275 .*self.signed/],
          [null, undefined, /: 281 /],
        ],
        ...['--crl-check', '--allow', 'CN=good'],
      ));

    test('who is not in the list may not come in', () =>
      withOutcomes([['good', undefined, /: 275 .*refused/]], '--allow', 'CN=goo'));
  });
}
