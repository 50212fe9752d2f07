// Finds and loads the native part: a file that IPDAEMON_ADDON names, a prebuilt one for this system,
// or the one that was built in this checkout.

import * as fs from 'node:fs';
import * as path from 'node:path';
import type { NativeBinding } from './contract';

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

function candidates(): string[] {
  const named = process.env.IPDAEMON_ADDON;
  if (named !== undefined && named !== '') return [path.resolve(named)];
  const root = packageRoot();
  const built = [
    path.join(root, 'build', 'Release', 'ipdaemon.node'),
    path.join(root, 'build', 'Debug', 'ipdaemon.node'),
  ];
  const prebuilds = path.join(root, 'prebuilds', `${process.platform}-${process.arch}`);
  // Asking for the C library takes milliseconds, so only where the answer matters.
  return fs.existsSync(prebuilds) ? [path.join(prebuilds, `ipdaemon${libc()}.node`), ...built] : built;
}

function load(): NativeBinding {
  const failures: string[] = [];
  for (const file of candidates()) {
    if (!fs.existsSync(file)) {
      failures.push(`${file}: no such file`);
      continue;
    }
    try {
      return require(file) as NativeBinding;
    } catch (error) {
      failures.push(`${file}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(
    `ipdaemon: the native part cannot be loaded on ${process.platform} ${process.arch}, Node ${process.version}. Tried:\n` +
      `${failures.map((failure) => `  ${failure}`).join('\n')}\n` +
      'Build it with `npm run build:addon` in the folder of the package (this needs a C++20 compiler, make and ' +
      'Python 3), or name a built file in the environment variable IPDAEMON_ADDON.',
  );
}

/** The native functions of this thread. They are copied into a plain object, from which V8 reads them faster. */
export const binding: NativeBinding = { ...load() };
