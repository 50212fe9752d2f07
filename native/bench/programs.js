// Starting and stopping the programs of the benchmark: the servers to compare, and the load generator.
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..', '..');
const START_LIMIT_MS = 15_000;
const STOP_LIMIT_MS = 5_000;

// Every server by the name it has in the tables. `library` ones need the addon to be built.
const servers = {
  floor: { program: 'bench_floor', title: 'bare epoll, C++ (floor)' },
  core: { program: 'bench_core', title: 'ipdaemon core, C ABI' },
  ipdaemon: { script: 'ipdaemon_echo.js', title: "ipdaemon, Node's loop", library: true },
  pump: { script: 'ipdaemon_echo.js', args: ['--pump'], title: 'ipdaemon, do_doevents loop', library: true },
  net: { script: 'net_echo.js', title: 'node:net' },
  'wrong-changed': { script: 'net_wrong.js', args: ['--fault', 'changed'], title: 'a byte changed' },
  'wrong-lost': { script: 'net_wrong.js', args: ['--fault', 'lost'], title: 'a byte lost' },
  'wrong-doubled': { script: 'net_wrong.js', args: ['--fault', 'doubled'], title: 'bytes doubled' },
  'wrong-swapped': { script: 'net_wrong.js', args: ['--fault', 'swapped'], title: 'bytes to another peer' },
  'floor-lines': { program: 'bench_floor', args: ['--lines'], title: 'bare epoll, C++ (floor)' },
  'core-lines': { program: 'bench_core', args: ['--lines'], title: 'ipdaemon core, C ABI' },
  'core-batch': { program: 'bench_core', args: ['--lines', '--batch'], title: 'ipdaemon core, C ABI, batches' },
  'ipdaemon-lines': { script: 'ipdaemon_lines.js', title: "ipdaemon, Node's loop", library: true },
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
  // With `pin`, servers stay on the first core and the load generator on the second.
  constructor(folder, pin) {
    this.folder = folder;
    this.pin = pin;
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
    if (server.program && !fs.existsSync(this.binary(server.program))) return `${server.program} is not built`;
    if (server.library && !libraryIsBuilt()) return 'the library is not built';
    return '';
  }

  spawn(core, command, args) {
    const words = this.pin ? ['taskset', '-c', `${core}`, command, ...args] : [command, ...args];
    const child = spawn(words[0], words.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
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

  async start(name) {
    const { program, script, args = [] } = servers[name];
    const child = program
      ? this.spawn(0, this.binary(program), args)
      : this.spawn(0, process.execPath, [path.join(__dirname, 'servers', script), ...args]);
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
    return this.spawn(
      1,
      this.binary('bench_load'),
      [...args, '--port', server.port, '--server-pid', server.pid].map(String),
    );
  }

  // Runs the load generator to its end. Gives what it printed, and as `failed` whether it found fault.
  async load(server, args) {
    const child = this.startLoad(server, args);
    const closed = new Promise((resolve) => child.stdout.on('close', resolve));
    const code = await child.ended;
    await closed;
    const line = child.output.trim().split('\n').pop();
    if (!line) throw new Error(`bench_load ended with ${code} and without a result`);
    return { ...JSON.parse(line), failed: code !== 0 };
  }
}

module.exports = { Programs, servers };
