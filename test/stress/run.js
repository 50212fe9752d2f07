// Runs a long test by name, straight from its TypeScript: npm run stress, npm run stress -- hostile 5,
// npm run stress -- connections. Without a name it is the attacks and their table.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
require('./typescript');

const names = fs
  .readdirSync(__dirname)
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.slice(0, -3));
const words = process.argv.slice(2);
const name = words.length === 0 || words[0].startsWith('-') ? 'attacks' : words.shift();
if (!names.includes(name)) {
  console.error(`Usage: npm run stress -- NAME [arguments]\nNAME is one of: ${names.join(', ')}`);
  process.exit(2);
}
const file = path.join(__dirname, `${name}.ts`);
process.argv.splice(1, process.argv.length - 1, file, ...words);
require(file);
