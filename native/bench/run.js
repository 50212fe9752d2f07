// Compares servers: node native/bench/run.js [options], see README.md in this folder.
//
// The servers of a row run side by side and are loaded in turn, round after round, so that whatever else
// the machine does hits all of them. Compared is the processor time that the server used for one message,
// which a busy second core hardly changes, against that of the bare epoll server in the same round.
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { makeCertificates } = require('./certificates.js');
const { Programs, servers } = require('./programs.js');
const report = require('./report.js');

const ECHO = ['floor', 'core', 'ipdaemon', 'pump', 'net'];
const LINES = [
  'floor-lines',
  'core-lines',
  'core-batch',
  'ipdaemon-lines',
  'ipdaemon-koffi-lines',
  'pump-lines',
  'net-lines',
  'net-joined',
  'net-strings',
];

const TLS = ['floor-tls', 'core-tls', 'ipdaemon-tls', 'node-tls'];

// `certificate` and `version` are what the servers of a TLS row speak with.
const rows = {
  ping64: { servers: [...ECHO, 'ipdaemon-koffi'], load: ['ping', '--size', 64, '--connections', 50] },
  ping1k: { servers: ECHO, load: ['ping', '--size', 1024, '--connections', 50] },
  ping16k: { servers: ECHO, load: ['ping', '--size', 16384, '--connections', 50] },
  deep64: { servers: ECHO, load: ['ping', '--size', 64, '--connections', 50, '--depth', 8] },
  lines: { servers: LINES, load: ['lines', '--size', 32, '--lines', 256, '--connections', 8, '--depth', 2] },
  linewrite: { servers: LINES, load: ['lines', '--size', 32, '--lines', 1, '--connections', 50] },
  churn: { servers: ECHO, load: ['churn', '--size', 64, '--connections', 50] },
  'tls-echo1k': { servers: TLS, load: ['ping', '--size', 1024, '--connections', 50] },
  'tls-echo16k': { servers: TLS, load: ['ping', '--size', 16384, '--connections', 8, '--depth', 16] },
  'tls-handshake-p256': { servers: TLS, load: ['churn', '--size', 64, '--connections', 20] },
  'tls-handshake-rsa': { servers: TLS, certificate: 'rsa', load: ['churn', '--size', 64, '--connections', 20] },
  'tls-resume': { servers: TLS, load: ['churn', '--size', 64, '--connections', 20, '--resume'] },
  'tls12-echo1k': { servers: TLS, version: '1.2', load: ['ping', '--size', 1024, '--connections', 50] },
  'tls12-resume': { servers: TLS, version: '1.2', load: ['churn', '--size', 64, '--connections', 20, '--resume'] },
};

const usage = `node native/bench/run.js [options]
  --rows a,b      of ${Object.keys(rows).join(',')} (default: all)
  --servers a,b   only these servers
  --seconds S     measured in each round (1), --warmup S before it (0.5), --rounds R (9)
  --memory [N]    memory of N idle connections instead of the rows (10000)
  --memory-tls [N] the same in TLS (5000)
  --accept [N]    N simultaneous connections, each echoed, instead of the rows (18000)
  --short         everything once and briefly: proves that it works, measures nothing
  --pin           servers on the first core, the load generator on the second (needs taskset)
  --bin DIR       where the bench_ programs and addons are (build/Release)
  --node FILE     another Node to run the servers in JavaScript, and both ends of TLS
  --json FILE     writes all results there`;

