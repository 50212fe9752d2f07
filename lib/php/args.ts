// Arguments of functions: what PHP converts by itself, and what it refuses.

import { PhpArray } from './array';
import { int, isIntegerText, leadingNumber, numberOf, str, typeName } from './convert';
import { PhpTypeError } from './errors';
import { Ref } from './ref';

function refuse(value: unknown, wanted: string): never {
  throw new PhpTypeError(`Argument must be of type ${wanted}, ${typeName(value)} given`);
}

/** A text: numbers, booleans, null and objects with a text become one. */
export function text(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof PhpArray) return refuse(value, 'string');
  if (typeof value === 'object' && value !== null) {
    if (typeof (value as { __toString?: unknown }).__toString === 'function') return str(value);
    if (value.toString === Object.prototype.toString) return refuse(value, 'string');
  }
  return str(value);
}

/** An int: numeric texts, booleans and null become one. */
export function whole(value: unknown): number {
  if (typeof value === 'number') return Number.isFinite(value) ? int(value) : refuse(value, 'int');
  if (typeof value === 'string') {
    if (numberOf(value) === undefined && !/^[ \t\n\r\v\f]*[+-]?(?:\d|\.\d)/.test(value)) return refuse(value, 'int');
    if (numberOf(value) === undefined) return refuse(value, 'int');
    return isIntegerText(value) ? int(value) : Math.trunc(leadingNumber(value));
  }
  if (typeof value === 'boolean' || value === null || value === undefined) return int(value);
  return refuse(value, 'int');
}

/** A number: numeric texts, booleans and null become one. */
export function number(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string') return numberOf(value) ?? refuse(value, 'int|float');
  if (typeof value === 'boolean' || value === null || value === undefined) return int(value);
  return refuse(value, 'int|float');
}

/** An array, also one in a box. */
export function array(value: unknown): PhpArray {
  if (value instanceof PhpArray) return value;
  if (value instanceof Ref) return array(value.v);
  return refuse(value, 'array');
}

/** The array that a by-reference parameter is filled with: the array itself, or one in its box. */
export function filled(target: unknown, value: PhpArray): void {
  if (target instanceof PhpArray) target.assign(value);
  else if (target instanceof Ref) target.v = value;
}

/** Puts a scalar into the box of a by-reference parameter. */
export function put(target: unknown, value: unknown): void {
  if (target instanceof Ref) target.v = value;
}

/** A position as substr and array_slice count it: from the end if it is negative, within the length. */
export function range(length: number, offset: number, count: number | undefined): [from: number, to: number] {
  const from = offset < 0 ? Math.max(0, length + offset) : Math.min(offset, length);
  if (count === undefined) return [from, length];
  const to = count < 0 ? length + count : Math.min(length, from + count);
  return [from, Math.max(from, to)];
}
