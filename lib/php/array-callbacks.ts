// Functions of PHP that call a function for the elements of an array.

import { array, whole } from './args';
import { type Key, PhpArray, type Value } from './array';
import { truthy } from './convert';
import { ValueError } from './errors';
import { copy, item, nested, refItem } from './items';
import { mt_rand } from './random';
import { unref } from './ref';
import { type Callable, callbackOf, takesReference } from './registry';

/** `array_map`: keys stay with one array, and are counted with several. */
export function array_map(callback: unknown, a: unknown, ...others: unknown[]): PhpArray {
  if (others.length === 0) {
    if (callback === null) return array(a).copy();
    const call = callbackOf(callback);
    const from = array(a);
    if (from.isPacked) return PhpArray.fromList(from.toList().map((value) => call(value)));
    return PhpArray.from(from.entryList().map(([key, value]): [Key, Value] => [key, call(value)]));
  }
  const lists = [a, ...others].map((one) => array(one).toList());
  const length = Math.max(...lists.map((list) => list.length));
  const call = callback === null ? (...values: Value[]) => PhpArray.fromList(values) : callbackOf(callback);
  return PhpArray.fromList(Array.from({ length }, (_, i) => call(...lists.map((list) => list[i] ?? null))));
}

export const ARRAY_FILTER_USE_KEY = 2;
export const ARRAY_FILTER_USE_BOTH = 1;

/** `array_filter`: keys stay. */
export function array_filter(a: unknown, callback: unknown = null, mode: unknown = 0): PhpArray {
  const result = new PhpArray();
  const call = callback === null ? undefined : callbackOf(callback);
  for (const [key, value] of array(a).entryList()) {
    const args = mode === ARRAY_FILTER_USE_KEY ? [key] : mode === ARRAY_FILTER_USE_BOTH ? [value, key] : [value];
    if (truthy(call === undefined ? value : call(...args))) result.set(key, copy(value));
  }
  return result;
}

export function array_reduce(a: unknown, callback: unknown, initial: Value = null): Value {
  const call = callbackOf(callback);
  return array(a)
    .toList()
    .reduce((carry, value) => call(carry, value) ?? null, initial);
}

/** What the function of array_walk gets: a box of the element where its parameter is a reference. */
function element(call: Callable, base: unknown, key: unknown): Value {
  if (!takesReference(call, 0)) return copy(item(base, key));
  return item(base, key) instanceof PhpArray ? nested(base, key) : refItem(base, key);
}

/** `array_walk`. */
export function array_walk(a: unknown, callback: unknown, ...extra: Value[]): true {
  const call = callbackOf(callback);
  const base = unref(a);
  const keys = base instanceof PhpArray ? base.keyList() : Object.keys(base as object);
  for (const key of keys) call(element(call, base, key), key, ...extra);
  return true;
}

export function array_walk_recursive(a: unknown, callback: unknown, ...extra: Value[]): true {
  const call = callbackOf(callback);
  const base = array(a);
  for (const key of base.keyList()) {
    if (base.get(key) instanceof PhpArray) array_walk_recursive(base.at(key), callback, ...extra);
    else call(element(call, base, key), key, ...extra);
  }
  return true;
}

/** `array_rand`, with the numbers of mt_rand. */
export function array_rand(a: unknown, number: unknown = 1): Key | PhpArray {
  const keys = array(a).keyList();
  const wanted = whole(number);
  if (keys.length === 0) throw new ValueError('array_rand(): Argument #1 ($array) cannot be empty');
  if (wanted < 1 || wanted > keys.length) {
    throw new ValueError(
      'array_rand(): Argument #2 ($num) must be between 1 and the number of elements in argument #1 ($array)',
    );
  }
  if (wanted === 1) return keys[mt_rand(0, keys.length - 1)] as Key;
  // PHP draws those that stay out where they are fewer.
  const isNegative = wanted > keys.length >> 1;
  const drawn = new Set<number>();
  for (let left = isNegative ? keys.length - wanted : wanted; left > 0; ) {
    const at = mt_rand(0, keys.length - 1);
    if (!drawn.has(at)) left -= 1;
    drawn.add(at);
  }
  return PhpArray.fromList(keys.filter((_, i) => drawn.has(i) !== isNegative));
}

/** `compact` of names and values that the porter hands over as an array. */
export function compact(...values: Value[]): PhpArray {
  const result = new PhpArray();
  for (const one of values) {
    if (one instanceof PhpArray) for (const [key, value] of one.entryList()) result.set(key, copy(value));
  }
  return result;
}
