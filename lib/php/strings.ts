// Functions of PHP for texts: parts, case, trimming, joining.

import { array, range, text, whole } from './args';
import { PhpArray } from './array';
import { blanks, byteSet, lower, upper } from './bytes';
import { str } from './convert';
import { PhpTypeError, ValueError } from './errors';
import { naturalOrder } from './natural';

export function strlen(s: unknown): number {
  return text(s).length;
}

export function substr(s: unknown, offset: unknown, length: unknown = null): string {
  const from = text(s);
  const [start, end] = range(from.length, whole(offset), length === null ? undefined : whole(length));
  return from.slice(start, end);
}

export function strtolower(s: unknown): string {
  return lower(text(s));
}

export function strtoupper(s: unknown): string {
  return upper(text(s));
}

export function ucfirst(s: unknown): string {
  const from = text(s);
  return upper(from.slice(0, 1)) + from.slice(1);
}

export function lcfirst(s: unknown): string {
  const from = text(s);
  return lower(from.slice(0, 1)) + from.slice(1);
}

export function ucwords(s: unknown, separators: unknown = ' \t\r\n\f\v'): string {
  const between = new Set(text(separators));
  let isStart = true;
  let result = '';
  for (const byte of text(s)) {
    result += isStart ? upper(byte) : byte;
    isStart = between.has(byte);
  }
  return result;
}

function trimmed(s: unknown, list: unknown, atStart: boolean, atEnd: boolean): string {
  const [from, set] = [text(s), byteSet(text(list))];
  let [start, end] = [0, from.length];
  if (atStart) while (start < end && set.has(from[start] as string)) start += 1;
  if (atEnd) while (end > start && set.has(from[end - 1] as string)) end -= 1;
  return from.slice(start, end);
}

export function trim(s: unknown, characters: unknown = blanks): string {
  return trimmed(s, characters, true, true);
}

export function ltrim(s: unknown, characters: unknown = blanks): string {
  return trimmed(s, characters, true, false);
}

export function rtrim(s: unknown, characters: unknown = blanks): string {
  return trimmed(s, characters, false, true);
}

export { rtrim as chop };

export function strrev(s: unknown): string {
  return [...text(s)].reverse().join('');
}

export function str_repeat(s: unknown, times: unknown): string {
  if (whole(times) < 0) throw new ValueError('str_repeat(): Argument #2 ($times) must be greater than or equal to 0');
  return text(s).repeat(whole(times));
}

export const STR_PAD_LEFT = 0;
export const STR_PAD_RIGHT = 1;
export const STR_PAD_BOTH = 2;

export function str_pad(s: unknown, length: unknown, pad: unknown = ' ', type: unknown = STR_PAD_RIGHT): string {
  const [from, filler, wanted] = [text(s), text(pad), whole(length)];
  const missing = wanted - from.length;
  if (wanted < 0 || missing <= 0) return from;
  if (filler === '') throw new ValueError('str_pad(): Argument #3 ($pad_string) must be a non-empty string');
  if (type === STR_PAD_LEFT) return from.padStart(wanted, filler);
  if (type === STR_PAD_RIGHT) return from.padEnd(wanted, filler);
  if (type !== STR_PAD_BOTH) {
    throw new ValueError('str_pad(): Argument #4 ($pad_type) must be STR_PAD_LEFT, STR_PAD_RIGHT, or STR_PAD_BOTH');
  }
  return from.padStart(from.length + Math.floor(missing / 2), filler).padEnd(wanted, filler);
}

export function implode(separator: unknown, values?: unknown): string {
  if (values === undefined || values === null) {
    if (separator instanceof PhpArray) return separator.toList().map(str).join('');
    throw new PhpTypeError('implode(): Argument #2 ($array) must be of type ?array, string given');
  }
  return array(values).toList().map(str).join(text(separator));
}

export { implode as join };

export function explode(separator: unknown, s: unknown, limit: unknown = null): PhpArray {
  const [by, from] = [text(separator), text(s)];
  if (by === '') throw new ValueError('explode(): Argument #1 ($separator) cannot be empty');
  const parts = from.split(by);
  if (limit === null) return PhpArray.fromList(parts);
  const most = whole(limit);
  if (most < 0) return PhpArray.fromList(parts.slice(0, most));
  if (parts.length <= Math.max(1, most)) return PhpArray.fromList(parts);
  const head = parts.slice(0, Math.max(1, most) - 1);
  return PhpArray.fromList([...head, parts.slice(head.length).join(by)]);
}

export function str_split(s: unknown, length: unknown = 1): PhpArray {
  const [from, size] = [text(s), whole(length)];
  if (size < 1) throw new ValueError('str_split(): Argument #2 ($length) must be greater than 0');
  const parts = Array.from({ length: Math.ceil(from.length / size) }, (_, i) => from.slice(i * size, (i + 1) * size));
  return PhpArray.fromList(parts);
}

export function chunk_split(s: unknown, length: unknown = 76, end: unknown = '\r\n'): string {
  const [from, size] = [text(s), whole(length)];
  if (size < 1) throw new ValueError('chunk_split(): Argument #2 ($length) must be greater than 0');
  if (from === '' || size > from.length) return from + text(end);
  return from.replace(new RegExp(`[^]{1,${size}}`, 'g'), (part) => part + text(end));
}

