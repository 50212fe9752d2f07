// A folder for the files of this run, made when it is first asked for and gone when the process ends.
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

let folder = '';

function scratchFile(name) {
  if (!folder) {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ipdaemon-bench-'));
    process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  }
  return path.join(folder, name);
}

module.exports = { scratchFile };
