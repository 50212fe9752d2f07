// What the scripts of this folder share: programs, example servers, certificates, and how outcomes are told.
// Everything is on loopback addresses.
'use strict';
const { execFileSync, spawn } = require('node:child_process');
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');

const root = path.resolve(__dirname, '..', '..');
const patienceMs = 20_000;

const folder = mkdtempSync(path.join(tmpdir(), 'ipdaemon-foreign-tls-'));
const running = new Set();
process.on('exit', () => {
  for (const child of running) {
    child.kill('SIGKILL');
  }
  rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => process.exit(1));
}

/** A file of this run. */
const temporary = (name) => path.join(folder, name);

function start(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options });
  running.add(child);
  const program = { child, output: '', changed: () => undefined };
  const add = (chunk) => {
    program.output += chunk.toString('latin1');
    program.changed();
  };
  child.stdout.on('data', add);
  child.stderr.on('data', add);
  // A program that has ended does not take its input, which its output tells.
  child.stdin.on('error', () => undefined);
  program.ended = new Promise((resolve) => {
    child.on('error', (error) => {
      program.output += `${error.message}\n`;
    });
    child.on('close', (code, signal) => {
      running.delete(child);
      program.status = signal ?? code;
      program.changed();
      resolve(program.status);
    });
  });
  return program;
}

/** Runs a program to its end: with `input`, which is left open, or closed at once with `endInput`. */
async function run(command, args, { input = '', endInput = false, limitMs = patienceMs, ...options } = {}) {
  const program = start(command, args, options);
  program.child.stdin.write(input);
  if (endInput) {
    program.child.stdin.end();
  }
  const timer = setTimeout(() => {
    program.output += `\nended after ${limitMs / 1000} seconds\n`;
    program.child.kill('SIGKILL');
  }, limitMs);
  const status = await program.ended;
  clearTimeout(timer);
  return { status, output: program.output };
}

/** Waits until a program has printed something, and gives the match. */
function says(program, pattern) {
  return new Promise((resolve, reject) => {
    const fail = (why) => reject(new Error(`${why} before it printed ${pattern}: ${program.output}`));
    const timer = setTimeout(() => fail('its time was over'), patienceMs);
    program.changed = () => {
      const match = program.output.match(pattern);
      if (match !== null || program.status !== undefined) {
        clearTimeout(timer);
        program.changed = () => undefined;
        if (match !== null) {
          resolve(match);
        } else {
          fail('the program ended');
        }
      }
    };
    program.changed();
  });
}

/** An example server for the time of `body`, which gets its port and the program. */
async function withExample(name, args, body) {
  const program = start(process.execPath, [path.join(root, 'dist', 'examples', `${name}.js`), '--port', '0', ...args]);
  try {
    const match = await says(program, /^listening on \S+:(\d+)$/m);
    await body(Number(match[1]), program);
  } finally {
    program.child.kill('SIGINT');
    const timer = setTimeout(() => program.child.kill('SIGKILL'), patienceMs);
    await program.ended;
    clearTimeout(timer);
  }
  expect(program.status === 0, `${name} ends in order`, program.output);
}

let made;

/** The certificates of the tests: their folder, and its files. */
function certificates() {
  if (made === undefined) {
    const files = temporary('certificates');
    const program = path.join(root, 'test', 'programs', 'certificates.js');
    execFileSync(process.execPath, [program, temporary('material.json'), files], { stdio: 'inherit' });
    made = { folder: files, file: (name) => path.join(files, `${name}.pem`), material: temporary('material.json') };
  }
  return made;
}

let passed = 0;
let failed = 0;

/** Counts one outcome, and prints a line if it is a failure. */
function expect(good, title, detail = '') {
  if (good) {
    passed += 1;
    return;
  }
  failed += 1;
  console.log(`FAIL ${title}: ${detail.replace(/\s+/g, ' ').slice(-600)}`);
}

/** Prints the totals. A run without a single outcome has failed. */
function finish() {
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 && passed > 0 ? 0 : 1);
}

/** Runs a script's main function. */
function main(body) {
  body().then(finish, (error) => {
    expect(false, 'the script', error.stack);
    finish();
  });
}

module.exports = { certificates, expect, main, root, run, says, start, temporary, withExample };
