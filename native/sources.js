// Prints the files of sources.txt for the systems named on the command line, one per line, for
// binding.gyp: node native/sources.js linux posix
const fs = require('node:fs');
const path = require('node:path');

const wanted = new Set(['all', ...process.argv.slice(2)]);
for (const line of fs.readFileSync(path.join(__dirname, 'sources.txt'), 'utf8').split('\n')) {
  const [system, file] = line.trim().split(/\s+/);
  if (file && wanted.has(system)) console.log(file);
}
