// What checks in JavaScript share: how outcomes are counted, as lib.sh counts those of scripts, and how a program is run.
const { spawnSync } = require('node:child_process');
const path = require('node:path');

let passed = 0;
let failed = 0;

/** One outcome, told when it is there. `note` is what else is worth knowing of what passed. */
function count(title, error, note = '') {
  if (error === undefined) passed += 1;
  else failed += 1;
  console.log(error === undefined ? `ok   ${title}${note}` : `FAIL ${title}: ${error}`);
}

/** One check; what the body returns stands behind its title. Gives whether it has passed. */
function check(title, body) {
  const began = Date.now();
  try {
    const note = body();
    const seconds = ((Date.now() - began) / 1000).toFixed(1);
    count(title, undefined, ` (${seconds} s)${note ? `: ${note}` : ''}`);
    return true;
  } catch (error) {
    count(title, error.message);
    return false;
  }
}

/** The last line, and the status of the program. Nothing checked is nothing passed. */
function totals() {
  if (passed + failed === 0) failed = 1;
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

/** Runs a program, which has to end with 0, and gives everything that it printed. */
function run(program, words, options = {}) {
  const { status, signal, stdout, stderr, error } = spawnSync(program, words, {
    encoding: 'utf8',
    timeout: 120_000,
    maxBuffer: 1 << 26,
    ...options,
  });
  if (status !== 0) {
    throw new Error(
      `${path.basename(program)} ${words.join(' ')}: ${error ?? `ended with ${status ?? signal}`}\n${stdout}${stderr}`,
    );
  }
  return `${stdout}${stderr}`;
}

module.exports = { check, count, run, totals };
