// Which binding a program gets, and what it is told when there is none: in a copy of the compiled package, whose
// native files the tests put there.
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { root } from '../support/program';

const files: Record<string, string> = { addon: 'ipdaemon.node', koffi: 'libipdaemon.so' };
let copy = '';

beforeEach(() => {
  copy = mkdtempSync(path.join(tmpdir(), 'ipdaemon-'));
  for (const folder of ['dist/lib', 'dist/bindings'])
    cpSync(path.join(root, folder), path.join(copy, folder), { recursive: true });
  copyFileSync(path.join(root, 'package.json'), path.join(copy, 'package.json'));
  mkdirSync(path.join(copy, 'build', 'Release'), { recursive: true });
});
afterEach(() => rmSync(copy, { recursive: true }));

function put(...names: string[]): void {
  for (const name of names) {
    if (name === 'koffi package') {
      mkdirSync(path.join(copy, 'node_modules'));
      symlinkSync(path.join(root, 'node_modules', 'koffi'), path.join(copy, 'node_modules', 'koffi'));
    } else {
      const file = files[name] as string;
      copyFileSync(path.join(root, 'build', 'Release', file), path.join(copy, 'build', 'Release', file));
    }
  }
}

/** Loads the copy and says which binding it is: only koffi checks no text. */
function run(env: Record<string, string> = {}): { output: string; errors: string } {
  const { IPDAEMON_BINDING: _b, IPDAEMON_ADDON: _a, IPDAEMON_LIBRARY: _l, ...rest } = process.env;
  const code = `
    const { binding } = require('./dist/bindings/choose.js');
    const ipdaemon = require(${JSON.stringify('./')});
    ipdaemon.ipdaemon_close(ipdaemon.ipdaemon_open());
    console.log(binding.checkedTextMax === 0 ? 'koffi' : 'addon');`;
  const options = { cwd: copy, encoding: 'utf8' as const, env: { ...rest, ...env } };
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', code], options);
  return { output: stdout.trim(), errors: stderr };
}

describe('without IPDAEMON_BINDING', () => {
  test('the addon is taken where both are there', () => {
    put('addon', 'koffi', 'koffi package');
    expect(run()).toEqual({ output: 'addon', errors: '' });
  });

  test('koffi is taken where there is no addon', () => {
    put('koffi', 'koffi package');
    expect(run()).toEqual({ output: 'koffi', errors: '' });
  });

  test('koffi is taken where the addon does not load', () => {
    put('koffi', 'koffi package');
    writeFileSync(path.join(copy, 'build', 'Release', 'ipdaemon.node'), 'not for this system');
    expect(run()).toEqual({ output: 'koffi', errors: '' });
  });

  test('the error says all that was tried, why it failed, and the way out', () => {
    put('koffi');
    writeFileSync(path.join(copy, 'build', 'Release', 'ipdaemon.node'), 'not for this system');
    const { output, errors } = run();
    expect(output).toBe('');
    expect(errors).toMatch(/addon: \S+Release\/ipdaemon\.node: .*(invalid ELF header|file too short)/);
    expect(errors).toMatch(/addon: \S+Debug\/ipdaemon\.node: no such file/);
    expect(errors).toMatch(/koffi: \S+Release\/libipdaemon\.so: Cannot find module 'koffi'/);
    expect(errors).toMatch(/koffi: \S+Debug\/libipdaemon\.so: no such file/);
    expect(errors).toMatch(/npm run build:addon.*IPDAEMON_ADDON.*IPDAEMON_LIBRARY.*npm install koffi/);
  });

  test('an addon that IPDAEMON_ADDON names has no substitute', () => {
    put('koffi', 'koffi package');
    expect(run({ IPDAEMON_ADDON: '/nowhere.node' }).errors).toMatch(
      /Tried:\n {2}addon: \/nowhere\.node: no such file\n\S/,
    );
  });
});

describe('IPDAEMON_BINDING', () => {
  test.each(['addon', 'koffi'])('%s gives that one', (name) => {
    put('addon', 'koffi', 'koffi package');
    expect(run({ IPDAEMON_BINDING: name })).toEqual({ output: name, errors: '' });
  });

  test.each([
    ['addon', 'koffi'],
    ['koffi', 'addon'],
  ])('%s fails where only %s is there', (name, other) => {
    put(other, 'koffi package');
    const { errors } = run({ IPDAEMON_BINDING: name });
    expect(errors).toMatch(new RegExp(`Tried:\\n  ${name}: `));
    expect(errors).not.toMatch(new RegExp(`^  ${other}: `, 'm'));
  });

  test('of another value is refused, with the values that there are', () => {
    put('addon');
    expect(run({ IPDAEMON_BINDING: 'ffi' }).errors).toMatch(/IPDAEMON_BINDING is "ffi"; it can be addon or koffi/);
  });
});

test('IPDAEMON_LIBRARY names the library of koffi', () => {
  put('koffi package');
  const library = path.join(root, 'build', 'Release', 'libipdaemon.so');
  expect(run({ IPDAEMON_LIBRARY: library })).toEqual({ output: 'koffi', errors: '' });
});

test('a file that is no such library is an error, not a crash', () => {
  put('koffi package');
  const { errors } = run({ IPDAEMON_LIBRARY: process.execPath });
  expect(errors).toMatch(/koffi: .*: /);
});
