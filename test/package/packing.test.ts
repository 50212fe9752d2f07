// What is packed, and what is refused to be packed: what package managers take for an order to run or compile something,
// links in the pages, the examples, and how to build an installed package where no file was prebuilt for its system.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from '../support/client';
import { root, withProgram } from '../support/program';

let folder = '';

/** Everything but settings of npm: whoever runs the tests may have told it where the headers are. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm_|IPDAEMON_)/i.test(name)),
) as NodeJS.ProcessEnv;

function run(command: string, args: string[], cwd: string, more: NodeJS.ProcessEnv = {}) {
  const { stdout, stderr, status } = spawnSync(command, args, { cwd, encoding: 'utf8', env: { ...env, ...more } });
  return { stdout, stderr, status };
}

interface Packed {
  files: { path: string }[];
}

/** The files of the tarball, and the folder with copies of them. */
let packed: string[] = [];
const copy = () => path.join(folder, 'node_modules', 'ipdaemon');

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ipdaemon-'));
  const { stdout } = run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], root);
  // A list in some versions of npm, an object with the name of the package in others.
  const [description] = Object.values(JSON.parse(stdout) as Record<string, Packed>);
  packed = (description as Packed).files.map((file) => file.path);
  for (const file of packed) cpSync(path.join(root, file), path.join(copy(), file));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

describe('the packed files', () => {
  test('hold nothing that a package manager takes for an order to run or compile something', () => {
    expect(packed).not.toContain('binding.gyp');
    const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
    for (const name of ['preinstall', 'install', 'postinstall', 'prepublish', 'prepare']) {
      expect(manifest.scripts).not.toHaveProperty(name);
    }
    // npm looks for any file that ends so.
    expect(manifest.gypfile).toBe(false);
    expect(packed.filter((name) => !name.includes('/') && name.endsWith('.gyp'))).toEqual([]);
  });

  test('say where the sources and the list of faults are', () => {
    const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
    expect(manifest.repository).toMatchObject({ type: 'git', url: expect.stringMatching(/^git\+https:\/\/.+\.git$/) });
    expect(manifest.bugs).toMatch(/^https:\/\//);
    expect(manifest.homepage).toMatch(/^https:\/\//);
  });

  /** The anchors that a page has, as they are made out of its headings. */
  function anchorsOf(page: string): string[] {
    return [...page.replace(/^```.*?^```/gms, '').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replace(/ /g, '-'),
    );
  }

  test('have no link to what is not packed', () => {
    const pages = packed.filter((name) => name.endsWith('.md'));
    expect(pages.length).toBeGreaterThan(20);
    const folders = new Set(packed.flatMap((name) => name.split('/').map((_, i, all) => all.slice(0, i).join('/'))));
    const dead: string[] = [];
    let links = 0;
    for (const page of pages) {
      const text = readFileSync(path.join(root, page), 'utf8');
      for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^https?:/.test(target)) continue;
        links += 1;
        const [file = '', anchor] = target.split('#');
        const name = file === '' ? page : path.posix.join(path.posix.dirname(page), file);
        const isThere = packed.includes(name) || folders.has(name.replace(/\/$/, ''));
        const points = anchor === undefined || anchorsOf(readFileSync(path.join(root, name), 'utf8')).includes(anchor);
        if (!isThere || !points) dead.push(`${page}: ${target}`);
      }
    }
    expect(links).toBeGreaterThan(50);
    expect(dead).toEqual([]);
  });
});

