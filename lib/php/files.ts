// Files and folders by their paths. What fails is false.

import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { text, whole } from './args';
import { PhpArray } from './array';
import { str } from './convert';
import { ValueError } from './errors';
import { echo } from './output';
import { FileResource, fclose, fopen, LOCK_EX, LOCK_UN, stream_get_contents } from './streams';

export const FILE_USE_INCLUDE_PATH = 1;
export const FILE_IGNORE_NEW_LINES = 2;
export const FILE_SKIP_EMPTY_LINES = 4;
export const FILE_APPEND = 8;

/** The value, or false where the system refuses. */
function attempt<T>(action: () => T): T | false {
  try {
    return action();
  } catch {
    return false;
  }
}

const done = (action: () => unknown): boolean => attempt(() => [action()]) !== false;

/** The name as the system takes it: bytes. */
const native = (name: unknown) => Buffer.from(text(name).replace(/^file:\/\//, ''), 'latin1').toString('utf8');
const bytes = (name: string) => Buffer.from(name, 'utf8').toString('latin1');

export function file_get_contents(
  name: unknown,
  _include: unknown = false,
  _context: unknown = null,
  offset: unknown = 0,
  length: unknown = null,
): string | false {
  if (text(name) === '') throw new ValueError('Path cannot be empty');
  const stream = fopen(name, 'r');
  if (stream === false) return false;
  const all = stream_get_contents(stream) || '';
  fclose(stream);
  return all.slice(whole(offset), length === null ? undefined : whole(offset) + whole(length));
}

/** `file_put_contents`: a text, an array of texts, or an open file; gives the number of bytes. */
export function file_put_contents(name: unknown, data: unknown, flags: unknown = 0): number | false {
  const isAppended = (whole(flags) & FILE_APPEND) !== 0;
  const all =
    data instanceof PhpArray
      ? data.toList().map(str).join('')
      : data instanceof FileResource
        ? stream_get_contents(data) || ''
        : text(data);
  if (text(name).startsWith('php://')) {
    const stream = fopen(name, 'w');
    if (stream === false) return false;
    fs.writeSync(stream.descriptor, Buffer.from(all, 'latin1'));
    return all.length;
  }
  const buffer = Buffer.from(all, 'latin1');
  return done(() => fs.writeFileSync(native(name), buffer, { flag: isAppended ? 'a' : 'w' })) && buffer.length;
}

export function file(name: unknown, flags: unknown = 0): PhpArray | false {
  const all = file_get_contents(name);
  if (all === false) return false;
  let lines: string[] = [...(all.match(/[^\n]*\n|[^\n]+$/g) ?? [])];
  if (whole(flags) & FILE_IGNORE_NEW_LINES) lines = lines.map((line) => line.replace(/\n$/, '').replace(/\r$/, ''));
  if (whole(flags) & FILE_SKIP_EMPTY_LINES) lines = lines.filter((line) => line !== '');
  return PhpArray.fromList(lines);
}

export function readfile(name: unknown): number | false {
  const all = file_get_contents(name);
  if (all !== false) echo(all);
  return all === false ? false : all.length;
}

const stat = (name: unknown) => attempt(() => fs.statSync(native(name)));
const can = (name: unknown, mode: number) => done(() => fs.accessSync(native(name), mode));

export function file_exists(name: unknown): boolean {
  return stat(name) !== false;
}

export function is_file(name: unknown): boolean {
  const found = stat(name);
  return found !== false && found.isFile();
}

export function is_dir(name: unknown): boolean {
  const found = stat(name);
  return found !== false && found.isDirectory();
}

export function is_link(name: unknown): boolean {
  const found = attempt(() => fs.lstatSync(native(name)));
  return found !== false && found.isSymbolicLink();
}

export function is_readable(name: unknown): boolean {
  return can(name, fs.constants.R_OK);
}

export function is_writable(name: unknown): boolean {
  return can(name, fs.constants.W_OK);
}

export { is_writable as is_writeable };

export function is_executable(name: unknown): boolean {
  return is_file(name) && can(name, fs.constants.X_OK);
}

export function filesize(name: unknown): number | false {
  const found = stat(name);
  return found !== false && found.size;
}

const seconds = (ms: number) => Math.floor(ms / 1000);

export function filemtime(name: unknown): number | false {
  const found = stat(name);
  return found !== false && seconds(found.mtimeMs);
}

export function fileatime(name: unknown): number | false {
  const found = stat(name);
  return found !== false && seconds(found.atimeMs);
}

export function filectime(name: unknown): number | false {
  const found = stat(name);
  return found !== false && seconds(found.ctimeMs);
}

export function fileperms(name: unknown): number | false {
  const found = stat(name);
  return found !== false && found.mode;
}

export function clearstatcache(): void {
  // Nothing is kept.
}

export function unlink(name: unknown): boolean {
  return done(() => fs.unlinkSync(native(name)));
}

export function mkdir(name: unknown, mode: unknown = 0o777, recursive: unknown = false): boolean {
  if (file_exists(name)) return false;
  return done(() => fs.mkdirSync(native(name), { mode: whole(mode), recursive: recursive === true }));
}

export function rmdir(name: unknown): boolean {
  return done(() => fs.rmdirSync(native(name)));
}

export function rename(from: unknown, to: unknown): boolean {
  return done(() => fs.renameSync(native(from), native(to)));
}

export function copy_file(from: unknown, to: unknown): boolean {
  return done(() => fs.copyFileSync(native(from), native(to)));
}

export function touch(name: unknown, time: unknown = null, access: unknown = null): boolean {
  const at = time === null ? Date.now() / 1000 : whole(time);
  return done(() => {
    if (!file_exists(name)) fs.writeFileSync(native(name), '');
    fs.utimesSync(native(name), access === null ? at : whole(access), at);
  });
}

export function chmod(name: unknown, mode: unknown): boolean {
  return done(() => fs.chmodSync(native(name), whole(mode)));
}

export function tempnam(folder: unknown, prefix: unknown): string | false {
  const base = is_dir(folder) ? native(folder) : os.tmpdir();
  for (let i = 0; i < 100; i += 1) {
    const name = path.join(base, native(prefix).slice(0, 63) + Math.random().toString(36).slice(2, 8).padEnd(6, '0'));
    if (done(() => fs.closeSync(fs.openSync(name, 'wx', 0o600)))) return bytes(name);
  }
  return false;
}

export function sys_get_temp_dir(): string {
  return bytes(os.tmpdir());
}

export function tmpfile(): FileResource | false {
  const name = tempnam(os.tmpdir(), 'php');
  if (name === false) return false;
  const stream = fopen(name, 'w+');
  unlink(name);
  return stream;
}

/** `scandir`, with . and .. */
export function scandir(folder: unknown, order: unknown = 0): PhpArray | false {
  const names = attempt(() => fs.readdirSync(native(folder)).map(bytes));
  if (names === false) return false;
  const sorted = ['.', '..', ...names].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return PhpArray.fromList(whole(order) === 1 ? sorted.reverse() : sorted);
}

function patternOf(part: string): RegExp {
  const source = part.replace(/\\(.)|[.+^${}()|]|[*?]|\[!/g, (all, escaped) => {
    if (escaped !== undefined) return `\\${escaped}`;
    return all === '*' ? '.*' : all === '?' ? '.' : all === '[!' ? '[^' : `\\${all}`;
  });
  return new RegExp(`^${source}$`, 's');
}

/** `glob`: * and ? and [ ] in each part of the path, sorted; names that begin with a point need one in the pattern. */
export function glob(pattern: unknown): PhpArray {
  const wanted = text(pattern);
  let found = [wanted.startsWith('/') ? '/' : ''];
  for (const part of wanted.split('/').filter((one) => one !== '')) {
    found = found.flatMap((base) => {
      const join = (name: string) => (base === '' || base === '/' ? base + name : `${base}/${name}`);
      if (!/[*?[]/.test(part)) return file_exists(join(part)) ? [join(part)] : [];
      const names = attempt(() => fs.readdirSync(native(base === '' ? '.' : base)).map(bytes)) || [];
      const match = patternOf(part);
      return names.filter((name) => match.test(name) && (name[0] !== '.' || part[0] === '.')).map(join);
    });
  }
  return PhpArray.fromList(found.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
}

export function realpath(name: unknown): string | false {
  return attempt(() => bytes(fs.realpathSync(native(name) || '.')));
}

export function getcwd(): string {
  return bytes(process.cwd());
}

export function chdir(name: unknown): boolean {
  return done(() => process.chdir(native(name)));
}

export const DIRECTORY_SEPARATOR = '/';
export const PATH_SEPARATOR = ':';

export function basename(name: unknown, suffix: unknown = ''): string {
  const base = text(name)
    .replace(/\/+$/, '')
    .replace(/^[\s\S]*\//, '');
  const end = text(suffix);
  return end !== '' && base !== end && base.endsWith(end) ? base.slice(0, -end.length) : base;
}

export function dirname(name: unknown, levels: unknown = 1): string {
  let result = text(name);
  if (whole(levels) < 1) throw new ValueError('dirname(): Argument #2 ($levels) must be greater than or equal to 1');
  for (let i = 0; i < whole(levels); i += 1) {
    if (result === '') return '';
    const base = result.replace(/\/+$/, '');
    if (base === '') return '/';
    const at = base.lastIndexOf('/');
    const next = at < 0 ? '.' : base.slice(0, at).replace(/\/+$/, '') || '/';
    if (next === result) return next;
    result = next;
  }
  return result;
}

export const PATHINFO_DIRNAME = 1;
export const PATHINFO_BASENAME = 2;
export const PATHINFO_EXTENSION = 4;
export const PATHINFO_FILENAME = 8;

export function pathinfo(name: unknown, wanted: unknown = 15): PhpArray | string {
  const [whole_, base] = [text(name), basename(name)];
  const dot = base.lastIndexOf('.');
  const result = new PhpArray();
  if (whole_ !== '') result.set('dirname', dirname(whole_));
  result.set('basename', base);
  if (dot >= 0) result.set('extension', base.slice(dot + 1));
  result.set('filename', dot < 0 ? base : base.slice(0, dot));
  const key = { 1: 'dirname', 2: 'basename', 4: 'extension', 8: 'filename' }[whole(wanted)];
  return key === undefined ? result : (result.get(key) ?? '');
}

/** `flock`: Node has no locks; within one process everything is done at once, so that the lock is given. */
export function flock(_stream: unknown, operation: unknown): boolean {
  return (whole(operation) & 3) === LOCK_UN || (whole(operation) & 3) <= LOCK_EX;
}

export function disk_free_space(folder: unknown): number | false {
  const found = attempt(() => fs.statfsSync(native(folder)));
  return found !== false && found.bavail * found.bsize;
}

/** `fpassthru`: prints what is left of a file. */
export function fpassthru(stream: unknown): number {
  const all = stream_get_contents(stream) || '';
  echo(all);
  return all.length;
}
