// Values in error messages: what a program has passed, short enough for a line.

import { types } from 'node:util';

const textMax = 60;

/** The value as a program would write it, or what kind of thing it is. Never throws. */
export function shown(value: unknown): string {
  // Whatever else is asked of one may throw.
  if (types.isProxy(value)) return 'a Proxy';
  switch (typeof value) {
    case 'string':
      return value.length > textMax ? `${JSON.stringify(value.slice(0, textMax))}...` : JSON.stringify(value);
    case 'bigint':
      return `${value}n`;
    case 'function':
      return 'a function';
    case 'object':
      if (value === null) return 'null';
      if (Array.isArray(value)) return 'an array';
      return ArrayBuffer.isView(value) ? 'an array of bytes' : 'an object';
    default:
      return String(value);
  }
}

/** The text of a value, as PHP would make it of a scalar; undefined for what has none. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'symbol') return undefined;
  if (isRevoked(value)) return undefined;
  if (typeof value !== 'object' || value === null) return String(value);
  // A bare object has none, nor has one that does not want to be a text.
  return typeof (value as { toString?: unknown }).toString === 'function' || Symbol.toPrimitive in value
    ? String(value)
    : undefined;
}

// A Proxy that was revoked throws whatever is asked of it.
function isRevoked(value: unknown): boolean {
  try {
    Array.isArray(value);
    return false;
  } catch {
    return true;
  }
}
