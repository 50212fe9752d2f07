// judge.js FOLDER: reads the reports of the sanitizers there. Every error counts. A leak counts if the memory
// was allocated by our code: the first frame outside the allocator and the C++ library is in our addon.
// What Node, its dependencies and other programs keep until their end is not ours to judge.
const fs = require('node:fs');
const path = require('node:path');

const ours = /\/ipdaemon[^/]*\.node\]$/;
const allocator = /\/lib(asan|ubsan|stdc\+\+|gcc_s)\.so[^/]*\]$/;

function allocatedByUs(leak) {
  const frames = leak.split('\n').filter((line) => /^\s+#\d+ /.test(line));
  return ours.test(frames.find((frame) => !allocator.test(frame)) ?? '');
}

const folder = process.argv[2];
const found = [];
let looked = 0;
let others = 0;
for (const name of fs.readdirSync(folder)) {
  const report = fs.readFileSync(path.join(folder, name), 'utf8');
  if (!report.includes('ERROR: LeakSanitizer: detected memory leaks')) {
    found.push(report);
    continue;
  }
  looked += 1;
  const leaks = report.split(/^(?=(?:Direct|Indirect) leak of )/m).slice(1);
  const counted = leaks.filter(allocatedByUs);
  others += leaks.length - counted.length;
  found.push(...counted);
}
for (const report of found) console.log(report.trimEnd());
console.log(
  `sanitizers: ${found.length} reports about us; ${looked} processes with leaks, ${others} of these not of our memory`,
);
process.exit(found.length === 0 ? 0 : 1);
