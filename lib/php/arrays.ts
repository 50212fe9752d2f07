// Functions of PHP for arrays: elements, ends, slices, joining.

import { array, range as bounds, text, whole } from './args';
import { type Key, PhpArray, toKey, type Value } from './array';
import { eq, identical } from './compare';
import { leadingNumber, numberOf, str, truthy } from './convert';
import { PhpTypeError, ValueError } from './errors';
import { copy, each } from './items';
import { add, mul } from './operators';
import { unref } from './ref';

export const COUNT_NORMAL = 0;
export const COUNT_RECURSIVE = 1;

/** `count`: elements of an array or a Countable. */
export function count(value: unknown, mode = COUNT_NORMAL): number {
  const inner = unref(value);
  if (inner instanceof PhpArray) {
    if (mode !== COUNT_RECURSIVE) return inner.size;
    return inner.toList().reduce((sum: number, one) => sum + (one instanceof PhpArray ? count(one, 1) : 0), inner.size);
  }
  if (typeof inner === 'object' && inner !== null) {
    const { count: own } = inner as { count?: () => number };
    if (typeof own === 'function') return own.call(inner);
    if (Object.getPrototypeOf(inner) === Object.prototype) return Object.keys(inner).length;
  }
  throw new PhpTypeError('Argument must be of type Countable|array');
}

export { count as sizeof };

export function in_array(needle: unknown, haystack: unknown, strict: unknown = false): boolean {
  const same = truthy(strict) ? identical : eq;
  return array(haystack)
    .toList()
    .some((value) => same(value, needle));
}

export function array_search(needle: unknown, haystack: unknown, strict: unknown = false): Key | false {
  const same = truthy(strict) ? identical : eq;
  return (
    array(haystack)
      .entryList()
      .find(([, value]) => same(value, needle))?.[0] ?? false
  );
}

export function array_key_exists(key: unknown, haystack: unknown): boolean {
  const inner = unref(haystack);
  if (inner instanceof PhpArray) return inner.hasKey(key);
  if (typeof inner === 'object' && inner !== null) return Object.hasOwn(inner, toKey(key));
  return array(inner).hasKey(key);
}

export { array_key_exists as key_exists };

export function array_key_first(a: unknown): Key | null {
  return array(a).firstKey() ?? null;
}

export function array_key_last(a: unknown): Key | null {
  return array(a).lastKey() ?? null;
}

/** `array_keys`, or the keys of the elements that equal a value. */
export function array_keys(a: unknown, ...search: unknown[]): PhpArray {
  if (search.length === 0) return PhpArray.fromList(array(a).keyList());
  const same = truthy(search[1]) ? identical : eq;
  return PhpArray.fromList(
    array(a)
      .entryList()
      .flatMap(([key, value]) => (same(value, search[0]) ? [key] : [])),
  );
}

export function array_values(a: unknown): PhpArray {
  return PhpArray.fromList(array(a).toList().map(copy));
}

export function array_is_list(a: unknown): boolean {
  return (
    array(a).isPacked ||
    array(a)
      .keyList()
      .every((key, i) => key === i)
  );
}

export function array_push(a: unknown, ...values: Value[]): number {
  const into = array(a);
  for (const value of values) into.append(copy(value));
  return into.size;
}

/** Replaces the contents; integer keys are counted anew. */
function renumber(a: PhpArray, entries: readonly [Key, Value][]): void {
  const result = new PhpArray();
  for (const [key, value] of entries) {
    if (typeof key === 'number') result.append(value);
    else result.set(key, value);
  }
  a.assign(result);
}

export function array_pop(a: unknown): Value {
  const from = array(a);
  const key = from.lastKey();
  if (key === undefined) return null;
  const value = from.get(key);
  from.unset(key);
  if (typeof key === 'number' && from.nextKey === key + 1) from.nextKey = key;
  from.reset();
  return value;
}

export function array_shift(a: unknown): Value {
  const from = array(a);
  const [first, ...rest] = from.entryList();
  if (first === undefined) return null;
  renumber(from, rest);
  return first[1];
}

export function array_unshift(a: unknown, ...values: Value[]): number {
  const into = array(a);
  renumber(into, [...values.map((value, i): [Key, Value] => [i, copy(value)]), ...into.entryList()]);
  return into.size;
}