describe('the examples', () => {
  const names = readdirSync(path.join(root, 'examples')).filter((name) => name.endsWith('.ts'));

  test('are packed, as TypeScript and as JavaScript', () => {
    expect(names.length).toBeGreaterThan(8);
    for (const name of names) {
      expect(packed).toContain(`examples/${name}`);
      expect(packed).toContain(`dist/examples/${name.replace('.ts', '.js')}`);
    }
  });

  test('import nothing by a path that is only in a checkout', () => {
    for (const name of names) {
      const text = readFileSync(path.join(root, 'examples', name), 'utf8');
      const imported = [...text.matchAll(/from '([^']+)'/g)].map(([, from]) => from ?? '');
      expect(imported).toContain('ipdaemon');
      expect(imported.filter((from) => !/^(ipdaemon|node:\w+|\.\/shared\/options\.ts)$/.test(from))).toEqual([]);
    }
  });

  test.each(['where they are installed', 'copied out'])('run %s', async (place) => {
    const installed = path.join(copy(), 'dist', 'examples');
    const examples = place === 'copied out' ? path.join(folder, 'mine') : installed;
    if (examples !== installed) cpSync(installed, examples, { recursive: true });
    const addon = ['Release', 'Debug']
      .map((kind) => path.join(root, 'build', kind, 'ipdaemon.node'))
      .find((file) => existsSync(file));
    const options = { cwd: folder, env: { IPDAEMON_ADDON: process.env.IPDAEMON_ADDON ?? addon, IPDAEMON_BINDING: '' } };
    await withProgram(
      [path.join(examples, 'echo-class.js'), '--port', '0'],
      async (program) => {
        const client = new Client(await program.port());
        client.write('copied\n');
        await client.receives('copied\n');
        client.destroy();
      },
      options,
    );
  });
});

