// The frames of a whole stream, cut by the shortest code that can do it: what the library is compared with.
import type { Random } from './random';

export interface Frames {
  pieces: { text: string; eol: boolean }[];
  /** 0, or how the connection ends. */
  code: number;
  /** Error events for frames that were skipped. */
  skipped: number;
}

export interface FramingRules {
  kind: 'length' | 'eols' | 'octets' | 'syslog';
  /** Of kind `length`. */
  type: string;
  offset: number;
  adjust: number;
  strip: number | 'header';
  ends: string[];
  max: number;
  over: 'close' | 'skip' | 'split';
}

export const plainRules: FramingRules = {
  kind: 'length',
  type: 'u8',
  offset: 0,
  adjust: 0,
  strip: 'header',
  ends: [],
  max: 1000,
  over: 'close',
};

export const everyType = [
  ...['u8', 'u16be', 'u16le', 'u24be', 'u24le', 'u32be', 'u32le', 'varint'],
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((n) => `dec${n}`),
  ...[2, 3, 4, 5, 6, 7, 8].map((n) => `hex${n}`),
  ...[1, 2, 3, 4].map((n) => `bcd${n}`),
];

/** The text of the setting. */
export function framingText(rules: FramingRules): string {
  const { kind, type, offset, adjust, strip, ends, max, over } = rules;
  const escaped = (end: string) => [...end].map((c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`).join('');
  const head = {
    length: `length=${type},offset=${offset},adjust=${adjust},strip=${strip}`,
    eols: `eols=${ends.map(escaped).join('|')}`,
    octets: 'octets',
    syslog: 'syslog',
  }[kind];
  return `${head},max=${max},over=${over}`;
}

/** What a stream shall look like for these rules: the header for `length` bytes. */
export function header(rules: FramingRules, length: number, random: Random): string {
  const value = length - rules.adjust;
  const [, name = '', digits = ''] = /^([a-z]+)(\d*)/.exec(rules.type) as RegExpExecArray;
  const bytes = Number(digits) / 8;
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(value));
  const front = random.text(rules.offset);
  if (name === 'u') {
    const part = number.subarray(8 - bytes);
    return front + (rules.type.endsWith('le') ? Buffer.from(part).reverse() : part).toString('latin1');
  }
  if (name === 'varint') {
    const groups = value.toString(2).padStart(7 * Math.max(1, Math.ceil(value.toString(2).length / 7)), '0');
    const octets = (groups.match(/.{7}/g) as string[]).reverse().map((bits) => Number.parseInt(bits, 2));
    return front + octets.map((bits, i) => String.fromCharCode(bits + (i < octets.length - 1 ? 128 : 0))).join('');
  }
  const radix = name === 'hex' ? 16 : 10;
  const width = name === 'bcd' ? 2 * Number(digits) : Number(digits);
  const text = value.toString(radix).padStart(width, name === 'dec' && random.chance(3) ? ' ' : '0');
  return front + (name === 'bcd' ? Buffer.from(text, 'hex').toString('latin1') : text);
}

/** The length of the header at the front of `rest`, and its number; undefined if more is needed, NaN if it is none. */
function readHeader({ kind, type, offset }: FramingRules, rest: string): [length: number, value: number] | undefined {
  const [, name = '', digits = ''] = /^([a-z]+)(\d*)/.exec(type) as RegExpExecArray;
  const counted = kind !== 'length';
  const ends = (at: number) => (name === 'varint' ? at === 4 || rest.charCodeAt(offset + at) < 128 : false);
  let size = counted ? rest.search(/\D/) + 1 : name === 'u' ? Number(digits) / 8 : Number(digits);
  for (let at = 0; name === 'varint' && !counted && size === 0 && offset + at < rest.length; at += 1) {
    size = ends(at) ? at + 1 : 0;
  }
  if (counted) {
    if (!/^[1-9]\d{0,9}( |$)/.test(rest)) return [0, Number.NaN];
    return size === 0 ? undefined : [size, Number(rest.slice(0, size - 1))];
  }
  const field = Buffer.from(rest.slice(offset, offset + (size === 0 ? 5 : size)), 'latin1');
  const text = name === 'bcd' ? field.toString('hex') : field.toString('latin1');
  if (/dec/.test(name) && !(/^ *\d*$/.test(text) && (text.length < size || /\d/.test(text)))) return [0, Number.NaN];
  if (/hex/.test(name) && !/^[0-9a-f]*$/i.test(text)) return [0, Number.NaN];
  if (/bcd/.test(name) && !/^\d*$/.test(text)) return [0, Number.NaN];
  if (size === 0 || field.length < size) return undefined;
  if (/dec|bcd/.test(name)) return [offset + size, Number(text)];
  if (/hex/.test(name)) return [offset + size, Number.parseInt(text, 16)];
  if (name === 'varint') {
    const value = [...field].reduce((sum, byte, i) => sum + (byte & 127) * 128 ** i, 0);
    return (field[size - 1] as number) > 127 ? [0, Number.NaN] : [offset + size, value];
  }
  return [offset + size, type.endsWith('le') ? field.readUIntLE(0, size) : field.readUIntBE(0, size)];
}

export function frames(rules: FramingRules, stream: string): Frames {
  const out: Frames = { pieces: [], code: 0, skipped: 0 };
  const counted = rules.kind === 'octets' || rules.kind === 'syslog';
  const clean = (text: string) => (rules.kind === 'syslog' ? text.replace(/\n$/, '') : text);
  const parts = (text: string, complete: boolean) => {
    let left = text;
    for (; left.length > rules.max; left = left.slice(rules.max)) {
      out.pieces.push({ text: left.slice(0, rules.max), eol: false });
    }
    if (complete || left !== '') out.pieces.push({ text: complete ? clean(left) : left, eol: complete });
  };
  let rest = stream;
  while (rest !== '') {
    if (rules.kind === 'syslog') rest = rest.replace(/^\n+/, '');
    if (rest === '') break;
    const isLine = rules.kind === 'eols' || (rules.kind === 'syslog' && !/^[1-9]/.test(rest));
    let text = rest;
    let next = rest.length;
    let complete = false;
    let tooLong = false;
    if (isLine) {
      const ends = rules.kind === 'eols' ? rules.ends : ['\n'];
      const places = ends.map((end) => [rest.indexOf(end), end.length] as const).filter(([at]) => at >= 0);
      const [at, length] = places.sort((a, b) => a[0] - b[0])[0] ?? [rest.length, 0];
      text = rest.slice(0, at);
      complete = length > 0;
      next = at + length;
      tooLong = at > rules.max;
    } else {
      const found = readHeader(rules, rest);
      if (!found) {
        // Nobody knows how long the frame would have been: what there is of its header comes as it came.
        out.pieces.push({ text: rest, eol: false });
        return out;
      }
      const [head, value] = found;
      const body = value + (counted ? 0 : rules.adjust);
      if (!(body >= 0)) return { ...out, code: 2012 };
      tooLong = head + body > rules.max;
      complete = rest.length >= head + body;
      next = Math.min(head + body, rest.length);
      const strip = rules.strip === 'header' ? head : Math.min(rules.strip, head + body);
      if (complete || (tooLong && rules.over === 'split')) text = rest.slice(strip, next);
    }
    if (tooLong && rules.over === 'close') return { ...out, code: 10040 };
    if (tooLong && rules.over === 'skip') out.skipped += 1;
    else parts(text, complete);
    rest = rest.slice(next);
  }
  return out;
}
