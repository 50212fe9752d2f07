// Values as texts: `serialize`, `var_export`, `print_r`, `var_dump`.

import { text } from './args';
import { PhpArray, type Value } from './array';
import { exactText, isIntegerValue, str } from './convert';
import { PhpError } from './errors';
import { echo } from './output';
import { className, classNamed } from './registry';
import { Resource } from './resource';
import { stdClass } from './stdclass';

function fields(value: object): [string, Value][] {
  return Object.entries(value).filter(([, one]) => typeof one !== 'function');
}

const isObject = (value: Value) => typeof value === 'object' && value !== null && !(value instanceof PhpArray);
const isPlain = (value: object) => Object.getPrototypeOf(value) === Object.prototype;
const entriesOf = (value: Value): [unknown, Value][] => (value instanceof PhpArray ? value.entryList() : fields(value));

/** `serialize`: an integer-valued number as an int. */
export function serialize(value: Value): string {
  if (value === null || value === undefined) return 'N;';
  if (typeof value === 'boolean') return `b:${value ? 1 : 0};`;
  if (typeof value === 'number') return isIntegerValue(value) ? `i:${str(value)};` : `d:${exactText(value)};`;
  if (typeof value === 'string') return `s:${value.length}:"${value}";`;
  if (typeof value === 'function') throw new PhpError("Serialization of 'Closure' is not allowed");
  if (value instanceof Resource) return 'i:0;';
  const body = (entries: [unknown, Value][]) => entries.map(([key, one]) => serialize(key) + serialize(one)).join('');
  if (value instanceof PhpArray || isPlain(value)) {
    const entries = entriesOf(value);
    return `a:${entries.length}:{${body(entries)}}`;
  }
  const name = className(value);
  const { __serialize: own, __sleep: sleep } = value as { __serialize?: () => PhpArray; __sleep?: () => PhpArray };
  const wanted = typeof sleep === 'function' ? new Set(sleep.call(value).toList()) : undefined;
  const entries: [unknown, Value][] =
    typeof own === 'function'
      ? own.call(value).entryList()
      : fields(value).filter(([key]) => wanted === undefined || wanted.has(key));
  return `O:${name.length}:"${name}":${entries.length}:{${body(entries)}}`;
}

class Reader {
  private at = 0;

  constructor(private readonly s: string) {}

  private take(pattern: RegExp): string[] {
    const sticky = new RegExp(pattern.source, 'y');
    sticky.lastIndex = this.at;
    const found = sticky.exec(this.s);
    if (found === null) throw new SyntaxError();
    this.at += found[0].length;
    return [...found];
  }

  private expect(sign: string): void {
    if (!this.s.startsWith(sign, this.at)) throw new SyntaxError();
    this.at += sign.length;
  }

  private bytes(length: number): string {
    const bytes = this.s.slice(this.at, this.at + length);
    if (bytes.length < length) throw new SyntaxError();
    this.at += length;
    return bytes;
  }

