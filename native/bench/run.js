// Compares servers: node native/bench/run.js [options], see README.md in this folder.
//
// The servers of a row run side by side and are loaded in turn, round after round, so that whatever else
// the machine does hits all of them. Compared is the processor time that the server used for one message,
// which a busy second core hardly changes, against that of the bare epoll server in the same round.
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { makeCertificates } = require('./certificates.js');
const { coreTicks, describeMachine, shareGiven, steadyMemory } = require('./machine.js');
const { readOptions } = require('./options.js');
const { installPeers, installedPeers } = require('./peers.js');
const { Programs, servers, withBefore } = require('./programs.js');
const report = require('./report.js');
const { ECHO, TLS, rows } = require('./rows.js');
const { scratchFile } = require('./scratch.js');
const { drawCharts } = require('./svg.js');

// Longer than the load generator itself takes to give up.
const OPEN_LIMIT_MS = 400_000;

class Run {
  constructor(options) {
    this.options = options;
    const { node, bun, deno } = options;
    const runtimes = { node, ...installedPeers(), ...(bun && { bun }), ...(deno && { deno }) };
    this.programs = new Programs(options.bin, options.pin, runtimes);
    this.certificates = null;
    this.content = '';
    this.errors = 0;
    this.found = 0; // Servers that could be started, over all parts.
    this.left = new Map(); // Which servers are left out, and why.
    this.texts = [];
    this.ticks = coreTicks();
    this.results = {
      when: new Date().toISOString(),
      machine: describeMachine(runtimes),
      loadAverageBefore: os.loadavg(),
      options,
      summaries: [],
      memory: [],
    };
  }

  // Prints a part of the report, which goes to results.md as well.
  show(text) {
    console.log(`${text}\n`);
    this.texts.push(text);
  }

  // The wanted servers that can be started here. Why others cannot is said once.
  available(names) {
    const found = withBefore(names).filter((name) => {
      const chosen = this.options.servers;
      if (chosen && !chosen.includes(name) && !chosen.includes(name.replace(/-before$/, ''))) return false;
      const reason = this.programs.missing(name);
      if (reason && ![...this.left.values()].includes(reason)) console.error(`some servers are left out: ${reason}`);
      if (reason) this.left.set(name, reason);
      return !reason;
    });
    this.found += found.length;
    return found;
  }

  // An empty table must not look like a result.
  nothingMeasured() {
    const { rows: wanted, servers: chosen, bin } = this.options;
    const why =
      this.left.size > 0
        ? `no server can be started with what is in ${bin}; \`npm run build\` builds what is missing, --bin names another folder`
        : `none of the servers ${chosen} is part of ${wanted.length > 0 ? `the rows ${wanted}` : 'what was asked for'}`;
    console.error(`nothing was measured: ${why}`);
    return 1;
  }

  async start(name, { certificate = 'p256', version = '1.3' } = {}) {
    const args = [];
    if (servers[name].tls) {
      this.certificates ??= makeCertificates();
      args.push('--certificate', (await this.certificates)[certificate], '--tls', version);
    }
    if (servers[name].file) args.push('--file', this.contentFile());
    return this.programs.start(name, args);
  }

  // The file that is downloaded.
  contentFile() {
    if (!this.content) {
      this.content = scratchFile('content');
      this.programs.writeContent(this.content, this.options.fileSize);
    }
    return this.content;
  }

  loadWords(row) {
    const { seconds, warmup, fileSize } = this.options;
    const words = [...rows[row].load, '--seconds', seconds, '--warmup', warmup];
    if (rows[row].version) words.push('--tls', rows[row].version);
    if (rows[row].download) words.push('--size', fileSize);
    return words;
  }

  async speed() {
    const roundsOf = {};
    for (const row of this.options.rows) {
      const names = this.available(rows[row].servers);
      if (names.length === 0) continue;
      console.error(`${row}: ${names.join(' ')}`);
      roundsOf[row] = [];
      const started = await Promise.all(names.map((name) => this.start(name, rows[row])));
      for (let round = 0; round < this.options.rounds; ++round) {
        const results = {};
        for (const server of started) {
          results[server.name] = await this.programs.load(server, this.loadWords(row));
          this.errors += report.sumOfErrors(results[server.name]);
        }
        roundsOf[row].push(results);
      }
      await Promise.all(started.map((server) => this.programs.stop(server)));
      this.results.summaries.push(...report.summarize(row, names, roundsOf[row]));
    }
    if (this.results.summaries.length === 0) return;
    this.show(report.speedTable(this.results.summaries));
    const verdicts = report.judge(roundsOf, this.results.machine.node);
    if (!this.options.short && verdicts.length > 0) this.show(report.verdictText(verdicts, this.options.check));
    Object.assign(this.results, { rounds: roundsOf, verdicts });
  }

  async memory(names, connections) {
    const measurements = [];
    const states = this.options.short ? [true] : [false, true];
    for (const name of this.available(names)) {
      for (const echoed of states) measurements.push(await this.memoryOf(name, connections, echoed));
    }
    if (measurements.length === 0) return;
    this.show(report.memoryTable(measurements));
    const verdicts = report.memoryVerdictText(measurements);
    if (!this.options.short && verdicts) this.show(verdicts);
    this.results.memory.push(...measurements);
  }

  // The baseline is taken after a few connections have come and gone: what the process needs once, such
  // as compiled code and the first page of every table, is no connection's memory.
  async memoryOf(name, connections, echoed) {
    console.error(`memory: ${name}, ${echoed ? 'echoed once' : 'silent'}`);
    const server = await this.start(name);
    await this.programs.load(server, ['accept', '--connections', 64]);
    const baseline = await steadyMemory(server.pid, this.options.steady);
    const load = this.programs.startLoad(server, ['idle', '--connections', connections, '--size', echoed ? 64 : 0]);
    const [line] = await this.programs.output(load, /^\{"event":"open".*\}$/m, OPEN_LIMIT_MS);
    const { open, errors } = JSON.parse(line);
    const loaded = await steadyMemory(server.pid, this.options.steady);
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
    if (results.length === 0) return;
    this.show(report.acceptTable(results));
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
    if (options.rows.length > 0) await this.speed();
    if (options.memory) await this.memory(ECHO, options.memory);
    if (options.memoryTls) await this.memory(TLS, options.memoryTls);
    if (options.accept) await this.accept(options.accept);
    if (this.found === 0) return this.nothingMeasured();
    if (options.short) await this.faults();
    // What is meant to prove that everything works must not pass by leaving out what is ours.
    if (options.short) this.errors += [...this.left.keys()].filter((name) => !this.programs.lacksPeer(name)).length;
    this.write();
    if (this.errors > 0) console.error(`${this.errors} errors`);
    return this.errors === 0 ? 0 : 1;
  }

  write() {
    const { options, results } = this;
    Object.assign(results, {
      shareGiven: shareGiven(this.ticks),
      loadAverageAfter: os.loadavg(),
      leftOut: [...this.left.keys()],
      errors: this.errors,
    });
    this.show(report.loadText(results));
    fs.mkdirSync(options.out, { recursive: true });
    const write = (name, text) => fs.writeFileSync(path.join(options.out, name), text);
    write('results.json', `${JSON.stringify(results, null, 2)}\n`);
    write('results.md', report.page(results, this.texts));
    write('results.svg', drawCharts(report.charts(results)));
    console.log(`results.md, results.svg and results.json are in ${options.out}`);
  }
}

async function main() {
  const options = readOptions(process.argv.slice(2));
  if (options.peers) installPeers();
  return new Run(options).all();
}

main().then(
  (code) => process.exit(code),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
