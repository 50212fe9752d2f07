// Makes table.jsonl: asks PHP for the answers to all calls. Run it with PHP 8.2, and look at what changes:
//   node test/functions/make.js
const { spawnSync } = require('node:child_process');
const { writeFileSync } = require('node:fs');
const path = require('node:path');
const { rows } = require('./calls.js');

const lines = [...new Set(rows.map((row) => JSON.stringify(row)))];
const { stdout, status } = spawnSync('php', ['-d', 'memory_limit=200M', path.join(__dirname, 'answer.php')], {
  input: `${lines.join('\n')}\n`,
  maxBuffer: 1e9,
  timeout: 60_000,
});
if (status !== 0) throw new Error(`php has ended with ${status}`);
writeFileSync(path.join(__dirname, 'table.jsonl'), stdout);
console.log(`${stdout.toString().split('\n').length - 1} calls`);
