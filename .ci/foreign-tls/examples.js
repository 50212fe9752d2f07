// The example servers of TLS and clients that are not ours: every suite of the default policy, what is outside
// of it, resumption, STARTTLS, certificates by name, client certificates.
'use strict';
const { mkdirSync, readFileSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { clients, host } = require('./clients');
const { certificates, expect, main, run, says, start, temporary, withExample } = require('./support');

const question = 'question of a foreign client\n';
const suites13 = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];
// As OpenSSL and as everybody else names them; the kind of the key goes in the middle.
const suites12 = [
  ['AES128-GCM-SHA256', 'AES_128_GCM_SHA256'],
  ['AES256-GCM-SHA384', 'AES_256_GCM_SHA384'],
  ['CHACHA20-POLY1305', 'CHACHA20_POLY1305_SHA256'],
];
const keys = { rsa: 'RSA', p256: 'ECDSA', ed25519: 'ECDSA' };
/** What a client may ask for, and must not get. */
const refused = [
  ['TLS 1.1', '-tls1_1', '-cipher', 'ALL:@SECLEVEL=0'],
  ['TLS 1.0', '-tls1', '-cipher', 'ALL:@SECLEVEL=0'],
  ['suites with CBC', '-tls1_2', '-cipher', 'ECDHE+AES:!AESGCM:!AESCCM:@SECLEVEL=0'],
  ['suites with CCM', '-tls1_2', '-cipher', 'ECDHE+AESCCM'],
  ['suites without forward secrecy', '-tls1_2', '-cipher', 'kRSA:@SECLEVEL=0'],
  ['suites without authentication', '-tls1_2', '-cipher', 'aNULL:@SECLEVEL=0'],
  ['suites without encryption', '-tls1_2', '-cipher', 'eNULL:@SECLEVEL=0'],
  ['suites with ephemeral DH', '-tls1_2', '-cipher', 'DHE:@SECLEVEL=0'],
];

const { file } = certificates();
const read = (name) => readFileSync(file(name), 'utf8');

/** Key, certificate and chain of a server in one file, as the examples take them. */
function pem(name) {
  const made = temporary(`${name}.pem`);
  writeFileSync(made, read(`servers-${name}-key`) + read(`servers-${name}`));
  return made;
}

function openssl(port, args, input = question) {
  return run('openssl', ['s_client', '-connect', `${host}:${port}`, ...args], { input });
}

/** An echo comes back; then the client ends, as the server does not. */
async function echoes(title, port, args) {
  const client = start('openssl', ['s_client', '-connect', `${host}:${port}`, ...args]);
  client.child.stdin.write(question);
  await says(client, new RegExp(`^${question}`, 'm')).then(
    () => expect(true),
    (error) => expect(false, title, error.message),
  );
  client.child.stdin.end();
  await client.ended;
  return client.output;
}

async function suites(kind) {
  await withExample('tls-echo', ['--certificate', pem(kind)], async (port, server) => {
    const authority = ['-CAfile', file(`servers-${kind}`), '-verify_return_error'];
    const talks = async (version, option, name, theirs) => {
      const seen = server.output.length;
      await echoes(`tls-echo with ${kind}: s_client ${name}`, port, [...authority, ...option, theirs]);
      await tells(`tls-echo with ${kind} tells ${version}, ${name}`, server, seen, new RegExp(`${version}, ${name}\n`));
    };
    for (const name of suites13) {
      await talks('TLSv1.3', ['-tls1_3', '-ciphersuites'], name, name);
    }
    for (const [theirs, name] of suites12) {
      const own = `ECDHE-${keys[kind]}-${theirs}`;
      await talks('TLSv1.2', ['-tls1_2', '-cipher'], `TLS_ECDHE_${keys[kind]}_WITH_${name}`, own);
    }
    for (const [what, ...args] of refused) {
      const seen = server.output.length;
      const { output } = await openssl(port, args);
      expect(/alert|no protocols|no cipher/i.test(output), `tls-echo with ${kind} refuses ${what}`, output);
      await tells(`${what}: the server says so`, server, seen, /no connection, 276 /);
    }
  });
}

