// Bundles a small server with the bundlers in common use, as their pages say: with the package left out, which needs a
// line, and with the package in the bundle. An echo has to run each time. Where the package is in the bundle, also where
// it is not installed, with its native files copied beside the bundle, and over koffi in a worker. Then compiles a
// program against the types, with an old compiler and the current one, with and without the types of Node.
// Needs `npm run build:addon` and `npm run build:ts`. Ends with "N passed, N failed".
const fs = require('node:fs');
const path = require('node:path');
const { check, run, totals } = require('../checks');
const { asModule, folderWith, hasEchoed, install, tarball } = require('./support');

const plugins = `import commonjs from '@rollup/plugin-commonjs';
import resolve from '@rollup/plugin-node-resolve';
const plugins = [resolve({ preferBuiltins: true }), commonjs()];`;

/** How a bundler is told what to do: its program, the words, the files beside the server, what it writes. */
const bundlers = [
  {
    name: 'esbuild, CommonJS',
    program: 'esbuild/bin/esbuild',
    words: ['server.mjs', '--bundle', '--platform=node', '--outfile=out/server.cjs'],
    leftOut: ['--external:ipdaemon'],
    output: 'out/server.cjs',
  },
  {
    name: 'esbuild, ES module',
    program: 'esbuild/bin/esbuild',
    words: ['server.mjs', '--bundle', '--platform=node', '--format=esm', '--outfile=out/server.mjs'],
    leftOut: ['--external:ipdaemon'],
    bundled: [
      "--banner:js=import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    ],
    output: 'out/server.mjs',
  },
  {
    name: 'webpack, CommonJS',
    program: 'webpack/bin/webpack.js',
    words: ['--config', 'webpack.config.cjs'],
    files: (leftOut) => ({
      'webpack.config.cjs': `module.exports = {
        mode: 'production', target: 'node', entry: './server.mjs', output: { path: __dirname + '/out', filename: 'server.cjs' },
        ${leftOut ? "externals: { ipdaemon: 'commonjs ipdaemon' }," : ''}
      };`,
    }),
    output: 'out/server.cjs',
  },
  {
    name: 'webpack, ES module',
    program: 'webpack/bin/webpack.js',
    words: ['--config', 'webpack.config.cjs'],
    files: (leftOut) => ({
      'webpack.config.cjs': `module.exports = {
        mode: 'production', target: 'node', entry: './server.mjs', experiments: { outputModule: true },
        output: { module: true, path: __dirname + '/out', filename: 'server.mjs' },
        ${leftOut ? "externals: { ipdaemon: 'module ipdaemon' }," : ''}
      };`,
    }),
    output: 'out/server.mjs',
  },
  {
    name: 'rollup, ES module',
    program: 'rollup/dist/bin/rollup',
    words: ['--config', 'rollup.config.mjs', '--failAfterWarnings'],
    files: (leftOut) => ({
      'rollup.config.mjs': `${plugins}
        export default { input: 'server.mjs', output: { file: 'out/server.mjs', format: 'es' }, plugins,
          external: ${leftOut ? "['ipdaemon']" : '[]'} };`,
    }),
    output: 'out/server.mjs',
  },
];

/** A project with these files, the modules of `tools`, and the package, unless it is to be without. */
function projectWith(files, tools, file) {
  const project = folderWith({ 'package.json': '{ "name": "project" }', ...files });
  const modules = path.join(project, 'node_modules');
  fs.mkdirSync(modules);
  for (const name of fs.readdirSync(tools)) {
    if (name !== 'koffi' && name !== '@types') fs.symlinkSync(path.join(tools, name), path.join(modules, name));
  }
  fs.mkdirSync(path.join(modules, 'ipdaemon'));
  run('tar', ['-xzf', file, '-C', path.join(modules, 'ipdaemon'), '--strip-components=1']);
  return project;
}

function bundle(bundler, leftOut, tools, file, server = asModule) {
  const project = projectWith({ 'server.mjs': server, ...bundler.files?.(leftOut) }, tools, file);
  const program = path.join(tools, bundler.program);
  const words = [...bundler.words, ...((leftOut ? bundler.leftOut : bundler.bundled) ?? [])];
  const said = run(process.execPath, [program, ...words], { cwd: project });
  if (/\bwarn/i.test(said)) throw new Error(`it warns:\n${said}`);
  return project;
}

const serve = (project, output, env = {}) =>
  run(process.execPath, [output], { cwd: project, env: { ...process.env, NODE_PATH: '', ...env } });

/** The same server in a worker, which has the bundle for its program, too. */
const inWorker = asModule
  .replace(
    "import * as net from 'node:net';",
    "import * as net from 'node:net';\nimport { isMainThread, Worker } from 'node:worker_threads';",
  )
  .replace(/const res =.*/s, (body) => `if (isMainThread) new Worker(process.argv[1]);\nelse {\n${body}}\n`);

function checkBundlers(tools, file) {
  for (const bundler of bundlers) {
    const { name, output } = bundler;
    check(`${name}, the package left out`, () => hasEchoed(serve(bundle(bundler, true, tools, file), output)));
    check(`${name}, the package in the bundle`, () => {
      const project = bundle(bundler, false, tools, file);
      hasEchoed(serve(project, output));
      // To where there is nothing but the bundle and the native files.
      const alone = folderWith();
      fs.copyFileSync(path.join(project, output), path.join(alone, path.basename(output)));
      const prebuilds = path.join(project, 'node_modules', 'ipdaemon', 'prebuilds');
      fs.cpSync(prebuilds, path.join(alone, 'prebuilds'), { recursive: true });
      hasEchoed(serve(alone, path.basename(output)));
    });
    check(`${name}, in the bundle, over koffi in a worker`, () => {
      const project = bundle(bundler, false, tools, file, inWorker);
      fs.symlinkSync(path.join(tools, 'koffi'), path.join(project, 'node_modules', 'koffi'));
      hasEchoed(serve(project, output, { IPDAEMON_BINDING: 'koffi' }));
    });
  }
}

const program = `
  import { EventId, IPWorks_IPDaemon, Property, ipworks_ipdaemon_get, ipworks_ipdaemon_get_bytes,
    ipworks_ipdaemon_open, ipworks_ipdaemon_register_callback } from 'ipdaemon';
  const res = ipworks_ipdaemon_open();
  export const port: number | null = ipworks_ipdaemon_get(res, Property.LocalPort);
  export const bytes: Uint8Array | null = ipworks_ipdaemon_get_bytes(res, Property.EOL);
  ipworks_ipdaemon_register_callback(res, EventId.DataIn, ({ text, textB }) => text.length + textB.length);
  class Server extends IPWorks_IPDaemon {
    fireDataIn(param: { connectionid: number; text: string }) {
      this.doSend(param.connectionid, param.text);
    }
  }
  export const server: { [Symbol.dispose](): void } = new Server();
`;
const withNode = `
  import { ipworks_ipdaemon_get_bytes, ipworks_ipdaemon_open } from 'ipdaemon';
  const bytes: Buffer | null = ipworks_ipdaemon_get_bytes(ipworks_ipdaemon_open(), 1);
  export const text: string | undefined = bytes?.toString('hex');
`;

function checkTypes(tools, file) {
  for (const compiler of ['typescript-5.4', 'typescript-current']) {
    const { version } = JSON.parse(fs.readFileSync(path.join(tools, compiler, 'package.json'), 'utf8'));
    for (const types of [true, false]) {
      check(`TypeScript ${version}, ${types ? 'with' : 'without'} @types/node, libraries checked`, () => {
        const files = { 'a.cts': program, 'b.mts': program, ...(types ? { 'c.cts': withNode } : {}) };
        const project = projectWith(files, tools, file);
        if (types) fs.symlinkSync(path.join(tools, '@types'), path.join(project, 'node_modules', '@types'));
        const words = ['--noEmit', '--strict', '--target', 'es2022', ...(types ? ['--types', 'node'] : [])];
        const tsc = path.join(tools, compiler, 'bin', 'tsc');
        // The other way to find packages differs in nothing that depends on the compiler.
        const ways = [['--module', 'nodenext']];
        if (compiler === 'typescript-current') ways.push(['--module', 'esnext', '--moduleResolution', 'bundler']);
        for (const way of ways) run(process.execPath, [tsc, ...words, ...way, ...Object.keys(files)], { cwd: project });
      });
    }
  }
}

let file = '';
check('the tarball', () => {
  file = tarball();
});
let tools = '';
check('the bundlers and compilers', () => {
  tools = install(
    'esbuild@0.28',
    'webpack@5',
    'webpack-cli@6',
    'rollup@4',
    '@rollup/plugin-commonjs@29',
    '@rollup/plugin-node-resolve@16',
    'koffi@3',
    'typescript-5.4@npm:typescript@5.4',
    'typescript-current@npm:typescript@7',
    '@types/node@20',
  );
});
checkBundlers(tools, file);
checkTypes(tools, file);
totals();
