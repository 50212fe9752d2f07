// Runs a compiled example by name: npm run example -- chat --port 7777
const fs = require('node:fs');
const path = require('node:path');

const folder = path.join(__dirname, '..', 'dist', 'examples');
const names = fs
  .readdirSync(folder)
  .filter((file) => file.endsWith('.js'))
  .map((file) => file.slice(0, -3));
const name = process.argv[2];
if (!names.includes(name)) {
  console.error(`Usage: npm run example -- NAME [--port N]\nNAME is one of: ${names.join(', ')}`);
  process.exit(2);
}
process.argv.splice(1, 2, path.join(folder, `${name}.js`));
require(process.argv[1]);
