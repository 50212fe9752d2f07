// What the checks of the installed package share: the tarball, folders, tools from npm.
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

module.exports = { asCommonJs, asModule, folderWith, hasEchoed, install, programs, root, tarball };
