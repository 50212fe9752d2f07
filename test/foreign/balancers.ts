// Programs that stand before a server and send PROXY headers: haproxy, nginx, stunnel. Each has its own address, which
// is what the server trusts, and listens on one port or path for every way in which it hands connections on.
import { existsSync, writeFileSync } from 'node:fs';
import * as net from 'node:net';
import * as path from 'node:path';
import { certificates, serverPem, temporaryFolder, writeTemporary } from '../support/certificates';
import { type Program, withProgram } from '../support/program';
import { isInstalled } from '../support/tools';
import { waitFor } from '../support/waiting';
import { freePorts, host, listens } from './tools';

/** Where they come from, in the eyes of the server. */
export const balancerAddress = '127.0.0.5';

/** One way in. */
export interface Way {
  /** haproxy: of the line `server`. */
  options: string;
  /** haproxy: more lines of the section. */
  lines?: string[];
  /** Clients speak TLS with the balancer, and show a certificate. */
  tls?: boolean;
  /** What it listens on. */
  front?: 'ipv4' | 'ipv6' | 'unix';
  /** It connects only to look whether the server is there. */
  isCheck?: boolean;
}

export type Ways<Names extends string> = Record<Names, Way>;
/** Ports, or paths of Unix sockets. */
export type Fronts<Names extends string> = Record<Names, number | string>;

/** What `show stat` of haproxy has about a server. */
export interface ServerState {
  status: string;
  /** How the last check went, such as L4OK. */
  check: string;
  failures: number;
}

