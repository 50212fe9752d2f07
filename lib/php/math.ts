// Functions of PHP for numbers.

import { number, text, whole } from './args';
import { PhpArray, type Value } from './array';
import { cmp } from './compare';
import { intLimit } from './convert';
import { PhpTypeError, ValueError } from './errors';
import { roundTo } from './exact';
import { spread } from './items';

export const PHP_ROUND_HALF_UP = 1;
export const PHP_ROUND_HALF_DOWN = 2;
export const PHP_ROUND_HALF_EVEN = 3;
export const PHP_ROUND_HALF_ODD = 4;

export function abs(value: unknown): number {
  return Math.abs(number(value));
}

export function floor(value: unknown): number {
  return Math.floor(number(value)) + 0;
}

export function ceil(value: unknown): number {
  return Math.ceil(number(value)) + 0;
}

export function round(value: unknown, places: unknown = 0, mode: unknown = PHP_ROUND_HALF_UP): number {
  return roundTo(number(value), whole(places), whole(mode)) + 0;
}

export function sqrt(value: unknown): number {
  return Math.sqrt(number(value));
}

export function fmod(a: unknown, b: unknown): number {
  return number(a) % number(b);
}

export function fdiv(a: unknown, b: unknown): number {
  return number(a) / number(b);
}

export function pi(): number {
  return Math.PI;
}

const unary =
  (f: (value: number) => number) =>
  (value: unknown): number =>
    f(number(value));

export const sin = unary(Math.sin);
export const cos = unary(Math.cos);
export const tan = unary(Math.tan);
export const asin = unary(Math.asin);
export const acos = unary(Math.acos);
export const atan = unary(Math.atan);
export const exp = unary(Math.exp);
export const log10 = unary(Math.log10);
export const log2 = unary(Math.log2);
export const deg2rad = unary((value) => (value / 180) * Math.PI);
export const rad2deg = unary((value) => (value / Math.PI) * 180);
export const is_nan = (value: unknown): boolean => Number.isNaN(number(value));
export const is_finite = (value: unknown): boolean => Number.isFinite(number(value));
export const is_infinite = (value: unknown): boolean => Math.abs(number(value)) === Number.POSITIVE_INFINITY;

export function atan2(y: unknown, x: unknown): number {
  return Math.atan2(number(y), number(x));
}

export function hypot(x: unknown, y: unknown): number {
  return Math.hypot(number(x), number(y));
}

export function log(value: unknown, base?: unknown): number {
  if (base === undefined) return Math.log(number(value));
  if (number(base) <= 0) throw new ValueError('log(): Argument #2 ($base) must be greater than 0');
  if (number(base) === 2) return Math.log2(number(value));
  return number(base) === 10 ? Math.log10(number(value)) : Math.log(number(value)) / Math.log(number(base));
}

function best(values: Value[], isBetter: (a: Value, b: Value) => boolean, name: string): Value {
  const list = values.length === 1 ? (values[0] instanceof PhpArray ? spread(values[0]) : undefined) : values;
  if (list === undefined) throw new PhpTypeError(`${name}(): Argument #1 ($value) must be of type array`);
  if (list.length === 0) throw new ValueError(`${name}(): Argument #1 ($value) must contain at least one element`);
  return list.reduce((found, value) => (isBetter(value, found) ? value : found));
}

/** `min` of an array or of several values. */
export function min(...values: Value[]): Value {
  return best(values, (a, b) => cmp(b, a) > 0, 'min');
}

/** `max` of an array or of several values. */
export function max(...values: Value[]): Value {
  return best(values, (a, b) => cmp(a, b) > 0, 'max');
}

function inBase(value: unknown, base: number): string {
  const shown = whole(value);
  const exact = shown >= intLimit ? 2n ** 63n - 1n : BigInt(shown);
  return BigInt.asUintN(64, exact).toString(base);
}

export const dechex = (value: unknown): string => inBase(value, 16);
export const decbin = (value: unknown): string => inBase(value, 2);
export const decoct = (value: unknown): string => inBase(value, 8);

/** The number of the digits that a base has; others are left out. */
function fromBase(value: unknown, base: number): bigint {
  const digits = text(value)
    .toLowerCase()
    .replace({ 2: /^0b/, 8: /^0o/, 16: /^0x/ }[base] ?? /^$/, '');
  let result = 0n;
  for (const digit of digits) {
    const size = /[0-9a-z]/.test(digit) ? Number.parseInt(digit, 36) : 36;
    if (size < base) result = result * BigInt(base) + BigInt(size);
  }
  return result;
}

export const hexdec = (value: unknown): number => Number(fromBase(value, 16));
export const bindec = (value: unknown): number => Number(fromBase(value, 2));
export const octdec = (value: unknown): number => Number(fromBase(value, 8));

export function base_convert(value: unknown, from: unknown, to: unknown): string {
  const [a, b] = [whole(from), whole(to)];
  if (a < 2 || a > 36)
    throw new ValueError('base_convert(): Argument #2 ($from_base) must be between 2 and 36 (inclusive)');
  if (b < 2 || b > 36)
    throw new ValueError('base_convert(): Argument #3 ($to_base) must be between 2 and 36 (inclusive)');
  return fromBase(value, a).toString(b);
}
