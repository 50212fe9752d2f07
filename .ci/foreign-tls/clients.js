// Clients of TLS that are not ours. `visit` makes one connection, or two of which the second resumes the
// session of the first; each sends a line and waits for the end. It gives all that the client printed, and as
// `resumed` whether the client says that the last connection was a resumed one; null: it does not say.
'use strict';
const { connect, createServer } = require('node:net');
const { readFileSync, writeFileSync } = require('node:fs');
const { setTimeout } = require('node:timers/promises');
const tls = require('node:tls');
const { run, start, temporary } = require('./support');

const host = '127.0.0.1';
const question = 'question\n';
let files = 0;

/**
 * What a visit is made with: port, version (TLSv1.2 or TLSv1.3), name ('' for none), authority (a PEM file of the
 * servers), certificate and key (files, or undefined), times (1 or 2).
 */
const openssl = {
  title: 'openssl s_client',
  command: 'openssl',
  async visit({ port, version, name, authority, certificate, key, times }) {
    files += 1;
    const session = temporary(`session-${files}`);
    const args = [
      ...['s_client', '-connect', `${host}:${port}`, version === 'TLSv1.2' ? '-tls1_2' : '-tls1_3'],
      ...(name === '' ? ['-noservername'] : ['-servername', name]),
      ...['-CAfile', authority, '-verify_return_error', '-verify_hostname', 'localhost'],
      ...(certificate === undefined ? [] : ['-cert', certificate, '-key', key]),
    ];
    let output = '';
    for (let time = 1; time <= times; time += 1) {
      const more = times === 1 ? [] : [time === 1 ? '-sess_out' : '-sess_in', session];
      output = (await run('openssl', [...args, ...more], { input: question })).output;
    }
    return { output, resumed: /^Reused, TLSv1\.[23]/m.test(output) };
  },
};

const gnutls = {
  title: 'gnutls-cli',
  command: 'gnutls-cli',
  async visit({ port, version, name, authority, certificate, key, times }) {
    const args = [
      ...['--port', String(port), '--priority', `NORMAL:-VERS-ALL:+VERS-${version.replace('v', '')}`],
      ...(name === '' ? ['--disable-sni'] : ['--sni-hostname', name]),
      ...['--x509cafile', authority, '--verify-hostname', 'localhost'],
      ...(certificate === undefined ? [] : ['--x509certfile', certificate, '--x509keyfile', key]),
      ...(times === 2 ? ['--resume', '--waitresumption'] : []),
    ];
    const { output } = await run('gnutls-cli', [...args, host], { input: question });
    return { output, resumed: /This is a resumed session/.test(output) };
  },
};

const curl = {
  title: 'curl',
  command: 'curl',
  async visit({ port, version, name, authority, certificate, key, times }) {
    const shown = name === '' ? host : name;
    const args = [
      ...['-q', '--silent', '--show-error', '--verbose', '--noproxy', '*', '--max-time', '15', '--cacert', authority],
      ...(version === 'TLSv1.2' ? ['--tlsv1.2', '--tls-max', '1.2'] : ['--tlsv1.3']),
      ...(name === '' ? [] : ['--resolve', `${name}:${port}:${host}`]),
      ...(certificate === undefined ? [] : ['--cert', certificate, '--key', key]),
      ...Array.from({ length: times }, (_, i) => `https://${shown}:${port}/${i + 1}`),
    ];
    const { output } = await run('curl', args, { endInput: true });
    return { output, resumed: /SSL re-?using session ID/i.test(output) };
  },
};

