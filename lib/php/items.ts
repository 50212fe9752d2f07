// Elements of values whose type is not known: arrays, texts, null, plain objects, ArrayAccess.

import { type Key, PhpArray, toKey, type Value } from './array';
import { int, isIntegerText, str, typeName } from './convert';
import { PhpError, PhpTypeError } from './errors';
import { Ref, unref } from './ref';
import { stdClass } from './stdclass';

interface Access {
  offsetGet(key: unknown): unknown;
  offsetSet(key: unknown, value: unknown): void;
  offsetExists(key: unknown): unknown;
  offsetUnset(key: unknown): void;
}

function isAccess(value: object): value is Access {
  return typeof (value as Partial<Access>).offsetGet === 'function';
}

/** The parameter of an event: the classes of the server's events, which are not loaded here. */
function isEventParam(value: object): boolean {
  return /^[A-Z]\w*Param$/.test(value.constructor.name) && ('connectionid' in value || 'address' in value);
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || isEventParam(value);
}

function byteAt(text: string, key: unknown, isQuiet: boolean): string | null {
  if (typeof key === 'string' && !isIntegerText(key)) {
    if (isQuiet) return null;
    throw new PhpTypeError(`Cannot access offset of type %s on string`.replace('%s', 'string'));
  }
  const at = int(key);
  const byte = text[at < 0 ? text.length + at : at];
  return byte ?? (isQuiet ? null : '');
}

function read(base: unknown, key: unknown, isQuiet: boolean): Value {
  if (base instanceof PhpArray) return base.get(key);
  if (typeof base === 'string') return byteAt(base, key, isQuiet);
  if (typeof base !== 'object' || base === null) return null;
  if (base instanceof Ref) return read(base.v, key, isQuiet);
  if (isAccess(base)) return isQuiet && base.offsetExists(key) !== true ? null : base.offsetGet(key);
  if (!isPlain(base)) throw new PhpError(`Cannot use object of type ${typeName(base)} as array`);
  return (base as Record<Key, unknown>)[toKey(key)] ?? null;
}

/** `$x[k]` as it is read. */
export function item(base: unknown, key: unknown): Value {
  if (base instanceof PhpArray) return base.get(key);
  return read(base, key, false);
}

/** `$x[k]` behind `isset`, `??` or `@`: what is missing is null. */
export function itemQuiet(base: unknown, key: unknown): Value {
  return read(base, key, true);
}

function cannotWrite(base: unknown): never {
  if (typeof base === 'object' && base !== null)
    throw new PhpError(`Cannot use object of type ${typeName(base)} as array`);
  throw new PhpError('Cannot use a scalar value as an array');
}

/** `$x[k] = v`; gives the value. */
export function setItem(base: unknown, key: unknown, value: Value): Value {
  if (base instanceof PhpArray) return base.set(key, value);
  if (base instanceof Ref) {
    base.v = writable(base.v);
    return setItem(base.v, key, value);
  }
  if (typeof base !== 'object' || base === null) return cannotWrite(base);
  if (isAccess(base)) base.offsetSet(key, value);
  else if (isPlain(base)) (base as Record<Key, unknown>)[toKey(key)] = value;
  else cannotWrite(base);
  return value;
}

/** `$x[] = v`; gives the value. */
export function appendItem(base: unknown, value: Value): Value {
  if (base instanceof PhpArray) return base.append(value);
  if (base instanceof Ref) {
    base.v = writable(base.v);
    return appendItem(base.v, value);
  }
  if (typeof base !== 'object' || base === null || !isAccess(base)) return cannotWrite(base);
  base.offsetSet(null, value);
  return value;
}

/** `unset($x[k])`. */
export function unsetItem(base: unknown, key: unknown): void {
  if (base instanceof PhpArray) base.unset(key);
  else if (base instanceof Ref) unsetItem(base.v, key);
  else if (typeof base === 'string') throw new PhpError('Cannot unset string offsets');
  else if (typeof base === 'object' && base !== null) {
    if (isAccess(base)) base.offsetUnset(key);
    else delete (base as Record<Key, unknown>)[toKey(key)];
  }
}

/** What `$x[k][..] =` changes: the nested array or object, created where there is none. */
export function nested(base: unknown, key: unknown): Value {
  if (base instanceof PhpArray) return base.at(key);
  if (base instanceof Ref) {
    base.v = writable(base.v);
    return nested(base.v, key);
  }
  const found = item(base, key);
  if (found !== null && typeof found === 'object') return found;
  return setItem(base, key, writable(found));
}

/** The same for `$x[][..] =`. */
export function appendNested(base: unknown): Value {
  return appendItem(base, new PhpArray());
}

/** What a variable holds before `$x[..] =`: an array where there was null. */
export function writable(value: unknown): Value {
  if (value === null || value === undefined || value === false) return new PhpArray();
  if (typeof value === 'object') return value;
  if (typeof value === 'string') throw new PhpError('[] operator not supported for strings');
  throw new PhpError('Cannot use a scalar value as an array');
}

