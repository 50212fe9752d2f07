// PHP's array: an ordered map with integer and text keys, copied when one of two owners changes it.

import { PhpError, PhpTypeError } from './errors';

export type Key = number | string;
// biome-ignore lint/suspicious/noExplicitAny: values of PHP have any type
export type Value = any;

/** Values 0 to n - 1 in a list as long as it lasts, a map otherwise. Shared by copies and running loops. */
interface Store {
  list: Value[] | undefined;
  map: Map<Key, Value> | undefined;
  owners: number;
}

const integerText = /^(?:0|-?[1-9]\d*)$/;

/** The key that PHP makes of a value: '5' is 5, 1.7 is 1, true is 1, null is ''. */
export function toKey(key: unknown): Key {
  if (typeof key === 'string') {
    const first = key.charCodeAt(0);
    // Most keys are words.
    if (first > 0x39 || key.length > 16 || !integerText.test(key)) return key;
    const number = Number(key);
    return Number.isSafeInteger(number) ? number : key;
  }
  if (typeof key === 'number') {
    const whole = Math.trunc(key);
    return Number.isFinite(whole) ? whole + 0 : 0;
  }
  if (typeof key === 'boolean') return key ? 1 : 0;
  if (key === null || key === undefined) return '';
  throw new PhpTypeError('Illegal offset type');
}

/** The internal pointer: before the first use, at a key, or behind the last. */
const atStart = Symbol('start');
const atEnd = Symbol('end');

export class PhpArray {
  private store: Store = { list: [], map: undefined, owners: 1 };
  private nextIndex = 0;
  private pointer: Key | typeof atStart | typeof atEnd = atStart;
  private pointerKeys: Key[] | undefined;
  private pointerIndex = 0;

  /** `[a, b]`. */
  static of(...values: Value[]): PhpArray {
    return PhpArray.fromList(values);
  }

  /** An array of a list, which belongs to it from now on. */
  static fromList(list: Value[]): PhpArray {
    const array = new PhpArray();
    array.store.list = list;
    array.nextIndex = list.length;
    return array;
  }

  /** `[k => v]`; a pair of one is appended. */
  static from(pairs: Iterable<readonly [unknown, Value] | readonly [Value]>): PhpArray {
    const array = new PhpArray();
    for (const pair of pairs) {
      if (pair.length === 1) array.append(pair[0]);
      else array.set(pair[0], pair[1]);
    }
    return array;
  }

  get size(): number {
    const { list, map } = this.store;
    return list !== undefined ? list.length : (map as Map<Key, Value>).size;
  }

  /** Whether the keys are 0 to n - 1 in this order and kept as a list. */
  get isPacked(): boolean {
    return this.store.list !== undefined;
  }

  /** `$a[k]`; null if it is not there. */
  get(key: unknown): Value {
    const { list, map } = this.store;
    // Most keys need no conversion: small integers, and words.
    if (list !== undefined) {
      const direct = typeof key === 'number' ? list[key] : undefined;
      if (direct !== undefined) return direct;
    } else if (typeof key === 'string' ? key.charCodeAt(0) > 0x39 : typeof key === 'number' && (key | 0) === key) {
      const direct = (map as Map<Key, Value>).get(key as Key);
      return direct === undefined ? null : direct;
    }
    const at = toKey(key);
    const value =
      list !== undefined ? (typeof at === 'number' ? list[at] : undefined) : (map as Map<Key, Value>).get(at);
    return value === undefined ? null : value;
  }

  hasKey(key: unknown): boolean {
    const at = toKey(key);
    const { list, map } = this.store;
    if (list === undefined) return (map as Map<Key, Value>).has(at);
    return typeof at === 'number' && at >= 0 && at < list.length;
  }

  /** `isset($a[k])`. */
  has(key: unknown): boolean {
    return this.get(key) !== null;
  }

  set(key: unknown, value: Value): Value {
    const at = toKey(key);
    const known = value === undefined ? null : value;
    this.separate();
    const { list } = this.store;
    if (list !== undefined) {
      if (typeof at === 'number' && at >= 0 && at <= list.length && (at < list.length || this.nextIndex === at)) {
        list[at] = known;
        if (at === this.nextIndex) this.nextIndex = at + 1;
        return value;
      }
      this.toMap();
    }
    (this.store.map as Map<Key, Value>).set(at, known);
    // An array that begins with a negative key goes on with 0 before PHP 8.3.
    if (typeof at === 'number' && at >= this.nextIndex) this.nextIndex = at + 1;
    return value;
  }

  append(value: Value): Value {
    this.separate();
    const { list, map } = this.store;
    const known = value === undefined ? null : value;
    if (list !== undefined && list.length === this.nextIndex) list.push(known);
    else if (list !== undefined) {
      this.toMap();
      (this.store.map as unknown as Map<Key, Value>).set(this.nextIndex, known);
    } else (map as Map<Key, Value>).set(this.nextIndex, known);
    this.nextIndex += 1;
    return value;
  }

  unset(key: unknown): void {
    const at = toKey(key);
    if (!this.hasKey(at)) return;
    this.separate();
    if (this.pointer === at) this.next();
    const { list } = this.store;
    if (list !== undefined && at === list.length - 1) {
      list.pop();
      return;
    }
    if (list !== undefined) this.toMap();
    (this.store.map as Map<Key, Value>).delete(at);
  }

