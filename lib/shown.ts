// Values in error messages: what a program has passed, short enough for a line.

const textMax = 60;

/** The value as a program would write it, or what kind of thing it is. Never throws. */
export function shown(value: unknown): string {
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
  if (typeof value !== 'object' || value === null) return String(value);
  // A bare object has none, nor has one that does not want to be a text.
  return typeof (value as { toString?: unknown }).toString === 'function' || Symbol.toPrimitive in value
    ? String(value)
    : undefined;
}