function readOptions(words) {
  const options = {
    rows: Object.keys(rows),
    servers: null,
    seconds: 1,
    warmup: 0.5,
    rounds: 9,
    memory: 0,
    memoryTls: 0,
    accept: 0,
    short: false,
    pin: false,
    bin: path.join(__dirname, '..', '..', 'build', 'Release'),
    node: process.execPath,
    json: '',
  };
  const fail = (reason) => {
    console.error(`${reason}\n${usage}`);
    process.exit(2);
  };
  const next = () => words.shift() ?? fail('a value is missing');
  const number = (text) => (Number(text) > 0 ? Number(text) : fail(`${text} is no positive number`));
  const optional = (fallback) => (/^\d+$/.test(words[0] ?? '') ? number(words.shift()) : fallback);
  while (words.length > 0) {
    const word = words.shift();
    if (word === '--rows') options.rows = next().split(',');
    else if (word === '--servers') options.servers = next().split(',');
    else if (word === '--seconds') options.seconds = number(next());
    else if (word === '--warmup') options.warmup = number(next());
    else if (word === '--rounds') options.rounds = number(next());
    else if (word === '--memory') options.memory = optional(10_000);
    else if (word === '--memory-tls') options.memoryTls = optional(5_000);
    else if (word === '--accept') options.accept = optional(18_000);
    else if (word === '--short') options.short = true;
    else if (word === '--pin') options.pin = true;
    else if (word === '--bin') options.bin = path.resolve(next());
    else if (word === '--node') options.node = path.resolve(next());
    else if (word === '--json') options.json = next();
    else fail(`unknown option ${word}`);
  }
  for (const row of options.rows) if (!rows[row]) fail(`unknown row ${row}`);
  if (options.short) {
    Object.assign(options, { seconds: 0.2, warmup: 0.1, rounds: 1, memory: 500, memoryTls: 100, accept: 500 });
  }
  return options;
}

class Run {
  constructor(options) {
    this.options = options;
    this.programs = new Programs(options.bin, options.pin, options.node);
    this.certificates = null;
    this.errors = 0;
    this.left = new Set();
    this.results = {
      when: new Date().toISOString(),
      machine: { cpu: os.cpus()[0]?.model, cores: os.cpus().length, kernel: os.release(), ...versionsOf(options.node) },
      loadAverageBefore: os.loadavg(),
      options,
    };
  }

  // The wanted servers that can be started here; the others are named once.
  available(names) {
    return names.filter((name) => {
      if (this.options.servers && !this.options.servers.includes(name)) return false;
      const reason = this.programs.missing(name);
      if (reason && !this.left.has(name)) console.error(`left out: ${name}: ${reason}`);
      if (reason) this.left.add(name);
      return !reason;
    });
  }

  async start(name, { certificate = 'p256', version = '1.3' } = {}) {
    if (!servers[name].tls) return this.programs.start(name);
    this.certificates ??= await makeCertificates();
    return this.programs.start(name, ['--certificate', this.certificates[certificate], '--tls', version]);
  }

  async speed() {
    const { seconds, warmup, rounds } = this.options;
    const roundsOf = {};
    const summaries = [];
    for (const row of this.options.rows) {
      const names = this.available(rows[row].servers);
      const started = [];
      roundsOf[row] = [];
      for (const name of names) started.push(await this.start(name, rows[row]));
      for (let round = 0; round < rounds; ++round) {
        const results = {};
        for (const server of started) {
          const args = [...rows[row].load, '--seconds', seconds, '--warmup', warmup];
          if (rows[row].version) args.push('--tls', rows[row].version);
          results[server.name] = await this.programs.load(server, args);
          this.errors += report.sumOfErrors(results[server.name]);
        }
        roundsOf[row].push(results);
      }
      for (const server of started) await this.programs.stop(server);
      summaries.push(...report.summarize(row, names, roundsOf[row]));
    }
    const verdicts = report.judge(roundsOf);
    console.log(report.speedTable(summaries));
    if (!this.options.short && verdicts.length > 0) console.log(`\n${report.verdictLines(verdicts).join('\n')}`);
    Object.assign(this.results, { rounds: roundsOf, summaries, verdicts });
  }

  async memory(names, connections) {
    const measurements = [];
    for (const name of this.available(names)) {
      for (const echoed of [false, true]) measurements.push(await this.memoryOf(name, connections, echoed));
    }
    console.log(`\n${report.memoryTable(measurements)}`);
    const verdicts = report.memoryVerdictLines(measurements);
    if (!this.options.short && verdicts.length > 0) console.log(`\n${verdicts.join('\n')}`);
    this.results.memory = [...(this.results.memory ?? []), ...measurements];
  }

