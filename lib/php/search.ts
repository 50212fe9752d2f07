// Functions of PHP that look for texts in texts, and replace them.

import { put, range, text, whole } from './args';
import { PhpArray, type Value } from './array';
import { lower } from './bytes';
import { str } from './convert';
import { PhpTypeError, ValueError } from './errors';

/** Where a search begins; PHP refuses a place outside of the text. */
function startOf(s: string, offset: unknown, name: string): number {
  const at = whole(offset);
  const from = at < 0 ? s.length + at : at;
  if (from < 0 || from > s.length) {
    throw new ValueError(`${name}(): Argument #3 ($offset) must be contained in argument #1 ($haystack)`);
  }
  return from;
}

const found = (at: number): number | false => (at < 0 ? false : at);

export function strpos(haystack: unknown, needle: unknown, offset: unknown = 0): number | false {
  const s = text(haystack);
  return found(s.indexOf(text(needle), startOf(s, offset, 'strpos')));
}

export function stripos(haystack: unknown, needle: unknown, offset: unknown = 0): number | false {
  const s = lower(text(haystack));
  return found(s.indexOf(lower(text(needle)), startOf(s, offset, 'stripos')));
}

function last(s: string, needle: string, offset: unknown, name: string): number | false {
  const at = whole(offset);
  const first = startOf(s, at, name);
  if (at >= 0) {
    const where = s.lastIndexOf(needle);
    return where < first ? false : where;
  }
  // A negative offset says where the last one may begin; it may reach over the end.
  const limit = -at < needle.length ? s.length - needle.length : first;
  return limit < 0 ? false : found(s.lastIndexOf(needle, limit));
}

export function strrpos(haystack: unknown, needle: unknown, offset: unknown = 0): number | false {
  return last(text(haystack), text(needle), offset, 'strrpos');
}

export function strripos(haystack: unknown, needle: unknown, offset: unknown = 0): number | false {
  const wanted = lower(text(needle));
  const at = last(lower(text(haystack)), wanted, offset, 'strripos');
  // PHP does not find a single byte above 7F.
  return wanted.length === 1 && wanted > '\x7f' ? false : at;
}

function part(s: string, at: number, before: unknown): string | false {
  if (at < 0) return false;
  return before === true ? s.slice(0, at) : s.slice(at);
}

export function strstr(haystack: unknown, needle: unknown, before: unknown = false): string | false {
  const s = text(haystack);
  return part(s, s.indexOf(text(needle)), before);
}

export { strstr as strchr };

export function stristr(haystack: unknown, needle: unknown, before: unknown = false): string | false {
  const s = text(haystack);
  return part(s, lower(s).indexOf(lower(text(needle))), before);
}

export function strrchr(haystack: unknown, needle: unknown): string | false {
  const s = text(haystack);
  return part(s, s.lastIndexOf(text(needle)[0] ?? '\0'), false);
}

export function strpbrk(s: unknown, characters: unknown): string | false {
  const set = new Set(text(characters));
  if (set.size === 0) throw new ValueError('strpbrk(): Argument #2 ($characters) must be a non-empty string');
  const from = text(s);
  return part(
    from,
    [...from].findIndex((byte) => set.has(byte)),
    false,
  );
}

export function str_contains(haystack: unknown, needle: unknown): boolean {
  return text(haystack).includes(text(needle));
}

export function str_starts_with(haystack: unknown, needle: unknown): boolean {
  return text(haystack).startsWith(text(needle));
}

export function str_ends_with(haystack: unknown, needle: unknown): boolean {
  return text(haystack).endsWith(text(needle));
}

export function substr_count(haystack: unknown, needle: unknown, offset: unknown = 0, length: unknown = null): number {
  const [s, wanted] = [text(haystack), text(needle)];
  if (wanted === '') throw new ValueError('substr_count(): Argument #2 ($needle) cannot be empty');
  const from = startOf(s, offset, 'substr_count');
  let end = s.length;
  if (length !== null) {
    end = whole(length) < 0 ? s.length + whole(length) : from + whole(length);
    if (end < from || end > s.length) {
      throw new ValueError('substr_count(): Argument #4 ($length) must be contained in argument #1 ($haystack)');
    }
  }
  return s.slice(from, end).split(wanted).length - 1;
}

function span(s: unknown, characters: unknown, offset: unknown, length: unknown, isIn: boolean): number {
  const from = text(s);
  const [start, end] = range(from.length, whole(offset), length === null ? undefined : whole(length));
  const set = new Set(text(characters));
  let at = start;
  while (at < end && set.has(from[at] as string) === isIn) at += 1;
  return at - start;
}

export function strspn(s: unknown, characters: unknown, offset: unknown = 0, length: unknown = null): number {
  return span(s, characters, offset, length, true);
}

