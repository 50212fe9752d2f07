// The functions of ipdaemon/php give what PHP 8.2 gives. table.jsonl has its answers; make.js makes it.
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { expect, test } from '@jest/globals';
import { answer, type Call } from './values';

const rows = readFileSync(path.join(__dirname, 'table.jsonl'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Call);

test('the table has enough calls', () => {
  expect(rows.length).toBeGreaterThanOrEqual(1500);
});

const names = [...new Set(rows.map(([name]) => name))];

test.each(names)('%s does the same as under PHP', (name) => {
  // In order: strtok goes on where the call before has ended.
  const own = rows.filter((row) => row[0] === name);
  expect(own.map((row) => JSON.stringify(answer(row)))).toEqual(own.map((row) => JSON.stringify(row)));
});