describe('npm pack', () => {
  /** A checkout with the native files of some systems. */
  function checkout(...systems: string[]): string {
    const place = mkdtempSync(path.join(folder, 'checkout-'));
    for (const name of ['package.json', 'bindings'])
      cpSync(path.join(root, name), path.join(place, name), { recursive: true });
    for (const system of systems) {
      const [arch = '', libc = ''] = system.split('-');
      const prebuilt = path.join(place, 'prebuilds', `linux-${arch}`);
      mkdirSync(prebuilt, { recursive: true });
      for (const name of [`ipdaemon.${libc}.node`, `libipdaemon.${libc}.so`])
        writeFileSync(path.join(prebuilt, name), '');
    }
    return place;
  }
  const check = (place: string, command: string) =>
    run(process.execPath, ['bindings/pack.js', 'check'], place, { npm_command: command });
  const all = ['x64-glibc', 'arm64-glibc', 'x64-musl', 'arm64-musl'];

  test('is refused without native files, and says how to get them', () => {
    const place = checkout();
    const { status, stderr } = run('npm', ['pack'], place);
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/lack native files for linux-x64-glibc, .*npm run build:prebuilds/s);
    expect(readdirSync(place).filter((name) => name.endsWith('.tgz'))).toEqual([]);
  }, 60_000);

  test('is enough for one system, and publishing is not', () => {
    const place = checkout('x64-glibc');
    expect(check(place, 'pack')).toMatchObject({ status: 0, stderr: expect.stringContaining('linux-arm64-musl') });
    expect(check(place, 'publish')).toMatchObject({ status: 1, stderr: expect.stringContaining('linux-arm64-musl') });
    expect(check(checkout(...all), 'publish')).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  test('of a repository that npm prepares for a project takes what was built', () => {
    const place = checkout();
    mkdirSync(path.join(place, 'build', 'Release'), { recursive: true });
    for (const name of ['ipdaemon.node', 'libipdaemon.so', 'libipdaemon.dylib']) {
      writeFileSync(path.join(place, 'build', 'Release', name), '');
    }
    const stage = (more: NodeJS.ProcessEnv) => run(process.execPath, ['bindings/pack.js', 'git'], place, more);
    expect(stage({})).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(existsSync(path.join(place, 'prebuilds'))).toBe(false);
    expect(stage({ _PACOTE_NO_PREPARE_: 'git+file:///somewhere' })).toEqual({ status: 0, stdout: '', stderr: '' });
    const { prebuiltFile } = require('../../bindings/files') as typeof import('../../bindings/files');
    expect(existsSync(prebuiltFile(place, 'ipdaemon', 'node'))).toBe(true);
  });
});

describe('node-gyp', () => {
  const { headers } = require('../../bindings/node-gyp.js') as {
    headers(env: NodeJS.ProcessEnv, program: string, version: string): Record<string, string>;
  };
  const unreachable = () => ({
    npm_config_disturl: 'http://127.0.0.1:1',
    npm_config_devdir: path.join(folder, 'no-headers-here'),
    npm_config_nodedir: '',
  });

  /** A folder in which Node of a version could be installed, with its headers. */
  function prefix(version: string): string {
    const place = mkdtempSync(path.join(folder, 'prefix-'));
    const include = path.join(place, 'include', 'node');
    mkdirSync(include, { recursive: true });
    for (const name of ['node_api.h', 'common.gypi']) writeFileSync(path.join(include, name), '');
    writeFileSync(path.join(include, 'node_version.h'), `#define NODE_MAJOR_VERSION ${version.split('.')[0]}\n`);
    return place;
  }

  test('gets the headers beside Node, unless npm names others or they are of another version', () => {
    const place = prefix('20.1.2');
    const node = path.join(place, 'bin', 'node');
    expect(headers({}, node, '20.3.4')).toEqual({ npm_config_nodedir: place });
    expect(headers({ npm_config_nodedir: '' }, node, '20.3.4')).toEqual({ npm_config_nodedir: place });
    expect(headers({ npm_config_nodedir: '/elsewhere' }, node, '20.3.4')).toEqual({});
    expect(headers({}, node, '22.3.4')).toEqual({});
    expect(headers({}, path.join(folder, 'bin', 'node'), '20.3.4')).toEqual({});
  });

  test('is started by every script of package.json in the way that finds the headers', () => {
    const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
    for (const [name, text] of Object.entries<string>(scripts)) {
      const direct = text.replaceAll('node bindings/node-gyp.js', '').includes('node-gyp');
      expect([name, direct]).toEqual([name, false]);
    }
  });

  const beside = headers({}, process.execPath, process.versions.node).npm_config_nodedir;
  // Some builds of Node come without headers, and then nothing can be shown.
  const withHeaders = beside === undefined ? test.skip : test;

  withHeaders(
    'configures a checkout whose headers cannot be downloaded',
    () => {
      const place = mkdtempSync(path.join(folder, 'copy-'));
      for (const name of ['package.json', 'binding.gyp', 'ipdaemon.gypi', 'bindings', 'native', 'node_modules']) {
        symlinkSync(path.join(root, name), path.join(place, name));
      }
      const { status, stderr } = run(process.execPath, ['bindings/node-gyp.js', 'configure'], place, unreachable());
      expect([status, status === 0 ? '' : stderr]).toEqual([0, '']);
      expect(existsSync(path.join(place, 'build', 'Makefile'))).toBe(true);
    },
    60_000,
  );

  withHeaders(
    'configures an installed package, and leaves no order to compile behind',
    () => {
      for (const name of ['node-gyp', 'node-addon-api']) {
        symlinkSync(path.join(root, 'node_modules', name), path.join(folder, 'node_modules', name));
      }
      const words = [path.join(copy(), 'bindings', 'node-gyp.js'), 'configure', '--directory', copy()];
      const { status, stderr } = run(process.execPath, words, folder, unreachable());
      expect([status, status === 0 ? '' : stderr]).toEqual([0, '']);
      expect(existsSync(path.join(copy(), 'build', 'Makefile'))).toBe(true);
      expect(existsSync(path.join(copy(), 'binding.gyp'))).toBe(false);
      rmSync(path.join(copy(), 'build'), { recursive: true });
    },
    60_000,
  );

  test('says what to install where it is missing', () => {
    const place = mkdtempSync(path.join(tmpdir(), 'ipdaemon-'));
    try {
      cpSync(path.join(root, 'bindings', 'node-gyp.js'), path.join(place, 'node-gyp.js'));
      const { status, stderr } = run(process.execPath, ['node-gyp.js', 'rebuild'], place);
      expect(status).toBe(1);
      expect(stderr).toContain('npm install --no-save node-gyp node-addon-api');
      expect(readdirSync(place)).toEqual(['node-gyp.js']);
    } finally {
      rmSync(place, { recursive: true });
    }
  });
});