async function storesAndErrors() {
  const material = JSON.parse(readFileSync(certificates().material, 'utf8'));
  writeFileSync(temporary('store.pfx'), Buffer.from(material.stores.pfx, 'base64'));
  const store = ['--certificate', temporary('store.pfx'), '--password', material.password];
  await withExample('tls-echo', store, (port) =>
    echoes('tls-echo with a PFX and its chain', port, ['-CAfile', file('serverRoot'), '-verify_return_error']),
  );
  await withExample('tls-echo', [], async (port, server) => {
    const output = await echoes('tls-echo without a certificate makes one', port, []);
    expect(/subject=CN = localhost/.test(output), 'its name is localhost', output);
    const plain = await run('nc', [host, String(port)], { input: 'GET / HTTP/1.0\r\n\r\n', endInput: true });
    expect(!plain.output.includes('GET'), 'tls-echo does not talk in clear', plain.output);
    await says(server, /no connection, 276 .*not look like TLS/);
  });
}

async function startTls() {
  await withExample('starttls', ['--certificate', pem('p256')], async (port) => {
    const authority = file('servers-p256');
    const input = 'EHLO again\r\nECHO through TLS\r\nSTARTTLS\r\nQUIT\r\n';
    const isGood = (output) =>
      output.includes('250 through TLS') && output.includes('503 ') && output.includes('221 bye');
    for (const version of ['-tls1_2', '-tls1_3']) {
      const args = ['-starttls', 'smtp', version, '-CAfile', authority, '-verify_return_error'];
      const { output } = await openssl(port, args, input);
      expect(isGood(output), `starttls and s_client -starttls smtp ${version}`, output);
    }
    const gnutls = ['--starttls-proto=smtp', '--port', String(port), '--x509cafile', authority, 'localhost'];
    const { output } = await run('gnutls-cli', gnutls, { input });
    expect(isGood(output), 'starttls and gnutls-cli --starttls-proto=smtp', output);
    const curl = await run('curl', [
      ...['-q', '--silent', '--show-error', '--verbose', '--noproxy', '*', '--max-time', '15', '--ssl-reqd'],
      ...['--cacert', authority, '--request', 'ECHO by curl', '--resolve', `localhost:${port}:${host}`],
      `smtp://localhost:${port}`,
    ]);
    expect(curl.output.includes('250 by curl') && curl.status === 0, 'starttls and curl --ssl-reqd', curl.output);
    const clear = await run('nc', [host, String(port)], { input: 'ECHO in clear\r\nQUIT\r\n', endInput: true });
    expect(clear.output === '220 ready\r\n250 in clear\r\n221 bye\r\n', 'starttls in clear', clear.output);
    // Commands that somebody put behind STARTTLS are not executed, in clear or later.
    const injected = await run('nc', ['-w', '2', host, String(port)], { input: 'STARTTLS\r\nECHO injected\r\n' });
    expect(/^220 ready\r\n220 go ahead\r\n/.test(injected.output), 'starttls answers in clear first', injected.output);
    expect(!injected.output.includes('injected'), 'starttls drops what came behind the command', injected.output);
  });
}

async function https() {
  const folder = temporary('names');
  mkdirSync(folder);
  for (const [name, kind] of [
    ['localhost', 'rsa'],
    ['other.example', 'other'],
  ]) {
    writeFileSync(path.join(folder, `${name}.pem`), readFileSync(pem(kind)));
  }
  const authorities = temporary('names-authorities.pem');
  writeFileSync(authorities, read('servers-rsa') + read('servers-other'));
  await withExample('https', ['--certificates', folder], async (port) => {
    const get = (name, ...args) =>
      run('curl', [
        ...['-q', '--silent', '--show-error', '--noproxy', '*', '--max-time', '15', '--cacert', authorities],
        ...['--resolve', `${name}:${port}:${host}`, ...args, `https://${name}:${port}/page`],
      ]);
    for (const name of ['localhost', 'other.example']) {
      for (const version of [['--tlsv1.2', '--tls-max', '1.2'], ['--tlsv1.3']]) {
        const { output, status } = await get(name, ...version);
        expect(
          status === 0 && /^TLSv1\.\d, TLS_\S+\nGET \/page HTTP\/1\.1\n$/.test(output),
          `https and curl ${version[0]} for ${name}`,
          output,
        );
      }
    }
    const head = await get('localhost', '--head');
    expect(head.status === 0 && /^HTTP\/1\.0 200 /.test(head.output), 'https and curl --head', head.output);
    // Who asks for another name gets the first, and sees that it is for somebody else.
    const unknown = await get('unknown.example');
    expect(unknown.status === 60, 'https and curl for an unknown name', unknown.output);
  });
}