export function array_slice(a: unknown, offset: unknown, length: unknown = null, preserve: unknown = false): PhpArray {
  const from = array(a);
  const [start, end] = bounds(from.size, whole(offset), length === null ? undefined : whole(length));
  const result = new PhpArray();
  for (const [key, value] of from.entryList().slice(start, end)) {
    if (typeof key === 'number' && !truthy(preserve)) result.append(copy(value));
    else result.set(key, copy(value));
  }
  return result;
}

/** `array_splice`: gives what it removed. */
export function array_splice(
  a: unknown,
  offset: unknown,
  length: unknown = null,
  replacement: unknown = null,
): PhpArray {
  const from = array(a);
  const entries = from.entryList();
  const [start, end] = bounds(entries.length, whole(offset), length === null ? undefined : whole(length));
  const values = replacement === null ? [] : replacement instanceof PhpArray ? replacement.toList() : [replacement];
  const removed = new PhpArray();
  renumber(removed, entries.slice(start, end));
  const inserted = values.map((value): [Key, Value] => [0, copy(value)]);
  renumber(from, [...entries.slice(0, start), ...inserted, ...entries.slice(end)]);
  return removed;
}

export function array_merge(...arrays: unknown[]): PhpArray {
  const result = new PhpArray();
  for (const one of arrays) {
    for (const [key, value] of array(one).entryList()) {
      if (typeof key === 'number') result.append(copy(value));
      else result.set(key, copy(value));
    }
  }
  return result;
}

export function array_merge_recursive(...arrays: unknown[]): PhpArray {
  const result = new PhpArray();
  for (const one of arrays) {
    for (const [key, value] of array(one).entryList()) {
      if (typeof key === 'number') result.append(copy(value));
      else if (!result.hasKey(key)) result.set(key, copy(value));
      else {
        const list = (part: Value) => (part instanceof PhpArray ? part : PhpArray.of(part));
        result.set(key, array_merge_recursive(list(result.get(key)), list(value)));
      }
    }
  }
  return result;
}

export function array_replace(a: unknown, ...others: unknown[]): PhpArray {
  const result = array(a).copy();
  for (const one of others) for (const [key, value] of array(one).entryList()) result.set(key, copy(value));
  return result;
}

export function array_replace_recursive(a: unknown, ...others: unknown[]): PhpArray {
  const result = array(a).copy();
  for (const one of others) {
    for (const [key, value] of array(one).entryList()) {
      const known = result.get(key);
      const isNested = known instanceof PhpArray && value instanceof PhpArray;
      result.set(key, isNested ? array_replace_recursive(known, value) : copy(value));
    }
  }
  return result;
}

export function array_reverse(a: unknown, preserve: unknown = false): PhpArray {
  const result = new PhpArray();
  for (const [key, value] of array(a).entryList().reverse()) {
    if (typeof key === 'number' && !truthy(preserve)) result.append(copy(value));
    else result.set(key, copy(value));
  }
  return result;
}

export function array_flip(a: unknown): PhpArray {
  const result = new PhpArray();
  for (const [key, value] of array(a).entryList()) {
    if (typeof value === 'string' || (typeof value === 'number' && Number.isInteger(value))) result.set(value, key);
  }
  return result;
}

export function array_fill(start: unknown, number: unknown, value: Value): PhpArray {
  const total = whole(number);
  if (total < 0) throw new ValueError('array_fill(): Argument #2 ($count) must be greater than or equal to 0');
  const result = new PhpArray();
  for (let i = 0; i < total; i += 1) result.set(whole(start) + i, copy(value));
  return result;
}

export function array_fill_keys(keys: unknown, value: Value): PhpArray {
  const result = new PhpArray();
  for (const key of array(keys).toList()) result.set(Number.isInteger(key) ? key : str(key), copy(value));
  return result;
}

export function array_combine(keys: unknown, values: unknown): PhpArray {
  const [names, others] = [array(keys).toList(), array(values).toList()];
  if (names.length !== others.length) {
    throw new ValueError(
      'array_combine(): Argument #1 ($keys) and argument #2 ($values) must have the same number of elements',
    );
  }
  const keyOf = (key: Value) => (typeof key === 'number' && Number.isInteger(key) ? key : str(key));
  return PhpArray.from(names.map((key, i): [unknown, Value] => [keyOf(key), copy(others[i])]));
}

