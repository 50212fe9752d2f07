// `pack` and `unpack`, all codes.

import { text } from './args';
import { PhpArray, type Value } from './array';
import { float, int, intLimit, str } from './convert';
import { ValueError } from './errors';

interface Code {
  letter: string;
  /** Undefined is `*`, -1 no number. */
  count: number | undefined;
}

/** Sizes and orders of the codes for integers: signed ones are read with their sign. */
const integers: Record<string, [size: number, isLittle: boolean, isSigned: boolean]> = {
  c: [1, true, true],
  C: [1, true, false],
  s: [2, true, true],
  S: [2, true, false],
  n: [2, false, false],
  v: [2, true, false],
  i: [4, true, true],
  I: [4, true, false],
  l: [4, true, true],
  L: [4, true, false],
  N: [4, false, false],
  V: [4, true, false],
  q: [8, true, true],
  Q: [8, true, true],
  J: [8, false, true],
  P: [8, true, true],
};
const floats: Record<string, [size: 4 | 8, isLittle: boolean]> = {
  f: [4, true],
  g: [4, true],
  G: [4, false],
  d: [8, true],
  e: [8, true],
  E: [8, false],
};

function integerBytes(value: unknown, letter: string): string {
  const [size, isLittle] = integers[letter] as [number, boolean, boolean];
  const number = int(value);
  const view = Buffer.alloc(8);
  view.writeBigInt64LE(number >= intLimit ? 2n ** 63n - 1n : BigInt(number));
  const bytes = view.subarray(0, size);
  return (isLittle ? bytes : bytes.reverse()).toString('latin1');
}

function floatBytes(value: unknown, letter: string): string {
  const [size, isLittle] = floats[letter] as [4 | 8, boolean];
  const view = new DataView(new ArrayBuffer(size));
  if (size === 4) view.setFloat32(0, float(value), isLittle);
  else view.setFloat64(0, float(value), isLittle);
  return Buffer.from(view.buffer).toString('latin1');
}

function hexBytes(value: unknown, count: number | undefined, isLow: boolean): string {
  const digits = str(value);
  const wanted = count === undefined ? digits.length : count < 0 ? 1 : count;
  if (wanted > digits.length) return hexBytes(digits, digits.length, isLow);
  let result = '';
  for (let i = 0; i < wanted; i += 2) {
    const nibble = (at: number) => (at < wanted ? Number.parseInt(digits[at] ?? '0', 16) || 0 : 0);
    result += String.fromCharCode(isLow ? nibble(i) | (nibble(i + 1) << 4) : (nibble(i) << 4) | nibble(i + 1));
  }
  return result;
}

function textBytes(value: unknown, { letter, count }: Code): string {
  const bytes = str(value);
  if (letter === 'Z' && count === undefined) return `${bytes}\0`;
  const size = count === undefined ? bytes.length : count < 0 ? 1 : count;
  if (letter === 'Z') return bytes.slice(0, Math.max(0, size - 1)).padEnd(size, '\0');
  return bytes.slice(0, size).padEnd(size, letter === 'A' ? ' ' : '\0');
}

function codesOf(format: string): Code[] {
  const codes: Code[] = [];
  for (const [, letter = '', count = ''] of format.matchAll(/([\s\S])(\*|\d+)?/g)) {
    codes.push({ letter, count: count === '*' ? undefined : count === '' ? -1 : Number(count) });
  }
  return codes;
}

/** Moves to a place of the output: x back, X back, @ to an absolute place. */
function moved(result: string, { letter, count }: Code): string {
  const size = count === undefined ? 0 : count < 0 ? 1 : count;
  if (letter === 'x') return result + '\0'.repeat(size);
  if (letter === 'X') return result.slice(0, Math.max(0, result.length - size));
  return result.slice(0, size).padEnd(size, '\0');
}

export function pack(format: unknown, ...values: Value[]): string {
  let result = '';
  let next = 0;
  for (const code of codesOf(text(format))) {
    const { letter, count } = code;
    if ('xX@'.includes(letter)) {
      result = moved(result, code);
      continue;
    }
    if ('aAZhH'.includes(letter)) {
      if (next >= values.length) throw new ValueError(`Type ${letter}: not enough arguments`);
      const value = values[next];
      next += 1;
      result += letter === 'h' || letter === 'H' ? hexBytes(value, count, letter === 'h') : textBytes(value, code);
      continue;
    }
    if (!(letter in integers) && !(letter in floats)) throw new ValueError(`Type ${letter}: unknown format code`);
    const repeat = count === undefined ? values.length - next : count < 0 ? 1 : count;
    if (next + repeat > values.length) throw new ValueError(`Type ${letter}: too few arguments`);
    for (let i = 0; i < repeat; i += 1)
      result += (letter in floats ? floatBytes : integerBytes)(values[next + i], letter);
    next += repeat;
  }
  return result;
}