async function mutualTls() {
  const authority = temporary('mutual-authority.pem');
  writeFileSync(authority, read('clientAuthority') + read('revoked'));
  const args = ['--certificate', pem('p256'), '--ca', authority, '--crl-check', '--allow', 'CN=good'];
  const outcomes = [
    ['good', 'you are CN=good, OU=Clients, O=Test, C=DE', /: CN=good, OU=Clients, O=Test, C=DE\n/],
    ['revoked', undefined, /: 275 .*revoked/],
    ['expired', undefined, /: 275 .*expired/],
    ['wrongCa', undefined, /: 275 .*issuer/],
    ['selfSigned', undefined, /: 275 .*self.signed/],
    [undefined, undefined, /: 281 /],
  ];
  await withExample('mutual-tls', args, async (port, server) => {
    const all = outcomes.map((outcome) => ({ outcome, visit: visitOf(port, outcome[0], 'p256') }));
    await visitEach('mutual-tls', server, all);
  });
  // The list of those that may come in.
  await withExample(
    'mutual-tls',
    ['--certificate', pem('p256'), '--ca', authority, '--allow', 'CN=goo'],
    (port, server) =>
      visitEach('mutual-tls that allows others', server, [
        { outcome: ['good', undefined, /: 275 .*refused/], visit: visitOf(port, 'good', 'p256') },
      ]),
  );
}

function visitOf(port, certificate, kind) {
  return {
    ...{ port, version: 'TLSv1.3', name: 'localhost', times: 1, authority: file(`servers-${kind}`) },
    certificate: certificate && file(`clients-${certificate}`),
    key: certificate && file(`clients-${certificate}-key`),
  };
}

async function visitEach(title, server, all) {
  // curl takes an answer without a header for an error.
  for (const client of clients.filter(({ command }) => command !== 'curl')) {
    const prepared = await client.prepare(all.map(({ visit }) => visit));
    for (const [index, { outcome, visit }] of all.entries()) {
      const [who = 'no certificate', answer, told] = outcome;
      const seen = server.output.length;
      const { output } = await prepared.visit(visit, index);
      expect(/you are .*/.exec(output)?.[0]?.trim() === answer, `${title}: ${client.title}, ${who}`, output);
      await tells(`${title}: ${client.title}, ${who}: what the server tells`, server, seen, told);
    }
    await prepared.end();
  }
}

/** Checks that a program tells something behind what was there before; it may take its time. */
function tells(title, program, before, pattern) {
  return says(program, new RegExp(`^[^]{${before}}[^]*?${pattern.source}`)).then(
    () => expect(true),
    (error) => expect(false, title, error.message),
  );
}

async function resumption() {
  await withExample('https', [], async (port) => {
    for (const [flag, version] of [
      ['-tls1_2', 'TLSv1.2'],
      ['-tls1_3', 'TLSv1.3'],
    ]) {
      const session = temporary(`example-session${flag}`);
      const request = 'GET / HTTP/1.0\r\n\r\n';
      const first = await openssl(port, [flag, '-servername', 'other.localhost', '-sess_out', session], request);
      expect(first.output.includes(`New, ${version}`), `https: the first session of ${version}`, first.output);
      const second = await openssl(port, [flag, '-servername', 'other.localhost', '-sess_in', session], request);
      expect(second.output.includes(`Reused, ${version}`), `https: ${version} is resumed`, second.output);
      expect(second.output.includes('GET / HTTP/1.0'), `https: and used`, second.output);
      // A session of one certificate is not for another.
      const other = await openssl(port, [flag, '-servername', 'localhost', '-sess_in', session], request);
      expect(other.output.includes(`New, ${version}`), `https: ${version} not for another name`, other.output);
    }
  });
}

main(async () => {
  const parts = [...Object.keys(keys).map((kind) => () => suites(kind)), storesAndErrors, startTls, https, mutualTls];
  parts.push(resumption);
  await Promise.all(
    [1, 2].map(async () => {
      for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
        await part();
      }
    }),
  );
});
