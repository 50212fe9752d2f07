// The functions `preg_*`.

import { array, filled, put, text, whole } from './args';
import { PhpArray, type Value } from './array';
import { str } from './convert';
import { type Pattern, patternOf } from './pattern';
import { type Found, PREG_INTERNAL_ERROR, Subject, setLastError } from './pattern-subject';
import { callbackOf } from './registry';

export const PREG_PATTERN_ORDER = 1;
export const PREG_SET_ORDER = 2;
export const PREG_OFFSET_CAPTURE = 256;
export const PREG_UNMATCHED_AS_NULL = 512;
export const PREG_SPLIT_NO_EMPTY = 1;
export const PREG_SPLIT_DELIM_CAPTURE = 2;
export const PREG_SPLIT_OFFSET_CAPTURE = 4;
export const PREG_GREP_INVERT = 1;
/** The value of one group for `$matches`. */
function groupValue(subject: Subject, group: [number, number] | undefined, flags: number): Value {
  const shown = group === undefined && flags & PREG_UNMATCHED_AS_NULL ? null : subject.part(group);
  return flags & PREG_OFFSET_CAPTURE ? PhpArray.of(shown, group?.[0] ?? -1) : shown;
}

/** Groups with their numbers and names; those at the end that took no part are left out. */
function matchesOf(subject: Subject, { groups }: Found, names: Pattern['names'], flags: number): PhpArray {
  const result = new PhpArray();
  let last = groups.length - 1;
  if (!(flags & PREG_UNMATCHED_AS_NULL)) while (groups[last] === undefined && last > 0) last -= 1;
  for (let i = 0; i <= last; i += 1) {
    const value = groupValue(subject, groups[i], flags);
    const name = names[i];
    if (name !== undefined) result.set(name, value instanceof PhpArray ? value.copy() : value);
    result.set(i, value);
  }
  return result;
}

function startAt(s: string, offset: unknown): number | undefined {
  const at = whole(offset);
  const from = at < 0 ? Math.max(0, s.length + at) : at;
  return from > s.length ? undefined : from;
}

/** `preg_match`: 1, 0, or false where the pattern is none. */
export function preg_match(
  pattern: unknown,
  s: unknown,
  matches?: unknown,
  flags: unknown = 0,
  offset: unknown = 0,
): number | false {
  const compiled = patternOf(text(pattern));
  filled(matches, new PhpArray());
  if (compiled === undefined) return failed();
  const subject = Subject.of(text(s), compiled);
  const from = startAt(text(s), offset);
  if (subject === undefined) return false;
  if (from === undefined) return failed();
  const found = subject.find(from, false);
  if (found === undefined) return 0;
  filled(matches, matchesOf(subject, found, compiled.names, whole(flags)));
  return 1;
}

function failed(): false {
  setLastError(PREG_INTERNAL_ERROR);
  return false;
}

export function preg_match_all(
  pattern: unknown,
  s: unknown,
  matches?: unknown,
  flags: unknown = 0,
  offset: unknown = 0,
): number | false {
  const compiled = patternOf(text(pattern));
  const how = whole(flags);
  filled(matches, new PhpArray());
  if (compiled === undefined) return failed();
  const subject = Subject.of(text(s), compiled);
  const from = startAt(text(s), offset);
  if (from === undefined) return failed();
  const all = subject === undefined ? [] : [...subject.all(from, -1)];
  if (how & PREG_SET_ORDER) {
    filled(matches, PhpArray.fromList(all.map((found) => matchesOf(subject as Subject, found, compiled.names, how))));
    return subject === undefined ? false : all.length;
  }
  const result = new PhpArray();
  compiled.names.forEach((name, i) => {
    const column = () => PhpArray.fromList(all.map(({ groups }) => groupValue(subject as Subject, groups[i], how)));
    if (name !== undefined) result.set(name, column());
    result.set(i, column());
  });
  filled(matches, result);
  return subject === undefined ? false : all.length;
}

/** The replacement with its references: \1, $1, ${1}. */
function replacement(template: string, subject: Subject, { groups }: Found): string {
  let result = '';
  let last = '';
  const reference = /(?:\\(\d{1,2})|\$(\d{1,2})|\$\{(\d{1,2})\})/y;
  for (let i = 0; i < template.length; ) {
    const sign = template[i] as string;
    if (sign === '\\' || sign === '$') {
      if (last === '\\') {
        result = result.slice(0, -1) + sign;
        last = '';
        i += 1;
        continue;
      }
      reference.lastIndex = i;
      const found = reference.exec(template);
      if (found !== null) {
        result += subject.part(groups[Number(found[1] ?? found[2] ?? found[3])]);
        i += found[0].length;
        last = result.at(-1) ?? '';
        continue;
      }
    }
    result += sign;
    last = sign;
    i += 1;
  }
  return result;
}

type Change = (subject: Subject, found: Found, pattern: Pattern) => string;

/** One text, one pattern; null where the pattern is none. */
function replaceOne(
  pattern: unknown,
  s: string,
  change: Change,
  limit: number,
  state: { count: number },
): string | null {
  const compiled = patternOf(str(pattern));
  if (compiled === undefined) {
    setLastError(PREG_INTERNAL_ERROR);
    return null;
  }
  const subject = Subject.of(s, compiled);
  if (subject === undefined) return null;
  let result = '';
  let at = 0;
  for (const found of subject.all(0, limit)) {
    const [from, to] = found.groups[0] as [number, number];
    result += s.slice(at, from) + change(subject, found, compiled);
    at = to;
    state.count += 1;
  }
  return result + s.slice(at);
}

