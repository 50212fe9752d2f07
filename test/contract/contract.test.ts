// The header, the addon and the contract of the bindings say the same: every function of the addon has its
// two signatures above it, and they are compared with ipdaemon.h and with bindings/contract.ts.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { binding } from '../../bindings/choose';
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

  test('exports exactly the functions of the contract, in its order', () => {
    expect(Object.keys(binding).filter((key) => typeof binding[key as keyof typeof binding] === 'function')).toEqual(
      contract.map(({ name }) => name),
    );
  });
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
