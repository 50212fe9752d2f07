// `copy`, which is two things.

import { copy_file } from './files';
import { copy as copyValue } from './items';

/** PHP's `copy(from, to)` of files; with one argument the copy of an array that a ported program stores. */
export function copy(from: unknown, to: unknown): boolean;
export function copy<T>(value: T): T;
export function copy(value: unknown, ...to: unknown[]): unknown {
  return to.length > 0 ? copy_file(value, to[0]) : copyValue(value);
}
