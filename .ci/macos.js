// The compilers' word on macOS: the addon and the C library, for x64 by ipdaemon.gypi and for arm64 by CMakeLists.txt,
// as on a Mac, with zig and the headers of macOS that it brings. Debug builds, for they are faster. What comes out is
// looked at with the tools of LLVM; nothing is run. In build/macos. Ends with "N passed, N failed".
const fs = require('node:fs');
const path = require('node:path');
const { check, run, totals } = require('./checks');
const { buildEnvironment, copyOfCheckout, installZig, root } = require('./release/zig');

// The C++ library of macOS is looked up when a program starts. zig would build one of its own, for minutes.
const withoutLibrary = '-nostdlib++ -Wl,-undefined,dynamic_lookup';

/**
 * What a Mac has and gyp calls, in front of the path; and a compiler that takes a bundle for a shared library, and
 * leaves out what takes time and tells nothing here.
 */
function programsOfXcode(folder, zig) {
  const compile = [
    'for word do shift; [ "$word" = -bundle ] && word=-shared; set -- "$@" "$word"; done',
    `exec '${folder}/c++' "$@" -g0 -fno-sanitize=undefined`,
  ].join('\n');
  const programs = {
    compile,
    link: `${compile} ${withoutLibrary}`,
    xcodebuild: 'echo "Xcode 14.0"; echo "Build version 14A309"',
    xcrun: 'exit 1',
    // libtool -static -o FILE OBJECT...
    libtool: `shift 2; exec '${zig}' ar rcs "$@"`,
  };
  for (const [name, text] of Object.entries(programs)) {
    fs.writeFileSync(path.join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  }
}

// A build takes longer than what is usually run. Each gives its files, the addon first.
const build = (program, words, options) => run(program, words, { timeout: 900_000, ...options });

function buildByGyp(folder, arch, env) {
  const gyp = path.join(root, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js');
  build(process.execPath, [gyp, 'configure', '--debug', `--arch=${arch}`, '--', '-f', 'make-mac'], {
    cwd: folder,
    env,
  });
  const words = ['BUILDTYPE=Debug', `-j${env.JOBS}`, 'ipdaemon', 'libipdaemon'];
  build('make', ['-C', 'build', ...words], { cwd: folder, env });
  return ['build/Debug/ipdaemon.node', 'build/Debug/libipdaemon.dylib'];
}

function buildByCMake(folder, arch, env) {
  if (!env.npm_config_nodedir)
    throw new Error('there are no headers beside Node; npm_config_nodedir can name a folder');
  const headers = path.join(env.npm_config_nodedir, 'include', 'node');
  const words = [
    ...['CMAKE_SYSTEM_NAME=Darwin', `CMAKE_SYSTEM_PROCESSOR=${arch}`, 'CMAKE_BUILD_TYPE=Debug'],
    // Some sources at once, which is faster; gyp takes them one by one.
    'CMAKE_UNITY_BUILD=ON',
    ...[`CMAKE_SHARED_LINKER_FLAGS=${withoutLibrary}`, `CMAKE_MODULE_LINKER_FLAGS=${withoutLibrary}`],
    // Only needed to install what was built.
    'CMAKE_INSTALL_NAME_TOOL=/bin/true',
    ...['IPDAEMON_TESTS=OFF', 'IPDAEMON_ADDON=ON', `IPDAEMON_OPENSSL_HEADERS=${headers}`],
    `IPDAEMON_NODE_HEADERS=${headers}`,
    `IPDAEMON_NODE_ADDON_API=${path.join(root, 'node_modules', 'node-addon-api')}`,
  ];
  const to = path.join(folder, 'build');
  build('cmake', ['-S', root, '-B', to, ...words.map((word) => `-D${word}`)], { env });
  build('cmake', ['--build', to, '-j', env.JOBS, '--target', 'ipdaemon', 'ipdaemon_addon'], { env });
  return ['build/bindings/addon/ipdaemon.node', 'build/libipdaemon.dylib'];
}

/** What a Mach-O file says of itself, by the tools of LLVM. */
function readMachO(file) {
  const lines = (program, ...words) => run(program, [...words, file]).split('\n');
  const matches = (list, pattern) => list.flatMap((line) => pattern.exec(line)?.[1] ?? []);
  const told = (option) => lines('llvm-objdump', '--macho', option);
  const symbols = lines('llvm-nm', '--format=darwin');
  const ids = told('--dylib-id');
  return {
    cpus: matches(told('--private-header'), /^\s*MH_MAGIC_64\s+(\S+) /),
    libraries: matches(told('--dylibs-used'), /^\s+(\S+) \(compatibility/).filter((name) => !ids.includes(name)),
    // Seen by others: external, and neither private nor absolute.
    shown: matches(symbols, /^\w+ \(__\S+\) (?:weak )?external _(\S+)/),
    // In whatever library or program has it.
    lookedUp: matches(symbols, /\(undefined\) (?:weak )?external _(\S+) \(dynamically looked up\)/),
  };
}

const header = fs.readFileSync(path.join(root, 'native/include/ipdaemon.h'), 'utf8');
const functions = [...header.matchAll(/^IPDAEMON_API .*?(ipdaemon_\w+)\(/gm)].map(([, name]) => name);
const entries = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];

// What the C++ library has: names in its namespace and of its types, operators new and delete, what compilers call.
const ofCppLibrary = /^_Z\w*(St|10__cxxabiv1)|^_Z(n|d)[awl]|^__(cxa|gxx)_|^_Unwind_/;

// Where a name has to be when a file is loaded that does not say where: in Node, or in the C++ library.
const isElsewhere = (name) => /^(napi|uv)_/.test(name) || (ofCppLibrary.test(name) && !name.includes('ipdaemon'));

/** Looks at a file and the names that it shows. Those of zig's own libraries do not count. */
function examine(file, { arch, cpu }, expected, allowed = expected) {
  const found = readMachO(file);
  const ours = found.shown.filter((name) => /ipdaemon|napi|node_api/.test(name));
  const wrong = [
    ...(found.cpus.join() === cpu ? [] : [`is for ${found.cpus}`]),
    ...found.libraries
      .filter((name) => name !== '/usr/lib/libSystem.B.dylib' && name !== '/usr/lib/libc++.1.dylib')
      .filter((name) => path.basename(name) !== path.basename(file))
      .map((name) => `needs ${name}`),
    ...ours.filter((name) => !allowed.includes(name)).map((name) => `shows ${name}`),
    ...expected.filter((name) => !ours.includes(name)).map((name) => `does not show ${name}`),
    ...found.lookedUp.filter((name) => !isElsewhere(name)).map((name) => `does not know where ${name} is`),
    ...(fs.readFileSync(file, 'latin1').includes(`darwin-${arch}\0`) ? [] : [`does not call itself darwin-${arch}`]),
  ];
  if (wrong.length > 0) throw new Error(`${file} ${wrong.join(', ')}`);
  return `${Math.round(fs.statSync(file).size / 1024)} KiB, shows ${ours.length} names of ours`;
}

// `cpu` is the name that LLVM has for the processor.
const builds = [
  { arch: 'x64', cpu: 'X86_64', target: 'x86_64-macos.11.0', by: 'ipdaemon.gypi', body: buildByGyp },
  { arch: 'arm64', cpu: 'ARM64', target: 'aarch64-macos.11.0', by: 'CMakeLists.txt', body: buildByCMake },
];

const zig = installZig();
for (const { arch, cpu, target, by, body } of builds) {
  const folder = copyOfCheckout(path.join(root, 'build', 'macos', arch));
  programsOfXcode(folder, zig);
  const env = {
    ...process.env,
    ...buildEnvironment(zig, target, folder),
    ...{ CXX: path.join(folder, 'compile'), LINK: path.join(folder, 'link'), PATH: `${folder}:${process.env.PATH}` },
  };
  let [addon, library] = ['', ''];
  const built = check(`${arch}: ${by}`, () => {
    [addon, library] = body(folder, arch, env).map((file) => path.join(folder, file));
  });
  if (!built) continue;
  // Not every linker can hide the C ABI in the addon.
  check(`${arch}: the addon`, () => examine(addon, { arch, cpu }, entries, [...functions, ...entries]));
  check(`${arch}: the library`, () => examine(library, { arch, cpu }, functions));
}
totals();
