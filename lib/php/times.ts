// Times and dates. The time zone is that of the process (TZ), or what date_default_timezone_set says.

import { text, whole } from './args';
import { PhpArray } from './array';
import { float } from './convert';
import { ValueError } from './errors';
import { parseTime } from './time-text';
import { type Fields, fieldsAt, setZone, timeOf, zoneName } from './zones';

export function time(): number {
  return Math.floor(Date.now() / 1000);
}

const origin = performance.timeOrigin;

/** `microtime(true)`, or the text of PHP. */
export function microtime(asFloat: unknown = false): number | string {
  const now = (origin + performance.now()) / 1000;
  if (asFloat === true) return now;
  return `${(now % 1).toFixed(8)} ${Math.floor(now)}`;
}

export function hrtime(asNumber: unknown = false): number | PhpArray {
  const now = process.hrtime.bigint();
  return asNumber === true ? Number(now) : PhpArray.of(Number(now / 1000000000n), Number(now % 1000000000n));
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));

export function usleep(microseconds: unknown): void {
  if (whole(microseconds) < 0)
    throw new ValueError('usleep(): Argument #1 ($microseconds) must be greater than or equal to 0');
  Atomics.wait(sleeper, 0, 0, whole(microseconds) / 1000);
}

export function sleep(seconds: unknown): number {
  if (whole(seconds) < 0) throw new ValueError('sleep(): Argument #1 ($seconds) must be greater than or equal to 0');
  Atomics.wait(sleeper, 0, 0, whole(seconds) * 1000);
  return 0;
}

export function time_nanosleep(seconds: unknown, nanoseconds: unknown): true {
  Atomics.wait(sleeper, 0, 0, whole(seconds) * 1000 + whole(nanoseconds) / 1e6);
  return true;
}

let lastUnique = 0;

/** `uniqid`: the time in microseconds as 13 digits of base 16. */
export function uniqid(prefix: unknown = '', more: unknown = false): string {
  const now = Math.max(Math.floor((origin + performance.now()) * 1000), lastUnique + 1);
  lastUnique = now;
  const digits =
    Math.floor(now / 1e6)
      .toString(16)
      .padStart(8, '0') + (now % 1e6).toString(16).padStart(5, '0');
  return (
    text(prefix) +
    digits +
    (more === true
      ? `.${Math.floor(Math.random() * 1e8)
          .toString()
          .padStart(8, '0')}`
      : '')
  );
}

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const two = (value: number) => String(value).padStart(2, '0');
const isLeap = (year: number) => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;

function isoWeek(fields: Fields): { year: number; week: number } {
  const { year, yearDay, weekDay } = fields;
  const week = Math.floor((yearDay - ((weekDay + 6) % 7) + 10) / 7);
  const weeksOf = (one: number) => {
    const first = new Date(Date.UTC(one, 0, 1)).getUTCDay();
    return first === 4 || (first === 3 && isLeap(one)) ? 53 : 52;
  };
  if (week < 1) return { year: year - 1, week: weeksOf(year - 1) };
  return week > weeksOf(year) ? { year: year + 1, week: 1 } : { year, week };
}

