// Which binding a program gets, and what it is told when there is none: in a copy of the compiled package, whose
// native files the tests put there.
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { libc, prebuiltFile } from '../../bindings/files';
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

const built = () => path.join(copy, 'build', 'Release', 'ipdaemon.node');
const prebuilt = () => prebuiltFile(copy, 'ipdaemon', 'node');

/** Moves what was built, or puts `content`, to where prebuilt files are. */
function putPrebuilt(name: 'addon' | 'koffi', content?: string): void {
  const file = name === 'addon' ? prebuilt() : prebuiltFile(copy, 'libipdaemon', 'so');
  mkdirSync(path.dirname(file), { recursive: true });
  if (content === undefined) renameSync(path.join(copy, 'build', 'Release', files[name] as string), file);
  else writeFileSync(file, content);
}

const whichBinding = "binding.checkedTextMax === 0 ? 'koffi' : 'addon'";

/** Loads the copy and says which binding it is: only koffi checks no text. */
function run(
  env: Record<string, string> = {},
  { before = '', cwd = copy, says = whichBinding, flags = [] as string[] } = {},
): { output: string; errors: string } {
  const { IPDAEMON_BINDING: _b, IPDAEMON_ADDON: _a, IPDAEMON_LIBRARY: _l, ...rest } = process.env;
  const code = `${before}
    const { binding } = require('./dist/bindings/choose.js');
    const ipdaemon = require(${JSON.stringify('./')});
    ipdaemon.ipdaemon_close(ipdaemon.ipdaemon_open());
    console.log(${says});`;
  const options = { cwd, encoding: 'utf8' as const, env: { ...rest, ...env } };
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, '-e', code], options);
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
    writeFileSync(built(), 'not for this system');
    expect(run()).toEqual({ output: 'koffi', errors: '' });
  });

  test('the error says all that was tried, why it failed, and the way out', () => {
    put('koffi');
    writeFileSync(built(), 'not for this system');
    const { output, errors } = run();
    expect(output).toBe('');
    expect(errors).toMatch(/addon: \S+Release\/ipdaemon\.node: .*(invalid ELF header|file too short)/);
    expect(errors).toMatch(/addon: \S+Debug\/ipdaemon\.node: no such file/);
    expect(errors).toMatch(/koffi: \S+Release\/libipdaemon\.so: Cannot find module 'koffi'/);
    expect(errors).toMatch(/koffi: \S+Debug\/libipdaemon\.so: no such file/);
    expect(errors).toContain(`addon: ${prebuilt()}: no such file`);
    expect(errors).toContain(`on ${process.platform} ${process.arch} ${libc()}, Node ${process.version}.`);
    expect(errors).toContain('Prebuilt: none\n');
    expect(errors).toMatch(/npm install koffi.*npm run build:addon.*IPDAEMON_ADDON.*IPDAEMON_LIBRARY.*doctor/s);
  });

  test("the error names Node's permission model where that keeps native code out, and --allow-addons lets it in", () => {
    put('addon', 'koffi', 'koffi package');
    const model = process.allowedNodeEnvironmentFlags.has('--permission')
      ? '--permission'
      : '--experimental-permission';
    const flags = [model, '--allow-fs-read=*'];
    for (const name of ['addon', 'koffi']) {
      const { output, errors } = run({ IPDAEMON_BINDING: name }, { flags });
      expect(output).toBe('');
      expect(errors).toMatch(new RegExp(`${name}: \\S+: Cannot load native addon because loading addons is disabled`));
      expect(errors).toContain("What helps:\n  run `node --allow-addons` if you use Node's permission model");
      expect(run({ IPDAEMON_BINDING: name }, { flags: [...flags, '--allow-addons'] }).output).toBe(name);
    }
    expect(run({}, { flags: ['--no-addons'] }).errors).toContain('`node --allow-addons`');
    // The advice is for nobody else.
    writeFileSync(built(), 'not for this system');
    expect(run({ IPDAEMON_BINDING: 'addon' }).errors).not.toContain('--allow-addons');
  });

  test('the error says what was prebuilt, and how to build in an installed package', () => {
    mkdirSync(path.join(copy, 'prebuilds', 'plan9-mips'), { recursive: true });
    writeFileSync(path.join(copy, 'prebuilds', 'plan9-mips', 'ipdaemon.ape.node'), '');
    const installed = path.join(copy, 'node_modules', 'ipdaemon');
    mkdirSync(installed, { recursive: true });
    for (const name of ['package.json', 'dist', 'prebuilds']) {
      cpSync(path.join(copy, name), path.join(installed, name), { recursive: true });
    }
    const { errors } = run({}, { cwd: installed });
    expect(errors).toContain('Prebuilt: plan9-mips ape\n');
    expect(errors).toContain(`node ${installed}/bindings/node-gyp.js rebuild --directory ${installed}\``);
  });

  test('an addon that IPDAEMON_ADDON names has no substitute', () => {
    put('koffi', 'koffi package');
    expect(run({ IPDAEMON_ADDON: '/nowhere.node' }).errors).toMatch(
      /Tried:\n {2}addon: \/nowhere\.node: no such file\n\S/,
    );
  });
});

describe('a prebuilt file', () => {
  test.each(['addon', 'koffi'] as const)('of %s is taken where nothing was built', (name) => {
    put(name, 'koffi package');
    putPrebuilt(name);
    expect(run()).toEqual({ output: name, errors: '' });
  });

  test('is left alone where the addon was built', () => {
    put('addon');
    putPrebuilt('addon', 'not for this system');
    expect(run()).toEqual({ output: 'addon', errors: '' });
  });

  test('is taken where the one that was built does not load', () => {
    put('addon');
    putPrebuilt('addon');
    writeFileSync(built(), 'not for this system');
    expect(run()).toEqual({ output: 'addon', errors: '' });
  });

  test('is found by the name of the C library', () => {
    const { glibcVersionRuntime } = (process.report.getReport() as { header: { glibcVersionRuntime?: string } }).header;
    expect(libc()).toBe(glibcVersionRuntime === undefined ? 'musl' : 'glibc');
    const folder = `prebuilds/${process.platform}-${process.arch}`;
    expect(prebuilt()).toBe(path.join(copy, folder, `ipdaemon.${libc()}.node`));
  });
});

describe.each([
  ['Bun', 'bun'],
  ['Deno', 'deno'],
])('in %s', (name, version) => {
  const inHost = `Object.defineProperty(process.versions, '${version}', { value: '1.2.3' });`;

  test('the addon is taken', () => {
    put('addon', 'koffi', 'koffi package');
    expect(run({}, { before: inHost })).toEqual({ output: 'addon', errors: '' });
  });

  test('the addon does not ask V8 about texts', () => {
    put('addon');
    expect(run({}, { before: inHost, says: 'typeof binding.mayBeWide' })).toEqual({ output: 'undefined', errors: '' });
  });

  test('the error names the host', () => {
    expect(run({}, { before: inHost }).errors).toContain(`, ${name} 1.2.3.\n`);
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
    expect(run({ IPDAEMON_BINDING: 'ffi' }).errors).toMatch(/IPDAEMON_BINDING is "ffi"; set it to addon or koffi/);
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