function readInteger(bytes: string, letter: string): number {
  const [size, isLittle, isSigned] = integers[letter] as [number, boolean, boolean];
  const buffer = Buffer.from(bytes, 'latin1');
  if (!isLittle) buffer.reverse();
  if (size === 8) return Number(isSigned ? buffer.readBigInt64LE() : buffer.readBigUInt64LE());
  return isSigned ? buffer.readIntLE(0, size) : buffer.readUIntLE(0, size);
}

function readFloat(bytes: string, letter: string): number {
  const [size, isLittle] = floats[letter] as [4 | 8, boolean];
  const view = new DataView(Uint8Array.from(Buffer.from(bytes, 'latin1')).buffer);
  return size === 4 ? view.getFloat32(0, isLittle) : view.getFloat64(0, isLittle);
}

function readText(bytes: string, letter: string): string {
  if (letter === 'a') return bytes;
  if (letter === 'A') return bytes.replace(/[\0\t\r\n ]+$/, '');
  const end = bytes.indexOf('\0');
  return end < 0 ? bytes : bytes.slice(0, end);
}

function readHex(bytes: string, digits: number, isLow: boolean): string {
  let result = '';
  for (const byte of bytes) {
    const pair = byte.charCodeAt(0).toString(16).padStart(2, '0');
    result += isLow ? (pair[1] as string) + pair[0] : pair;
  }
  return result.slice(0, digits);
}

const unpackCode = /^([\s\S])(\*|-?\d+)?([\s\S]*)$/;

/** One code of `unpack`; gives the new place, or false where the bytes are not enough. */
function unpackOne(bytes: string, from: number, code: string, into: PhpArray): number | false {
  const [, letter = '', given, name = ''] = unpackCode.exec(code) ?? [];
  const count = given === '*' ? -1 : given === undefined ? undefined : Number(given);
  const left = bytes.length - from;
  if (letter === 'X') return Math.max(0, from - (count === -1 ? 0 : (count ?? 1)));
  if (letter === '@') return Math.min(bytes.length, count ?? 1);
  if (letter === 'x')
    return from + (count === -1 ? 0 : (count ?? 1)) > bytes.length ? false : from + (count === -1 ? 0 : (count ?? 1));
  if ('aAZ'.includes(letter)) {
    const size = count === -1 ? left : (count ?? 1);
    if (size > left) return false;
    into.set(name === '' ? 1 : name, readText(bytes.slice(from, from + size), letter));
    return from + size;
  }
  if (letter === 'h' || letter === 'H') {
    const digits = count === -1 ? left * 2 : (count ?? 1);
    const size = (digits + 1) >> 1;
    if (size > left) return false;
    into.set(name === '' ? 1 : name, readHex(bytes.slice(from, from + size), digits, letter === 'h'));
    return from + size;
  }
  const size = integers[letter]?.[0] ?? floats[letter]?.[0];
  if (size === undefined) throw new ValueError(`Invalid format type ${letter}`);
  const repeat = count === -1 ? Math.floor(left / size) : (count ?? 1);
  if (repeat * size > left) return false;
  for (let i = 0; i < repeat; i += 1) {
    const part = bytes.slice(from + i * size, from + (i + 1) * size);
    const key = count === undefined ? name || 1 : `${name}${i + 1}`;
    into.set(key, letter in floats ? readFloat(part, letter) : readInteger(part, letter));
  }
  return from + repeat * size;
}

/** `unpack`: false where the bytes are not enough. */
export function unpack(format: unknown, data: unknown, offset: unknown = 0): PhpArray | false {
  const bytes = text(data);
  const result = new PhpArray();
  let at: number | false = int(offset);
  if (at < 0 || at > bytes.length)
    throw new ValueError('unpack(): Argument #3 ($offset) must be contained in argument #2 ($data)');
  const start = at;
  for (const code of text(format).split('/')) {
    if (code === '') continue;
    at = code[0] === '@' ? unpackOne(bytes.slice(start), 0, code, result) : unpackOne(bytes, at, code, result);
    if (at === false) return false;
    if (code[0] === '@') at += start;
  }
  return result;
}
