// Installs the package with every manager in common use, where nothing could compile and without a network: each has to
// do it without a word about scripts or builds, and an echo server has to run then. Also the examples as they are
// installed. Needs `npm run build:addon` and `npm run build:ts`. Ends with "N passed, N failed".
const fs = require('node:fs');
const path = require('node:path');
const { check, run, totals } = require('../checks');
const { asCommonJs, asModule, folderWith, hasEchoed, install, programs, tarball } = require('./support');

/** What a manager says about install scripts, or about anything else that it does not like. */
const complaint = /warn|\berror|\bscripts?\b|approve|ignored build|compil|gyp|deprecat/i;

const yarnSettings = (linker) => `enableTelemetry: false\nenableNetwork: false\nnodeLinker: ${linker}\n`;

const npm = (version) => ({
  title: `npm ${version}`,
  alias: `npm-${version}`,
  package: `npm@${version}`,
  program: 'bin/npm-cli.js',
  words: (file) => ['install', '--offline', file],
});
const pnpm = (version) => ({
  title: `pnpm ${version}`,
  alias: `pnpm-${version}`,
  package: `pnpm@${version}`,
  program: version < 11 ? 'bin/pnpm.cjs' : 'bin/pnpm.mjs',
  words: (file) => ['add', '--offline', file],
});
const yarn = (linker) => ({
  title: `Yarn 4, ${linker}`,
  alias: 'yarn-4',
  package: '@yarnpkg/cli-dist@4',
  program: 'bin/yarn.js',
  words: (file) => ['add', `ipdaemon@file:${file}`],
  files: { '.yarnrc.yml': yarnSettings(linker) },
});

const managers = [
  npm(10),
  npm(11),
  npm(12),
  {
    title: 'Yarn 1',
    alias: 'yarn-1',
    package: 'yarn@1',
    program: 'bin/yarn.js',
    words: (file) => ['add', '--offline', '--no-progress', file],
  },
  yarn('pnp'),
  yarn('node-modules'),
  pnpm(9),
  pnpm(10),
  pnpm(11),
  pnpm(12),
];

/** A project with the package, installed by a manager. */
function projectOf(manager, tools, node, file) {
  const project = folderWith({
    'package.json': JSON.stringify({ name: 'project', version: '1.0.0', private: true, license: 'MIT' }),
    'echo.cjs': asCommonJs,
    'echo.mjs': asModule,
    ...manager.files,
  });
  const home = folderWith();
  const env = { PATH: programs(node), HOME: home, CI: '1', NO_COLOR: '1' };
  const tool = path.join(tools, manager.alias, manager.program);
  const said = run(node, [tool, ...manager.words(file)], { cwd: project, env });
  const complaints = said.split('\n').filter((line) => complaint.test(line));
  if (complaints.length > 0) throw new Error(`it complains:\n${said}`);
  return { project, env, tool };
}

function works(manager, tools, node, file) {
  const { project, env, tool } = projectOf(manager, tools, node, file);
  const plugged = fs.existsSync(path.join(project, '.pnp.cjs'));
  if (!plugged && fs.existsSync(path.join(project, 'node_modules', 'ipdaemon', 'build')))
    throw new Error('it has compiled');
  const echoes = (name) => hasEchoed(run(node, plugged ? [tool, 'node', name] : [name], { cwd: project, env }));
  echoes('echo.cjs');
  if (plugged) {
    // Yarn sees to ES modules without node_modules only where it is told to, and then warns of Node's interface for it.
    fs.appendFileSync(path.join(project, '.yarnrc.yml'), 'pnpEnableEsmLoader: true\n');
    run(node, [tool, 'install'], { cwd: project, env });
  }
  echoes('echo.mjs');
  const { version } = JSON.parse(fs.readFileSync(path.join(tools, manager.alias, 'package.json'), 'utf8'));
  return `${version} on Node ${run(node, ['-p', 'process.versions.node']).trim()}`;
}

/** Talks to an example, which runs until it is ended. */
const talk = `
const { spawn } = require('node:child_process');
const net = require('node:net');
const example = spawn(process.execPath, [...process.argv.slice(2), '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
let said = '';
example.stdout.on('data', (text) => {
  const before = said;
  said += text;
  const port = /listening on \\S+:(\\d+)/;
  if (port.test(before) || !port.test(said)) return;
  const client = net.connect(Number(port.exec(said)[1]), '127.0.0.1');
  client.write('there and back\\n');
  client.on('data', (bytes) => {
    console.log(String(bytes).trim());
    client.destroy();
    example.kill('SIGKILL');
  });
});
`;

function main() {
  let file = '';
  check('the tarball', () => {
    file = tarball();
  });
  const aliases = new Map(managers.map(({ alias, package: name }) => [alias, `${alias}@npm:${name}`]));
  // The newest managers need a later Node than the package.
  const [major] = process.versions.node.split('.').map(Number);
  const later = `node-linux-${process.arch}`;
  let tools = '';
  check('the managers', () => {
    tools = install(...aliases.values(), ...(major < 22 ? [`${later}@22`] : []));
  });
  const node = major < 22 ? path.join(tools, later, 'bin', 'node') : process.execPath;
  for (const manager of managers) check(manager.title, () => works(manager, tools, node, file));

  check('an example where it is installed, and the same copied out, in JavaScript and TypeScript', () => {
    const { project, env } = projectOf(managers[0], tools, node, file);
    fs.writeFileSync(path.join(project, 'talk.cjs'), talk);
    const installed = path.join('node_modules', 'ipdaemon');
    fs.cpSync(path.join(project, installed, 'dist', 'examples'), path.join(project, 'javascript'), { recursive: true });
    fs.cpSync(path.join(project, installed, 'examples'), path.join(project, 'typescript'), { recursive: true });
    for (const example of [`${installed}/dist/examples/echo.js`, 'javascript/echo.js', 'typescript/echo-class.ts']) {
      hasEchoed(
        run(
          node,
          [
            'talk.cjs',
            '--disable-warning=ExperimentalWarning',
            '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON',
            example,
          ],
          { cwd: project, env },
        ),
      );
    }
  });
  totals();
}

main();
