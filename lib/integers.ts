// Numbers as programs pass them: connection ids, indexes, ids of properties and events.

/** An integer as it is, a numeric string as its number, and -1, which is neither a connection nor an id, for the rest. */
export function integerOf(value: unknown): number {
  if (typeof value === 'number') return Number.isInteger(value) && Math.abs(value) <= 0x7fffffff ? value : -1;
  if (typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value)) return integerOf(Number(value));
  return typeof value === 'bigint' ? integerOf(Number(value)) : -1;
}

/** As integerOf, quickly for what is one already. */
export function connectionOf(value: unknown): number {
  return typeof value === 'number' && value === (value | 0) ? value : integerOf(value);
}
