// The header, the bindings and their contract say the same: every function of the addon has its two signatures
// above it, and they are compared with ipdaemon.h and with bindings/contract.ts. So are koffi's declarations.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { prototypes } from '../../bindings/koffi/declarations';
import { eachBinding } from '../support/bindings';
import { root } from '../support/program';

const read = (...name: string[]) => readFileSync(path.join(root, ...name), 'utf8');
const tidy = (text: string) =>
  text
    .replace(/\s+/g, ' ')
    .replace(/\s*([(),;:|*?&>])\s*/g, '$1')
    .trim();

/** C declarations by name, in the order of the header. */
const header = [
  ...read('native', 'include', 'ipdaemon.h').matchAll(/IPDAEMON_API\s+([^;{}]+?)(ipdaemon_\w+)\s*(\([^;]*\));/g),
].map(([, result = '', name = '', parameters = '']) => ({ name, text: tidy(`${result} ${name}${parameters}`) }));

/** The methods of NativeBinding, in the order of the contract. */
const contractText = read('bindings', 'contract.ts').replace(/\/\*[\s\S]*?\*\//g, '');
const contract = [
  ...(/interface NativeBinding \{([\s\S]*?)\n\}/.exec(contractText)?.[1] ?? '').matchAll(
    /^\s*(\w+)(\([\s\S]*?\): [^;]+);/gm,
  ),
].map(([, name = '', rest = '']) => ({ name, text: tidy(`${name}${rest}`) }));

/** The pairs of signature comments in the addon. */
const addon = readdirSync(path.join(root, 'bindings', 'addon'))
  .filter((name) => name.endsWith('.cc'))
  .sort()
  .flatMap((file) => {
    const lines = read('bindings', 'addon', file).split('\n');
    const pairs: { c: string; ts: string; file: string; name: string; tsName: string }[] = [];
    // Signature comments may go over several lines; a block of them is joined and split at its semicolon.
    for (let i = 0; i < lines.length; i += 1) {
      if (/^\/\/ .*\bipdaemon_\w+\(/.test(lines[i] ?? '') && !/^\/\//.test(lines[i - 1] ?? '')) {
        let block = '';
        while (/^\/\//.test(lines[i] ?? '')) {
          block += ` ${(lines[i] ?? '').slice(2).trim()}`;
          i += 1;
        }
        const match = /^\s*([^;]*?(ipdaemon_\w+)\([^;]*\));\s*((\w+)\(.*?\): [^.;]+?)(?:[.;]|$)/.exec(block);
        if (match) {
          const [, c = '', name = '', ts = '', tsName = ''] = match;
          pairs.push({ c: tidy(c), ts: tidy(ts), file, name, tsName });
        }
      }
    }
    return pairs;
  });

describe('the addon', () => {
  test('has signature comments for every function of the contract', () => {
    expect(contract.length).toBeGreaterThan(15);
    const commented = addon.map((pair) => pair.tsName);
    expect(contract.map(({ name }) => name).filter((name) => !commented.includes(name))).toEqual([]);
  });

  test.each(contract.map(({ name }) => name))('%s says what the header and the contract say', (name) => {
    const pair = addon.find(({ tsName }) => tsName === name);
    expect(pair?.ts).toBe(contract.find((entry) => entry.name === name)?.text);
    expect(pair?.c).toBe(header.find((entry) => entry.name === pair?.name)?.text);
  });

  test('has its functions in the order of the header', () => {
    const order = header.map(({ name }) => name);
    const positions = addon.filter(({ file }) => file === 'calls.cc').map(({ name }) => order.indexOf(name));
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
  });
});

describe('the declarations for koffi', () => {
  // Pointers go in as numbers; the integers have the size of the header's types.
  const asNumbers = (text: string) =>
    text
      .replace(/\b(?:const )?\w+\*(?=\w+[,)])/g, 'uintptr_t ')
      .replace(/ipdaemon_(callback|data_batch|wait_hook) /g, 'uintptr_t ')
      .replace(/ipdaemon_t /g, 'int32_t ');

  test.each(Object.entries(prototypes))('%s says what the header says', (_name, prototype) => {
    const name = /(ipdaemon_\w+)\(/.exec(prototype)?.[1];
    const declared = header.find((entry) => entry.name === name);
    expect(declared).toBeDefined();
    expect(tidy(prototype)).toBe(asNumbers(declared?.text ?? ''));
  });

  test('are in the order of the header', () => {
    const order = header.map(({ name }) => name);
    const positions = Object.values(prototypes).map((text) => order.indexOf(/(ipdaemon_\w+)\(/.exec(text)?.[1] ?? ''));
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
  });
});

test.each(eachBinding())('$name offers exactly the functions of the contract, in its order', ({ name, native }) => {
  // The addon alone can tell how V8 keeps a text.
  const optional = name === 'addon' ? ['mayBeWide'] : [];
  expect(Object.keys(native).filter((key) => typeof native[key as keyof typeof native] === 'function')).toEqual([
    ...contract.map((entry) => entry.name),
    ...optional,
  ]);
});

describe('the contract', () => {
  test('has its functions in the order of the header', () => {
    const snake = (name: string) => `ipdaemon_${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
    const order = header.map(({ name }) => name);
    const positions = contract.map(({ name }) => order.indexOf(snake(name))).filter((position) => position >= 0);
    expect(positions.length).toBeGreaterThan(15);
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
  });
});

describe('generated files', () => {
  test('are what the library describes; npm run generate writes them', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/bindings/generate/main.js', '--check'], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(`${stdout}${stderr}${status}`).toMatch(/0$/);
  });
});
