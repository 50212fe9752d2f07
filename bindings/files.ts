// Where the native files are: built in this checkout, or prebuilt in the package.

import * as fs from 'node:fs';
import * as path from 'node:path';

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

/** The C library of this process: glibc or musl on Linux, nothing elsewhere. */
export function libc(): string {
  if (process.platform !== 'linux') return '';
  let mapped: string;
  try {
    mapped = fs.readFileSync('/proc/self/maps', 'latin1');
  } catch {
    // Without /proc there is nothing as cheap to ask. A wrong guess ends with an error that names the file.
    return 'glibc';
  }
  return mapped.includes('/ld-musl-') ? 'musl' : 'glibc';
}

/** The file among the prebuilt ones that is for this process. */
export function prebuiltFile(root: string, stem: string, extension: string): string {
  const name = [stem, libc(), extension].filter((part) => part !== '').join('.');
  return path.join(root, 'prebuilds', `${process.platform}-${process.arch}`, name);
}

/** The files in the order in which they are tried. What was built here is wanted more than what came along. */
export function* nativeFiles(stem: string, extension: string): Generator<string> {
  const root = packageRoot();
  for (const kind of ['Release', 'Debug']) yield path.join(root, 'build', kind, `${stem}.${extension}`);
  yield prebuiltFile(root, stem, extension);
}

/** The systems for which the package has brought files, in words. */
export function prebuiltSystems(): string {
  const folder = path.join(packageRoot(), 'prebuilds');
  const systems = fs.existsSync(folder)
    ? fs.readdirSync(folder).flatMap((system) =>
        fs
          .readdirSync(path.join(folder, system))
          .filter((file) => file.endsWith('.node'))
          .map((file) => [system, ...file.split('.').slice(1, -1)].join(' ')),
      )
    : [];
  return systems.length === 0 ? 'none' : systems.join(', ');
}
