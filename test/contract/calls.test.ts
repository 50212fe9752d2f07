// The errors of a call stand once, in ipdaemon_calls.def. What is generated from there needs no test but that it is up
// to date (contract.test.ts); the header is written by hand and compared here, and so is the code.
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { eachBinding } from '../support/bindings';
import { watchCodes } from '../support/call-codes';
import { describeTable } from '../support/native';
import { root } from '../support/program';
import { calls, errors } from '../support/tables';

const read = (...name: string[]) => readFileSync(path.join(root, ...name), 'utf8');
const symbols = describeTable(7, { name: 2, symbol: 14 }) as { name: string; symbol: string }[];
const rows = describeTable(8, { code: 1, name: 2, group: 11, who: 15 }) as {
  code: number;
  name: string;
  group: string;
  who: string;
}[];
const rowsOf = (call: string) => rows.filter((row) => symbols.find(({ name }) => name === call)?.symbol === row.group);
const names = (of: typeof rows) => of.map((row) => row.name).sort();

const header = read('native', 'include', 'ipdaemon.h');

/** The words behind "Errors:" in the comment above a function. */
function errorsInHeader(call: string): string {
  const [, comment = ''] =
    new RegExp(`/\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\s*IPDAEMON_API [^;(]*\\bipdaemon_${call}\\(`).exec(header) ?? [];
  return (/Errors: ([\s\S]*?)(?:\.\s|\s*$)/.exec(comment)?.[1] ?? '').replace(/\s+/g, ' ');
}

/** The names of errors in a text; "those of ipdaemon_do_send" counts as what stands there. */
function named(text: string): string[] {
  const known = new Set(errors.map((error) => error.symbol));
  const words = [...text.matchAll(/\b[A-Z][A-Z0-9_]*\b/g)].map(([word]) => word).filter((word) => known.has(word));
  return [...new Set(words)].sort();
}

describe('ipdaemon.h', () => {
  test.each(calls.map(({ name }) => name))('names the errors of %s that its rows have', (call) => {
    const text = errorsInHeader(call);
    const own = rowsOf(call).filter((row) => row.who !== 'BINDING');
    const listed = own.filter((row) => row.code !== 0);
    const [, other] = /^those of ipdaemon_(\w+)/.exec(text) ?? [];
    if (other !== undefined) {
      const others = rowsOf(other).filter((row) => row.who !== 'BINDING');
      expect(names(own)).toEqual(names(others));
      return;
    }
    expect(named(text)).toEqual(names(listed));
    const repeats = own.some((row) => row.name.startsWith('those of'));
    expect(/\bthose of ipdaemon_/.test(text)).toBe(repeats);
    const others = own.some((row) => row.code === 0 && !row.name.startsWith('those of'));
    expect(/error that broke the connection|what the system reports/.test(text)).toBe(others);
  });

  test('says so of the calls that have errors, and of these alone', () => {
    const withErrors = calls.map(({ name }) => name).filter((name) => errorsInHeader(name) !== '');
    expect(withErrors).toEqual(calls.map(({ name }) => name).filter((name) => rowsOf(name).length > 0));
  });
});

describe('ipdaemon_calls.def', () => {
  test('has every method of the header', () => {
    const methods = [...header.matchAll(/\bipdaemon_(do_\w+)\(ipdaemon_t/g)].map(([, name]) => name);
    expect(calls.map(({ name }) => name).filter((name) => name.startsWith('do_'))).toEqual(methods);
  });

  test('lists an error of a call once', () => {
    for (const { name } of calls) expect(names(rowsOf(name))).toEqual([...new Set(names(rowsOf(name)))]);
  });

  test('lists only errors that the code gives', () => {
    const sourcesOf = (folder: string, end: RegExp) =>
      readdirSync(path.join(root, folder), { recursive: true })
        .map(String)
        .filter((name) => end.test(name))
        .map((name) => read(folder, name))
        .join('\n');
    const native = sourcesOf('native', /\.cpp$|\.hpp$/);
    const bindings = sourcesOf('bindings', /\.(cc|h|ts)$/) + sourcesOf('lib', /^(?!generated)[^/]*\.ts$/);
    const pascal = (symbol: string) => symbol.replace(/_?([A-Z0-9])([A-Z0-9]*)/g, (_all, a, b) => a + b.toLowerCase());
    const gives = ({ name, who }: { name: string; who: string }) =>
      who === 'BINDING'
        ? bindings.includes(`IPDAEMON_ERROR_${name}`) || bindings.includes(`ErrorCode.${pascal(name)}`)
        : new RegExp(`IPDAEMON_ERROR_${name}\\b`).test(native);
    expect(rows.filter((row) => row.code !== 0 && !gives(row)).map((row) => `${row.group}: ${row.name}`)).toEqual([]);
  });
});

// Every other test watches all of its calls in the same way.
test.each(eachBinding())('a code that no row lists is reported ($name)', ({ native }) => {
  const answers = { do_interrupt: 126 };
  const binding = { ...native, doInterrupt: () => answers.do_interrupt };
  const unlisted = watchCodes(binding);
  expect(binding.doInterrupt()).toBe(126);
  expect(unlisted()).toEqual([]);
  answers.do_interrupt = 1120;
  expect(binding.doInterrupt()).toBe(1120);
  expect(unlisted()).toEqual(['do_interrupt gave 1120, which ipdaemon_calls.def does not list']);
});
