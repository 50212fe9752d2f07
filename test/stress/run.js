// Runs a long test by name, straight from its TypeScript: npm run stress -- hostile 5, npm run stress -- connections.
'use strict';
const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const { transformSync } = require('@swc/core');

Module._extensions['.ts'] = (module, filename) => {
  const { code } = transformSync(fs.readFileSync(filename, 'utf8'), {
    filename,
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    module: { type: 'commonjs' },
  });
  module._compile(code, filename);
};

const names = fs
  .readdirSync(__dirname)
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.slice(0, -3));
const [name = 'hostile', ...rest] = process.argv.slice(2);
if (!names.includes(name)) {
  console.error(`Usage: npm run stress -- NAME [arguments]\nNAME is one of: ${names.join(', ')}`);
  process.exit(2);
}
const file = path.join(__dirname, `${name}.ts`);
process.argv.splice(1, process.argv.length - 1, file, ...rest);
require(file);