function replaceAll(
  patterns: unknown,
  changeOf: (i: number) => Change,
  subject: unknown,
  limit: unknown,
  total: unknown,
  onlyChanged = false,
): Value {
  const list = patterns instanceof PhpArray ? patterns.toList() : [text(patterns)];
  const state = { count: 0 };
  const one = (value: unknown): string | null => {
    let s: string | null = str(value);
    list.forEach((pattern, i) => {
      if (s !== null) s = replaceOne(pattern, s, changeOf(i), whole(limit), state);
    });
    return s;
  };
  if (!(subject instanceof PhpArray)) {
    const result = one(text(subject));
    put(total, state.count);
    return onlyChanged && state.count === 0 ? null : result;
  }
  const result = new PhpArray();
  for (const [key, value] of subject.entryList()) {
    const before = state.count;
    const changed = one(value);
    if (changed !== null && !(onlyChanged && state.count === before)) result.set(key, changed);
  }
  put(total, state.count);
  return result;
}

const templates =
  (by: unknown) =>
  (i: number): Change => {
    const template = by instanceof PhpArray ? str(by.toList()[i] ?? '') : text(by);
    return (subject, found) => replacement(template, subject, found);
  };

/** `preg_replace`: texts or arrays; the count goes into a box. */
export function preg_replace(
  pattern: unknown,
  by: unknown,
  subject: unknown,
  limit: unknown = -1,
  total?: unknown,
): Value {
  return replaceAll(pattern, templates(by), subject, limit, total);
}

/** `preg_filter`: only what a pattern has changed. */
export function preg_filter(
  pattern: unknown,
  by: unknown,
  subject: unknown,
  limit: unknown = -1,
  total?: unknown,
): Value {
  return replaceAll(pattern, templates(by), subject, limit, total, true);
}

export function preg_replace_callback(
  pattern: unknown,
  callback: unknown,
  subject: unknown,
  limit: unknown = -1,
  total?: unknown,
  flags: unknown = 0,
): Value {
  const call = callbackOf(callback);
  const change: Change = (s, found, { names }) => str(call(matchesOf(s, found, names, whole(flags))));
  return replaceAll(pattern, () => change, subject, limit, total);
}

/** `preg_replace_callback_array`: patterns and their functions. */
export function preg_replace_callback_array(
  patterns: unknown,
  subject: unknown,
  limit: unknown = -1,
  total?: unknown,
  flags: unknown = 0,
): Value {
  let result: Value = subject;
  let sum = 0;
  for (const [pattern, callback] of array(patterns).entryList()) {
    const state = { count: 0 };
    const call = callbackOf(callback);
    const change: Change = (s, found, { names }) => str(call(matchesOf(s, found, names, whole(flags))));
    result = replaceOne(pattern, str(result), change, whole(limit), state);
    sum += state.count;
  }
  put(total, sum);
  return result;
}

/** `preg_split`. */
export function preg_split(pattern: unknown, s: unknown, limit: unknown = -1, flags: unknown = 0): PhpArray | false {
  const compiled = patternOf(text(pattern));
  if (compiled === undefined) return failed();
  const bytes = text(s);
  const subject = Subject.of(bytes, compiled);
  if (subject === undefined) return false;
  const how = whole(flags);
  const keepsEmpty = !(how & PREG_SPLIT_NO_EMPTY);
  const result = new PhpArray();
  const add = (from: number, to: number) => {
    const part = bytes.slice(from, to);
    result.append(how & PREG_SPLIT_OFFSET_CAPTURE ? PhpArray.of(part, from) : part);
  };
  let left = limit === null || whole(limit) === 0 ? -1 : whole(limit);
  let last = 0;
  if (left === -1 || left > 1) {
    for (const { groups } of subject.all(0, -1)) {
      const [from, to] = groups[0] as [number, number];
      if (keepsEmpty || from !== last) {
        add(last, from);
        if (left !== -1) left -= 1;
      }
      if (how & PREG_SPLIT_DELIM_CAPTURE) {
        for (const group of trimmed(groups).slice(1)) {
          const [a, b] = group ?? [0, 0];
          if (keepsEmpty || b > a) add(a, b);
        }
      }
      last = to;
      if ((left !== -1 && left <= 1) || (from === to && to >= bytes.length)) break;
    }
  }
  if (keepsEmpty || last < bytes.length) add(last, bytes.length);
  return result;
}

function trimmed(groups: Found['groups']): Found['groups'] {
  let end = groups.length;
  while (groups[end - 1] === undefined && end > 1) end -= 1;
  return groups.slice(0, end);
}

export function preg_quote(s: unknown, delimiter: unknown = null): string {
  const extra = delimiter === null ? '' : text(delimiter)[0];
  return text(s).replace(/[.\\+*?[^\]$(){}=!<>|:\-#/\0]|[\s\S]/g, (sign) => {
    if (sign === '\0') return '\\000';
    if (sign === '/') return extra === '/' ? '\\/' : '/';
    return /[.\\+*?[^\]$(){}=!<>|:\-#]/.test(sign) || sign === extra ? `\\${sign}` : sign;
  });
}

export function preg_grep(pattern: unknown, values: unknown, flags: unknown = 0): PhpArray | false {
  const compiled = patternOf(text(pattern));
  if (compiled === undefined) return failed();
  const result = new PhpArray();
  for (const [key, value] of array(values).entryList()) {
    const found = Subject.of(str(value), compiled)?.find(0, false) !== undefined;
    if (found !== (whole(flags) === PREG_GREP_INVERT)) result.set(key, value);
  }
  return result;
}
