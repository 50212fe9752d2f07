// PHP's comparisons.

import { PhpArray } from './array';
import { float, isIntegerText, numberOf, str, truthy } from './convert';
import { PhpError } from './errors';
import { Resource } from './resource';

const isNull = (value: unknown): value is null | undefined => value === null || value === undefined;
const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null && !(value instanceof PhpArray) && !(value instanceof Resource)) ||
  typeof value === 'function';

/** What stands for two values of which neither is less. */
const uncomparable = 1;

function order(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : a === b ? 0 : uncomparable;
}

/** Byte by byte, as -1, 0 or 1. */
export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Two texts: as numbers if both are. Integers that a float does not hold are compared exactly. */
export function compareStrings(a: string, b: string): number {
  const left = numberOf(a);
  if (left === undefined) return compareTexts(a, b);
  const right = numberOf(b);
  if (right === undefined) return compareTexts(a, b);
  if (Math.abs(left) > Number.MAX_SAFE_INTEGER && Math.abs(right) > Number.MAX_SAFE_INTEGER) {
    if (isIntegerText(a) && isIntegerText(b)) {
      const [x, y] = [BigInt(a.trim().replace(/^\+/, '')), BigInt(b.trim().replace(/^\+/, ''))];
      return x < y ? -1 : x > y ? 1 : 0;
    }
    // Two that overflow the same way are compared as texts.
    if (left === right && /^\s*[+-]?\d+\s*$/.test(a) && /^\s*[+-]?\d+\s*$/.test(b)) return compareTexts(a, b);
  }
  return order(left, right);
}

function compareNumberWithText(number: number, text: string, php: 7 | 8): number {
  if (php === 7) return order(number, float(text));
  if (Number.isNaN(number)) return uncomparable;
  const other = numberOf(text);
  return other === undefined ? compareTexts(str(number), text) : order(number, other);
}

function compareArrays(a: PhpArray, b: PhpArray, php: 7 | 8): number {
  if (a.size !== b.size) return a.size < b.size ? -1 : 1;
  for (const [key, value] of a.entryList()) {
    if (!b.hasKey(key)) return uncomparable;
    const result = comparison(value, b.get(key), php);
    if (result !== 0) return result;
  }
  return 0;
}

function compareObjects(a: object, b: object, php: 7 | 8): number {
  if (a === b) return 0;
  if (typeof a === 'function' || typeof b === 'function' || a.constructor !== b.constructor) return uncomparable;
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return order(keys.length, Object.keys(right).length);
  for (const key of keys) {
    if (!(key in right)) return uncomparable;
    const result = comparison(left[key], right[key], php);
    if (result !== 0) return result;
  }
  return 0;
}

/** An object beside something else: by its text, or as 1. */
function compareWithObject(object: object, other: unknown): number {
  if (typeof other === 'string') {
    try {
      return compareTexts(str(object), other);
    } catch (error) {
      if (error instanceof PhpError) return 1;
      throw error;
    }
  }
  return typeof other === 'number' ? order(1, other) : 1;
}

function comparison(a: unknown, b: unknown, php: 7 | 8): number {
  if (typeof a === 'number' && typeof b === 'number') return order(a, b);
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b);
  if (typeof a === 'boolean' || typeof b === 'boolean') return order(Number(truthy(a)), Number(truthy(b)));
  if (isNull(a)) return isNull(b) ? 0 : typeof b === 'string' ? compareTexts('', b) : order(0, Number(truthy(b)));
  if (isNull(b)) return typeof a === 'string' ? compareTexts(a, '') : order(Number(truthy(a)), 0);
  if (a instanceof PhpArray && b instanceof PhpArray) return compareArrays(a, b, php);
  if (isObject(a)) return isObject(b) ? compareObjects(a, b, php) : compareWithObject(a, b);
  if (isObject(b)) return -compareWithObject(b, a);
  if (a instanceof PhpArray) return 1;
  if (b instanceof PhpArray) return -1;
  if (typeof a === 'number' && typeof b === 'string') return compareNumberWithText(a, b, php);
  if (typeof a === 'string' && typeof b === 'number') {
    const result = compareNumberWithText(b, a, php);
    return Number.isNaN(b) ? result : result === 0 ? 0 : -result;
  }
  return order(float(a), float(b));
}

/** `<=>`. */
export function cmp(a: unknown, b: unknown): number {
  return comparison(a, b, 8);
}

export { cmp as compare };

/** `==` of PHP 8. */
export function eq(a: unknown, b: unknown): boolean {
  if (typeof a === 'string' && typeof b === 'string' && a === b) return true;
  if (a instanceof PhpArray && b instanceof PhpArray) return equalArrays(a, b, 8);
  return comparison(a, b, 8) === 0;
}

/** `==` of PHP 7, where a text beside a number is a number. */
export function eq7(a: unknown, b: unknown): boolean {
  if (a instanceof PhpArray && b instanceof PhpArray) return equalArrays(a, b, 7);
  return comparison(a, b, 7) === 0;
}

function equalArrays(a: PhpArray, b: PhpArray, php: 7 | 8): boolean {
  if (a.size !== b.size) return false;
  return a.entryList().every(([key, value]) => b.hasKey(key) && (php === 8 ? eq : eq7)(value, b.get(key)));
}

/** `===`. */
export function identical(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (isNull(a)) return isNull(b);
  if (!(a instanceof PhpArray) || !(b instanceof PhpArray) || a.size !== b.size) return false;
  const others = b.entryList();
  return a.entryList().every(([key, value], i) => key === others[i]?.[0] && identical(value, others[i]?.[1]));
}

const hasNan = (a: unknown, b: unknown) => Number.isNaN(a) || Number.isNaN(b);

/** `<`. */
export function lt(a: unknown, b: unknown): boolean {
  return cmp(a, b) < 0;
}

/** `<=`. */
export function le(a: unknown, b: unknown): boolean {
  return cmp(a, b) <= 0;
}

/** `>`: the other way round, which matters where neither is less. */
export function gt(a: unknown, b: unknown): boolean {
  return !hasNan(a, b) && cmp(b, a) < 0;
}

/** `>=`. */
export function ge(a: unknown, b: unknown): boolean {
  return !hasNan(a, b) && cmp(b, a) <= 0;
}
