// `sprintf` and its family, and `number_format`.

import { array, number, text, whole } from './args';
import type { Value } from './array';
import { digitsOf, float, general, int, intLimit, str } from './convert';
import { ArgumentCountError, ValueError } from './errors';
import { fixedExact, roundTo } from './exact';
import { echo, writeAll } from './output';
import { streamDescriptor } from './streams';

interface Directive {
  isLeft: boolean;
  hasPlus: boolean;
  pad: string;
  width: number;
  precision: number | undefined;
}

/** Fills to the width. Zeros stand behind the sign, and never at the right of a number. */
function padded(body: string, { isLeft, pad, width }: Directive, isNumber: boolean): string {
  if (body.length >= width) return body;
  if (isLeft) return body.padEnd(width, isNumber && pad === '0' ? '0' : pad);
  if (isNumber && pad === '0' && /^[+-]/.test(body)) return body[0] + body.slice(1).padStart(width - 1, '0');
  return body.padStart(width, pad);
}

/** Zeros at the right would change an integer. */
function withoutZeros(directive: Directive): Directive {
  return directive.isLeft && directive.pad === '0' ? { ...directive, pad: ' ' } : directive;
}

/** An integer in a base, the negative ones as 64 bits. */
function unsigned(value: unknown, base: number): string {
  const number = int(value);
  const exact = number >= intLimit ? 2n ** 63n - 1n : BigInt(number);
  return BigInt.asUintN(64, exact).toString(base);
}

function exponential(value: number, precision: number, letter: string): string {
  if (value === 0) return `0${precision > 0 ? `.${'0'.repeat(precision)}` : ''}${letter}+0`;
  const { digits, point } = digitsOf(Math.abs(value), precision + 1);
  const all = digits.padEnd(precision + 1, '0');
  const exponent = point - 1;
  const sign = value < 0 ? '-' : '';
  return `${sign}${all[0]}${precision > 0 ? `.${all.slice(1)}` : ''}${letter}${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`;
}

function decimal(value: number, letter: string, precision: number): string {
  if (letter === 'e' || letter === 'E') return exponential(value, precision, letter);
  // PHP rounds to the precision first, as `round` does, and then writes the digits.
  if (letter === 'f' || letter === 'F') {
    return (value < 0 || Object.is(value, -0) ? '-' : '') + fixedExact(value, precision);
  }
  const size = precision === 0 ? 1 : precision;
  if (value === 0) return '0';
  const { digits, point } = digitsOf(Math.abs(value), size);
  const shown = general(digits, point, size, letter === 'g' ? 'e' : 'E');
  return (value < 0 ? '-' : '') + shown;
}

function float_(value: unknown, letter: string, directive: Directive): string {
  const shown = float(value);
  if (Number.isNaN(shown)) return 'NaN';
  // PHP writes neither width nor sign here, and the sign over the first letter where zeros are wanted.
  if (!Number.isFinite(shown)) return shown < 0 && directive.pad === '0' && !directive.isLeft ? '-NF' : 'INF';
  const body = decimal(shown, letter, Math.min(directive.precision ?? 6, 53));
  return padded(directive.hasPlus && shown >= 0 ? `+${body}` : body, directive, true);
}

function formatted(letter: string, value: unknown, directive: Directive): string {
  switch (letter) {
    case 's': {
      const shown = str(value);
      return padded(directive.precision === undefined ? shown : shown.slice(0, directive.precision), directive, false);
    }
    case 'd':
    case 'i': {
      const shown = int(value);
      return padded((directive.hasPlus && shown >= 0 ? '+' : '') + str(shown), withoutZeros(directive), true);
    }
    case 'u':
      return padded(unsigned(value, 10), withoutZeros(directive), true);
    case 'b':
    case 'o':
    case 'x':
      return padded(unsigned(value, { b: 2, o: 8, x: 16 }[letter]), directive, false);
    case 'X':
      return padded(unsigned(value, 16).toUpperCase(), directive, false);
    case 'c':
      return String.fromCharCode(((int(value) % 256) + 256) % 256);
    default:
      return float_(value, letter, directive);
  }
}

