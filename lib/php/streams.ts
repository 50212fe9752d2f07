// Open files: `fopen` and what works on its result.

import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { text, whole } from './args';
import { PhpArray } from './array';
import { PhpTypeError, ValueError } from './errors';
import { writeAll } from './output';
import { Resource } from './resource';

const chunk = 8192;

/** An open file with PHP's position and read buffer. Standard streams have no position. */
export class FileResource extends Resource {
  /** Where the next byte is read or written; undefined where the file says it itself. */
  position: number | undefined;
  atEnd = false;
  /** What was appended stands before the next byte that is read, although PHP counts the position from 0 on. */
  isBehindAppended = false;
  unread = '';

  constructor(
    public descriptor: number,
    readonly mode: string,
    readonly path: string,
    id?: number,
  ) {
    super('stream', id);
  }
}

/** Memory as a file: php://memory and php://temp. */
export class MemoryResource extends FileResource {
  bytes = '';

  constructor(mode: string, path: string) {
    super(-1, mode, path);
    this.position = 0;
  }
}

export const STDIN: FileResource = new FileResource(0, 'r', 'php://stdin', 1);
export const STDOUT: FileResource = new FileResource(1, 'w', 'php://stdout', 2);
export const STDERR: FileResource = new FileResource(2, 'w', 'php://stderr', 3);

function opened(stream: unknown): FileResource {
  if (!(stream instanceof FileResource)) throw new PhpTypeError('Argument must be of type resource');
  if (!stream.isOpen) throw new PhpTypeError('supplied resource is not a valid stream resource');
  return stream;
}

/** The descriptor of an open file. */
export function streamDescriptor(stream: unknown): number {
  return opened(stream).descriptor;
}

const flags: Record<string, string> = {
  r: 'r',
  'r+': 'r+',
  w: 'w',
  'w+': 'w+',
  a: 'a',
  'a+': 'a+',
  x: 'wx',
  'x+': 'wx+',
};

function openedFor(path: string, mode: string): number | false {
  const plain = mode.replace(/[bte]/g, '');
  try {
    if (plain === 'c' || plain === 'c+') {
      try {
        return openSync(path, 'r+');
      } catch {
        return openSync(path, 'wx+');
      }
    }
    const wanted = flags[plain];
    return wanted === undefined ? false : openSync(path, wanted);
  } catch {
    return false;
  }
}

