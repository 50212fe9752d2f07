// Starting and stopping the programs of the benchmark: the servers to compare, and the load generator.
const { execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..', '..');
const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 5_000;
const LOAD = 'bench_load';
const TLS_LOAD = 'bench_load_tls.node';
const KOFFI = { IPDAEMON_BINDING: 'koffi' };

const FLOOR = 'bare epoll, C++ (floor)';
const TLS_FLOOR = 'bare epoll and OpenSSL, C++ (floor)';
const CORE = 'ipdaemon core, C ABI';
const LOOP = "ipdaemon, Node's loop";
const OVER_KOFFI = "ipdaemon over koffi, Node's loop";
const PUMP = 'ipdaemon, do_doevents loop';

// Every server by the name it has in the rows. A `script` runs in Node or in the `runtime` that is named, and with
// `library` needs this library to be built. An `addon` runs inside Node and takes its OpenSSL. A server that
// speaks `tls` gets a certificate, and bench_load_tls; one with `file` gets the file to send. `env` is added to its
// environment.
const servers = {
  floor: { program: 'bench_floor', title: FLOOR },
  core: { program: 'bench_core', title: CORE },
  ipdaemon: { script: 'ipdaemon_echo.js', title: LOOP, library: true },
  'ipdaemon-koffi': { script: 'ipdaemon_echo.js', title: OVER_KOFFI, library: true, env: KOFFI },
  pump: { script: 'ipdaemon_echo.js', args: ['--pump'], title: PUMP, library: true },
  net: { script: 'net_echo.js', title: 'node:net' },
  bun: { script: 'bun_echo.js', runtime: 'bun', title: 'Bun' },
  deno: { script: 'deno_echo.js', runtime: 'deno', title: 'Deno' },

  'wrong-changed': { script: 'net_wrong.js', args: ['--fault', 'changed'], title: 'a byte changed' },
  'wrong-lost': { script: 'net_wrong.js', args: ['--fault', 'lost'], title: 'a byte lost' },
  'wrong-doubled': { script: 'net_wrong.js', args: ['--fault', 'doubled'], title: 'bytes doubled' },
  'wrong-swapped': { script: 'net_wrong.js', args: ['--fault', 'swapped'], title: 'bytes to another peer' },
  'wrong-tls': {
    script: 'net_wrong.js',
    args: ['--fault', 'swapped'],
    title: 'bytes to another peer in TLS',
    tls: true,
  },

  'floor-tls': { addon: 'bench_floor_tls.node', title: TLS_FLOOR, tls: true },
  'core-tls': { addon: 'bench_core_tls.node', title: CORE, tls: true },
  'ipdaemon-tls': { script: 'ipdaemon_echo.js', title: LOOP, library: true, tls: true },
  'ipdaemon-koffi-tls': { script: 'ipdaemon_echo.js', title: OVER_KOFFI, library: true, tls: true, env: KOFFI },
  'node-tls': { script: 'net_echo.js', title: 'node:tls', tls: true },
  'bun-tls': { script: 'bun_echo.js', runtime: 'bun', title: 'Bun', tls: true },
  'deno-tls': { script: 'deno_echo.js', runtime: 'deno', title: 'Deno', tls: true },

  'floor-lines': { program: 'bench_floor', args: ['--lines'], title: FLOOR },
  'core-lines': { program: 'bench_core', args: ['--lines'], title: CORE },
  'core-batch': { program: 'bench_core', args: ['--lines', '--batch'], title: `${CORE}, batches` },
  'ipdaemon-lines': { script: 'ipdaemon_lines.js', title: LOOP, library: true },
  'ipdaemon-koffi-lines': { script: 'ipdaemon_lines.js', title: OVER_KOFFI, library: true, env: KOFFI },
  'pump-lines': { script: 'ipdaemon_lines.js', args: ['--pump'], title: PUMP, library: true },
  'net-lines': { script: 'net_lines.js', title: 'node:net, a write per line' },
  'net-joined': { script: 'net_lines_joined.js', title: 'node:net, buffers joined, a write per chunk' },
  'net-strings': { script: 'net_lines_strings.js', title: 'node:net, strings joined, a write per chunk' },
  'bun-lines': { script: 'bun_lines.js', runtime: 'bun', title: 'Bun, a write per chunk' },
  'deno-lines': { script: 'deno_lines.js', runtime: 'deno', title: 'Deno, a write per chunk' },

  'floor-file': { program: 'bench_floor', title: FLOOR, file: true },
  'core-file': { program: 'bench_core', title: CORE, file: true },
  'ipdaemon-file': { script: 'ipdaemon_file.js', title: LOOP, library: true, file: true },
  'net-file': { script: 'net_file.js', title: 'node:net', file: true },
  'bun-file': { script: 'bun_file.js', runtime: 'bun', title: 'Bun', file: true },
  'deno-file': { script: 'deno_file.js', runtime: 'deno', title: 'Deno', file: true },
  'floor-tls-file': { addon: 'bench_floor_tls.node', title: TLS_FLOOR, tls: true, file: true },
  'core-tls-file': { addon: 'bench_core_tls.node', title: CORE, tls: true, file: true },
  'ipdaemon-tls-file': { script: 'ipdaemon_file.js', title: LOOP, library: true, tls: true, file: true },
  'node-tls-file': { script: 'net_file.js', title: 'node:tls', tls: true, file: true },
  'bun-tls-file': { script: 'bun_file.js', runtime: 'bun', title: 'Bun', tls: true, file: true },
  'deno-tls-file': { script: 'deno_file.js', runtime: 'deno', title: 'Deno', tls: true, file: true },
};

// Lets every server on this library take part once more, as it is in another checkout that was built.
function addBefore(folder) {
  for (const [name, server] of Object.entries(servers)) {
    if (!server.library && !/^core/.test(name)) continue;
    servers[`${name}-before`] = {
      ...server,
      title: `${server.title}, before`,
      folder: path.join(folder, 'build', 'Release'),
      env: { ...server.env, IPDAEMON_BENCH_LIBRARY: folder },
    };
  }
}

// The servers of a row, each followed by itself as it was before, if that was asked for.
function withBefore(names) {
  return names.flatMap((name) => (servers[`${name}-before`] ? [name, `${name}-before`] : [name]));
}

// What stands between a runtime and the script that it runs.
const runtimeWords = { node: [], bun: ['run'], deno: ['run', '--allow-all', '--quiet'] };

function libraryIsBuilt() {
  try {
    return fs.existsSync(require.resolve(root));
  } catch {
    return false;
  }
}

class Programs {
  // With `pin`, servers stay on the first core and the load generator on the second. `runtimes` has the binary
  // of Node, and of the others that are here.
  constructor(folder, pin, runtimes) {
    this.folder = folder;
    this.pin = pin;
    this.runtimes = runtimes;
    this.running = new Set();
    process.on('exit', () => {
      for (const child of this.running) child.kill('SIGKILL');
    });
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
  }

  binary(name, folder = this.folder) {
    return path.join(folder, name);
  }

  // Why a server cannot be started here, or '' if it can.
  missing(name) {
    const server = servers[name];
    const own = server.program ?? server.addon;
    const needed = [this.binary(server.tls ? TLS_LOAD : LOAD), ...(own ? [this.binary(own, server.folder)] : [])];
    const absent = needed.find((file) => !fs.existsSync(file));
    if (absent) return `${path.relative(root, absent)} is not built`;
    if (server.library && !libraryIsBuilt()) return 'the library is not built';
    if (this.lacksPeer(name)) return `${server.runtime} is not here; --peers installs it`;
    return '';
  }

  // Whether a server is left out because nobody has installed its runtime.
  lacksPeer(name) {
    return !this.runtimes[servers[name].runtime ?? 'node'];
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
        const words = child.spawnargs.join(' ');
        throw new Error(`${words}: no ${pattern} within ${limitMs / 1000} s, only: ${child.output}`);
      }
      await Promise.race([new Promise((resolve) => setTimeout(resolve, 50)), child.ended]);
    }
  }

  // A separate program, an addon inside Node, or a script.
  launch(core, { program, addon, script, runtime = 'node', env, folder }, args) {
    if (program) return this.spawn(core, this.binary(program, folder), args, env);
    const words = addon
      ? [path.join(__dirname, 'addon.js'), this.binary(addon, folder)]
      : [path.join(__dirname, 'servers', script)];
    return this.spawn(core, this.runtimes[runtime], [...runtimeWords[runtime], ...words, ...args], env);
  }

  // Writes the file that the servers of a download send.
  writeContent(file, size) {
    const output = fs.openSync(file, 'w');
    try {
      execFileSync(this.binary(LOAD), ['content', '--size', `${size}`], { stdio: ['ignore', output, 'inherit'] });
    } finally {
      fs.closeSync(output);
    }
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

module.exports = { Programs, addBefore, servers, withBefore };
