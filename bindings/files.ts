// Where the native files are: built in this checkout, or prebuilt in the package.

import * as fs from 'node:fs';
import * as path from 'node:path';
import { here, runtimeRequire } from './runtime-require';

const packageName = 'ipdaemon';

/** Whether a folder is that of this package. Above a bundle there are those of others, which may hold anything. */
export function isPackage(folder: string): boolean {
  try {
    const text = fs.readFileSync(path.join(folder, 'package.json'), 'utf8');
    return (JSON.parse(text) as { name?: unknown } | null)?.name === packageName;
  } catch {
    return false;
  }
}

/**
 * The folder of the package, seen from the sources as well as from dist. In a bundle this file is part of the program:
 * then it is the package that the program has installed or, where there is none, the folder of the bundle, beside which
 * `prebuilds` may have been copied.
 */
export function packageRoot(): string {
  for (let folder = here; ; folder = path.dirname(folder)) {
    if (isPackage(folder)) return folder;
    if (folder === path.dirname(folder)) break;
  }
  try {
    return path.dirname(runtimeRequire.resolve(`${packageName}/package.json`));
  } catch {
    return here;
  }
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
