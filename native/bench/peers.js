// The other runtimes that are compared with: which, where they are, and how they get here.
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const folder = path.join(__dirname, '..', '..', 'build', 'peers');

const peers = {
  bun: { package: '@oven/bun-linux-x64', version: '1.4.4', binary: 'bin/bun' },
  deno: { package: '@deno/linux-x64-glibc', version: '2.9.6', binary: 'deno' },
};

function packageFile(name, file) {
  return path.join(folder, 'node_modules', peers[name].package, file);
}

function isInstalled(name) {
  const file = packageFile(name, 'package.json');
  return fs.existsSync(file) && JSON.parse(fs.readFileSync(file, 'utf8')).version === peers[name].version;
}

// The binary of each runtime that is installed.
function installedPeers() {
  const names = Object.keys(peers).filter(isInstalled);
  return Object.fromEntries(names.map((name) => [name, packageFile(name, peers[name].binary)]));
}

// Installs the pinned versions from npm, unless they are there.
function installPeers() {
  if (Object.keys(peers).every(isInstalled)) return;
  const wanted = Object.values(peers).map((peer) => `${peer.package}@${peer.version}`);
  fs.mkdirSync(folder, { recursive: true });
  // What npm says is no part of our output.
  execFileSync('npm', ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', ...wanted], {
    stdio: ['ignore', 2, 2],
  });
}

module.exports = { peers, installedPeers, installPeers };