/** `fopen` of a file or one of php://stdin, stdout, stderr, memory, temp. */
export function fopen(path: unknown, mode: unknown): FileResource | false {
  const [name, how] = [text(path), text(mode)];
  if (name === '') throw new ValueError('Path cannot be empty');
  const standard = { 'php://stdin': 0, 'php://stdout': 1, 'php://output': 1, 'php://stderr': 2 }[name];
  if (standard !== undefined) return new FileResource(standard, how, name);
  if (/^php:\/\/(memory|temp)/.test(name)) return new MemoryResource(how, name);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(name) && !name.startsWith('file://')) return false;
  const descriptor = openedFor(name.replace(/^file:\/\//, ''), how);
  if (descriptor === false) return false;
  const file = new FileResource(descriptor, how, name);
  if (fstatSync(descriptor).isFile()) file.position = 0;
  return file;
}

export function fclose(stream: unknown): boolean {
  const file = opened(stream);
  file.isOpen = false;
  if (file.descriptor > 2) closeSync(file.descriptor);
  return true;
}

const canRead = (file: FileResource) => /^r|\+/.test(file.mode);
const canWrite = (file: FileResource) => !/^r(?!.*\+)/.test(file.mode);

/** Up to some bytes from the file itself; '' at the end. */
function readMore(file: FileResource, length: number): string {
  if (file instanceof MemoryResource) {
    const at = (file.position as number) + file.unread.length;
    return file.bytes.slice(at, at + length);
  }
  if (file.isBehindAppended) return '';
  const buffer = Buffer.alloc(length);
  const at = file.position === undefined ? null : file.position + file.unread.length;
  for (;;) {
    try {
      return buffer.toString('latin1', 0, readSync(file.descriptor, buffer, 0, length, at));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EOF' || code === 'EISDIR') return '';
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

/** Reads into the buffer; false at the end. */
function fill(file: FileResource): boolean {
  const bytes = readMore(file, chunk);
  if (bytes === '') file.atEnd = true;
  file.unread += bytes;
  return bytes !== '';
}

function take(file: FileResource, length: number): string {
  const bytes = file.unread.slice(0, length);
  file.unread = file.unread.slice(length);
  if (file.position !== undefined) file.position += bytes.length;
  return bytes;
}

export function fread(stream: unknown, length: unknown): string | false {
  const [file, wanted] = [opened(stream), whole(length)];
  if (wanted < 1) throw new ValueError('fread(): Argument #2 ($length) must be greater than 0');
  if (!canRead(file)) return false;
  const isFile = file.position !== undefined;
  while (file.unread.length < wanted && fill(file)) if (!isFile) break;
  return take(file, wanted);
}

/** `fgets`: a line with its end; false behind the last one. */
export function fgets(stream: unknown, length: unknown = null): string | false {
  const file = opened(stream);
  if (!canRead(file)) return false;
  const limit = length === null ? Number.POSITIVE_INFINITY : whole(length) - 1;
  if (length !== null && whole(length) < 1)
    throw new ValueError('fgets(): Argument #2 ($length) must be greater than 0');
  if (limit === 0) return false;
  let end = file.unread.indexOf('\n');
  while (end < 0 && file.unread.length < limit && fill(file)) end = file.unread.indexOf('\n');
  if (file.unread === '') return false;
  return take(file, Math.min(limit, end < 0 ? file.unread.length : end + 1));
}

export function fgetc(stream: unknown): string | false {
  const byte = fread(stream, 1);
  return byte === '' ? false : byte;
}

export function stream_get_contents(stream: unknown, length: unknown = null): string | false {
  const file = opened(stream);
  if (!canRead(file)) return false;
  const wanted = length === null || whole(length) < 0 ? Number.POSITIVE_INFINITY : whole(length);
  while (file.unread.length < wanted && fill(file)) if (file.atEnd) break;
  return take(file, Math.min(wanted, file.unread.length));
}

/** `feof`: true once a read has met the end. */
export function feof(stream: unknown): boolean {
  const file = opened(stream);
  return file.atEnd && file.unread === '';
}

/** `fwrite`: the number of bytes. */
export function fwrite(stream: unknown, data: unknown, length: unknown = null): number | false {
  const file = opened(stream);
  const bytes = length === null ? text(data) : text(data).slice(0, Math.max(0, whole(length)));
  if (!canWrite(file)) return false;
  file.unread = '';
  if (file instanceof MemoryResource) {
    const at = file.mode.startsWith('a') ? file.bytes.length : (file.position as number);
    file.bytes = file.bytes.slice(0, at).padEnd(at, '\0') + bytes + file.bytes.slice(at + bytes.length);
    file.position = at + bytes.length;
    return bytes.length;
  }
  if (file.position === undefined) {
    writeAll(file.descriptor, bytes);
    return bytes.length;
  }
  const buffer = Buffer.from(bytes, 'latin1');
  const at = file.mode.startsWith('a') ? null : file.position;
  for (let done = 0; done < buffer.length; ) {
    done += writeSync(file.descriptor, buffer, done, buffer.length - done, at === null ? null : at + done);
  }
  file.position += buffer.length;
  file.isBehindAppended = file.mode.startsWith('a');
  return buffer.length;
}

export { fwrite as fputs };

export function fflush(stream: unknown): boolean {
  opened(stream);
  return true;
}

export function fsync(stream: unknown): boolean {
  const { descriptor } = opened(stream);
  if (descriptor > 2) fsyncSync(descriptor);
  return true;
}

export function ftell(stream: unknown): number | false {
  return opened(stream).position ?? false;
}

export const SEEK_SET = 0;
export const SEEK_CUR = 1;
export const SEEK_END = 2;

function sizeOf(file: FileResource): number {
  return file instanceof MemoryResource ? file.bytes.length : fstatSync(file.descriptor).size;
}

export function fseek(stream: unknown, offset: unknown, whence: unknown = SEEK_SET): number {
  const file = opened(stream);
  if (file.position === undefined) return -1;
  const base = whence === SEEK_CUR ? file.position : whence === SEEK_END ? sizeOf(file) : 0;
  const at = base + whole(offset);
  if (at < 0) return -1;
  file.position = at;
  file.unread = '';
  file.atEnd = false;
  file.isBehindAppended = false;
  return 0;
}

export function rewind(stream: unknown): boolean {
  return fseek(stream, 0) === 0;
}

export function ftruncate(stream: unknown, size: unknown): boolean {
  const file = opened(stream);
  if (!canWrite(file) || file.position === undefined) return false;
  file.unread = '';
  if (file instanceof MemoryResource) file.bytes = file.bytes.slice(0, whole(size)).padEnd(whole(size), '\0');
  else ftruncateSync(file.descriptor, whole(size));
  return true;
}

export const LOCK_SH = 1;
export const LOCK_EX = 2;
export const LOCK_UN = 3;
export const LOCK_NB = 4;

/** `fstat`, with the fields by name. */
export function fstat(stream: unknown): PhpArray | false {
  const file = opened(stream);
  if (file instanceof MemoryResource) return PhpArray.from([['size', file.bytes.length]]);
  const { dev, ino, mode, nlink, uid, gid, size, atimeMs, mtimeMs, ctimeMs } = fstatSync(file.descriptor);
  const seconds = (ms: number) => Math.floor(ms / 1000);
  return PhpArray.from([
    ['dev', dev],
    ['ino', ino],
    ['mode', mode],
    ['nlink', nlink],
    ['uid', uid],
    ['gid', gid],
    ['size', size],
    ['atime', seconds(atimeMs)],
    ['mtime', seconds(mtimeMs)],
    ['ctime', seconds(ctimeMs)],
  ]);
}
