// Chooses and loads the native part. The environment variable IPDAEMON_BINDING names a binding; without it, it is the
// addon or, where that cannot be loaded, koffi. Each has a file of its own, which is looked for among prebuilt ones for
// this system and where this checkout builds it, or which an environment variable names.

import * as fs from 'node:fs';
import * as path from 'node:path';
import type { NativeBinding } from './contract';

interface Kind {
  readonly name: string;
  /** The file, and the environment variable that names another one. */
  readonly stem: string;
  readonly extension: string;
  readonly variable: string;
  load(file: string): NativeBinding;
}

const kinds: readonly Kind[] = [
  { name: 'addon', stem: 'ipdaemon', extension: '.node', variable: 'IPDAEMON_ADDON', load: require },
  {
    name: 'koffi',
    stem: 'libipdaemon',
    extension: '.so',
    variable: 'IPDAEMON_LIBRARY',
    // Only here, because koffi need not be installed.
    load: (file) => (require('./koffi/index') as typeof import('./koffi/index')).load(file),
  },
];

/** The folder with package.json, seen from the sources as well as from dist. */
export function packageRoot(): string {
  let folder = __dirname;
  while (!fs.existsSync(path.join(folder, 'package.json'))) {
    const parent = path.dirname(folder);
    if (parent === folder) throw new Error(`ipdaemon: there is no package.json above ${__dirname}`);
    folder = parent;
  }
  return folder;
}

function libc(): string {
  if (process.platform !== 'linux') return '';
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return report.header?.glibcVersionRuntime === undefined ? '.musl' : '.glibc';
}

function candidates({ stem, extension, variable }: Kind): string[] {
  const named = process.env[variable];
  if (named !== undefined && named !== '') return [path.resolve(named)];
  const root = packageRoot();
  const built = ['Release', 'Debug'].map((folder) => path.join(root, 'build', folder, `${stem}${extension}`));
  const prebuilds = path.join(root, 'prebuilds', `${process.platform}-${process.arch}`);
  // Asking for the C library takes milliseconds, so only where the answer matters.
  return fs.existsSync(prebuilds) ? [path.join(prebuilds, `${stem}${libc()}${extension}`), ...built] : built;
}

// A binding that was asked for, by its name or by the file of its addon, has no substitute.
function wantedKinds(): readonly Kind[] {
  const name = process.env.IPDAEMON_BINDING ?? '';
  if (name === '') return process.env.IPDAEMON_ADDON ? kinds.slice(0, 1) : kinds;
  const wanted = kinds.filter((kind) => kind.name === name);
  if (wanted.length > 0) return wanted;
  throw new Error(`ipdaemon: IPDAEMON_BINDING is ${JSON.stringify(name)}; it can be addon or koffi, or be left out`);
}

function load(): NativeBinding {
  const failures: string[] = [];
  for (const kind of wantedKinds()) {
    for (const file of candidates(kind)) {
      if (!fs.existsSync(file)) {
        failures.push(`${kind.name}: ${file}: no such file`);
        continue;
      }
      try {
        return kind.load(file);
      } catch (error) {
        failures.push(`${kind.name}: ${file}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
  throw new Error(
    `ipdaemon: the native part cannot be loaded on ${process.platform} ${process.arch}, Node ${process.version}. Tried:\n` +
      `${failures.map((failure) => `  ${failure}`).join('\n')}\n` +
      'Build it with `npm run build:addon` in the folder of the package (this needs a C++20 compiler, make and ' +
      'Python 3), or name a built file in the environment variable IPDAEMON_ADDON, or IPDAEMON_LIBRARY for koffi, ' +
      'which has to be installed then (`npm install koffi`).',
  );
}

/** The native functions of this thread. They are copied into a plain object, from which V8 reads them faster. */
export const binding: NativeBinding = { ...load() };
