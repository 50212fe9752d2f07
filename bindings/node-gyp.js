// node-gyp as this package needs it: node bindings/node-gyp.js rebuild. The words are those of node-gyp.
// It builds with the headers that lie beside Node, where there are any: node-gyp by itself downloads them, which fails
// behind proxies and without a network. And it brings the file that node-gyp looks for, which is not in the package.
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const orderFile = 'binding.gyp';
const order = "{'includes': ['ipdaemon.gypi']}\n";

/** Whether a folder has the headers of the same major version of Node, which is what they depend on. */
function hasHeaders(folder, version) {
  const include = path.join(folder, 'include', 'node');
  if (!['node_api.h', 'common.gypi', 'node_version.h'].every((name) => fs.existsSync(path.join(include, name)))) {
    return false;
  }
  const text = fs.readFileSync(path.join(include, 'node_version.h'), 'utf8');
  return /^#define NODE_MAJOR_VERSION (\d+)/m.exec(text)?.[1] === version.split('.')[0];
}

/**
 * The option that names node-gyp the folder of the headers: nothing if npm's setting does already, or if there are none of this
 * version beside Node; then it gets them.
 */
function headers(env = process.env, program = process.execPath, version = process.versions.node) {
  if (env.npm_config_nodedir) return {};
  const beside = path.resolve(path.dirname(program), '..');
  return hasHeaders(beside, version) ? { npm_config_nodedir: beside } : {};
}

/** node-gyp of this checkout or, for an installed package, of the project. */
function program() {
  try {
    return require.resolve('node-gyp/bin/node-gyp.js', { paths: [__dirname, process.cwd()] });
  } catch {
    throw new Error(
      'node-gyp is not installed. In a checkout, `npm ci` installs it; beside an installed package, ' +
        '`npm install --no-save node-gyp node-addon-api` does',
    );
  }
}

/** The folder that is built in. */
function folderOf(args) {
  const i = args.findIndex((arg) => /^(-C|--directory)$/.test(arg));
  const joined = args.find((arg) => arg.startsWith('--directory='));
  return path.resolve(joined ? joined.slice('--directory='.length) : i < 0 ? '.' : (args[i + 1] ?? '.'));
}

/** Runs node-gyp, and gives its exit code. */
function run(args) {
  const file = path.join(folderOf(args), orderFile);
  const isMissing = !fs.existsSync(file);
  // Where packages see only what they depend on, node-addon-api is found from the project nevertheless.
  const modules = [process.env.NODE_PATH, path.resolve('node_modules')].filter(Boolean).join(path.delimiter);
  const env = { ...process.env, ...headers(), NODE_PATH: modules };
  if (isMissing) fs.writeFileSync(file, order);
  try {
    const { status, error } = spawnSync(process.execPath, [program(), ...args], { env, stdio: 'inherit' });
    if (error) throw error;
    return status ?? 1;
  } finally {
    if (isMissing) fs.rmSync(file, { force: true });
  }
}

module.exports = { headers };

if (require.main === module) {
  try {
    process.exitCode = run(process.argv.slice(2));
  } catch (error) {
    console.error(`node-gyp.js: ${error.message}`);
    process.exitCode = 1;
  }
}