  value(): Value {
    switch (this.s[this.at]) {
      case 'N':
        this.expect('N;');
        return null;
      case 'b':
        return this.take(/b:([01]);/)[1] === '1';
      case 'i':
        return Number(this.take(/i:([+-]?\d+);/)[1]) + 0;
      case 'd': {
        const [, shown = ''] = this.take(/d:([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|-?INF|NAN);/);
        return shown === 'NAN' ? Number.NaN : Number(shown.replace('INF', 'Infinity'));
      }
      case 's': {
        const length = Number(this.take(/s:(\d+):"/)[1]);
        const bytes = this.bytes(length);
        this.expect('";');
        return bytes;
      }
      case 'a':
        return this.members(Number(this.take(/a:(\d+):\{/)[1]));
      case 'O':
        return this.object();
      default:
        throw new SyntaxError();
    }
  }

  private members(count: number): PhpArray {
    const result = new PhpArray();
    for (let i = 0; i < count; i += 1) {
      if (!/[is]/.test(this.s[this.at] ?? '')) throw new SyntaxError();
      const key = this.value();
      result.set(key, this.value());
    }
    this.expect('}');
    return result;
  }

  private object(): Value {
    const length = Number(this.take(/O:(\d+):"/)[1]);
    const type = classNamed(this.bytes(length)) ?? stdClass;
    const count = Number(this.take(/":(\d+):\{/)[1]);
    const members = this.members(count);
    const object = Object.create(type.prototype) as Record<string, Value>;
    const { __unserialize: own, __wakeup: wake } = object as {
      __unserialize?: (data: PhpArray) => void;
      __wakeup?: () => void;
    };
    if (typeof own === 'function') own.call(object, members);
    else {
      for (const [key, value] of members.entryList()) object[String(key).replace(/^\0[^\0]*\0/, '')] = value;
      if (typeof wake === 'function') wake.call(object);
    }
    return object;
  }
}

/** `unserialize`: false where the text is none. What stands behind the value does not count. */
export function unserialize(s: unknown): Value {
  try {
    return new Reader(text(s)).value();
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

function exportedText(value: string): string {
  const quoted = value.replace(/[\\']/g, '\\$&');
  return value.includes('\0') ? `'${quoted.split('\0').join('\' . "\\0" . \'')}'` : `'${quoted}'`;
}

function exported(value: Value, indent: string): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return value === -(2 ** 63) ? '-9223372036854775807-1' : exactText(value);
  if (typeof value === 'string') return exportedText(value);
  if (typeof value === 'function') return '\\Closure::__set_state(array(\n))';
  const key = (one: unknown) => (typeof one === 'number' ? String(one) : exportedText(String(one)));
  const isNested = (one: Value) => one instanceof PhpArray || isObject(one);
  const line = ([name, one]: [unknown, Value], space: string) =>
    `${indent}${space}${key(name)} => ${isNested(one) ? `\n${indent}  ` : ''}${exported(one, `${indent}  `)},\n`;
  const isArray = value instanceof PhpArray || isPlain(value);
  const lines = entriesOf(value).map((entry) => line(entry, isArray ? '  ' : '   '));
  if (isArray) return `array (\n${lines.join('')}${indent})`;
  if (value instanceof stdClass) return `(object) array(\n${lines.join('')}${indent})`;
  return `\\${className(value)}::__set_state(array(\n${lines.join('')}${indent}))`;
}

/** `var_export`. */
export function var_export(value: Value, returns: unknown = false): string | null {
  const shown = exported(value, '');
  if (returns === true) return shown;
  echo(shown);
  return null;
}

function printed(value: Value, indent: string): string {
  if (typeof value !== 'function' && (typeof value !== 'object' || value === null || value instanceof Resource))
    return str(value);
  const isArray = value instanceof PhpArray || isPlain(value);
  const title = isArray ? 'Array' : `${className(value)} Object`;
  const lines = entriesOf(value).map(([key, one]) => `${indent}    [${key}] => ${printed(one, `${indent}        `)}\n`);
  return `${title}\n${indent}(\n${lines.join('')}${indent})\n`;
}

/** `print_r`. */
export function print_r(value: Value, returns: unknown = false): string | true {
  const shown = printed(value, '');
  if (returns === true) return shown;
  echo(shown);
  return true;
}

function dumped(value: Value, indent: string): string {
  if (value === null || value === undefined) return `${indent}NULL\n`;
  if (typeof value === 'boolean') return `${indent}bool(${value})\n`;
  if (typeof value === 'number') return `${indent}${isIntegerValue(value) ? 'int' : 'float'}(${exactText(value)})\n`;
  if (typeof value === 'string') return `${indent}string(${value.length}) "${value}"\n`;
  if (value instanceof Resource) return `${indent}resource(${value.id}) of type (${value.type})\n`;
  const entries = entriesOf(value);
  const isArray = value instanceof PhpArray || isPlain(value);
  const title = isArray ? 'array' : `object(${className(value)})#1 `;
  const key = (one: unknown) => (typeof one === 'number' ? one : `"${one}"`);
  const lines = entries.map(([name, one]) => `${indent}  [${key(name)}]=>\n${dumped(one, `${indent}  `)}`);
  return `${indent}${title}(${entries.length}) {\n${lines.join('')}${indent}}\n`;
}

/** `var_dump`: an integer-valued number as an int; the number of an object is always 1. */
export function var_dump(...values: Value[]): void {
  echo(...values.map((value) => dumped(value, '')));
}