  /** What `$a[k][..] =` changes: the nested array or object, created where there is none. */
  at(key: unknown): Value {
    this.separate();
    const found = this.get(key);
    if (found !== null && typeof found === 'object') return found;
    if (found !== null && found !== false) throw new PhpError('Cannot use a scalar value as an array');
    return this.set(key, new PhpArray());
  }

  appendArray(): PhpArray {
    return this.append(new PhpArray());
  }

  /** An array with the same contents; costs nothing until one of the two is changed. */
  copy(): PhpArray {
    const array = new PhpArray();
    array.store = this.store;
    array.nextIndex = this.nextIndex;
    array.pointer = this.pointer;
    this.store.owners += 1;
    return array;
  }

  clear(): this {
    return this.assign(new PhpArray());
  }

  /** The same object with the contents of another, which is not used any more. */
  assign(other: PhpArray): this {
    this.store.owners -= 1;
    this.store = other.store;
    this.store.owners += 1;
    this.nextIndex = other.nextIndex;
    this.pointer = atStart;
    this.pointerKeys = undefined;
    return this;
  }

  /** The values as a list of JavaScript. */
  toList(): Value[] {
    const { list, map } = this.store;
    return list !== undefined ? list.slice() : [...(map as Map<Key, Value>).values()];
  }

  keyList(): Key[] {
    const { list, map } = this.store;
    return list !== undefined ? Array.from(list.keys()) : [...(map as Map<Key, Value>).keys()];
  }

  entryList(): [Key, Value][] {
    const { list, map } = this.store;
    return list !== undefined ? list.map((value, i) => [i, value]) : [...(map as Map<Key, Value>).entries()];
  }

  /** What `foreach` goes over: the array as it is now. */
  *entries(): Generator<[Key, Value], void, undefined> {
    const store = this.store;
    store.owners += 1;
    try {
      if (store.list !== undefined) {
        const { list } = store;
        for (let i = 0; i < list.length; i += 1) yield [i, list[i]];
      } else yield* store.map as Map<Key, Value>;
    } finally {
      store.owners -= 1;
    }
  }

  *values(): Generator<Value, void, undefined> {
    const store = this.store;
    store.owners += 1;
    try {
      if (store.list !== undefined) yield* store.list;
      else yield* (store.map as Map<Key, Value>).values();
    } finally {
      store.owners -= 1;
    }
  }

  keys(): Key[] {
    return this.keyList();
  }

  [Symbol.iterator](): Generator<Value, void, undefined> {
    return this.values();
  }

  /** Makes the contents this array's own. Nested arrays are copied as lazily as this one was. */
  private separate(): void {
    const { store } = this;
    if (store.owners === 1) return;
    store.owners -= 1;
    const own = (value: Value) => (value instanceof PhpArray ? value.copy() : value);
    this.store = { list: undefined, map: undefined, owners: 1 };
    if (store.list !== undefined) this.store.list = store.list.map(own);
    else {
      const map = new Map<Key, Value>();
      for (const [key, value] of store.map as Map<Key, Value>) map.set(key, own(value));
      this.store.map = map;
    }
  }

  private toMap(): void {
    const { list } = this.store;
    if (list === undefined) return;
    const map = new Map<Key, Value>();
    for (let i = 0; i < list.length; i += 1) map.set(i, list[i]);
    this.store.list = undefined;
    this.store.map = map;
  }

  /** The key at the internal pointer, undefined behind the end. */
  pointerKey(): Key | undefined {
    if (this.pointer === atEnd) return undefined;
    if (this.pointer !== atStart) return this.pointer;
    return this.firstKey();
  }

  firstKey(): Key | undefined {
    const { list, map } = this.store;
    if (list !== undefined) return list.length > 0 ? 0 : undefined;
    return (map as Map<Key, Value>).keys().next().value;
  }

  lastKey(): Key | undefined {
    const { list } = this.store;
    if (list !== undefined) return list.length > 0 ? list.length - 1 : undefined;
    return this.keyList().at(-1);
  }

  /** The value at the internal pointer, false behind the end. */
  current(): Value {
    const key = this.pointerKey();
    return key === undefined ? false : this.get(key);
  }

  reset(): Value {
    this.pointer = atStart;
    this.pointerKeys = undefined;
    return this.current();
  }

  end(): Value {
    this.pointer = this.lastKey() ?? atEnd;
    this.pointerKeys = undefined;
    return this.current();
  }

  next(): Value {
    return this.move(1);
  }

  prev(): Value {
    return this.move(-1);
  }

  private move(by: number): Value {
    const key = this.pointerKey();
    if (key === undefined) return false;
    let keys = this.pointerKeys;
    if (keys === undefined || keys.length !== this.size || keys[this.pointerIndex] !== key) {
      keys = this.keyList();
      this.pointerKeys = keys;
      this.pointerIndex = keys.indexOf(key);
    }
    this.pointerIndex += by;
    this.pointer = keys[this.pointerIndex] ?? atEnd;
    return this.current();
  }

  /** The index that `append` will use. */
  get nextKey(): number {
    return this.nextIndex;
  }

  set nextKey(value: number) {
    this.separate();
    this.nextIndex = value;
  }
}