export function strcspn(s: unknown, characters: unknown, offset: unknown = 0, length: unknown = null): number {
  return span(s, characters, offset, length, false);
}

interface Replacing {
  count: number;
  folds: boolean;
}

function replaceOne(s: string, from: string, to: string, state: Replacing): string {
  if (from === '' || s === '') return s;
  if (!state.folds) {
    const parts = s.split(from);
    state.count += parts.length - 1;
    return parts.join(to);
  }
  const [folded, wanted] = [lower(s), lower(from)];
  let result = '';
  let start = 0;
  for (let at = folded.indexOf(wanted); at >= 0; at = folded.indexOf(wanted, start)) {
    result += s.slice(start, at) + to;
    start = at + wanted.length;
    state.count += 1;
  }
  return result + s.slice(start);
}

function replaceIn(subject: Value, search: unknown, replacement: unknown, state: Replacing): string {
  let s = str(subject);
  if (!(search instanceof PhpArray)) return replaceOne(s, text(search), text(replacement), state);
  const others = replacement instanceof PhpArray ? replacement.toList() : undefined;
  search.toList().forEach((from, i) => {
    s = replaceOne(s, str(from), others === undefined ? text(replacement) : str(others[i] ?? ''), state);
  });
  return s;
}

function replaceAll(search: unknown, replacement: unknown, subject: unknown, total: unknown, folds: boolean): Value {
  if (!(search instanceof PhpArray) && replacement instanceof PhpArray) {
    throw new PhpTypeError(
      'str_replace(): Argument #2 ($replace) must be of type string when argument #1 ($search) is a string',
    );
  }
  const state = { count: 0, folds };
  let result: Value;
  if (subject instanceof PhpArray) {
    const change = (value: Value) =>
      value instanceof PhpArray ? value.copy() : replaceIn(value, search, replacement, state);
    result = PhpArray.from(subject.entryList().map(([key, value]) => [key, change(value)] as const));
  } else result = replaceIn(subject, search, replacement, state);
  put(total, state.count);
  return result;
}

/** `str_replace`, of texts or arrays; the count goes into a box. */
export function str_replace(search: unknown, replacement: unknown, subject: unknown, total?: unknown): Value {
  return replaceAll(search, replacement, subject, total, false);
}

export function str_ireplace(search: unknown, replacement: unknown, subject: unknown, total?: unknown): Value {
  return replaceAll(search, replacement, subject, total, true);
}

function replacePart(s: string, by: string, offset: number, length: number | undefined): string {
  const [from, to] = range(s.length, offset, length ?? s.length);
  return s.slice(0, from) + by + s.slice(Math.max(from, to));
}

/** `substr_replace`, of a text or of the texts of an array. */
export function substr_replace(s: unknown, by: unknown, offset: unknown, length: unknown = null): Value {
  const one = (value: unknown, i: number) => (value instanceof PhpArray ? value.toList()[i] : value);
  if (!(s instanceof PhpArray)) {
    return replacePart(
      text(s),
      str(one(by, 0) ?? ''),
      whole(one(offset, 0) ?? 0),
      length === null ? undefined : whole(one(length, 0)),
    );
  }
  return PhpArray.from(
    s.entryList().map(([key, value], i) => {
      const size = one(length, i);
      const from = str(value);
      return [
        key,
        replacePart(
          from,
          str(one(by, i) ?? ''),
          whole(one(offset, i) ?? 0),
          size === null || size === undefined ? undefined : whole(size),
        ),
      ];
    }),
  );
}

/** `strtr`: single bytes, or an array whose longest text counts first. */
export function strtr(s: unknown, from: unknown, to?: unknown): string {
  const source = text(s);
  if (from instanceof PhpArray)
    return translate(source, new Map(from.entryList().map(([key, value]) => [String(key), str(value)])));
  if (to === undefined) throw new PhpTypeError('strtr(): Argument #2 ($from) must be of type array, string given');
  const [left, right] = [text(from), text(to)];
  const size = Math.min(left.length, right.length);
  const map = new Map([...left.slice(0, size)].map((byte, i) => [byte, right[i] as string]));
  return [...source].map((byte) => map.get(byte) ?? byte).join('');
}

function translate(s: string, map: Map<string, string>): string {
  map.delete('');
  const lengths = [...new Set([...map.keys()].map((key) => key.length))].sort((a, b) => b - a);
  let result = '';
  for (let i = 0; i < s.length; ) {
    const size = lengths.find((length) => i + length <= s.length && map.has(s.slice(i, i + length)));
    result += size === undefined ? s[i] : map.get(s.slice(i, i + size));
    i += size ?? 1;
  }
  return result;
}
