// Functions, classes and constants that PHP code can ask for by name.

import { PhpArray } from './array';
import { str, typeName } from './convert';
import { nameOfType, PhpError, PhpTypeError, setClassName, throwables } from './errors';
import { unref } from './ref';
import { stdClass } from './stdclass';

// biome-ignore lint/suspicious/noExplicitAny: functions of PHP take anything
export type Callable = (...values: any[]) => any;
// biome-ignore lint/suspicious/noExplicitAny: constructors of PHP take anything
export type Class = abstract new (...values: any[]) => object;

const functions = new Map<string, Callable>();
const classes = new Map<string, Class>();
const constants = new Map<string, unknown>();
const interfaces = new Map<Class, readonly Class[]>();
let library: Record<string, unknown> = {};

/** Says what the library itself has, which includes this file. */
export function setLibrary(all: Record<string, unknown>): void {
  library = all;
}

const notPhp = new Set('throwables setLibrary names'.split(' '));
/** Helpers of the library that are no functions of PHP. */
const helpers = new Set(
  `add sub mul div mod neg plus bitAnd bitOr bitXor bitNot shiftLeft shiftRight cat xor inc dec truthy int float str utf8 eq eq7
  identical lt le gt ge cmp compare item itemQuiet setItem appendItem unsetItem nested appendNested writable setByte fromList
  spread each eachEntry eachRef eachRefEntry union toArray toObject toRef refItem refProperty raise echo print exit die
  declareFunction declareClass constantAs toCallable className isInstance classOf toKey reference`.split(/\s+/),
);

const isFunctionName = (name: string) => /^[a-z_0-9]+$/.test(name) && !helpers.has(name) && !notPhp.has(name);

/** The functions and constants of PHP that are here. */
export function names(): string[] {
  return Object.keys(library).filter((name) =>
    typeof library[name] === 'function' ? isFunctionName(name) : /^[A-Z][A-Z0-9_]*$/.test(name),
  );
}

export function functionNamed(name: string): Callable | undefined {
  const plain = name.replace(/^\\/, '').toLowerCase();
  const own = functions.get(plain);
  if (own !== undefined) return own;
  const found = Object.hasOwn(library, plain) && isFunctionName(plain) ? library[plain] : undefined;
  return typeof found === 'function' ? (found as Callable) : undefined;
}

/** Makes a function known under its name. */
export function declareFunction(name: string, f: Callable): void {
  functions.set(name.toLowerCase(), f);
}

/** Makes a class known under its name, with its interfaces. */
export function declareClass(name: string, type: Class, ...implemented: Class[]): void {
  classes.set(name.replace(/^\\/, '').toLowerCase(), type);
  setClassName(type, name.replace(/^\\/, ''));
  if (implemented.length > 0) interfaces.set(type, implemented);
}

/** Makes a constant known under its name; gives its value. */
export function constantAs<T>(name: string, value: T): T {
  constants.set(name, value);
  return value;
}

export function classNamed(name: string): Class | undefined {
  const plain = name.replace(/^\\/, '').toLowerCase();
  const found = classes.get(plain) ?? (Object.hasOwn(throwables, plain) ? throwables[plain] : undefined);
  return (found as Class | undefined) ?? (plain === 'stdclass' ? stdClass : undefined);
}

/** PHP's name of an object's class. */
export function className(object: object): string {
  return typeof object === 'function' ? 'Closure' : nameOfType(object.constructor);
}

/** The class for an object, a class or a name. */
export function classOf(value: unknown): Class {
  if (typeof value === 'string') {
    const found = classNamed(value);
    if (found === undefined) throw new PhpError(`Class "${value.replace(/^\\/, '')}" not found`);
    return found;
  }
  if (typeof value === 'function') return value as unknown as Class;
  if (typeof value === 'object' && value !== null) return value.constructor as Class;
  throw new PhpError('Cannot use value as class name');
}

function* above(type: unknown): Generator<Class> {
  for (let at = type; typeof at === 'function' && at !== Function.prototype; at = Object.getPrototypeOf(at)) {
    yield at as Class;
    for (const one of interfaces.get(at as Class) ?? []) yield* above(one);
  }
}

/** A class with its parents and interfaces. */
export function ancestors(type: Class): Class[] {
  return [...new Set(above(type))];
}

