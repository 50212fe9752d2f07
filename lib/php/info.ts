// Functions of PHP about functions, classes, the process and the system.

import { spawnSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import * as os from 'node:os';
import { array, filled, put, text, whole } from './args';
import { PhpArray, type Value } from './array';
import { str } from './convert';
import { echo, writeAll } from './output';
import {
  ancestors,
  type Class,
  callableOf,
  callbackOf,
  className,
  classNamed,
  classOf,
  functionNamed,
  isInstance,
  methodNamed,
} from './registry';

export function call_user_func(callback: unknown, ...values: Value[]): Value {
  return callbackOf(callback)(...values) ?? null;
}

export function call_user_func_array(callback: unknown, values: unknown): Value {
  return callbackOf(callback)(...array(values).toList()) ?? null;
}

export { call_user_func_array as forward_static_call_array };

export function function_exists(name: unknown): boolean {
  return functionNamed(text(name)) !== undefined;
}

export function class_exists(name: unknown): boolean {
  return classNamed(text(name)) !== undefined;
}

export { class_exists as interface_exists };

const target = (value: unknown) =>
  (typeof value === 'string' ? classNamed(value)?.prototype : value) as object | undefined;

export function method_exists(value: unknown, name: unknown): boolean {
  const [object, type] = [target(value), typeof value === 'string' ? classNamed(value) : undefined];
  const has = (one: object | undefined) =>
    one !== undefined && one !== null && methodNamed(one, text(name)) !== undefined;
  return (
    has(object) ||
    has(type as object | undefined) ||
    (typeof value === 'object' && value !== null && has(value.constructor))
  );
}

export function property_exists(value: unknown, name: unknown): boolean {
  const object = target(value);
  return object !== undefined && (text(name) in object || text(name) in (object.constructor as object));
}

export function get_class(object: unknown): string {
  return className(object as object);
}

export function get_parent_class(value: unknown): string | false {
  const [, parent] = ancestors(classOf(value));
  return parent === undefined ? false : className(parent.prototype);
}

export function get_object_vars(object: unknown): PhpArray {
  return PhpArray.from(Object.entries(object as object));
}

export function get_class_methods(value: unknown): PhpArray {
  const names = new Set<string>();
  for (const { prototype } of ancestors(classOf(value)) as (Class & { prototype: object })[]) {
    for (const name of Object.getOwnPropertyNames(prototype)) {
      const found = Object.getOwnPropertyDescriptor(prototype, name)?.value;
      if (typeof found === 'function' && prototype !== Object.prototype)
        names.add(name === 'constructor' ? '__construct' : name);
    }
  }
  return PhpArray.fromList([...names]);
}

export function is_a(object: unknown, type: unknown, allowsText: unknown = false): boolean {
  if (typeof object === 'string') return allowsText === true && is_subclass(object, type, true);
  return isInstance(object, text(type));
}

function is_subclass(value: unknown, type: unknown, orSame: boolean): boolean {
  const own = typeof value === 'string' ? classNamed(value) : classOf(value);
  const wanted = classNamed(text(type));
  if (own === undefined || wanted === undefined) return false;
  return ancestors(own).includes(wanted) && (orSame || own !== wanted);
}

export function is_subclass_of(value: unknown, type: unknown): boolean {
  return is_subclass(value, type, false);
}

const ids = new WeakMap<object, number>();
let lastId = 0;

export function spl_object_id(object: unknown): number {
  const known = ids.get(object as object);
  if (known !== undefined) return known;
  lastId += 1;
  ids.set(object as object, lastId);
  return lastId;
}

export function spl_object_hash(object: unknown): string {
  return spl_object_id(object).toString(16).padStart(32, '0');
}

export function php_sapi_name(): string {
  return 'cli';
}

export function phpversion(): string {
  return '8.2.0';
}

export function version_compare(a: unknown, b: unknown, operator: unknown = null): number | boolean {
  const parts = (version: unknown) =>
    text(version)
      .replace(/[-_+]/g, '.')
      .replace(/(\d)([^\d.])/g, '$1.$2')
      .replace(/([^\d.])(\d)/g, '$1.$2')
      .split('.')
      .filter((one) => one !== '');
  const ranks = ['dev', 'alpha', 'a', 'beta', 'b', 'RC', 'rc', '#', 'pl', 'p'];
  const levels = [0, 1, 1, 2, 2, 3, 3, 4, 5, 5];
  const rank = (part: string | undefined) => {
    if (part === undefined || /^\d/.test(part)) return 4;
    const at = ranks.findIndex((one) => part.startsWith(one));
    return at < 0 ? -1 : (levels[at] as number);
  };
  const [x, y] = [parts(a), parts(b)];
  let result = 0;
  for (let i = 0; i < Math.max(x.length, y.length) && result === 0; i += 1) {
    const [p, q] = [x[i], y[i]];
    if (p === undefined || q === undefined) {
      const longer = (p ?? q) as string;
      const sign = /^\d/.test(longer) ? 1 : rank(longer) < 4 ? -1 : 1;
      result = p === undefined ? -sign : sign;
    } else if (/^\d/.test(p) && /^\d/.test(q)) result = Math.sign(Number(p) - Number(q));
    else result = Math.sign(rank(p) - rank(q));
  }
  if (operator === null) return result;
  const tests: Record<string, boolean> = {
    '<': result < 0,
    lt: result < 0,
    '<=': result <= 0,
    le: result <= 0,
    '>': result > 0,
    gt: result > 0,
  };
  Object.assign(tests, {
    '>=': result >= 0,
    ge: result >= 0,
    '==': result === 0,
    eq: result === 0,
    '!=': result !== 0,
    ne: result !== 0,
    '<>': result !== 0,
  });
  return tests[text(operator)] ?? false;
}

const bytes = (name: string) => Buffer.from(name, 'utf8').toString('latin1');

export function getenv(name: unknown = null): string | false | PhpArray {
  if (name === null)
    return PhpArray.from(Object.entries(process.env).map(([key, value]) => [key, bytes(value ?? '')] as const));
  const value = process.env[text(name)];
  return value === undefined ? false : bytes(value);
}

export function putenv(assignment: unknown): boolean {
  const [name = '', ...rest] = text(assignment).split('=');
  if (rest.length === 0) delete process.env[name];
  else process.env[name] = Buffer.from(rest.join('='), 'latin1').toString('utf8');
  return true;
}

export function getmypid(): number {
  return process.pid;
}

export function gethostname(): string {
  return bytes(os.hostname());
}

export function php_uname(mode: unknown = 'a'): string {
  const parts: Record<string, string> = {
    s: os.type(),
    n: os.hostname(),
    r: os.release(),
    v: os.version(),
    m: os.machine(),
  };
  return parts[text(mode)] ?? Object.values(parts).join(' ');
}

export function memory_get_usage(): number {
  return process.memoryUsage().heapUsed;
}

export function memory_get_peak_usage(): number {
  return process.resourceUsage().maxRSS * 1024;
}

export function gc_collect_cycles(): number {
  return 0;
}

export function sys_getloadavg(): PhpArray {
  return PhpArray.fromList(os.loadavg());
}

/** `error_log`: to standard error, or with type 3 to the end of a file. */
export function error_log(message: unknown, type: unknown = 0, destination: unknown = null): boolean {
  if (whole(type) === 3) appendFileSync(text(destination), Buffer.from(text(message), 'latin1'));
  else writeAll(2, `${text(message)}\n`);
  return true;
}

let errorHandler: Value = null;
let exceptionHandler: Value = null;

/** `set_error_handler`: called by `trigger_error` alone, because nothing here warns. */
export function set_error_handler(handler: unknown): Value {
  const before = errorHandler;
  errorHandler = handler;
  return before;
}

export function restore_error_handler(): true {
  errorHandler = null;
  return true;
}

export function trigger_error(message: unknown, level: unknown = 1024): boolean {
  const call = errorHandler === null ? undefined : callableOf(errorHandler);
  if (call !== undefined && call(whole(level), text(message), '', 0) !== false) return true;
  const name = { 256: 'Fatal error', 512: 'Warning', 1024: 'Notice' }[whole(level)] ?? 'Deprecated';
  echo(`\n${name}: ${text(message)}\n`);
  if (whole(level) === 256) process.exit(255);
  return true;
}

export { trigger_error as user_error };

/** `set_exception_handler`: gets what nobody has caught; the program ends behind it with 255. */
export function set_exception_handler(handler: unknown): Value {
  const before = exceptionHandler;
  exceptionHandler = handler;
  process.removeAllListeners('uncaughtException');
  if (handler === null) return before;
  process.on('uncaughtException', (error) => {
    callbackOf(handler)(error);
    process.exit(255);
  });
  return before;
}

let reporting = 32767;

export function error_reporting(level: unknown = null): number {
  const before = reporting;
  if (level !== null) reporting = whole(level);
  return before;
}

const settings = new Map<string, string>([
  ['memory_limit', '-1'],
  ['max_execution_time', '0'],
  ['precision', '14'],
  ['serialize_precision', '-1'],
]);

/** `ini_get`: false for what PHP's settings would be; there are none here but those that were set. */
export function ini_get(name: unknown): string | false {
  return settings.get(text(name)) ?? false;
}

export function ini_set(name: unknown, value: unknown): string | false {
  const before = ini_get(name);
  settings.set(text(name), str(value));
  return before;
}

export function set_time_limit(): boolean {
  return true;
}

export function extension_loaded(): boolean {
  return false;
}

export function ignore_user_abort(): number {
  return 0;
}

/** `setlocale`: there is the locale C alone. */
export function setlocale(_category: unknown, ...names: unknown[]): string | false {
  const wanted = names.flatMap((one) => (one instanceof PhpArray ? one.toList() : [one]));
  return wanted.some((one) => one === null || one === '0' || one === 0 || one === 'C' || one === 'POSIX' || one === '')
    ? 'C'
    : false;
}

/** Runs a command by the shell; gives its lines and status. */
function run(command: unknown): { output: string; status: number } {
  const { stdout, status } = spawnSync('/bin/sh', ['-c', Buffer.from(text(command), 'latin1').toString('utf8')], {
    stdio: ['inherit', 'pipe', 'inherit'],
    maxBuffer: 2 ** 30,
  });
  return { output: stdout.toString('latin1'), status: status ?? -1 };
}

/** `exec`: the last line; all lines go into the array, the status into the box. */
export function exec(command: unknown, lines?: unknown, status?: unknown): string | false {
  const { output, status: code } = run(command);
  const list = output
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => line.replace(/[ \t\r\n\v\f]+$/, ''));
  const known = lines instanceof PhpArray ? lines.toList() : [];
  filled(lines, PhpArray.fromList([...known, ...(output === '' ? [] : list)]));
  put(status, code);
  return list.at(-1) ?? '';
}

export function shell_exec(command: unknown): string | null {
  const { output } = run(command);
  return output === '' ? null : output;
}

export function system(command: unknown, status?: unknown): string {
  const { output, status: code } = run(command);
  echo(output);
  put(status, code);
  return output.trimEnd().split('\n').at(-1) ?? '';
}

export function passthru(command: unknown, status?: unknown): null {
  system(command, status);
  return null;
}

export function escapeshellarg(argument: unknown): string {
  return `'${text(argument).replaceAll("'", "'\\''")}'`;
}

/** `get_current_user`, from the system. */
export function get_current_user(): string {
  return os.userInfo().username;
}

export function error_get_last(): null {
  return null;
}