/** `$s[i] = c`; gives the new text, padded with spaces where it was shorter. */
export function setByte(text: string, at: unknown, byte: unknown): string {
  const [index, value] = [int(at), str(byte)];
  if (value === '') throw new PhpError('Cannot assign an empty string to a string offset');
  const from = index < 0 ? text.length + index : index;
  if (from < 0) return text;
  return text.slice(0, from).padEnd(from, ' ') + value[0] + text.slice(from + 1);
}

/** A copy of an array; anything else as it is. */
export function copy<T>(value: T): T {
  return value instanceof PhpArray ? (value.copy() as T) : value;
}

/** An array of a list of JavaScript. */
export function fromList(list: Iterable<Value>): PhpArray {
  return PhpArray.fromList([...list]);
}

/** A list of JavaScript, for `f(...spread(x))`. */
export function spread(value: unknown): Value[] {
  return [...each(value)];
}

class ElementRef extends Ref {
  constructor(
    private readonly base: unknown,
    private readonly key: unknown,
  ) {
    super(undefined);
    Object.defineProperty(this, 'v', {
      // What is changed through a box is this array's own, not one that it shares with its copies.
      get: () =>
        this.base instanceof PhpArray && this.base.get(this.key) instanceof PhpArray
          ? this.base.at(this.key)
          : itemQuiet(this.base, this.key),
      set: (value: Value) => setItem(this.base, this.key, value),
    });
  }
}

/** `&$a[k]` as a box. */
// biome-ignore lint/suspicious/noExplicitAny: values of PHP have any type
export function refItem(base: unknown, key: unknown): Ref<any> {
  return new ElementRef(base, key);
}

class PropertyRef extends Ref {
  constructor(object: Record<string, unknown>, name: string) {
    super(undefined);
    Object.defineProperty(this, 'v', {
      get: () => object[name] ?? null,
      set: (value: unknown) => {
        object[name] = value;
      },
    });
  }
}

/** `&$o->p` as a box. */
// biome-ignore lint/suspicious/noExplicitAny: values of PHP have any type
export function refProperty(object: any, name: string): Ref<any> {
  return new PropertyRef(object, name);
}

interface PhpIterator {
  rewind(): void;
  valid(): unknown;
  current(): unknown;
  key(): unknown;
  next(): void;
}

function* ofIterator(iterator: PhpIterator): Generator<[Value, Value]> {
  for (iterator.rewind(); iterator.valid(); iterator.next()) yield [iterator.key(), iterator.current()];
}

function isObjectEntries(value: object): Generator<[Value, Value]> | undefined {
  const { getIterator, rewind } = value as { getIterator?: () => object; rewind?: unknown };
  if (typeof getIterator === 'function') return eachEntry(getIterator.call(value)) as Generator<[Value, Value]>;
  return typeof rewind === 'function' ? ofIterator(value as PhpIterator) : undefined;
}

/** `foreach ($x as $k => $v)`. */
export function* eachEntry(value: unknown): Generator<[Value, Value], void, undefined> {
  const inner = unref(value);
  if (inner instanceof PhpArray) yield* inner.entries();
  else if (typeof inner === 'object' && inner !== null) {
    const own = isObjectEntries(inner);
    if (own !== undefined) yield* own;
    else if (Symbol.iterator in inner) {
      let i = 0;
      for (const one of inner as Iterable<Value>) {
        yield [i, one];
        i += 1;
      }
    } else for (const [key, one] of Object.entries(inner)) yield [toKey(key), one];
  }
}

/** `foreach ($x as $v)`. */
export function* each(value: unknown): Generator<Value, void, undefined> {
  if (value instanceof PhpArray) yield* value.values();
  else for (const [, one] of eachEntry(value)) yield one;
}

/** `foreach ($x as $k => &$v)`: the value is a box of the element. */
// biome-ignore lint/suspicious/noExplicitAny: values of PHP have any type
export function* eachRefEntry(value: unknown): Generator<[Key, Ref<any>], void, undefined> {
  const base = unref(value);
  if (base instanceof PhpArray) for (const key of base.keyList()) if (base.hasKey(key)) yield [key, refItem(base, key)];
  if (base instanceof PhpArray || typeof base !== 'object' || base === null) return;
  for (const key of Object.keys(base)) yield [key, refProperty(base, key)];
}

/** `foreach ($x as &$v)`. */
// biome-ignore lint/suspicious/noExplicitAny: values of PHP have any type
export function* eachRef(value: unknown): Generator<Ref<any>, void, undefined> {
  for (const [, ref] of eachRefEntry(value)) yield ref;
}

/** `(array)`. */
export function toArray(value: unknown): PhpArray {
  if (value instanceof PhpArray) return value.copy();
  if (value === null || value === undefined) return new PhpArray();
  if (typeof value === 'object') return PhpArray.from(Object.entries(value));
  return PhpArray.of(value);
}

/** `(object)`. */
export function toObject(value: unknown): Value {
  if (typeof value === 'object' && value !== null && !(value instanceof PhpArray)) return value;
  const object = new stdClass();
  if (value instanceof PhpArray) for (const [key, one] of value.entryList()) object[String(key)] = one;
  else if (value !== null && value !== undefined) object.scalar = value;
  return object;
}