/** Waits for nothing but the answer of a Unix socket. */
function ask(socketPath: string, question: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = net.connect(socketPath, () => socket.write(`${question}\n`));
    socket.setEncoding('utf8').on('data', (text) => {
      answer += text;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}

function stateOf(stat: string, way: string): ServerState {
  const [head = '', ...rows] = stat.replace(/^# /, '').split('\n');
  const names = head.split(',');
  const row = rows.map((line) => line.split(',')).find(([proxy, server]) => proxy === way && server === 'it') ?? [];
  const field = (name: string) => row[names.indexOf(name)] ?? '';
  // With a star while the next check is under way.
  const check = field('check_status').replace('* ', '');
  return { status: field('status'), check, failures: Number(field('chkfail')) };
}

function haproxySection(folder: string, port: number, name: string, way: Way, front: number | string): string {
  const serverLine = `  server it ${host}:${port} source ${balancerAddress} ${way.options}`;
  if (way.isCheck) return `backend ${name}\n${serverLine} check inter 100 fastinter 100 downinter 100\n`;
  const address = { ipv4: `${host}:${front}`, ipv6: `[::1]:${front}`, unix: `unix@${front}` }[way.front ?? 'ipv4'];
  const secure = `ssl crt ${folder}/server.pem ca-file ${folder}/clients.pem verify required alpn ipd/1`;
  const bind = `  bind ${address} ${way.tls ? secure : ''}`;
  return [`listen ${name}`, bind, ...(way.lines ?? []).map((line) => `  ${line}`), serverLine, ''].join('\n');
}

export interface Haproxy<Names extends string> {
  fronts: Fronts<Names>;
  state(name: Names): Promise<ServerState>;
}

/** Runs a body with haproxy before a server. */
export async function withHaproxy<Names extends string>(
  port: number,
  ways: Ways<Names>,
  body: (haproxy: Haproxy<Names>) => Promise<void>,
): Promise<void> {
  const names = Object.keys(ways) as Names[];
  const ports = await freePorts(names.length);
  const folder = temporaryFolder();
  const frontOf = (name: Names, index: number) =>
    ways[name].front === 'unix' ? path.join(folder, `${name}.socket`) : (ports[index] as number);
  const fronts = Object.fromEntries(names.map((name, index) => [name, frontOf(name, index)])) as Fronts<Names>;
  const files = writeBeside(folder);
  const control = path.join(folder, 'control');
  const text = [
    `global\n  stats socket ${control} mode 600\n  log stderr format raw local0\n`,
    'defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n',
    ...names.map((name) => haproxySection(folder, port, name, ways[name], fronts[name])),
  ].join('\n');
  files('server.pem', serverPem('p256'));
  files('clients.pem', certificates().pem.clientAuthority);
  const file = files('haproxy.cfg', text);
  await withProgram(
    ['-db', '-f', file],
    async (program) => {
      await answersOn(program, control);
      await body({ fronts, state: async (name) => stateOf(await ask(control, 'show stat'), name) });
    },
    { host: 'haproxy' },
  );
}

const writeBeside = (folder: string) => (name: string, content: string) => {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
};

/** haproxy binds all it listens on before it serves any of it. */
async function answersOn(program: Program, control: string): Promise<void> {
  let answered = false;
  const tryOnce = () =>
    void ask(control, 'show info').then(
      () => {
        answered = true;
      },
      () => setTimeout(tryOnce, 20),
    );
  tryOnce();
  await waitFor(
    () => answered || program.exit !== undefined,
    () => `haproxy to listen: ${program.output}${program.errors}`,
  );
  if (!answered) throw new Error(`haproxy ended: ${program.output}${program.errors}`);
}

/** Where Debian has nginx's module for TCP; nginx may have it built in, too. */
const streamModule = '/usr/lib/nginx/modules/ngx_stream_module.so';

/** Runs a body with nginx before a server: it listens on a port of each family and on a path. */
export async function withNginx(
  port: number,
  body: (fronts: Fronts<'ipv4' | 'ipv6' | 'unix'>) => Promise<void>,
): Promise<void> {
  const [ipv4, ipv6, ready] = (await freePorts(3)) as [number, number, number];
  const folder = temporaryFolder();
  const fronts = { ipv4, ipv6, unix: path.join(folder, 'front') };
  const server = (listen: string) =>
    `server { listen ${listen}; proxy_pass ${host}:${port}; proxy_bind ${balancerAddress}; proxy_protocol on; }`;
  const text = [
    existsSync(streamModule) ? `load_module ${streamModule};` : '',
    `daemon off; master_process off; pid ${folder}/pid; error_log stderr;`,
    'events {}',
    'stream {',
    ...[`${host}:${ipv4}`, `[::1]:${ipv6}`, `unix:${fronts.unix}`].map(server),
    `server { listen ${host}:${ready}; return ready; }`,
    '}',
  ].join('\n');
  const file = writeTemporary('nginx.conf', text);
  await withProgram(
    ['-c', file, '-p', folder, '-e', 'stderr'],
    async (program) => {
      await listens(program, ready);
      await body(fronts);
    },
    { host: 'nginx' },
  );
}

/** Debian calls it stunnel4, too. */
export const stunnelName = isInstalled('stunnel') ? 'stunnel' : 'stunnel4';

/** Runs a body with stunnel before a server: clients speak TLS with it, and it speaks in clear with the server. */
export async function withStunnel(port: number, body: (front: number) => Promise<void>): Promise<void> {
  const [front, ready] = (await freePorts(2)) as [number, number];
  const text = [
    ...['foreground = yes', 'debug = info', 'syslog = no', 'pid ='],
    ...['[proxy]', `accept = ${host}:${front}`, `connect = ${host}:${port}`, `local = ${balancerAddress}`],
    ...['protocol = proxy', `cert = ${writeTemporary('server.pem', serverPem('p256'))}`],
    // It listens for the services one after another. The last leads nowhere, and tells when all are there.
    ...['[ready]', 'client = yes', `accept = ${host}:${ready}`, `connect = ${host}:1`],
  ].join('\n');
  await withProgram(
    [writeTemporary('stunnel.conf', `${text}\n`)],
    async (program) => {
      await listens(program, ready);
      await body(front);
    },
    { host: stunnelName },
  );
}
