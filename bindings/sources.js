// Prints source files one per line for binding.gyp and for the formatter:
//   core         the library without the files of one system: what the simulator is linked with, too
//   platform     the library's files of this system
//   addon        the Node-API addon
//   tests        the native tests, as far as they are there
//   sim          the simulator's own files
//   bench NAME   one of the benchmark programs
//   format       everything that clang-format looks after
// A part that a packed copy leaves out gives an empty list; `has` before the words above prints 1 or
// 0 instead, so that binding.gyp can leave out the program as well.
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

const lists = {
  core: () => filesOf('native/sources.txt', 'all'),
  platform: () => filesOf('native/sources.txt', 'posix', 'linux'),
  addon: () => filesIn('bindings/addon', ['.cc']),
  tests: () => filesIn('test/native', ['.cpp']).filter((name) => name.split('/').length === 3),
  sim: () => filesOf('test/native/sim/sources.txt'),
  bench: (name) => {
    const file = `native/bench/${name}.cpp`;
    return fs.existsSync(path.join(root, file)) ? [file] : [];
  },
  format: () => ['native', 'bindings', 'test'].flatMap((folder) => filesIn(folder, ['.cc', '.cpp', '.h', '.hpp'])),
};

const [kind, ...rest] = process.argv.slice(2);
if (kind === 'has') console.log(lists[rest[0]](rest[1]).length > 0 ? 1 : 0);
else for (const file of lists[kind](rest[0])) console.log(file);