const directive = /%(?:%|(?:(\d+)\$)?((?:[-+ 0]|'[\s\S])*)(\*(?:\d+\$)?|\d+)?(?:\.(\*(?:\d+\$)?|\d*))?l?([\s\S]|$))/g;

function flagsOf(flags: string): { isLeft: boolean; hasPlus: boolean; pad: string } {
  const found = { isLeft: false, hasPlus: false, pad: ' ' };
  for (let i = 0; i < flags.length; i += 1) {
    const flag = flags[i] as string;
    if (flag === '-') found.isLeft = true;
    else if (flag === '+') found.hasPlus = true;
    else if (flag === "'") {
      i += 1;
      found.pad = flags[i] as string;
    } else found.pad = flag;
  }
  return found;
}

/** A directive of a format, or what stands between two. */
interface Part {
  literal: string;
  letter: string;
  place: string | undefined;
  width: string | undefined;
  precision: string | undefined;
  /** Ready if neither width nor precision comes from a value. */
  shape: Directive;
  isReady: boolean;
}

const isGiven = (size: string | undefined) => size?.[0] === '*';

function partsOf(pattern: string): Part[] {
  const parts: Part[] = [];
  const literal = (text: string) => {
    const shape = { isLeft: false, hasPlus: false, pad: ' ', width: 0, precision: undefined };
    const none = { letter: '%', place: undefined, width: undefined, precision: undefined };
    if (text !== '') parts.push({ literal: text, ...none, shape, isReady: true });
  };
  let at = 0;
  for (const found of pattern.matchAll(directive)) {
    literal(pattern.slice(at, found.index));
    at = found.index + found[0].length;
    const [all, place, flags = '', width, precision, letter = ''] = found;
    if (all === '%%') {
      literal('%');
      continue;
    }
    const isReady = !isGiven(width) && !isGiven(precision);
    const { isLeft, hasPlus, pad } = flagsOf(flags);
    const wide = isReady ? Number(width ?? 0) : 0;
    const exact = isReady && precision !== undefined ? Number(precision) : undefined;
    const shape = { isLeft, hasPlus, pad, width: wide, precision: exact };
    parts.push({ literal: '', letter, place, width, precision, shape, isReady });
  }
  literal(pattern.slice(at));
  return parts;
}

/** A program has few formats, and uses them again and again. */
const known = new Map<string, Part[]>();
const knownMax = 256;

function partsFor(pattern: string): Part[] {
  const found = known.get(pattern);
  if (found) return found;
  if (known.size === knownMax) known.clear();
  const parts = partsOf(pattern);
  known.set(pattern, parts);
  return parts;
}

/** The text of a format and its values; `vsprintf` complains in other words about what is missing. */
function format(pattern: string, values: Value[], isList: boolean): string {
  let next = 0;
  let missing = 0;
  const take = (place: string | undefined): Value => {
    const at = place === undefined ? next : Number(place) - 1;
    if (place === undefined) next += 1;
    if (at < 0) throw new ValueError('Argument number specifier must be greater than zero and less than 2147483647');
    if (at >= values.length) missing = Math.max(missing, at + 1);
    return values[at];
  };
  const size = (given: string | undefined) => {
    if (given === undefined || given[0] !== '*') return given === undefined ? undefined : Number(given);
    return whole(take(given.length > 1 ? given.slice(1, -1) : undefined));
  };
  let shown = '';
  for (const { literal, letter, place, width, precision, shape, isReady } of partsFor(pattern)) {
    if (literal !== '') {
      shown += literal;
      continue;
    }
    const use = isReady ? shape : { ...shape, width: size(width) ?? 0, precision: size(precision) };
    if (letter === '') throw new ValueError('Missing format specifier at end of string');
    if (!'sdiuboxXceEfFgGhH'.includes(letter)) throw new ValueError(`Unknown format specifier "${letter}"`);
    shown += formatted(letter, take(place), use);
  }
  if (missing === 0) return shown;
  if (isList) throw new ValueError(`The arguments array must contain ${missing} items, ${values.length} given`);
  throw new ArgumentCountError(`${missing + 1} arguments are required, ${values.length + 1} given`);
}

export function sprintf(pattern: unknown, ...values: Value[]): string {
  return format(text(pattern), values, false);
}

export function vsprintf(pattern: unknown, values: unknown): string {
  return format(text(pattern), array(values).toList(), true);
}

export function printf(pattern: unknown, ...values: Value[]): number {
  const shown = format(text(pattern), values, false);
  echo(shown);
  return shown.length;
}

export function vprintf(pattern: unknown, values: unknown): number {
  const shown = vsprintf(pattern, values);
  echo(shown);
  return shown.length;
}

export function fprintf(stream: unknown, pattern: unknown, ...values: Value[]): number {
  const shown = format(text(pattern), values, false);
  writeAll(streamDescriptor(stream), shown);
  return shown.length;
}

/** `number_format`: rounds as `round` does. */
export function number_format(
  value: unknown,
  decimals: unknown = 0,
  point: unknown = '.',
  separator: unknown = ',',
): string {
  const places = Math.max(0, whole(decimals));
  const rounded = roundTo(number(value), places);
  if (!Number.isFinite(rounded)) return Number.isNaN(rounded) ? 'nan' : rounded > 0 ? 'inf' : '-inf';
  const [before = '', after] = fixedExact(rounded, places).split('.');
  const groups = before.replace(/\B(?=(?:\d{3})+$)/g, () => text(separator ?? ','));
  const sign = rounded < 0 && /[1-9]/.test(before + (after ?? '')) ? '-' : '';
  return sign + groups + (after === undefined ? '' : text(point ?? '.') + after);
}
