// What scanners find out about a server that sets nothing but its certificate.
//
// sslscan is compared with test/foreign/policy, where one file belongs to each version of OpenSSL. With
// IPDAEMON_WRITE_POLICY=1 the file is written, to be looked at and checked in. testssl.sh must find nothing bad, but
// what testssl-harmless.txt lists.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { expect, test } from '@jest/globals';
import { eachBinding } from '../support/bindings';
import { type ServerName, serverPem, temporaryFolder, writeTemporary } from '../support/certificates';
import { withExample } from '../support/examples';
import type { Program } from '../support/program';
import { withTools } from '../support/tools';
import { backstop } from '../support/waiting';
import { host, run, testssl } from './tools';

const policies = path.join(__dirname, 'policy');

/** The version of OpenSSL that servers use here, as in 3.0. */
function opensslVersion(): string {
  const [{ api }] = eachBinding() as [ReturnType<typeof eachBinding>[number]];
  const res = api.ipworks_ipdaemon_open();
  const info = api.ipworks_ipdaemon_do_config(res, 'BuildInfo');
  api.ipworks_ipdaemon_close(res);
  expect(info).toMatch(/OpenSSL \d+\.\d+/);
  return (/OpenSSL (\d+\.\d+)/.exec(info) as RegExpExecArray)[1] as string;
}

const withServer = (kind: ServerName, body: (port: number, server: Program) => Promise<void>) =>
  withExample('tls-echo', ['--certificate', writeTemporary(`${kind}.pem`, serverPem(kind))], body);

/** A report without what differs from run to run and from scanner to scanner. */
function normalised(report: string): string {
  const wanted = report.split('\n').filter((line) => !/^(Version: |OpenSSL \d|Not valid |Connected to )/.test(line));
  return (
    wanted
      .map((line) => line.replace(/^Testing SSL server .*/, '').trimEnd())
      .join('\n')
      // About the OpenSSL of the scanner; testssl.sh looks for compression.
      .replace(/ *TLS Compression:\n(.+\n)+/, '')
      .replace(/\n{3,}/g, '\n\n')
      .trim()
  );
}

withTools('sslscan', ['sslscan'], () => {
  test('finds the policy of this OpenSSL', async () => {
    const version = opensslVersion();
    const parts = [`A default server with OpenSSL ${version}, as sslscan sees it. IPDAEMON_WRITE_POLICY=1 writes it.`];
    for (const kind of ['rsa', 'p256', 'ed25519'] as const) {
      await withServer(kind, async (port) => {
        const { status, output } = await run('sslscan', ['--no-colour', '--show-sigs', `${host}:${port}`]);
        expect([status, output]).toEqual([0, output]);
        parts.push(`==== ${kind}\n\n${normalised(output)}`);
      });
    }
    const found = `${parts.join('\n\n')}\n`;
    const file = path.join(policies, `sslscan-openssl${version}.txt`);
    if (process.env.IPDAEMON_WRITE_POLICY === '1') writeFileSync(file, found);
    expect(found).toBe(readFileSync(file, 'utf8'));
  });
});

/** What has to be among the findings, so that a scan that found nothing is no success. */
const needed = [
  ...['SSLv2', 'SSLv3', 'TLS1', 'TLS1_1', 'TLS1_2', 'TLS1_3', 'PFS', 'PFS_ciphers', 'secure_renego'],
  ...['secure_client_renego', 'heartbleed', 'CCS', 'ROBOT', 'CRIME_TLS', 'POODLE_SSL', 'fallback_SCSV', 'SWEET32'],
  ...['FREAK', 'DROWN', 'LOGJAM', 'BEAST', 'LUCKY13', 'RC4'],
];

/** The findings that are known and harmless, by id. Each line has a reason. */
const harmless = readFileSync(path.join(policies, 'testssl-harmless.txt'), 'utf8')
  .split('\n')
  .map((line) => /^(\S+) +\S/.exec(line.replace(/^#.*/, ''))?.[1])
  .filter((id) => id !== undefined);

withTools('testssl.sh', [testssl], () => {
  test('finds nothing bad', async () => {
    const bad = new Set<string>();
    const scan = (kind: ServerName) =>
      withServer(kind, async (port, server) => {
        const file = path.join(temporaryFolder(), 'findings.json');
        // Protocols, forward secrecy, vulnerabilities with renegotiation. It asks no name servers.
        const options = '--quiet --nodns none --warnings off --color 0 -p -f -U --jsonfile'.split(' ');
        const { output } = await run(testssl, [...options, file, `${host}:${port}`], {
          endInput: true,
          limit: backstop,
        });
        expect([server.exit, server.errors]).toEqual([undefined, '']);
        expect([existsSync(file), output]).toEqual([true, output]);
        const findings = JSON.parse(readFileSync(file, 'utf8')) as { id: string; severity: string; finding: string }[];
        const ids = findings.map(({ id }) => id);
        expect(ids).toEqual(expect.arrayContaining(needed));
        const wrong = findings.filter(({ severity }) => severity !== 'OK' && severity !== 'INFO');
        for (const { id } of wrong) bad.add(id);
        expect(wrong.filter(({ id }) => !harmless.includes(id))).toEqual([]);
      });
    await Promise.all([scan('rsa'), scan('p256')]);
    // What is listed is found.
    expect(harmless.filter((id) => !bad.has(id))).toEqual([]);
  });
});
