// Starting and stopping the programs of the benchmark: the servers to compare, and the load generator.
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..', '..');
const START_LIMIT_MS = 15_000;
const STOP_LIMIT_MS = 5_000;
const LOAD = 'bench_load';
const TLS_LOAD = 'bench_load_tls.node';
const KOFFI = { IPDAEMON_BINDING: 'koffi' };

// Every server by the name it has in the tables. `library` ones need the addon to be built. An `addon` runs
// inside Node and takes its OpenSSL; a server that speaks `tls` gets a certificate, and bench_load_tls. `env` is
// added to its environment.
const servers = {
  floor: { program: 'bench_floor', title: 'bare epoll, C++ (floor)' },
  core: { program: 'bench_core', title: 'ipdaemon core, C ABI' },
  ipdaemon: { script: 'ipdaemon_echo.js', title: "ipdaemon, Node's loop", library: true },
  'ipdaemon-koffi': {
    script: 'ipdaemon_echo.js',
    title: "ipdaemon over koffi, Node's loop",
    library: true,
    env: KOFFI,
  },
  pump: { script: 'ipdaemon_echo.js', args: ['--pump'], title: 'ipdaemon, do_doevents loop', library: true },
  net: { script: 'net_echo.js', title: 'node:net' },
  'wrong-changed': { script: 'net_wrong.js', args: ['--fault', 'changed'], title: 'a byte changed' },
  'wrong-lost': { script: 'net_wrong.js', args: ['--fault', 'lost'], title: 'a byte lost' },
  'wrong-doubled': { script: 'net_wrong.js', args: ['--fault', 'doubled'], title: 'bytes doubled' },
  'wrong-swapped': { script: 'net_wrong.js', args: ['--fault', 'swapped'], title: 'bytes to another peer' },
  'floor-tls': { addon: 'bench_floor_tls.node', title: 'bare epoll and OpenSSL, C++ (floor)', tls: true },
  'core-tls': { addon: 'bench_core_tls.node', title: 'ipdaemon core, C ABI', tls: true },
  'ipdaemon-tls': { script: 'ipdaemon_echo.js', title: "ipdaemon, Node's loop", library: true, tls: true },
  'node-tls': { script: 'net_echo.js', title: 'node:tls', tls: true },
  'wrong-tls': {
    script: 'net_wrong.js',
    args: ['--fault', 'swapped'],
    title: 'bytes to another peer in TLS',
    tls: true,
  },
  'floor-lines': { program: 'bench_floor', args: ['--lines'], title: 'bare epoll, C++ (floor)' },
  'core-lines': { program: 'bench_core', args: ['--lines'], title: 'ipdaemon core, C ABI' },
  'core-batch': { program: 'bench_core', args: ['--lines', '--batch'], title: 'ipdaemon core, C ABI, batches' },
  'ipdaemon-lines': { script: 'ipdaemon_lines.js', title: "ipdaemon, Node's loop", library: true },
  'ipdaemon-koffi-lines': {
    script: 'ipdaemon_lines.js',
    title: "ipdaemon over koffi, Node's loop",
    library: true,
    env: KOFFI,
  },
  'pump-lines': { script: 'ipdaemon_lines.js', args: ['--pump'], title: 'ipdaemon, do_doevents loop', library: true },
  'net-lines': { script: 'net_lines.js', title: 'node:net, a write per line' },
  'net-joined': { script: 'net_lines_joined.js', title: 'node:net, buffers joined, a write per chunk' },
  'net-strings': { script: 'net_lines_strings.js', title: 'node:net, strings joined, a write per chunk' },
};

function libraryIsBuilt() {
  try {
    return fs.existsSync(require.resolve(root));
  } catch {
    return false;
  }
}

class Programs {
  // With `pin`, servers stay on the first core and the load generator on the second. `node` is the binary
  // that runs what runs inside Node.
  constructor(folder, pin, node) {
    this.folder = folder;
    this.pin = pin;
    this.node = node;
    this.running = new Set();
    process.on('exit', () => {
      for (const child of this.running) child.kill('SIGKILL');
    });
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
  }

  binary(name) {
    return path.join(this.folder, name);
  }

  // Why a server cannot be started here, or '' if it can.
  missing(name) {
    const server = servers[name];
    const needed = [server.program ?? server.addon, server.tls ? TLS_LOAD : LOAD];
    const absent = needed.find((file) => file && !fs.existsSync(this.binary(file)));
    if (absent) return `${absent} is not built`;
    if (server.library && !libraryIsBuilt()) return 'the library is not built';
    return '';
  }

  spawn(core, command, args, env = {}) {
    const words = this.pin ? ['taskset', '-c', `${core}`, command, ...args] : [command, ...args];
    const child = spawn(words[0], words.slice(1), {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    });
    this.running.add(child);
    child.ended = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code, signal) => resolve(signal ?? code));
    }).finally(() => this.running.delete(child));
    child.ended.catch(() => {});
    // What still goes to a program that has ended is of no interest.
    child.stdin.on('error', () => {});
    child.output = '';
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (text) => {
      child.output += text;
    });
    return child;
  }

  // Waits until the output of `child` matches, which gives the match.
  async output(child, pattern, limitMs) {
    const deadline = Date.now() + limitMs;
    for (;;) {
      const match = pattern.exec(child.output);
      if (match) return match;
      if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline) {
        throw new Error(`${path.basename(child.spawnfile)} did not say what was expected: ${child.output}`);
      }
      await Promise.race([new Promise((resolve) => setTimeout(resolve, 50)), child.ended]);
    }
  }

  // A program of its own, an addon inside Node, or a script of Node.
  launch(core, { program, addon, script, env }, args) {
    if (program) return this.spawn(core, this.binary(program), args, env);
    const words = addon
      ? [path.join(__dirname, 'addon.js'), this.binary(addon)]
      : [path.join(__dirname, 'servers', script)];
    return this.spawn(core, this.node, [...words, ...args], env);
  }

  async start(name, moreArgs = []) {
    const child = this.launch(0, servers[name], [...(servers[name].args ?? []), ...moreArgs]);
    const [, port] = await this.output(child, /listening (\d+)\n/, START_LIMIT_MS);
    return { name, child, pid: child.pid, port: Number(port) };
  }

  async stop(server) {
    server.child.stdin.end();
    server.child.kill('SIGTERM');
    const timer = setTimeout(() => server.child.kill('SIGKILL'), STOP_LIMIT_MS);
    await server.child.ended;
    clearTimeout(timer);
  }

  startLoad(server, args) {
    const load = servers[server.name].tls ? { addon: TLS_LOAD } : { program: LOAD };
    return this.launch(1, load, [...args, '--port', server.port, '--server-pid', server.pid].map(String));
  }

  // Runs the load generator to its end. Gives what it printed, and as `failed` whether it found fault.
  async load(server, args) {
    const child = this.startLoad(server, args);
    const closed = new Promise((resolve) => child.stdout.on('close', resolve));
    const code = await child.ended;
    await closed;
    const line = child.output.trim().split('\n').pop();
    if (!line) throw new Error(`the load generator ended with ${code} and without a result`);
    return { ...JSON.parse(line), failed: code !== 0 };
  }
}

module.exports = { Programs, servers };
