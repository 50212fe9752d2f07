// What only the output of `ipdaemon port` needs.

import { fileURLToPath } from 'node:url';
import { IPDaemonError } from '../errors';
import { PhpArray, type Value } from './array';
import { int, str, typeName } from './convert';
import { Exception, PhpError, Throwable, UnhandledMatchError } from './errors';
import { appendItem, eachEntry, item, setItem } from './items';
import { Ref, unref } from './ref';
import { type Callable, callableOf, className, classOf, isInstance, methodNamed, takesReference } from './registry';

/** What the porter has refused is reached. */
// biome-ignore lint/suspicious/noExplicitAny: stands for a value of any type, and what follows it counts as reachable
export function refused(reason: string): any {
  throw new Error(`not ported: ${reason}`);
}

const made = new WeakMap<object, Throwable>();

/** What PHP would have caught: errors of the server and of JavaScript become exceptions of PHP. */
// biome-ignore lint/suspicious/noExplicitAny: what is caught has any type
export function exceptionOf(thrown: unknown): any {
  if (thrown instanceof Throwable || !(thrown instanceof Error)) return thrown;
  const known = made.get(thrown);
  if (known !== undefined) return known;
  const { message, stack } = thrown;
  const exception = thrown instanceof IPDaemonError ? new Exception(message, 0) : new PhpError(message);
  if (stack !== undefined) exception.stack = stack;
  made.set(thrown, exception);
  return exception;
}

/** Whether a `catch` of PHP takes what was thrown; null is a class that does not exist. */
export function caught(thrown: unknown, type: unknown): boolean {
  return type !== null && isInstance(exceptionOf(thrown), type);
}

/** A reference to a place: a box that reads and writes it. */
// biome-ignore lint/suspicious/noExplicitAny: values of PHP have any type
export function refPlace(get: () => any, set: (value: any) => void): Ref<any> {
  return Object.create(Ref.prototype, { v: { get: () => get() ?? null, set, enumerable: true } });
}

/** Changes an element to what a function makes of it, and gives the new value. */
export function updateItem(base: unknown, key: unknown, change: (old: Value) => Value): Value {
  return key === null ? appendItem(base, change(null)) : setItem(base, key, change(item(base, key)));
}

/** The same, and gives the old value. */
export function updateItemAfter(base: unknown, key: unknown, change: (old: Value) => Value): Value {
  const old = key === null ? null : item(base, key);
  if (key === null) appendItem(base, change(null));
  else setItem(base, key, change(old));
  return old;
}

/** What `...$x` contributes to an array: texts keep their keys, integers are counted on. */
export function unpacked(value: unknown): [Value, Value][] {
  return [...eachEntry(value)].map(([key, one]) =>
    typeof key === 'string' ? [key, one] : ([one] as unknown as [Value, Value]),
  );
}

/** The function behind a callable, to which it was said which parameters are references. */
// biome-ignore lint/suspicious/noExplicitAny: values of PHP have any type
function functionOf(callable: any): Callable | undefined {
  const value = unref(callable);
  if (!(value instanceof PhpArray)) return callableOf(value);
  const target = value.get(0);
  const object = typeof target === 'string' ? classOf(target) : target;
  const name = methodNamed(object, str(value.get(1)));
  return name === undefined ? undefined : object[name];
}

/** Arguments for a function: references stay such where it takes them, and are values elsewhere. */
export function withReferences(callable: unknown, args: PhpArray): PhpArray {
  const f = functionOf(callable);
  const given = (value: unknown, at: number) => (f !== undefined && takesReference(f, at) ? value : unref(value));
  return PhpArray.from([...args.entries()].map(([key, value], i) => [key, given(value, i)]));
}

/** The name of a property that is computed. */
export function memberName(name: unknown): string {
  return str(name);
}

/** The name under which an object has a method, in any case. */
export function methodName(object: Value, name: unknown): string {
  const text = str(name);
  const found = object === null || object === undefined ? undefined : methodNamed(object, text);
  if (found !== undefined) return found;
  throw new PhpError(`Call to undefined method ${object === null ? 'null' : className(object)}::${text}()`);
}

/** PHP's name of a class, or of the class of an object. */
export function nameOfClass(value: Value): string {
  if (typeof value === 'function') return className(Object.create(value.prototype));
  if (typeof value === 'object' && value !== null) return className(value);
  throw new PhpError(`Cannot use "::class" on value of type ${typeName(value)}`);
}

/** A new object of a class that is computed, or whose constructor is a method. */
export function create(type: unknown, ...values: Value[]): Value {
  const found = classOf(type) as new (...all: Value[]) => Record<string, Callable>;
  if (typeof found.prototype.__construct !== 'function') return new found(...values);
  const object = new found();
  object.__construct?.(...values);
  return object;
}

/** What the constructor of an exception does, where it is called later than JavaScript allows. */
export function initialize(this: Throwable, message: unknown = '', code: unknown = 0, previous: unknown = null): void {
  this.message = str(message);
  this.code = int(code);
  this.previous = previous;
}

/** A call that has nothing to do here. */
export function ignored(..._values: unknown[]): void {
  // The arguments have been evaluated.
}

/** What `unset` leaves of a variable; an object of the server ends with its last name. */
export function disposed(value: unknown): null {
  const dispose = (value as Partial<Disposable> | null | undefined)?.[Symbol.dispose];
  if (typeof dispose === 'function') dispose.call(value);
  return null;
}

export function unhandledMatch(value: unknown): never {
  const shown =
    typeof value === 'string' ? `'${value}'` : typeof value === 'object' ? `of type ${typeName(value)}` : str(value);
  throw new UnhandledMatchError(`Unhandled match case ${shown}`);
}

/** The path of a module. */
export function fileOf(url: string): string {
  return Buffer.from(fileURLToPath(url), 'utf8').toString('latin1');
}

/** A template of characters: the bytes of its texts, and the values as they are. */
export function utf8Template(texts: TemplateStringsArray, ...values: unknown[]): string {
  return texts.reduce((whole, text, i) => {
    const value = i < values.length ? str(values[i]) : '';
    return whole + Buffer.from(text, 'utf8').toString('latin1') + value;
  }, '');
}
