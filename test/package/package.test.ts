// The package as a user gets it: the entry of the checkout from CommonJS and ES modules, its types, and the tarball
// where there is no compiler.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { prebuiltFile } from '../../bindings/files';
import { Client } from '../support/client';
import { root, withProgram } from '../support/program';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ipdaemon-'));
  mkdirSync(path.join(folder, 'node_modules', '@types'), { recursive: true });
  symlinkSync(root, path.join(folder, 'node_modules', 'ipdaemon'));
  symlinkSync(path.join(root, 'node_modules', '@types', 'node'), path.join(folder, 'node_modules', '@types', 'node'));
  writeFileSync(path.join(folder, 'package.json'), '{}');
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(name: string, text: string): string {
  writeFileSync(path.join(folder, name), text);
  const { stdout, stderr, status } = spawnSync(process.execPath, [name], { cwd: folder, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  return stdout.trim();
}

const use = `
  const server = ipdaemon.ipworks_ipdaemon_open();
  const code = ipdaemon.ipworks_ipdaemon_set(server, 25, 0, true);
  console.log(code, ipdaemon.ipworks_ipdaemon_get(server, 27, 0) > 0, ipdaemon.ipworks_ipdaemon_close(server));
`;

describe('the package', () => {
  test('is usable with require from a checkout', () => {
    expect(run('a.cjs', `const ipdaemon = require(${JSON.stringify(root)}); ${use}`)).toMatch(/^0 true/);
  });

  test('is usable with require and with import by its name', () => {
    expect(run('b.cjs', `const ipdaemon = require('ipdaemon'); ${use}`)).toMatch(/^0 true/);
    expect(run('b.mjs', `import * as ipdaemon from 'ipdaemon'; ${use}`)).toMatch(/^0 true/);
  });

  test('gives import and require the same functions under the same names', () => {
    const output = run(
      'c.mjs',
      `import * as esm from 'ipdaemon';
       import { createRequire } from 'node:module';
       const cjs = createRequire(import.meta.url)('ipdaemon');
       const names = (module) => Object.keys(module).filter((name) => !['default', 'module.exports', '__esModule'].includes(name)).sort();
       console.log(JSON.stringify(names(esm)) === JSON.stringify(names(cjs)),
         names(esm).length > 40, names(esm).every((name) => esm[name] === cjs[name]));`,
    );
    expect(output).toBe('true true true');
  });

  test('shares its handles between both', () => {
    const output = run(
      'd.mjs',
      `import { ipdaemon_open, ipdaemon_close } from 'ipdaemon';
       import { createRequire } from 'node:module';
       const cjs = createRequire(import.meta.url)('ipdaemon');
       const res = ipdaemon_open();
       console.log(cjs.ipdaemon_set(res, 18, 0, 'x'), cjs.ipdaemon_get(res, 18, 0));
       ipdaemon_close(res);`,
    );
    expect(output).toBe('0 x');
  });

  const consumer = `
    import { IPWorks_IPDaemon, IPDaemonError, Property, ipworks_ipdaemon_open, ipworks_ipdaemon_set,
      ipworks_ipdaemon_get, ipworks_ipdaemon_register_callback, ipworks_ipdaemon_do_send } from 'ipdaemon';

    const res = ipworks_ipdaemon_open();
    const listening: boolean | null = ipworks_ipdaemon_get(res, Property.Listening);
    const port: number | null = ipworks_ipdaemon_get(res, Property.LocalPort, 0);
    ipworks_ipdaemon_set(res, Property.LocalPort, 0, 7777);
    ipworks_ipdaemon_set(res, 25, 0, true);
    ipworks_ipdaemon_register_callback(res, 3, (param) => {
      const text: string = param.text;
      const bytes: Uint8Array = param.textB;
      ipworks_ipdaemon_do_send(res, param.connectionid, param.eol ? text : bytes);
    });
    class Server extends IPWorks_IPDaemon {}
    const server = new Server();
    const count: number | null = server.getConnectionCount();
    const error: Error = new IPDaemonError(1, 'x');
    export { listening, port, count, error };
  `;
  const wrong = `
    import { Property, ipworks_ipdaemon_open, ipworks_ipdaemon_set, ipworks_ipdaemon_do_send } from 'ipdaemon';
    const res = ipworks_ipdaemon_open();
    ipworks_ipdaemon_set(res, Property.Listening, 0, { not: 'a value' });
    ipworks_ipdaemon_do_send(12, 1, 'a number is no resource');
  `;

  function compile(name: string, text: string): { status: number | null; output: string } {
    writeFileSync(path.join(folder, name), text);
    const { status, stdout } = spawnSync(
      process.execPath,
      [
        path.join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
        '--noEmit',
        '--strict',
        '--target',
        'es2022',
        '--lib',
        'es2023,esnext.disposable',
        '--module',
        'nodenext',
        '--moduleResolution',
        'nodenext',
        '--types',
        'node',
        name,
      ],
      { cwd: folder, encoding: 'utf8' },
    );
    return { status, output: stdout };
  }

  test.each(['consumer.mts', 'consumer.cts'])('has types that a program like %s compiles with', (name) => {
    expect(compile(name, consumer)).toEqual({ status: 0, output: '' });
  });

  test('has types that find mistakes', () => {
    const { status, output } = compile('wrong.cts', wrong);
    expect(status).not.toBe(0);
    expect(output).toMatch(/wrong\.cts\(4,/);
    expect(output).toMatch(/wrong\.cts\(5,/);
  });
});

describe('the tarball', () => {
  const project = () => path.join(folder, 'project');
  const program = () => path.join(project(), 'node_modules', '.bin', 'ipdaemon');
  let env: NodeJS.ProcessEnv = {};

  function run(command: string, args: string[], cwd: string): string {
    const { stdout, stderr, status } = spawnSync(command, args, { cwd, encoding: 'utf8', env });
    expect([status, status === 0 ? '' : stderr]).toEqual([0, '']);
    return stdout;
  }

  function pack(from: string, to: string): string {
    const output = run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', to], from);
    // A list in some versions of npm, an object with the name of the package in others.
    const [packed] = Object.values(JSON.parse(output) as Record<string, { filename: string }>);
    return path.join(to, packed?.filename ?? '');
  }

  /** Packs this checkout. Where no binaries were prebuilt, the addon that was built here is one. */
  function packWithPrebuilds(): string {
    const staged = path.join(folder, 'staged');
    mkdirSync(staged);
    run('tar', ['-xzf', pack(root, staged)], staged);
    const copy = path.join(staged, 'package');
    const prebuilt = prebuiltFile(copy, 'ipdaemon', 'node');
    if (!existsSync(prebuilt)) {
      mkdirSync(path.dirname(prebuilt), { recursive: true });
      copyFileSync(addonFile(), prebuilt);
    }
    return pack(copy, folder);
  }

  /** A folder of programs with nothing that could compile. */
  function withoutCompiler(): string {
    const tools = path.join(folder, 'tools');
    mkdirSync(tools);
    symlinkSync(process.execPath, path.join(tools, 'node'));
    for (const name of ['npm', 'sh']) {
      const found = (process.env.PATH ?? '')
        .split(path.delimiter)
        .map((place) => path.join(place, name))
        .find((file) => existsSync(file));
      symlinkSync(found ?? name, path.join(tools, name));
    }
    return tools;
  }

  beforeAll(() => {
    env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('IPDAEMON_')));
    const tarball = packWithPrebuilds();
    env.PATH = withoutCompiler();
    mkdirSync(project());
    writeFileSync(path.join(project(), 'package.json'), '{}');
    // With scripts: there must be none that would need more than that.
    run('npm', ['install', '--offline', '--no-audit', tarball], project());
  });

  test('is installed without a compiler', () => {
    for (const tool of ['cc', 'g++', 'make', 'python3']) {
      expect(spawnSync(tool, ['--version'], { env }).error).toMatchObject({ code: 'ENOENT' });
    }
    expect(existsSync(path.join(project(), 'node_modules', 'ipdaemon', 'build'))).toBe(false);
  });

  test('has a program that tells its version', () => {
    const { version } = require('../../package.json') as { version: string };
    expect(run(program(), ['--version'], project())).toBe(`${version}\n`);
  });

  test('has a server that answers', async () => {
    const main = path.join(project(), 'node_modules', 'ipdaemon', 'dist', 'lib', 'cli', 'main.js');
    await withProgram(
      [main, 'echo', '--port', '0'],
      async (server) => {
        const client = new Client(await server.port());
        client.write('from far away');
        await client.receives('from far away');
        client.destroy();
      },
      { cwd: project(), env: { ...env, IPDAEMON_ADDON: '', IPDAEMON_BINDING: '' } },
    );
  });

  test('finds that a server can run, with the addon that came along', () => {
    const output = run(program(), ['doctor'], project());
    expect(output).toMatch(/^ok +native +\S+\/project\/node_modules\/ipdaemon\/prebuilds\/\S+\.node$/m);
    expect(output).toMatch(/^ok +tls +echoed /m);
    expect(output).toMatch(/\nA server can run here\.\n$/);
  });
});

/** The addon that the tests of this checkout use. */
function addonFile(): string {
  const built = ['Release', 'Debug'].map((kind) => path.join(root, 'build', kind, 'ipdaemon.node'));
  return process.env.IPDAEMON_ADDON ?? built.find((file) => existsSync(file)) ?? '';
}
