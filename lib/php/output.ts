// Standard output, synchronously and byte for byte, and the end of the program.

import { writeSync } from 'node:fs';
import { PhpArray } from './array';
import { str } from './convert';
import { type Callable, callbackOf } from './registry';

const pause = new Int32Array(new SharedArrayBuffer(4));

/** Writes all bytes of a text to a descriptor. A pipe that is full is tried again. */
export function writeAll(descriptor: number, text: string): void {
  const bytes = Buffer.from(text, 'latin1');
  let at = 0;
  while (at < bytes.length) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Whoever read has gone: PHP does not complain either.
      if (code === 'EPIPE') return;
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(pause, 0, 0, 1);
    }
  }
}

/** `echo`. */
export function echo(...values: unknown[]): void {
  let text = '';
  for (const value of values) text += str(value);
  if (text !== '') writeAll(1, text);
}

/** `print`. */
export function print(value: unknown): 1 {
  echo(value);
  return 1;
}

const atEnd: [Callable, unknown[]][] = [];
let isWatching = false;

function runShutdownFunctions(): void {
  // One may register another.
  for (let next = atEnd.shift(); next !== undefined; next = atEnd.shift()) next[0](...next[1]);
}

/** `register_shutdown_function`: they run in their order, once, also behind `exit`. */
export function register_shutdown_function(callback: unknown, ...values: unknown[]): void {
  atEnd.push([callbackOf(callback), values]);
  if (!isWatching) process.on('exit', runShutdownFunctions);
  isWatching = true;
}

/** `exit`: a text is printed, a number is the status. */
export function exit(status: unknown = 0): never {
  const isText = status !== null && typeof status !== 'number' && typeof status !== 'boolean';
  if (isText) echo(status instanceof PhpArray ? 'Array' : status);
  process.exit(isText ? 0 : Number(status) & 0xff);
}

export { exit as die };

/** `flush`: there is nothing to wait for. */
export function flush(): void {
  // Every echo has been written when it returns.
}
