// PHP's arithmetic, bit and text operators.

import { PhpArray } from './array';
import { int, intLimit, leadingNumber, str, toNumber, truthy, typeName, wholeOf } from './convert';
import { ArithmeticError, DivisionByZeroError, PhpTypeError } from './errors';

const startsWithNumber = /^[ \t\n\r\v\f]*[+-]?(?:\d|\.\d)/;

/** One side of an operator. A text that does not begin with a number is an error since PHP 8. */
function operand(value: unknown, operator: string, left: unknown, right: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string' && !startsWithNumber.test(value)) {
    throw new PhpTypeError(`Unsupported operand types: ${typeName(left)} ${operator} ${typeName(right)}`);
  }
  return toNumber(value, operator, left, right);
}

/** `+`; of two arrays the union. */
export function add(a: unknown, b: unknown): number & PhpArray {
  if (a instanceof PhpArray && b instanceof PhpArray) return union(a, b) as number & PhpArray;
  return (operand(a, '+', a, b) + operand(b, '+', a, b)) as number & PhpArray;
}

/** `$a + $b` of arrays: what a has not comes from b. */
export function union(a: PhpArray, b: PhpArray): PhpArray {
  const result = a.copy();
  for (const [key, value] of b.entryList()) {
    if (!result.hasKey(key)) result.set(key, value instanceof PhpArray ? value.copy() : value);
  }
  return result;
}

/** `-`. */
export function sub(a: unknown, b: unknown): number {
  return operand(a, '-', a, b) - operand(b, '-', a, b);
}

/** `*`. */
export function mul(a: unknown, b: unknown): number {
  return operand(a, '*', a, b) * operand(b, '*', a, b) + 0;
}

/** `/`. */
export function div(a: unknown, b: unknown): number {
  const [x, y] = [operand(a, '/', a, b), operand(b, '/', a, b)];
  if (y === 0) throw new DivisionByZeroError('Division by zero');
  return x / y;
}

/** `%`: both sides are integers, the sign is that of the left. */
export function mod(a: unknown, b: unknown): number {
  const [x, y] = [wholeOf(operand(a, '%', a, b)), wholeOf(operand(b, '%', a, b))];
  if (y === 0) throw new DivisionByZeroError('Modulo by zero');
  return (x % y) + 0;
}

/** `**`. */
export function pow(a: unknown, b: unknown): number {
  const [x, y] = [operand(a, '**', a, b), operand(b, '**', a, b)];
  // 1 ** NAN and 1 ** INF are 1 in C.
  return x === 1 || y === 0 ? 1 : x === -1 && !Number.isFinite(y) && !Number.isNaN(y) ? 1 : x ** y;
}

/** `intdiv`. */
export function intdiv(a: unknown, b: unknown): number {
  const [x, y] = [int(a), int(b)];
  if (y === 0) throw new DivisionByZeroError('Division by zero');
  if (x === -intLimit && y === -1) throw new ArithmeticError('Division of PHP_INT_MIN by -1 is not an integer');
  if (Number.isSafeInteger(x) && Number.isSafeInteger(y)) return Math.trunc(x / y) + 0;
  return Number(exact(x) / exact(y));
}

/** `-a`. */
export function neg(a: unknown): number {
  return operand(a, '*', a, -1) * -1 + 0;
}

/** `+a`. */
export function plus(a: unknown): number {
  return operand(a, '*', a, 1);
}

/** An integer with 64 bits; 2^63 stands for the greatest. */
function exact(value: number): bigint {
  return value >= intLimit ? 2n ** 63n - 1n : BigInt(value);
}

const isSmall = (value: number) => value >= -0x80000000 && value <= 0x7fffffff;
const smallEnough = 2 ** 53;

function bits(
  a: unknown,
  b: unknown,
  operator: string,
  onSmall: (x: number, y: number) => number,
  onLarge: (x: bigint, y: bigint) => bigint,
): number {
  const [x, y] = [wholeOf(operand(a, operator, a, b)), wholeOf(operand(b, operator, a, b))];
  if (isSmall(x) && isSmall(y)) return onSmall(x, y);
  return Number(BigInt.asIntN(64, onLarge(exact(x), exact(y))));
}

function bytes(a: string, b: string, length: number, combine: (x: number, y: number) => number): string {
  let result = '';
  for (let i = 0; i < length; i += 1)
    result += String.fromCharCode(combine(a.charCodeAt(i) || 0, b.charCodeAt(i) || 0));
  return result;
}

type Bits = number & string;

