// Clients of TLS that are not ours. `visit` makes one connection, or two of which the second resumes the
// session of the first; each sends a line and waits for the end. It gives all that the client printed, and as
// `resumed` whether the client says that the last connection was a resumed one; null: it does not say.

import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import * as tls from 'node:tls';
import { type ClientName, certificates, everyServer, temporaryFolder, writeTemporary } from '../support/certificates';
import { Program } from '../support/program';
import type { Version } from '../support/tls-client';
import { patience } from '../support/waiting';
import { freePorts, host, listens, printed, run } from './tools';

export interface Visit {
  port: number;
  version: Version;
  /** '' for none. */
  name: string;
  /** A file with the authorities of the servers. */
  authority: string;
  certificate?: string | undefined;
  key?: string | undefined;
  /** 1 or 2. */
  times: number;
}

export interface Seen {
  output: string;
  resumed: boolean | null;
}

/** `prepare` gets all visits. */
export interface Client {
  title: string;
  tools: string[];
  prepare(visits: Visit[]): Promise<{ visit(visit: Visit, index: number): Promise<Seen>; end(): Promise<void> }>;
}

const question = 'question\n';

let authority: string | undefined;

/** The file of all authorities of the servers. */
export function everyAuthority(): string {
  authority ??= writeTemporary('servers.pem', everyServer());
  return authority;
}

const identities = new Map<string, { certificate: string; key: string }>();

/** The files of one of the clients' certificates; null: none. */
export function identityOf(name: string | null): { certificate?: string; key?: string } {
  if (name === null) return {};
  let files = identities.get(name);
  if (files === undefined) {
    const { certificate, key, chain } = certificates().clients[name as ClientName];
    files = {
      certificate: writeTemporary(`${name}.pem`, certificate + chain),
      key: writeTemporary(`${name}-key.pem`, key),
    };
    identities.set(name, files);
  }
  return files;
}

/** A client that needs no preparation. */
const simple = (title: string, tools: string[], visit: (visit: Visit) => Promise<Seen>): Client => ({
  title,
  tools,
  prepare: async () => ({ visit, end: async () => undefined }),
});

const openssl = simple('openssl s_client', ['openssl'], async (visit) => {
  const { port, version, name, certificate, key, times } = visit;
  const session = path.join(temporaryFolder(), 'session');
  const args = [
    ...['s_client', '-connect', `${host}:${port}`, version === 'TLSv1.2' ? '-tls1_2' : '-tls1_3'],
    ...(name === '' ? ['-noservername'] : ['-servername', name]),
    ...['-CAfile', visit.authority, '-verify_return_error', '-verify_hostname', 'localhost'],
    ...(certificate === undefined ? [] : ['-cert', certificate, '-key', key as string]),
  ];
  let output = '';
  for (let time = 1; time <= times; time += 1) {
    const more = times === 1 ? [] : [time === 1 ? '-sess_out' : '-sess_in', session];
    output = (await run('openssl', [...args, ...more], { input: question })).output;
  }
  return { output, resumed: /^Reused, TLSv1\.[23]/m.test(output) };
});

const gnutls = simple('gnutls-cli', ['gnutls-cli'], async (visit) => {
  const { port, version, name, certificate, key, times } = visit;
  const args = [
    ...['--port', String(port), '--priority', `NORMAL:-VERS-ALL:+VERS-${version.replace('v', '')}`],
    ...(name === '' ? ['--disable-sni'] : ['--sni-hostname', name]),
    ...['--x509cafile', visit.authority, '--verify-hostname', 'localhost'],
    ...(certificate === undefined ? [] : ['--x509certfile', certificate, '--x509keyfile', key as string]),
    ...(times === 2 ? ['--resume', '--waitresumption'] : []),
  ];
  const { output } = await run('gnutls-cli', [...args, host], { input: question });
  return { output, resumed: /This is a resumed session/.test(output) };
});

const curl = simple('curl', ['curl'], async (visit) => {
  const { port, version, name, certificate, key, times } = visit;
  const shown = name === '' ? host : name;
  const args = [
    ...['-q', '--silent', '--show-error', '--verbose', '--noproxy', '*', '--max-time', '15'],
    ...['--cacert', visit.authority],
    ...(version === 'TLSv1.2' ? ['--tlsv1.2', '--tls-max', '1.2'] : ['--tlsv1.3']),
    ...(name === '' ? [] : ['--resolve', `${name}:${port}:${host}`]),
    ...(certificate === undefined ? [] : ['--cert', certificate, '--key', key as string]),
    ...Array.from({ length: times }, (_, i) => `https://${shown}:${port}/${i + 1}`),
  ];
  const { output } = await run('curl', args, { endInput: true });
  return { output, resumed: /SSL re-?using session ID/i.test(output) };
});

const node = simple('node:tls', [], async (visit) => {
  const { port, version, name, certificate, key, times } = visit;
  const once = (session?: Buffer) =>
    new Promise<Seen & { session?: Buffer }>((resolve) => {
      const seen: Seen & { session?: Buffer } = { output: '', resumed: false };
      const socket = tls.connect({
        ...{ host, port, minVersion: version, maxVersion: version, servername: name },
        ...(session === undefined ? {} : { session }),
        ca: readFileSync(visit.authority),
        ...(certificate === undefined ? {} : { cert: readFileSync(certificate), key: readFileSync(key as string) }),
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
      socket.setTimeout(patience, () => socket.destroy(new Error('nothing came')));
    });
  const first = await once();
  return times === 1 ? first : once(first.session);
});

// stunnel is the client, in front of nc. It keeps the sessions of each of its services itself, and has one for
// every kind of visit.
const stunnel: Client = {
  title: 'stunnel',
  tools: ['stunnel', 'nc'],
  async prepare(visits) {
    const ports = await freePorts(visits.length + 1);
    const lines = ['foreground = yes', 'debug = info', 'syslog = no', 'pid =', 'client = yes'];
    for (const [index, { port, version, name, authority: file, certificate, key }] of visits.entries()) {
      lines.push(
        ...[`[${index}]`, `accept = ${host}:${ports[index]}`, `connect = ${host}:${port}`],
        ...[`sslVersion = ${version}`, `sni = ${name}`],
        ...[`CAfile = ${file}`, 'verifyChain = yes', 'checkHost = localhost'],
        ...(certificate === undefined ? [] : [`cert = ${certificate}`, `key = ${key}`]),
      );
    }
    // It listens for the services one after another. The last leads nowhere, and tells when all are there.
    const last = ports.at(-1) as number;
    lines.push('[ready]', `accept = ${host}:${last}`, `connect = ${host}:1`);
    const program = new Program([writeTemporary('stunnel.conf', `${lines.join('\n')}\n`)], { host: 'stunnel' });
    const end = async () => {
      program.signal('SIGTERM');
      await program.ends();
    };
    await listens(program, last);
    return {
      async visit({ times }, index) {
        const before = printed(program).length;
        let output = '';
        for (let time = 1; time <= times; time += 1) {
          output = (await run('nc', [host, String(ports[index])], { input: question, endInput: true })).output;
        }
        const log = printed(program).slice(before);
        const handshakes = log.match(/(previous session reused|new session negotiated)/g) ?? [];
        return { output: `${output}\n${log}`, resumed: handshakes.at(-1) === 'previous session reused' };
      },
      end,
    };
  },
};

export const clients = [openssl, gnutls, curl, node, stunnel];
