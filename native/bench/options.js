// The command line of run.js.
const fs = require('node:fs');
const path = require('node:path');
const { addBefore, servers } = require('./programs.js');
const { rows, fewRows } = require('./rows.js');

const root = path.join(__dirname, '..', '..');

const usage = `node native/bench/run.js [options]
  --rows a,b      only these of ${Object.keys(rows).join(',')}
  --servers a,b   only these servers
  --seconds S     measured in each round (1), --warmup S before it (0.5), --rounds R (9)
  --memory [N]    only the memory of N idle connections (10000)
  --memory-tls [N] the same in TLS (10000)
  --accept [N]    only N simultaneous connections, each echoed (18000)
  --quick         three rounds of 0.3 seconds
  --short         a few rows and all else once and briefly: proves that it works, measures nothing
  --pin           servers on the first core, the load generator on the second (needs taskset)
  --check         says of each target whether it was met, and not only which were missed
  --before DIR    another checkout, built: servers on the library take part as they are there, too
  --bin DIR       where the bench_ programs and addons are (build/Release)
  --node FILE     another Node to run the servers in JavaScript, and both ends of TLS
  --peers         installs Bun and Deno into build/peers if they are not there
  --bun FILE      Bun from elsewhere, --deno FILE Deno from elsewhere
  --out DIR       where results.md, results.svg and results.json go (build/bench)
Without --rows, --memory, --memory-tls and --accept: all rows, and memory in clear and in TLS.`;

const defaults = {
  rows: [],
  servers: null,
  seconds: 1,
  warmup: 0.5,
  rounds: 9,
  memory: 0,
  memoryTls: 0,
  accept: 0,
  steady: 0.5,
  fileSize: 1024 ** 3,
  short: false,
  pin: false,
  check: false,
  before: '',
  bin: path.join(root, 'build', 'Release'),
  node: process.execPath,
  peers: false,
  bun: '',
  deno: '',
  out: path.join(root, 'build', 'bench'),
};
const everything = { rows: Object.keys(rows), memory: 10_000, memoryTls: 10_000 };
const quick = { seconds: 0.3, warmup: 0.1, rounds: 3 };
const short = {
  rows: fewRows,
  seconds: 0.2,
  warmup: 0.1,
  rounds: 1,
  memory: 500,
  memoryTls: 100,
  accept: 500,
  steady: 0.05,
  fileSize: 64 * 1024 ** 2,
  out: path.join(root, 'build', 'bench', 'short'),
};

function fail(reason) {
  console.error(`${reason}\n${usage}`);
  process.exit(2);
}

function readOptions(words) {
  const given = {};
  let presets = {};
  const next = () => words.shift() ?? fail('a value is missing');
  const number = (text) => (Number(text) > 0 ? Number(text) : fail(`${text} is no positive number`));
  const file = (name) => (fs.existsSync(name) ? path.resolve(name) : fail(`there is no file ${name}`));
  const optional = (fallback) => (/^\d+$/.test(words[0] ?? '') ? number(words.shift()) : fallback);
  while (words.length > 0) {
    const word = words.shift();
    if (word === '--rows') given.rows = next().split(',');
    else if (word === '--servers') given.servers = next().split(',');
    else if (word === '--seconds') given.seconds = number(next());
    else if (word === '--warmup') given.warmup = number(next());
    else if (word === '--rounds') given.rounds = number(next());
    else if (word === '--memory') given.memory = optional(10_000);
    else if (word === '--memory-tls') given.memoryTls = optional(10_000);
    else if (word === '--accept') given.accept = optional(18_000);
    else if (word === '--quick') presets = quick;
    else if (word === '--short') presets = { ...short, short: true };
    else if (word === '--pin') given.pin = true;
    else if (word === '--check') given.check = true;
    else if (word === '--before') given.before = file(next());
    else if (word === '--bin') given.bin = path.resolve(next());
    else if (word === '--node') given.node = file(next());
    else if (word === '--peers') given.peers = true;
    else if (word === '--bun') given.bun = file(next());
    else if (word === '--deno') given.deno = file(next());
    else if (word === '--out') given.out = path.resolve(next());
    else fail(`unknown option ${word}`);
  }
  if (given.before) addBefore(given.before);
  for (const row of given.rows ?? []) if (!rows[row]) fail(`unknown row ${row}`);
  for (const server of given.servers ?? []) if (!servers[server]) fail(`unknown server ${server}`);
  const chosen = given.rows || given.memory || given.memoryTls || given.accept;
  return { ...defaults, ...(chosen ? {} : everything), ...presets, ...given };
}

module.exports = { readOptions };