export function array_pad(a: unknown, length: unknown, value: Value): PhpArray {
  const [from, wanted] = [array(a), whole(length)];
  const missing = Math.abs(wanted) - from.size;
  if (missing <= 0) return from.copy();
  if (missing > 1048576) throw new ValueError('array_pad(): You may only pad up to 1048576 elements at a time');
  const added = Array.from({ length: missing }, (): [Key, Value] => [0, copy(value)]);
  const own = from.entryList().map(([key, one]): [Key, Value] => [key, copy(one)]);
  const result = new PhpArray();
  renumber(result, wanted < 0 ? [...added, ...own] : [...own, ...added]);
  return result;
}

export function array_chunk(a: unknown, length: unknown, preserve: unknown = false): PhpArray {
  const size = whole(length);
  if (size < 1) throw new ValueError('array_chunk(): Argument #2 ($length) must be greater than 0');
  const result = new PhpArray();
  let part = new PhpArray();
  for (const [key, value] of array(a).entryList()) {
    if (truthy(preserve)) part.set(key, copy(value));
    else part.append(copy(value));
    if (part.size < size) continue;
    result.append(part);
    part = new PhpArray();
  }
  if (part.size > 0) result.append(part);
  return result;
}

function memberOf(row: Value, key: unknown): Value | undefined {
  if (row instanceof PhpArray) return row.hasKey(key) ? row.get(key) : undefined;
  if (typeof row !== 'object' || row === null) return undefined;
  return (row as Record<Key, Value>)[toKey(key)];
}

export function array_column(a: unknown, column: unknown, index: unknown = null): PhpArray {
  const result = new PhpArray();
  for (const row of array(a).toList()) {
    const value = column === null ? row : memberOf(row, column);
    if (value === undefined) continue;
    const key = index === null ? undefined : memberOf(row, index);
    if (key === undefined || typeof key === 'object') result.append(copy(value));
    else result.set(key, copy(value));
  }
  return result;
}

export function array_count_values(a: unknown): PhpArray {
  const result = new PhpArray();
  for (const value of array(a).toList()) {
    if (typeof value === 'string' || Number.isInteger(value)) result.set(value, (result.get(value) ?? 0) + 1);
  }
  return result;
}

export const CASE_LOWER = 0;
export const CASE_UPPER = 1;

export function array_change_key_case(a: unknown, to: unknown = CASE_LOWER): PhpArray {
  const fold = (key: string) =>
    to === CASE_UPPER
      ? key.replace(/[a-z]/g, (letter) => letter.toUpperCase())
      : key.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return PhpArray.from(
    array(a)
      .entryList()
      .map(([key, value]): [Key, Value] => [typeof key === 'string' ? fold(key) : key, copy(value)]),
  );
}

const isScalar = (value: unknown) => typeof value !== 'object' || value === null;
const asNumber = (value: Value) => (typeof value === 'string' ? leadingNumber(value) : value);

/** `array_sum`: arrays and objects do not count. */
export function array_sum(a: unknown): number {
  return array(a)
    .toList()
    .filter(isScalar)
    .reduce((sum: number, value) => add(sum, asNumber(value)), 0);
}

export function array_product(a: unknown): number {
  return array(a)
    .toList()
    .filter(isScalar)
    .reduce((product: number, value) => mul(product, asNumber(value)), 1);
}

function numbersBetween(from: number, to: number, step: number): number[] {
  const size = Math.abs(step) || 1;
  if (from !== to && Math.abs(to - from) < size) {
    throw new ValueError('range(): Argument #3 ($step) must not exceed the specified range');
  }
  const total = Math.floor(Math.abs(to - from) / size + 1e-9) + 1;
  return Array.from({ length: total }, (_, i) => (to >= from ? from + i * size : from - i * size));
}

/** `range` of numbers or of single bytes. */
export function range(start: unknown, end: unknown, step: unknown = 1): PhpArray {
  const areTexts = [start, end].every((value) => typeof value === 'string' && value !== '');
  const areBytes = areTexts && [start, end].every((value) => numberOf(value as string) === undefined);
  const size = typeof step === 'string' ? leadingNumber(step) : Number(step);
  if (areBytes) {
    const bytes = numbersBetween(text(start).charCodeAt(0), text(end).charCodeAt(0), Math.trunc(size));
    return PhpArray.fromList(bytes.map((byte) => String.fromCharCode(byte)));
  }
  const numberFor = (value: unknown) => (typeof value === 'string' ? leadingNumber(value) : Number(value));
  return PhpArray.fromList(numbersBetween(numberFor(start), numberFor(end), size));
}

/** `iterator_to_array`. */
export function iterator_to_array(value: unknown): PhpArray {
  return value instanceof PhpArray ? value.copy() : PhpArray.fromList([...each(value)]);
}
