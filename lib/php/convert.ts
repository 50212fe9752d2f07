// Conversions between PHP's types.

import { PhpArray } from './array';
import { nameOfType, PhpError, PhpTypeError } from './errors';
import { Resource } from './resource';

const numeric = /^[ \t\n\r\v\f]*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)[ \t\n\r\v\f]*$/;
const leading = /^[ \t\n\r\v\f]*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)/;
const plainInteger = /^[ \t\n\r\v\f]*[+-]?\d+[ \t\n\r\v\f]*$/;

export const intLimit = 2 ** 63;

/** The number that a whole text is, undefined if it is none. */
export function numberOf(text: string): number | undefined {
  const code = text.charCodeAt(0);
  // A word is none.
  if (code > 0x39 || text === '') return undefined;
  const found = numeric.exec(text);
  return found === null ? undefined : Number(found[1]) + 0;
}

/** Whether a numeric text is an integer to PHP: without a point and an exponent, and within 64 bits. */
export function isIntegerText(text: string): boolean {
  if (!plainInteger.test(text)) return false;
  const value = BigInt(text.trim().replace(/^\+/, ''));
  return value >= -(2n ** 63n) && value < 2n ** 63n;
}

/** The number at the beginning of a text, 0 if there is none. */
export function leadingNumber(text: string): number {
  const found = leading.exec(text);
  return found === null ? 0 : Number(found[1]) + 0;
}

/** A float as an int: without its fraction, around 2^64. What is not finite is 0. */
export function wholeOf(value: number): number {
  const whole = Math.trunc(value);
  if (whole < intLimit && whole >= -intLimit) return whole + 0;
  if (!Number.isFinite(whole)) return 0;
  return Number(BigInt.asIntN(64, BigInt(whole)));
}

/** The int of a text: PHP's limits where it is an integer beyond them, but around 2^64 where it is a float. */
function integerOfText(text: string): number {
  const found = leading.exec(text);
  if (found === null) return 0;
  const number = Number(found[1]);
  if (/^[+-]?\d+$/.test(found[1] as string)) return Math.max(-intLimit, Math.min(intLimit, number)) + 0;
  // A float outside of the range of integers is the limit, too.
  if (Math.abs(number) >= intLimit) return Number.isFinite(number) ? Math.sign(number) * intLimit : 0;
  return Math.trunc(number) + 0;
}

/** `(int)`. */
export function int(value: unknown): number {
  if (typeof value === 'number') return Number.isInteger(value) && Math.abs(value) <= intLimit ? value : wholeOf(value);
  if (typeof value === 'string') return integerOfText(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value === null || value === undefined) return 0;
  if (value instanceof PhpArray) return value.size > 0 ? 1 : 0;
  if (value instanceof Resource) return value.id;
  return 1;
}

/** `(float)`. */
export function float(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string') return leadingNumber(value);
  return int(value);
}

/** `(bool)`: '', '0', 0, null and the empty array are false. */
export function truthy(value: unknown): boolean {
  if (typeof value === 'string') return value !== '' && value !== '0';
  if (typeof value === 'number') return value !== 0;
  if (typeof value === 'boolean') return value;
  if (value === null || value === undefined) return false;
  return !(value instanceof PhpArray) || value.size > 0;
}

/** The digits of a number to a precision, exact, ties to even, and where the point stands. */
export function digitsOf(value: number, precision: number): { digits: string; point: number } {
  const [mantissa = '', exponent = '0'] = value.toExponential(precision - 1).split('e');
  let digits = mantissa.replace('.', '');
  let point = Number(exponent) + 1;
  const exact = value.toExponential(99).replace(/e.*/, '').replace('.', '');
  // JavaScript rounds ties up.
  if (/^50*$/.test(exact.slice(precision)) && Number(exact[precision - 1]) % 2 === 0) {
    digits = exact.slice(0, precision);
    point = Number(value.toExponential(99).replace(/.*e/, '')) + 1;
  }
  return { digits: digits.replace(/0+$/, '') || '0', point };
}

/** Digits as PHP's %G writes them. */
export function general(digits: string, point: number, precision: number, letter = 'E', zero = '.0'): string {
  if (point > precision || point < -3) {
    const exponent = point - 1;
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : zero;
    return `${digits[0]}${fraction}${letter}${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`;
  }
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`;
  if (digits.length <= point) return digits.padEnd(point, '0');
  return `${digits.slice(0, point)}.${digits.slice(point)}`;
}

function special(value: number): string {
  return Number.isNaN(value) ? 'NAN' : value > 0 ? 'INF' : '-INF';
}

/** An integer within 64 bits, digit by digit. */
function integerText(value: number): string {
  if (Math.abs(value) <= Number.MAX_SAFE_INTEGER) return String(value + 0);
  return value === intLimit ? '9223372036854775807' : BigInt(value).toString();
}

export function isIntegerValue(value: number): boolean {
  return Number.isInteger(value) && Math.abs(value) <= intLimit;
}

/** A number as `echo` writes it: 14 digits. */
export function numberText(value: number): string {
  if (isIntegerValue(value)) return integerText(value);
  if (!Number.isFinite(value)) return special(value);
  const { digits, point } = digitsOf(Math.abs(value), 14);
  return (value < 0 ? '-' : '') + general(digits, point, 14);
}

/** A number as `var_export`, `json_encode` and `serialize` write it: as many digits as it takes. */
export function exactText(value: number): string {
  if (isIntegerValue(value)) return integerText(value);
  if (!Number.isFinite(value)) return special(value);
  const [mantissa = '', exponent = '0'] = Math.abs(value).toExponential().split('e');
  return (value < 0 ? '-' : '') + general(mantissa.replace('.', ''), Number(exponent) + 1, 17);
}

/** The text of an object that says one. */
function objectText(value: object): string {
  const { __toString: own } = value as { __toString?: () => unknown };
  if (typeof own === 'function') return String(own.call(value));
  const { toString: plain } = value;
  if (
    plain !== Object.prototype.toString &&
    plain !== Error.prototype.toString &&
    plain !== Function.prototype.toString
  ) {
    return String(plain.call(value));
  }
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  throw new PhpError(`Object of class ${typeName(value)} could not be converted to string`);
}

/** `(string)`. */
export function str(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return numberText(value);
  if (typeof value === 'boolean') return value ? '1' : '';
  if (value === null || value === undefined) return '';
  if (value instanceof PhpArray) return 'Array';
  if (value instanceof Resource) return `Resource id #${value.id}`;
  return objectText(value as object);
}

/** The bytes of a text of characters. */
export function utf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** The name of a value's type as error messages have it. */
export function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return isIntegerValue(value) ? 'int' : 'float';
  if (value instanceof PhpArray) return 'array';
  if (value instanceof Resource) return 'resource';
  if (typeof value === 'function') return 'Closure';
  const type = (value as object).constructor as { name?: unknown } | undefined;
  return type === undefined || (type as unknown) === Object ? 'array' : nameOfType(type);
}

/** A number for an operator: texts by their beginning, arrays and objects not at all. */
export function toNumber(value: unknown, operator: string, left: unknown, right: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string') return leadingNumber(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value === null || value === undefined) return 0;
  throw new PhpTypeError(`Unsupported operand types: ${typeName(left)} ${operator} ${typeName(right)}`);
}