/** `&`; of two texts byte by byte. */
export function bitAnd(a: unknown, b: unknown): Bits {
  if (typeof a === 'string' && typeof b === 'string') {
    return bytes(a, b, Math.min(a.length, b.length), (x, y) => x & y) as Bits;
  }
  return bits(
    a,
    b,
    '&',
    (x, y) => x & y,
    (x, y) => x & y,
  ) as Bits;
}

/** `|`; of two texts byte by byte. */
export function bitOr(a: unknown, b: unknown): Bits {
  if (typeof a === 'string' && typeof b === 'string') {
    return bytes(a, b, Math.max(a.length, b.length), (x, y) => x | y) as Bits;
  }
  return bits(
    a,
    b,
    '|',
    (x, y) => x | y,
    (x, y) => x | y,
  ) as Bits;
}

/** `^`; of two texts byte by byte. */
export function bitXor(a: unknown, b: unknown): Bits {
  if (typeof a === 'string' && typeof b === 'string') {
    return bytes(a, b, Math.min(a.length, b.length), (x, y) => x ^ y) as Bits;
  }
  return bits(
    a,
    b,
    '^',
    (x, y) => x ^ y,
    (x, y) => x ^ y,
  ) as Bits;
}

/** `~`; of a text byte by byte. */
export function bitNot(a: unknown): Bits {
  if (typeof a === 'string') return bytes(a, '', a.length, (x) => ~x & 0xff) as Bits;
  if (typeof a !== 'number') throw new PhpTypeError(`Cannot perform bitwise not on ${typeName(a)}`);
  const x = wholeOf(a);
  return (Math.abs(x) < smallEnough ? -x - 1 : Number(~exact(x))) as Bits;
}

/** `<<`, 64 bits. */
export function shiftLeft(a: unknown, b: unknown): number {
  const [x, y] = [wholeOf(operand(a, '<<', a, b)), wholeOf(operand(b, '<<', a, b))];
  if (y < 0) throw new ArithmeticError('Bit shift by negative number');
  if (y >= 64) return 0;
  return Number(BigInt.asIntN(64, exact(x) << BigInt(y)));
}

/** `>>`, 64 bits, with the sign. */
export function shiftRight(a: unknown, b: unknown): number {
  const [x, y] = [wholeOf(operand(a, '>>', a, b)), wholeOf(operand(b, '>>', a, b))];
  if (y < 0) throw new ArithmeticError('Bit shift by negative number');
  if (y >= 64) return x < 0 ? -1 : 0;
  return Math.abs(x) < smallEnough ? Math.floor(x / 2 ** y) : Number(exact(x) >> BigInt(y));
}

/** `.` of any number of values. */
export function cat(...values: unknown[]): string {
  let result = '';
  for (const value of values) result += typeof value === 'string' ? value : str(value);
  return result;
}

/** `xor`. */
export function xor(a: unknown, b: unknown): boolean {
  return truthy(a) !== truthy(b);
}

/** The text after 'Az' is 'Ba', after 'Zz' 'AAa'. */
function incrementText(text: string): string {
  const letters = [...text];
  for (let i = letters.length - 1; i >= 0; i -= 1) {
    const letter = letters[i] as string;
    if (!/^[0-9A-Za-z]$/.test(letter)) return letters.join('');
    if (letter === 'z') letters[i] = 'a';
    else if (letter === 'Z') letters[i] = 'A';
    else if (letter === '9') letters[i] = '0';
    else {
      letters[i] = String.fromCharCode(letter.charCodeAt(0) + 1);
      return letters.join('');
    }
  }
  const first = letters[0] as string;
  return (first === '0' ? '1' : first) + letters.join('');
}

const wholeNumeric = /^[ \t\n\r\v\f]*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?[ \t\n\r\v\f]*$/;

/** The value after `++`; null becomes 1, booleans stay. */
// biome-ignore lint/suspicious/noExplicitAny: values of PHP have any type
export function inc(value: unknown): any {
  if (typeof value === 'number') return value + 1;
  if (value === null || value === undefined) return 1;
  if (typeof value !== 'string') return stays(value, 'increment');
  if (value === '') return '1';
  return wholeNumeric.test(value) ? leadingNumber(value) + 1 : incrementText(value);
}

/** The value after `--`; null stays null, as do booleans and words. */
// biome-ignore lint/suspicious/noExplicitAny: values of PHP have any type
export function dec(value: unknown): any {
  if (typeof value === 'number') return value - 1;
  if (value === null || value === undefined) return null;
  if (typeof value !== 'string') return stays(value, 'decrement');
  if (value === '') return -1;
  return wholeNumeric.test(value) ? leadingNumber(value) - 1 : value;
}

function stays(value: unknown, what: string): unknown {
  if (typeof value === 'boolean') return value;
  throw new PhpTypeError(`Cannot ${what} ${typeName(value)}`);
}