let tokens = '';
let tokenAt = 0;

/** `strtok`: with one argument goes on in the text of the last call. */
export function strtok(first: unknown, second?: unknown): string | false {
  if (second !== undefined && second !== null) {
    tokens = text(first);
    tokenAt = 0;
  }
  const separators = new Set(text(second ?? first));
  while (tokenAt < tokens.length && separators.has(tokens[tokenAt] as string)) tokenAt += 1;
  if (tokenAt >= tokens.length) return false;
  const start = tokenAt;
  while (tokenAt < tokens.length && !separators.has(tokens[tokenAt] as string)) tokenAt += 1;
  tokenAt += 1;
  return tokens.slice(start, tokenAt - 1);
}

export function nl2br(s: unknown, xhtml: unknown = true): string {
  return text(s).replace(/\r\n|\n\r|\n|\r/g, (end) => (xhtml !== false ? '<br />' : '<br>') + end);
}

/** `wordwrap`. */
export function wordwrap(s: unknown, width: unknown = 75, lineBreak: unknown = '\n', cut: unknown = false): string {
  const [from, most, by] = [text(s), whole(width), text(lineBreak)];
  if (from === '') return '';
  if (by === '') throw new ValueError('wordwrap(): Argument #3 ($break) cannot be empty');
  if (most === 0 && cut === true)
    throw new ValueError('wordwrap(): Argument #4 ($cut_long_words) cannot be true when argument #2 ($width) is 0');
  let result = '';
  let [start, space] = [0, 0];
  for (let i = 0; i < from.length; i += 1) {
    if (from.startsWith(by, i) && i + by.length < from.length) {
      result += from.slice(start, i + by.length);
      i += by.length - 1;
      start = i + 1;
      space = start;
    } else if (from[i] === ' ') {
      if (i - start >= most) {
        result += from.slice(start, i) + by;
        start = i + 1;
      }
      space = i;
    } else if (i - start >= most && cut === true && start >= space) {
      result += from.slice(start, i) + by;
      start = i;
      space = i;
    } else if (i - start >= most && start < space) {
      result += from.slice(start, space) + by;
      space += 1;
      start = space;
    }
  }
  return result + from.slice(start);
}

function sign(value: number): number {
  return value < 0 ? -1 : value > 0 ? 1 : 0;
}

/** The difference of the first bytes that differ, or the order of the lengths as -1, 0 or 1. */
function order(a: string, b: string): number {
  const common = Math.min(a.length, b.length);
  for (let i = 0; i < common; i += 1) if (a[i] !== b[i]) return a.charCodeAt(i) - b.charCodeAt(i);
  return sign(a.length - b.length);
}

export function strcmp(a: unknown, b: unknown): number {
  return order(text(a), text(b));
}

export function strcasecmp(a: unknown, b: unknown): number {
  return order(lower(text(a)), lower(text(b)));
}

function lengthOf(length: unknown, name: string): number {
  const wanted = whole(length);
  if (wanted < 0) throw new ValueError(`${name}(): Argument #3 ($length) must be greater than or equal to 0`);
  return wanted;
}

export function strncmp(a: unknown, b: unknown, length: unknown): number {
  const size = lengthOf(length, 'strncmp');
  return order(text(a).slice(0, size), text(b).slice(0, size));
}

export function strncasecmp(a: unknown, b: unknown, length: unknown): number {
  const size = lengthOf(length, 'strncasecmp');
  return order(lower(text(a)).slice(0, size), lower(text(b)).slice(0, size));
}

export { strcmp as strcoll };

export function strnatcmp(a: unknown, b: unknown): number {
  return naturalOrder(text(a), text(b), false);
}

export function strnatcasecmp(a: unknown, b: unknown): number {
  return naturalOrder(text(a), text(b), true);
}

/** `substr_compare`. */
export function substr_compare(
  a: unknown,
  b: unknown,
  offset: unknown,
  length: unknown = null,
  fold: unknown = false,
): number {
  const [x, y] = [text(a), text(b)];
  const size = length === null ? undefined : whole(length);
  if (size !== undefined && size < 0) {
    throw new ValueError('substr_compare(): Argument #4 ($length) must be greater than or equal to 0');
  }
  if (size === 0) return 0;
  const at = whole(offset) < 0 ? Math.max(0, x.length + whole(offset)) : whole(offset);
  if (at > x.length)
    throw new ValueError('substr_compare(): Argument #3 ($offset) must be contained in argument #1 ($haystack)');
  const [left, right] = [x.slice(at), y].map((part) => part.slice(0, size)) as [string, string];
  return fold === true ? order(lower(left), lower(right)) : order(left, right);
}

export function ord(s: unknown): number {
  return text(s).charCodeAt(0) || 0;
}

export function chr(code: unknown): string {
  return String.fromCharCode(((whole(code) % 256) + 256) % 256);
}

export function strval(value: unknown): string {
  return value instanceof PhpArray ? 'Array' : str(value);
}
