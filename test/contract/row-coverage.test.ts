// Every row of the tables has a test of its behaviour: the tests say with covers('kind', 'Name', ...) which
// rows they are about, and this one compares those declarations with the rows.
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { calls, events, properties, settings } from '../support/tables';

const folder = path.resolve(__dirname, '..');

const sources = readdirSync(folder, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith('.test.ts') && path.basename(name) !== path.basename(__filename))
  .map((name) => ({ name, text: readFileSync(path.join(folder, name), 'utf8') }));

/** What the test sources declare, kind by kind. */
function declared(kind: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { name: file, text } of sources) {
    for (const [, list = ''] of text.matchAll(new RegExp(`covers\\(\\s*'${kind}',([^)]*)\\)`, 'g'))) {
      for (const [, row = ''] of list.matchAll(/'([A-Za-z0-9]+)'/g)) {
        found.set(row, [...(found.get(row) ?? []), file]);
      }
    }
  }
  return found;
}

// The documented names of the methods; the tables name the functions of the C ABI.
const methods: Record<string, string> = {
  do_config: 'Config',
  do_disconnect: 'Disconnect',
  do_doevents: 'DoEvents',
  do_interrupt: 'Interrupt',
  do_reset: 'Reset',
  do_send: 'Send',
  do_sendfile: 'SendFile',
  do_sendline: 'SendLine',
  do_shutdown: 'Shutdown',
  do_startssl: 'StartSSL',
};

describe('the tests', () => {
  test.each([
    ['property', properties.map((row) => row.name)],
    ['setting', settings.map((row) => row.name)],
    ['event', events.map((row) => row.name)],
    ['method', Object.values(methods)],
  ])('cover every %s with a test of its behaviour, and none that does not exist', (kind, rows) => {
    const covered = declared(kind);
    expect(rows.filter((row) => !covered.has(row))).toEqual([]);
    expect([...covered.keys()].filter((row) => !rows.includes(row))).toEqual([]);
  });

  test('know every method that the library has', () => {
    const known = calls.map((row) => row.name).filter((name) => name.startsWith('do_'));
    expect([...known].sort()).toEqual(Object.keys(methods).sort());
  });

  test('have at least one expectation in every file', () => {
    const without = sources.filter(({ text }) => !/expect\(|withServer\(|receives\(/.test(text));
    expect(without.map(({ name }) => name)).toEqual([]);
  });
});