const node = {
  title: 'node:tls',
  command: process.execPath,
  async visit({ port, version, name, authority, certificate, key, times }) {
    const once = (session) =>
      new Promise((resolve) => {
        const seen = { output: '', resumed: false, session: undefined };
        const socket = tls.connect({
          ...{ host, port, session, minVersion: version, maxVersion: version, servername: name },
          ca: readFileSync(authority),
          ...(certificate === undefined ? {} : { cert: readFileSync(certificate), key: readFileSync(key) }),
          checkServerIdentity: (_name, peer) => tls.checkServerIdentity('localhost', peer),
        });
        socket.on('session', (newest) => {
          seen.session = newest;
        });
        socket.on('secureConnect', () => {
          seen.resumed = socket.isSessionReused();
          socket.write(question);
        });
        socket.on('data', (chunk) => {
          seen.output += chunk;
        });
        socket.on('error', (error) => {
          seen.output += error.message;
        });
        socket.on('close', () => resolve(seen));
        socket.setTimeout(20_000, () => socket.destroy(new Error('nothing came for 20 seconds')));
      });
    const first = await once();
    return times === 1 ? first : once(first.session);
  },
};

/** Whether a connection to a port can be made, or with `listen` whether the port is free. */
function tries(port, listen) {
  return new Promise((resolve) => {
    const socket = listen ? createServer() : connect(port, host);
    const end = (result) => (listen && result ? socket.close(() => resolve(true)) : resolve(result));
    socket.on('error', () => end(false));
    socket.on(listen ? 'listening' : 'connect', () => {
      if (!listen) {
        socket.destroy();
      }
      end(true);
    });
    if (listen) {
      socket.listen(port, host);
    }
  });
}

// Below those that the system gives to outgoing connections, of which there are many here.
let nextPort = 20_000 + (process.pid % 100) * 100;

async function freePorts(count) {
  const ports = [];
  while (ports.length < count) {
    nextPort += 1;
    const port = nextPort;
    if (await tries(port, true)) {
      ports.push(port);
    }
  }
  return ports;
}

// stunnel is the client, in front of nc. It keeps the sessions of each of its services itself, and has one for
// every kind of visit: `prepare` gets them all.
const stunnel = {
  title: 'stunnel',
  command: 'stunnel',
  async prepare(visits) {
    const ports = await freePorts(visits.length + 1);
    const lines = ['foreground = yes', 'debug = info', 'syslog = no', 'pid =', 'client = yes'];
    visits.forEach(({ port, version, name, authority, certificate, key }, index) => {
      lines.push(
        ...[`[${index}]`, `accept = ${host}:${ports[index]}`, `connect = ${host}:${port}`],
        ...[`sslVersion = ${version}`, `sni = ${name}`],
        ...[`CAfile = ${authority}`, 'verifyChain = yes', 'checkHost = localhost'],
        ...(certificate === undefined ? [] : [`cert = ${certificate}`, `key = ${key}`]),
      );
    });
    // It listens for the services one after another. The last leads nowhere, and tells when all are there.
    const last = ports.at(-1);
    lines.push('[ready]', `accept = ${host}:${last}`, `connect = ${host}:1`);
    files += 1;
    const file = temporary(`stunnel-${files}.conf`);
    writeFileSync(file, `${lines.join('\n')}\n`);
    const program = start('stunnel', [file]);
    const deadline = performance.now() + 20_000;
    while (!(await tries(last, false))) {
      if (program.status !== undefined || performance.now() > deadline) {
        throw new Error(`stunnel does not listen: ${program.output}`);
      }
      await setTimeout(20);
    }
    return {
      async visit({ times }, index) {
        const before = program.output.length;
        let output = '';
        for (let time = 1; time <= times; time += 1) {
          output = (await run('nc', [host, String(ports[index])], { input: question, endInput: true })).output;
        }
        const log = program.output.slice(before);
        const handshakes = log.match(/(previous session reused|new session negotiated)/g) ?? [];
        return { output: `${output}\n${log}`, resumed: handshakes.at(-1) === 'previous session reused' };
      },
      async end() {
        program.child.kill('SIGTERM');
        await program.ended;
      },
    };
  },
};

/** Most clients need no preparation. */
const prepare = (client) =>
  client.prepare ?? (async () => ({ visit: (visit) => client.visit(visit), end: async () => undefined }));

module.exports = {
  host,
  clients: [openssl, gnutls, curl, node, stunnel].map((client) => ({ ...client, prepare: prepare(client) })),
};
