// Functions of PHP that ask for types and change them.

import { text } from './args';
import { PhpArray, type Value } from './array';
import { float, int, isIntegerValue, numberOf, str, truthy, typeName } from './convert';
import { ValueError } from './errors';
import { copy, toArray, toObject } from './items';
import { Ref, unref } from './ref';
import { callableOf } from './registry';
import { Resource } from './resource';

const isNumber = (value: unknown): value is number => typeof value === 'number';

/** `is_int`: a number with an integer value counts as an int. */
export function is_int(value: unknown): boolean {
  return isNumber(value) && isIntegerValue(value);
}

export { is_int as is_integer, is_int as is_long };

/** `is_float`: a number without an integer value. */
export function is_float(value: unknown): boolean {
  return isNumber(value) && !isIntegerValue(value);
}

export { is_float as is_double };

export function is_string(value: unknown): boolean {
  return typeof value === 'string';
}

export function is_bool(value: unknown): boolean {
  return typeof value === 'boolean';
}

export function is_null(value: unknown): boolean {
  return value === null || value === undefined;
}

const isPlain = (value: object) => Object.getPrototypeOf(value) === Object.prototype;

/** `is_array`: also the plain object that an event has. */
export function is_array(value: unknown): boolean {
  return value instanceof PhpArray || (typeof value === 'object' && value !== null && isPlain(value));
}

export function is_object(value: unknown): boolean {
  if (typeof value === 'function') return true;
  return typeof value === 'object' && value !== null && !is_array(value) && !(value instanceof Resource);
}

export function is_numeric(value: unknown): boolean {
  return isNumber(value) || (typeof value === 'string' && numberOf(value) !== undefined);
}

export function is_scalar(value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

export function is_resource(value: unknown): boolean {
  return value instanceof Resource && value.isOpen;
}

export function is_callable(value: unknown): boolean {
  return callableOf(value) !== undefined;
}

export function is_countable(value: unknown): boolean {
  return is_array(value) || (is_object(value) && typeof (value as { count?: unknown }).count === 'function');
}

export function is_iterable(value: unknown): boolean {
  const { getIterator, rewind } = (value ?? {}) as { getIterator?: unknown; rewind?: unknown };
  return is_array(value) || typeof getIterator === 'function' || typeof rewind === 'function';
}

/** `gettype`. */
export function gettype(value: unknown): string {
  if (is_null(value)) return 'NULL';
  if (isNumber(value)) return isIntegerValue(value) ? 'integer' : 'double';
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'string') return 'string';
  if (is_array(value)) return 'array';
  if (value instanceof Resource) return value.isOpen ? 'resource' : 'resource (closed)';
  return 'object';
}

export function get_debug_type(value: unknown): string {
  return value instanceof Resource ? `resource (${value.isOpen ? value.type : 'closed'})` : typeName(value);
}

/** `intval`, with a base for texts. */
export function intval(value: unknown, base: unknown = 10): number {
  const radix = int(base);
  if (typeof value !== 'string' || radix === 10) return int(value);
  const found = /^[ \t\n\r\v\f]*([+-]?)(0[xX]|0[bB]|0)?([0-9a-zA-Z]*)/.exec(value) as RegExpExecArray;
  const [, sign, prefix = '', rest = ''] = found;
  const named = { '0x': 16, '0b': 2 }[prefix.toLowerCase()];
  const used = radix === 0 ? (named ?? (prefix === '0' ? 8 : 10)) : radix;
  const digits =
    named === used || prefix === '0' ? rest : prefix === '' ? rest : prefix.slice(0, 1) + prefix.slice(1) + rest;
  let result = 0n;
  for (const digit of digits.toLowerCase()) {
    const size = Number.parseInt(digit, 36);
    if (Number.isNaN(size) || size >= used) break;
    result = result * BigInt(used) + BigInt(size);
  }
  const limit = 2n ** 63n;
  const exact = sign === '-' ? -result : result;
  return Number(exact >= limit ? limit : exact < -limit ? -limit : exact) + 0;
}

export function floatval(value: unknown): number {
  return float(value);
}

export { floatval as doubleval };

export function boolval(value: unknown): boolean {
  return truthy(value);
}

const casts: Record<string, (value: unknown) => Value> = {
  int,
  integer: int,
  float,
  double: float,
  string: str,
  bool: truthy,
  boolean: truthy,
  array: toArray,
  object: toObject,
  null: () => null,
};

/** `settype` of a variable in a box. */
export function settype(target: unknown, type: unknown): boolean {
  const cast = casts[text(type).toLowerCase()];
  if (cast === undefined) throw new ValueError('settype(): Argument #2 ($type) must be a valid type');
  if (target instanceof Ref) target.v = cast(copy(unref(target)));
  return true;
}

const test = (pattern: RegExp) => (value: unknown) => typeof value === 'string' && pattern.test(value);

export const ctype_alnum = test(/^[A-Za-z0-9]+$/);
export const ctype_alpha = test(/^[A-Za-z]+$/);
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are meant
export const ctype_cntrl = test(/^[\0-\x1f\x7f]+$/);
export const ctype_digit = test(/^[0-9]+$/);
export const ctype_graph = test(/^[!-~]+$/);
export const ctype_lower = test(/^[a-z]+$/);
export const ctype_print = test(/^[ -~]+$/);
export const ctype_punct = test(/^[!-/:-@[-`{-~]+$/);
export const ctype_space = test(/^[ \t-\r]+$/);
export const ctype_upper = test(/^[A-Z]+$/);
export const ctype_xdigit = test(/^[0-9A-Fa-f]+$/);