/** `instanceof`, interfaces included; the class may be one, a name, or an object. */
export function isInstance(value: unknown, type: unknown): boolean {
  if (typeof value !== 'object' || value === null || value instanceof PhpArray) {
    return typeof value === 'function' && type === 'Closure';
  }
  const wanted =
    typeof type === 'string' ? classNamed(type) : typeof type === 'object' && type !== null ? type.constructor : type;
  if (typeof wanted !== 'function') return false;
  return value instanceof (wanted as Class) || ancestors(value.constructor as Class).includes(wanted as Class);
}

/** The method of an object or class, in any case. */
export function methodNamed(object: object, name: string): string | undefined {
  if (typeof (object as Record<string, unknown>)[name] === 'function') return name;
  const wanted = name.toLowerCase();
  for (let at: object | null = object; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    const found = Object.getOwnPropertyNames(at).find((one) => one.toLowerCase() === wanted);
    if (found !== undefined && typeof (object as Record<string, unknown>)[found] === 'function') return found;
  }
  return undefined;
}

function boundMethod(target: unknown, name: string): Callable | undefined {
  const object = typeof target === 'string' ? classNamed(target) : target;
  if ((typeof object !== 'object' && typeof object !== 'function') || object === null) return undefined;
  const found = methodNamed(object, name.replace(/^parent::/, ''));
  if (found === undefined) return undefined;
  return (...values) => (object as Record<string, Callable>)[found]?.(...values);
}

/** The function of JavaScript for a callable, undefined if it is none. */
export function callableOf(value: unknown): Callable | undefined {
  const inner = unref(value);
  if (typeof inner === 'function') return inner as Callable;
  if (typeof inner === 'string') {
    const [type, method] = inner.split('::');
    return method === undefined ? functionNamed(inner) : boundMethod(type, method);
  }
  if (inner instanceof PhpArray && inner.size === 2 && typeof inner.get(1) === 'string') {
    return boundMethod(inner.get(0), inner.get(1));
  }
  if (typeof inner !== 'object' || inner === null) return undefined;
  return boundMethod(inner, '__invoke');
}

/** The function of JavaScript for a callable. */
export function toCallable(value: unknown): Callable {
  if (typeof value === 'function') return value as Callable;
  const found = callableOf(value);
  if (found !== undefined) return found;
  if (typeof value === 'string') throw new PhpError(`Call to undefined function ${value}()`);
  throw new PhpTypeError(`Argument must be a valid callback, ${typeName(value)} given`);
}

const references = new WeakMap<Callable, ReadonlySet<number>>();

/** Says which parameters of a function are references, so that array_walk and others hand over boxes. */
export function reference<T extends Callable>(f: T, ...positions: number[]): T {
  references.set(f, new Set(positions));
  return f;
}

/** Whether a parameter of a function is a reference. */
export function takesReference(f: Callable, position: number): boolean {
  return references.get(f)?.has(position) === true;
}

/** The function for the callable that a function of PHP gets as an argument. */
export function callbackOf(value: unknown): Callable {
  const found = typeof value === 'function' ? (value as Callable) : callableOf(value);
  if (found === undefined) throw new PhpTypeError(`Argument must be a valid callback, ${typeName(value)} given`);
  return found;
}

export function isConstantKnown(name: string): boolean {
  return constants.has(name) || constantOfLibrary(name) !== undefined || constantOfClass(name) !== undefined;
}

function constantOfLibrary(name: string): unknown {
  const found = /^[A-Z][A-Z0-9_]*$/.test(name) && Object.hasOwn(library, name) ? library[name] : undefined;
  return typeof found === 'function' ? undefined : found;
}

function constantOfClass(name: string): unknown {
  const [type = '', member] = name.split('::');
  const found = member === undefined ? undefined : classNamed(type);
  return found === undefined ? undefined : (found as unknown as Record<string, unknown>)[member as string];
}

/** `constant`: the value of a constant of the program, of PHP, or of a class. */
// biome-ignore lint/suspicious/noExplicitAny: values of PHP have any type
export function constant(name: unknown): any {
  const text = str(name).replace(/^\\/, '');
  const value = constants.has(text) ? constants.get(text) : (constantOfLibrary(text) ?? constantOfClass(text));
  if (value === undefined) throw new PhpError(`Undefined constant "${text}"`);
  return value;
}

/** `define`. */
export function define(name: unknown, value: unknown): boolean {
  const text = str(name);
  if (isConstantKnown(text)) return false;
  constants.set(text, value);
  return true;
}

/** `defined`. */
export function defined(name: unknown): boolean {
  return isConstantKnown(str(name).replace(/^\\/, ''));
}
