// What packing needs besides npm.
//   node bindings/pack.js check   before npm packs or publishes: without native files the package would be of no use
//   node bindings/pack.js git     after `npm ci` or `npm install` has built: where npm does that for a project which
//                                 depends on the repository, what was built becomes part of what npm packs then
const fs = require('node:fs');
const path = require('node:path');
const { systems } = require('./systems');

const root = path.join(__dirname, '..');

function check() {
  const isThere = ({ folder, files }) => files.every((name) => fs.existsSync(path.join(root, folder, name)));
  const missing = systems.filter((system) => !isThere(system)).map(({ name }) => name);
  const isPublished = process.env.npm_command === 'publish';
  if (missing.length === systems.length || (isPublished && missing.length > 0)) {
    throw new Error(
      [
        `the package would lack native files for ${missing.join(', ')}.`,
        '`npm run build:prebuilds` builds them all, on Linux x64; `npm run build:prebuilds -- linux-x64` those of one',
        'system, which is enough for `npm pack`. A project cannot depend on this repository by git with a package manager',
        'that packs in this way: pack a tarball, and install that.',
      ].join('\n'),
    );
  }
  if (missing.length > 0) console.error(`pack.js: no native files for ${missing.join(', ')}`);
}

function libcOfThisProcess() {
  return process.report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
}

function git() {
  // npm has set it while it prepares a repository that something depends on.
  if (!process.env._PACOTE_NO_PREPARE_) return;
  const { platform, arch } = process;
  const tag = platform === 'linux' ? `.${libcOfThisProcess()}` : '';
  const extension = platform === 'darwin' ? 'dylib' : 'so';
  const folder = path.join(root, 'prebuilds', `${platform}-${arch}`);
  fs.mkdirSync(folder, { recursive: true });
  for (const [stem, ending] of [
    ['ipdaemon', 'node'],
    ['libipdaemon', extension],
  ]) {
    const built = path.join(root, 'build', 'Release', `${stem}.${ending}`);
    fs.copyFileSync(built, path.join(folder, `${stem}${tag}.${ending}`));
  }
}

const tasks = { check, git };

try {
  const task = tasks[process.argv[2]];
  if (task === undefined) throw new Error(`usage: node bindings/pack.js ${Object.keys(tasks).join('|')}`);
  task();
} catch (error) {
  console.error(`pack.js: ${error.message}`);
  process.exitCode = 1;
}
