// Prints source files one per line for ipdaemon.gypi and for the formatter:
//   core           the library without the files of one system: what the simulator is linked with, too
//   poller S       the poller of the system S, which is called as gyp calls it
//   platform S P   the library's files of the system S, with the poller P
//   library S      what the names of shared libraries end with in the system S
//   addon          the Node-API addon
//   failing        the addon for tests of what happens when calls of Node-API fail
//   tests S        the native tests for the system S, as far as they are there
//   sim            the simulator's own files
//   sim_tests      the native tests that run in the simulated world, and that world
//   bench NAME     one of the benchmark programs
//   format         everything that clang-format looks after
// A part that a packed copy leaves out gives an empty list; `has` before the words above prints 1 or
// 0 instead, so that ipdaemon.gypi can leave out the program as well.
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');

function filesIn(folder, suffixes) {
  if (!fs.existsSync(path.join(root, folder))) return [];
  return fs
    .readdirSync(path.join(root, folder), { recursive: true })
    .map((name) => `${folder}/${name.split(path.sep).join('/')}`)
    .filter((name) => suffixes.some((suffix) => name.endsWith(suffix)))
    .sort();
}

// The lists of the native folders have one file per line, after the word that says which system it is for.
function filesOf(list, ...systems) {
  if (!fs.existsSync(path.join(root, list))) return [];
  return fs
    .readFileSync(path.join(root, list), 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim().split(/\s+/))
    .filter(([system, file]) => file && (systems.length === 0 || systems.includes(system)))
    .map(([, file]) => file);
}

// The words of native/sources.txt for a system.
const kindsOf = (system) => (system === 'win' ? ['windows'] : ['posix', system === 'linux' ? 'linux' : 'bsd']);

// Tests have one system's parts in files that end in its name.
function isTestFor(system, name) {
  const ending = /_(posix|windows)(\.test)?\.cpp$/.exec(name);
  return name.split('/').length === 3 && (ending === null || kindsOf(system).includes(ending[1]));
}

const lists = {
  core: () => filesOf('native/sources.txt', 'all'),
  poller: (system) => [{ linux: 'epoll', win: 'iocp' }[system] ?? 'kqueue'],
  platform: (system, poller) => [
    ...filesOf('native/sources.txt', ...kindsOf(system), poller),
    // Linux has no kqueue; the tests bring one.
    ...(system === 'linux' && poller === 'kqueue' ? ['test/kqueue/kqueue.cpp'] : []),
  ],
  library: (system) => [{ mac: 'dylib', win: 'dll' }[system] ?? 'so'],
  addon: () => filesIn('bindings/addon', ['.cc']),
  // The addon in which calls of Node-API fail, for tests: with its own entry.
  failing: () => {
    const own = filesIn('test/native/addon', ['.cc']);
    return own.length === 0 ? [] : [...own, ...lists.addon().filter((name) => !name.endsWith('/addon.cc'))];
  },
  tests: (system) => filesIn('test/native', ['.cpp']).filter((name) => isTestFor(system, name)),
  sim: () => filesOf('test/native/sim/sources.txt', 'world', 'sim'),
  sim_tests: () => filesOf('test/native/sim/sources.txt', 'world', 'test'),
  bench: (name) => {
    const file = `native/bench/${name}.cpp`;
    return fs.existsSync(path.join(root, file)) ? [file] : [];
  },
  format: () => ['native', 'bindings', 'test'].flatMap((folder) => filesIn(folder, ['.cc', '.cpp', '.h', '.hpp'])),
};

const [kind, ...rest] = process.argv.slice(2);
if (kind === 'has') console.log(lists[rest[0]](...rest.slice(1)).length > 0 ? 1 : 0);
else for (const file of lists[kind](...rest)) console.log(file);