  // The baseline is taken after a few connections have come and gone: what the process needs once, such
  // as compiled code and the first page of every table, is no connection's memory.
  async memoryOf(name, connections, echoed) {
    const server = await this.start(name);
    await this.programs.load(server, ['accept', '--connections', 64]);
    const baseline = await steadyMemory(server.pid);
    const load = this.programs.startLoad(server, ['idle', '--connections', connections, '--size', echoed ? 64 : 0]);
    const [line] = await this.programs.output(load, /^\{"event":"open".*\}$/m, 120_000);
    const { open, errors } = JSON.parse(line);
    const loaded = await steadyMemory(server.pid);
    load.stdin.end();
    const code = await load.ended;
    await this.programs.stop(server);
    const failed = Object.values(errors).reduce((sum, count) => sum + count, 0) + (code === 0 ? 0 : 1);
    this.errors += failed;
    const each = (key) => ((loaded[key] - baseline[key]) * 1024) / open;
    return {
      server: name,
      echoed,
      open,
      baseline,
      loaded,
      bytesEach: each('VmRSS'),
      anonymousBytesEach: each('RssAnon'),
      errors: failed,
    };
  }

  async accept(connections) {
    const results = [];
    for (const name of this.available(ECHO)) {
      const server = await this.programs.start(name);
      const result = await this.programs.load(server, ['accept', '--connections', connections]);
      this.errors += report.sumOfErrors(result);
      results.push({ server: name, result });
      await this.programs.stop(server);
    }
    console.log(`\n${report.acceptTable(results)}`);
    this.results.accept = results;
  }

  // A load generator that cannot find a fault proves nothing: each kind must make it fail.
  async faults() {
    this.results.faults = {};
    for (const name of ['wrong-changed', 'wrong-lost', 'wrong-doubled', 'wrong-swapped', 'wrong-tls']) {
      const server = await this.start(name);
      let found = false;
      // On a starved machine nothing may come back in the first of these times.
      for (const seconds of [0.3, 5]) {
        const args = ['ping', '--connections', 2, '--depth', 4, '--seconds', seconds, '--warmup', 0];
        const result = await this.programs.load(server, args);
        found = result.failed && result.errors.mismatch > 0;
        if (found) break;
      }
      await this.programs.stop(server);
      if (!found) this.errors += 1;
      this.results.faults[name] = found;
      console.log(`${found ? 'found' : 'NOT FOUND'} by the load generator: ${servers[name].title}`);
    }
  }

  async all() {
    const { options } = this;
    if (options.short || (!options.memory && !options.memoryTls && !options.accept)) await this.speed();
    if (options.memory) await this.memory(ECHO, options.memory);
    if (options.memoryTls) await this.memory(TLS, options.memoryTls);
    if (options.accept) await this.accept(options.accept);
    if (options.short) await this.faults();
    // What is meant to prove that everything works must not pass by leaving things out.
    if (options.short) this.errors += this.left.size;
    Object.assign(this.results, { loadAverageAfter: os.loadavg(), leftOut: [...this.left], errors: this.errors });
    if (options.json) fs.writeFileSync(options.json, `${JSON.stringify(this.results, null, 2)}\n`);
    if (this.errors > 0) console.error(`${this.errors} errors`);
    return this.errors === 0 ? 0 : 1;
  }
}

function versionsOf(node) {
  const script = 'JSON.stringify({ node: process.version, openssl: process.versions.openssl })';
  return JSON.parse(execFileSync(node, ['-p', script], { encoding: 'utf8' }));
}

function memoryNow(pid) {
  const text = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  const value = (key) => Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]);
  return { VmRSS: value('VmRSS'), RssAnon: value('RssAnon') };
}

// Waits until the memory of a process has not changed for half a second, five seconds at most.
async function steadyMemory(pid) {
  let last = memoryNow(pid);
  for (let same = 0, tries = 0; same < 5 && tries < 50; ++tries) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const now = memoryNow(pid);
    same = now.VmRSS === last.VmRSS ? same + 1 : 0;
    last = now;
  }
  return last;
}

new Run(readOptions(process.argv.slice(2))).all().then(
  (code) => process.exit(code),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
