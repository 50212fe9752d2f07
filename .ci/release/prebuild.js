// Builds the native files that the package brings along, for each system below: npm run build:prebuilds. With words, only
// the systems that begin so: npm run build:prebuilds -- linux-x64. The compiler is zig, so that the files need no newer
// system than is said here. What was built is looked at before it is taken for good.
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const prebuildify = require('prebuildify');
const { systems } = require('../../bindings/systems');
const { buildEnvironment, copyOfCheckout, installZig, root } = require('./zig');

const glibcMax = [2, 28];
const librariesOfTheSystem = {
  glibc: /^(lib(c|m|dl|pthread|rt)\.so\.\d|ld-linux-\S+)$/,
  musl: /^libc\.so$/,
};

// What compiled code calls for arithmetic that the processor lacks. zig has the same, in one piece with a memcmp and a
// memcpy that take the place of the system's and are up to 50 times slower; it stays out when nothing is left to find.
const arithmetic = {
  x64: { file: '/usr/lib/gcc/x86_64-linux-gnu/12/libgcc.a', package: 'libgcc-12-dev' },
  arm64: { file: '/usr/lib/gcc-cross/aarch64-linux-gnu/12/libgcc.a', package: 'libgcc-12-dev-arm64-cross' },
};
const ofTheSystem = ['memcmp', 'memcpy', 'memmove'];

/** The tools of a system as programs, as the build wants them, and everything else that it is told. */
function environment(program, { arch, target }, folder) {
  const { file: archive, package: bringsIt } = arithmetic[arch];
  if (!fs.existsSync(archive)) throw new Error(`there is no ${archive}; install the package ${bringsIt} of Debian 12`);
  // Without symbols for debuggers, which would be most of the file.
  return { ...buildEnvironment(program, target, folder), LDFLAGS: `-s ${archive}` };
}

/** Builds both files of a system in a folder and returns them. */
async function build(program, system) {
  const cwd = copyOfCheckout(path.join(root, 'build', 'prebuild', system.name));
  const { arch, libc } = system;
  Object.assign(process.env, environment(program, system, cwd));
  const options = { cwd, arch, libc, platform: 'linux', napi: true, tagLibc: true, targets: [process.versions.node] };
  await new Promise((resolve, reject) => prebuildify(options, (error) => (error ? reject(error) : resolve())));
  const built = path.join(cwd, 'prebuilds', `linux-${arch}`);
  // prebuildify gives the tag to the addon only.
  fs.renameSync(path.join(built, 'libipdaemon.so'), path.join(built, `libipdaemon.${libc}.so`));
  return system.files.map((name) => path.join(built, name));
}

const isNewer = ([major, minor], [maxMajor, maxMinor]) => major > maxMajor || (major === maxMajor && minor > maxMinor);

/** What is wrong with a built file, and in a sentence what it needs. */
function examine(file, { libc }) {
  const read = (...options) => execFileSync('readelf', [...options, '--wide', file], { encoding: 'utf8' });
  const needed = [...read('--dynamic').matchAll(/\(NEEDED\).*\[(.*)\]/g)].map((match) => match[1]);
  // Number, value, size, type, binding, visibility, section, name with version.
  const symbols = [...read('--dyn-syms').matchAll(/^ *\d+: \S+ +\S+ \S+ +(\S+) +\S+ +(\S+) +(\S+)/gm)].map(
    ([, binding, section, name]) => ({ binding, section, name }),
  );
  const shown = symbols.filter(({ section }) => section !== 'UND').map(({ name }) => name);
  const taken = new Set(symbols.filter(({ section }) => section === 'UND').map(({ name }) => name.split('@')[0]));
  const versions = symbols
    .map(({ name }) => /@GLIBC_(\d+)\.(\d+)/.exec(name))
    .filter((match) => match !== null)
    .map(([, major, minor]) => [Number(major), Number(minor)]);
  const newest = versions.reduce((most, version) => (isNewer(version, most) ? version : most), [0, 0]);
  const expected = file.endsWith('.node')
    ? /^(napi_register_module_v1|node_api_module_get_api_version_v1)$/
    : /^ipdaemon_[a-z_]+$/;

  const wrong = [
    ...needed.filter((name) => !librariesOfTheSystem[libc].test(name)).map((name) => `needs ${name}`),
    ...shown.filter((name) => !expected.test(name)).map((name) => `shows ${name}`),
    ...(shown.length === 0 ? ['shows nothing'] : []),
    ...ofTheSystem.filter((name) => !taken.has(name)).map((name) => `has a ${name} of its own`),
    ...(isNewer(newest, glibcMax) ? [`needs glibc ${newest.join('.')}`] : []),
    ...(libc === 'musl' && versions.length > 0 ? ['needs glibc'] : []),
  ];
  const needs = libc === 'glibc' ? `glibc ${newest.join('.')}` : 'musl';
  const size = `${Math.round(fs.statSync(file).size / 1024)} KiB`;
  return { wrong, text: `${size}, needs ${needs} (${needed.join(', ')}), shows ${shown.length} names` };
}

async function main(wanted) {
  const chosen = systems.filter(({ name }) => wanted.length === 0 || wanted.some((word) => name.startsWith(word)));
  if (chosen.length === 0) {
    throw new Error(
      `no system begins with ${wanted.join(' or ')}; there are ${systems.map(({ name }) => name).join(', ')}`,
    );
  }
  const program = installZig();
  for (const system of chosen) {
    const folder = path.join(root, system.folder);
    fs.mkdirSync(folder, { recursive: true });
    for (const file of await build(program, system)) {
      const { wrong, text } = examine(file, system);
      if (wrong.length > 0) throw new Error(`${file} ${wrong.join(', ')}`);
      const place = path.join(folder, path.basename(file));
      fs.renameSync(file, place);
      console.log(`${path.relative(root, place)}: ${text}`);
    }
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(`prebuild: ${error.message}`);
  process.exitCode = 1;
});