function offsetText(offset: number, colon: string): string {
  const minutes = Math.floor(Math.abs(offset) / 60);
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${colon}${two(minutes % 60)}`;
}

function suffix(day: number): string {
  if (day > 10 && day < 20) return 'th';
  return ['th', 'st', 'nd', 'rd'][day % 10] ?? 'th';
}

type Show = (f: Fields) => string | number;

const shows: Record<string, Show> = {
  d: (f) => two(f.day),
  D: (f) => (days[f.weekDay] as string).slice(0, 3),
  j: (f) => f.day,
  l: (f) => days[f.weekDay] as string,
  N: (f) => f.weekDay || 7,
  S: (f) => suffix(f.day),
  w: (f) => f.weekDay,
  z: (f) => f.yearDay,
  W: (f) => two(isoWeek(f).week),
  o: (f) => isoWeek(f).year,
  F: (f) => months[f.month - 1] as string,
  m: (f) => two(f.month),
  M: (f) => (months[f.month - 1] as string).slice(0, 3),
  n: (f) => f.month,
  t: (f) => new Date(Date.UTC(f.year, f.month, 0)).getUTCDate(),
  L: (f) => Number(isLeap(f.year)),
  Y: (f) => (f.year < 0 ? `-${String(-f.year).padStart(4, '0')}` : String(f.year).padStart(4, '0')),
  y: (f) => two(((f.year % 100) + 100) % 100),
  a: (f) => (f.hour < 12 ? 'am' : 'pm'),
  A: (f) => (f.hour < 12 ? 'AM' : 'PM'),
  g: (f) => f.hour % 12 || 12,
  G: (f) => f.hour,
  h: (f) => two(f.hour % 12 || 12),
  H: (f) => two(f.hour),
  i: (f) => two(f.minute),
  s: (f) => two(f.second),
  u: () => '000000',
  v: () => '000',
  e: (f) => f.zone,
  I: (f) => Number(f.isSummer),
  O: (f) => offsetText(f.offset, ''),
  P: (f) => offsetText(f.offset, ':'),
  p: (f) => (f.offset === 0 ? 'Z' : offsetText(f.offset, ':')),
  T: (f) => f.abbreviation,
  Z: (f) => f.offset,
  U: (f) => f.time,
  B: (f) => String(Math.floor((((((f.time + 3600) % 86400) + 86400) % 86400) * 10) / 864)).padStart(3, '0'),
};

function format(pattern: string, fields: Fields): string {
  return pattern.replace(/\\([\s\S]?)|[\s\S]/g, (sign, escaped) => {
    if (escaped !== undefined) return escaped;
    if (sign === 'c') return format('Y-m-d\\TH:i:sP', fields);
    if (sign === 'r') return format('D, d M Y H:i:s O', fields);
    const show = Object.hasOwn(shows, sign) ? shows[sign] : undefined;
    return show === undefined ? sign : String(show(fields));
  });
}

const given = (value: unknown) => (value === null || value === undefined ? time() : Math.trunc(float(value)));

export function date(pattern: unknown, timestamp: unknown = null): string {
  return format(text(pattern), fieldsAt(given(timestamp), zoneName()));
}

export function gmdate(pattern: unknown, timestamp: unknown = null): string {
  return format(text(pattern), { ...fieldsAt(given(timestamp), 'UTC'), abbreviation: 'GMT' });
}

export function idate(pattern: unknown, timestamp: unknown = null): number {
  return Number(date(pattern, timestamp));
}

function made(parts: unknown[], zone: string): number {
  const now = fieldsAt(time(), zone);
  const [hour, minute, second, month, day, year] = [now.hour, now.minute, now.second, now.month, now.day, now.year].map(
    (own, i) => {
      const part = parts[i];
      return part === undefined || part === null ? own : whole(part);
    },
  ) as [number, number, number, number, number, number];
  const full = parts[5] === undefined || year > 100 || year < 0 ? year : year < 70 ? 2000 + year : 1900 + year;
  return timeOf(full, month, day, hour, minute, second, zone);
}

/** `mktime`; parts beyond their range count on. */
export function mktime(...parts: unknown[]): number {
  return made(parts, zoneName());
}

export function gmmktime(...parts: unknown[]): number {
  return made(parts, 'UTC');
}

export function checkdate(month: unknown, day: unknown, year: unknown): boolean {
  const [m, d, y] = [whole(month), whole(day), whole(year)];
  return (
    m >= 1 &&
    m <= 12 &&
    d >= 1 &&
    y >= 1 &&
    y <= 32767 &&
    d <= new Date(Date.UTC(2000 + (isLeap(y) ? 0 : 1), m, 0)).getUTCDate()
  );
}

/** `strtotime`: what time-text.ts knows; false for anything else. */
export function strtotime(s: unknown, base: unknown = null): number | false {
  return parseTime(text(s), given(base), zoneName());
}

/** `getdate`, with PHP's keys. */
export function getdate(timestamp: unknown = null): PhpArray {
  const f = fieldsAt(given(timestamp), zoneName());
  return PhpArray.from([
    ['seconds', f.second],
    ['minutes', f.minute],
    ['hours', f.hour],
    ['mday', f.day],
    ['wday', f.weekDay],
    ['mon', f.month],
    ['year', f.year],
    ['yday', f.yearDay],
    ['weekday', days[f.weekDay]],
    ['month', months[f.month - 1]],
    [0, f.time],
  ]);
}

export function date_default_timezone_get(): string {
  return zoneName();
}

export function date_default_timezone_set(name: unknown): boolean {
  return setZone(text(name));
}
