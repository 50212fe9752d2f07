// What scanners find out about a default server.
//
//   policy.js sslscan            compares with .ci/policy, where one file belongs to each version of OpenSSL
//   policy.js sslscan --write    writes that file, to be looked at and checked in
//   policy.js testssl            finds nothing bad, but what .ci/policy/testssl-harmless.txt lists
'use strict';
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { host } = require('./clients');
const { certificates, expect, main, root, run, temporary, withExample } = require('./support');
const ipdaemon = require(root);

const [scanner, option] = process.argv.slice(2);
const policies = path.join(root, '.ci', 'policy');

/** The version of OpenSSL that servers use here, as in 3.0. */
function opensslVersion() {
  const res = ipdaemon.ipdaemon_open();
  const info = ipdaemon.ipdaemon_do_config(res, 'BuildInfo');
  ipdaemon.ipdaemon_close(res);
  const version = /OpenSSL (\d+\.\d+)/.exec(info)?.[1];
  if (version === undefined) {
    throw new Error(`BuildInfo names no OpenSSL: ${info}`);
  }
  return version;
}

/** A server that sets nothing but its certificate. */
function withServer(kind, body) {
  const { file } = certificates();
  const pem = temporary(`${kind}.pem`);
  writeFileSync(pem, readFileSync(file(`servers-${kind}-key`)) + readFileSync(file(`servers-${kind}`)));
  return withExample('tls-echo', ['--certificate', pem], body);
}

/** A report without what differs from run to run and from scanner to scanner. */
function normalised(report) {
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

async function sslscan() {
  const version = opensslVersion();
  const parts = [
    `A default server with OpenSSL ${version}, as sslscan sees it. \`policy.js sslscan --write\` writes it.`,
  ];
  for (const kind of ['rsa', 'p256', 'ed25519']) {
    await withServer(kind, async (port) => {
      const { status, output } = await run('sslscan', ['--no-colour', '--show-sigs', `${host}:${port}`]);
      expect(status === 0, `sslscan of a server with ${kind} ends in order`, output);
      parts.push(`==== ${kind}\n\n${normalised(output)}`);
    });
  }
  const found = `${parts.join('\n\n')}\n`;
  const file = path.join(policies, `sslscan-openssl${version}.txt`);
  if (option === '--write') {
    writeFileSync(file, found);
  }
  expect(existsSync(file), 'there is a policy of this OpenSSL', file);
  writeFileSync(temporary('found.txt'), found);
  const { status, output } = await run('diff', ['-u', file, temporary('found.txt')]);
  if (status !== 0) {
    console.log(output);
  }
  expect(status === 0, 'the policy is that of .ci/policy', 'see above');
}

/** What has to be among the findings, so that a scan that found nothing is no success. */
const needed = [
  ...['SSLv2', 'SSLv3', 'TLS1', 'TLS1_1', 'TLS1_2', 'TLS1_3', 'PFS', 'PFS_ciphers', 'secure_renego'],
  ...['secure_client_renego', 'heartbleed', 'CCS', 'ROBOT', 'CRIME_TLS', 'POODLE_SSL', 'fallback_SCSV', 'SWEET32'],
  ...['FREAK', 'DROWN', 'LOGJAM', 'BEAST', 'LUCKY13', 'RC4'],
];

async function testssl() {
  const harmless = new Map();
  for (const line of readFileSync(path.join(policies, 'testssl-harmless.txt'), 'utf8').split('\n')) {
    const [, id, reason] = /^(\S+) +(\S.*)$/.exec(line.replace(/^#.*/, '')) ?? [];
    if (id !== undefined) {
      harmless.set(id, { reason, count: 0 });
    }
  }
  const scan = (kind) =>
    withServer(kind, async (port, server) => {
      const file = temporary(`testssl-${kind}.json`);
      // Protocols, forward secrecy, vulnerabilities with renegotiation. It asks no name servers.
      const args = [
        '--quiet',
        '--nodns',
        'none',
        '--warnings',
        'off',
        '--color',
        '0',
        '--jsonfile',
        file,
        '-p',
        '-f',
        '-U',
      ];
      const program = existsSync('/usr/bin/testssl') ? 'testssl' : 'testssl.sh';
      const { output } = await run(program, [...args, `${host}:${port}`], { endInput: true, limitMs: 400_000 });
      expect(server.status === undefined, `the server with ${kind} is still there`, server.output);
      const findings = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
      for (const id of needed) {
        expect(
          findings.some((finding) => finding.id === id),
          `testssl looks for ${id} at ${kind}`,
          output,
        );
      }
      for (const { id, severity, finding } of findings) {
        const known = harmless.get(id);
        const isBad = severity !== 'OK' && severity !== 'INFO';
        if (isBad && known !== undefined) {
          known.count += 1;
        }
        expect(!isBad || known !== undefined, `testssl at ${kind}: ${id}`, `${severity} ${finding}`);
      }
    });
  await Promise.all([scan('rsa'), scan('p256')]);
  for (const [id, { reason, count }] of harmless) {
    expect(count > 0, `${id} of testssl-harmless.txt`, 'it was not found');
    console.log(`harmless: ${id}: ${reason}`);
  }
}

main(async () => {
  if (scanner === 'sslscan') {
    await sslscan();
  } else if (scanner === 'testssl') {
    await testssl();
  } else {
    throw new Error('usage: policy.js sslscan [--write] | testssl');
  }
});
