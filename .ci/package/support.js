// What the checks of the installed package share: the tarball, folders, tools from npm, and counting.
const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const root = path.join(__dirname, '..', '..');
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'ipdaemon-package-'));
process.on('exit', () => fs.rmSync(work, { recursive: true, force: true }));

let folders = 0;

/** An empty folder with these files. */
function folderWith(files = {}) {
  folders += 1;
  const folder = path.join(work, `folder-${folders}`);
  fs.mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

function pack(from, to) {
  const words = ['pack', '--json', '--ignore-scripts', '--pack-destination', to];
  const text = execFileSync('npm', words, { cwd: from, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  // A list in some versions of npm, an object with the name of the package in others.
  const [packed] = Object.values(JSON.parse(text));
  return path.join(to, packed.filename);
}

/** The tarball of this checkout. Where nothing was prebuilt for this system, what was built here is in it. */
function tarball() {
  const folder = folderWith();
  execFileSync('tar', ['-xzf', pack(root, folder)], { cwd: folder });
  const copy = path.join(folder, 'package');
  const prebuilt = path.join(copy, 'prebuilds', `linux-${process.arch}`);
  fs.mkdirSync(prebuilt, { recursive: true });
  for (const [built, name] of [
    ['ipdaemon.node', 'ipdaemon.glibc.node'],
    ['libipdaemon.so', 'libipdaemon.glibc.so'],
  ]) {
    if (!fs.existsSync(path.join(prebuilt, name))) {
      fs.copyFileSync(path.join(root, 'build', 'Release', built), path.join(prebuilt, name));
    }
  }
  return pack(copy, folder);
}

/** Installs packages of npm into a folder, and gives its node_modules. Package servers fail at times, so twice. */
function install(...packages) {
  const folder = folderWith({ 'package.json': '{}' });
  const words = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--legacy-peer-deps', ...packages];
  const get = () => spawnSync('npm', words, { cwd: folder, encoding: 'utf8' });
  const first = get();
  const { status, stderr } = first.status === 0 ? first : get();
  if (status !== 0) throw new Error(`npm install ${packages.join(' ')} ended with ${status}:\n${stderr}`);
  return path.join(folder, 'node_modules');
}

/** A folder of programs in which nothing could compile. */
function programs(node) {
  const folder = folderWith();
  fs.symlinkSync(node, path.join(folder, 'node'));
  fs.symlinkSync('/bin/sh', path.join(folder, 'sh'));
  return folder;
}

/** Runs a program, which has to end with 0, and gives everything that it printed. */
function run(program, words, options = {}) {
  const { status, signal, stdout, stderr, error } = spawnSync(program, words, {
    encoding: 'utf8',
    timeout: 120_000,
    ...options,
  });
  if (status !== 0) {
    throw new Error(
      `${path.basename(program)} ${words.join(' ')}: ${error ?? `ended with ${status ?? signal}`}\n${stdout}${stderr}`,
    );
  }
  return `${stdout}${stderr}`;
}

/** A server that sends one line back to a client of its own, and ends. `load` makes `ipdaemon` out of the package. */
const echo = (load) => `${load}
const res = ipdaemon.ipdaemon_open();
ipdaemon.ipdaemon_register_callback(res, ipdaemon.EventId.DataIn, ({ connectionid, text }) => {
  ipdaemon.ipdaemon_do_send(res, connectionid, text);
});
ipdaemon.ipdaemon_set(res, ipdaemon.Property.Listening, true);
const client = net.connect(Number(ipdaemon.ipdaemon_get(res, ipdaemon.Property.LocalPort)), '127.0.0.1');
client.write('there and back');
client.on('data', (bytes) => {
  console.log(String(bytes));
  client.destroy();
  ipdaemon.ipdaemon_close(res);
});
`;
const asCommonJs = echo("const net = require('node:net');\nconst ipdaemon = require('ipdaemon');");
const asModule = echo("import * as net from 'node:net';\nimport * as ipdaemon from 'ipdaemon';");

/** Fails if what the program above printed is anything else than the line. */
function hasEchoed(output) {
  if (output.trim() !== 'there and back') throw new Error(`no echo, but ${JSON.stringify(output)}`);
}

let passed = 0;
let failed = 0;
const rows = [];

/** One check. What the body returns stands beside it in the table. */
function check(title, body) {
  const began = Date.now();
  let result = 'ok';
  let note = '';
  try {
    note = body() ?? '';
    passed += 1;
  } catch (error) {
    failed += 1;
    result = 'FAIL';
    note = error.message.split('\n')[0];
    console.log(`FAIL ${title}: ${error.message}`);
  }
  rows.push([result, title, `${((Date.now() - began) / 1000).toFixed(1)} s`, note]);
}

/** The table and the totals. */
function finish() {
  const widths = [0, 1, 2].map((i) => Math.max(...rows.map((row) => row[i].length)));
  for (const row of rows)
    console.log(
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
}

module.exports = { asCommonJs, asModule, check, finish, folderWith, hasEchoed, install, programs, root, run, tarball };
