// Chooses and loads the native part. The environment variable IPDAEMON_BINDING names a binding; without it, it is the
// addon or, where that cannot be loaded, koffi. Each has its own file, which files.ts looks for, or which an
// environment variable names.

import * as fs from 'node:fs';
import * as path from 'node:path';
import type { NativeBinding } from './contract';
import { isPackage, libc, nativeFiles, packageRoot, prebuiltSystems } from './files';
import { host, valuesAreHandles } from './host';
import { runtimeRequire } from './runtime-require';

interface Kind {
  readonly name: string;
  /** The file, and the environment variable that names another one. */
  readonly stem: string;
  readonly extension: string;
  readonly variable: string;
  load(file: string): NativeBinding;
}

function loadAddon(file: string): NativeBinding {
  const addon = runtimeRequire(file) as NativeBinding;
  return { ...addon, mayBeWide: tellsWide(addon.mayBeWide) ? addon.mayBeWide : undefined };
}

// It reaches past Node-API, so it is believed only where it is known, and after a look.
function tellsWide(mayBeWide: NativeBinding['mayBeWide']): boolean {
  if (mayBeWide === undefined || !valuesAreHandles) return false;
  const bytes = 'every character is a byte';
  return mayBeWide(bytes) === undefined && mayBeWide(`${bytes}, \u0100 is none`) === true;
}

const librarySuffixes: Partial<Record<NodeJS.Platform, string>> = { darwin: 'dylib', win32: 'dll' };

const kinds: readonly Kind[] = [
  { name: 'addon', stem: 'ipdaemon', extension: 'node', variable: 'IPDAEMON_ADDON', load: loadAddon },
  {
    name: 'koffi',
    stem: 'libipdaemon',
    extension: librarySuffixes[process.platform] ?? 'so',
    variable: 'IPDAEMON_LIBRARY',
    // Only here, because koffi need not be installed.
    load: (file) => (require('./koffi/index') as typeof import('./koffi/index')).load(file),
  },
];

function candidates({ stem, extension, variable }: Kind): Iterable<string> {
  const named = process.env[variable];
  return named === undefined || named === '' ? nativeFiles(stem, extension) : [path.resolve(named)];
}

// A binding that was asked for, by its name or by the file of its addon, has no substitute.
function wantedKinds(): readonly Kind[] {
  const name = process.env.IPDAEMON_BINDING ?? '';
  if (name === '') return process.env.IPDAEMON_ADDON ? kinds.slice(0, 1) : kinds;
  const wanted = kinds.filter((kind) => kind.name === name);
  if (wanted.length > 0) return wanted;
  throw new Error(`ipdaemon: IPDAEMON_BINDING is ${JSON.stringify(name)}; set it to addon or koffi, or leave it unset`);
}

/** What has to be done so that there is a native file for this system. */
function howToBuild(root: string): string {
  if (!isPackage(root)) {
    return '  mark ipdaemon as external to the bundle and install it, or copy its prebuilds folder beside the bundle';
  }
  // An installed package does not bring what it is built with.
  const build = path.dirname(root).endsWith('node_modules')
    ? `npm install --no-save node-gyp node-addon-api && node ${path.join(root, 'bindings', 'node-gyp.js')} rebuild --directory ${root}`
    : 'npm run build:addon';
  return `  \`${build}\`, which needs a C++20 compiler, make and Python 3`;
}

function failureText(failures: readonly string[]): string {
  const system = [process.platform, process.arch, libc()].join(' ').trim();
  return [
    `ipdaemon: the native part cannot be loaded on ${system}, ${host}.`,
    'Tried:',
    ...failures.map((failure) => `  ${failure}`),
    `Prebuilt: ${prebuiltSystems()}`,
    'What helps:',
    ...(failures.some((failure) => failure.includes('loading addons is disabled'))
      ? ["  run `node --allow-addons` if you use Node's permission model; otherwise remove --no-addons"]
      : []),
    '  `npm install koffi`, if only the koffi package is missing',
    howToBuild(packageRoot()),
    '  set IPDAEMON_ADDON=FILE, or IPDAEMON_LIBRARY=FILE for koffi, to a file that was built elsewhere',
    '  run `npx ipdaemon doctor` to see what is available here',
  ].join('\n');
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
        // Further lines say which modules asked for it.
        const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
        failures.push(`${kind.name}: ${file}: ${reason}`);
      }
    }
  }
  throw new Error(failureText(failures));
}

/** The native functions of this thread. They are copied into a plain object, from which V8 reads them faster. */
export const binding: NativeBinding = { ...load() };
