// Functions of PHP that quote and measure texts: slashes, HTML, similarity.

import { filled, put, text, whole } from './args';
import { PhpArray } from './array';
import { byteSet } from './bytes';
import { ValueError } from './errors';
import { charactersOf } from './utf8-text';

export function addslashes(s: unknown): string {
  return text(s)
    .replace(/['"\\]/g, '\\$&')
    .replaceAll('\0', '\\0');
}

export function stripslashes(s: unknown): string {
  return text(s).replace(/\\([\s\S]?)/g, (_all, sign) => (sign === '0' ? '\0' : sign));
}

const shortNames: Record<string, string> = {
  '\n': 'n',
  '\t': 't',
  '\r': 'r',
  '\x07': 'a',
  '\v': 'v',
  '\b': 'b',
  '\f': 'f',
};

export function addcslashes(s: unknown, characters: unknown): string {
  const set = byteSet(text(characters));
  let result = '';
  for (const byte of text(s)) {
    const code = byte.charCodeAt(0);
    if (!set.has(byte)) result += byte;
    else if (code >= 32 && code <= 126) result += `\\${byte}`;
    else result += `\\${shortNames[byte] ?? code.toString(8).padStart(3, '0')}`;
  }
  return result;
}

export function stripcslashes(s: unknown): string {
  const letters: Record<string, string> = { n: '\n', t: '\t', r: '\r', a: '\x07', v: '\v', b: '\b', f: '\f' };
  return text(s).replace(/\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|([\s\S])|$)/g, (_all, hex, octal, sign) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
    return sign === undefined ? '' : (letters[sign] ?? sign);
  });
}

export function quotemeta(s: unknown): string {
  return text(s).replace(/[.\\+*?[^\]$()]/g, '\\$&');
}

export const ENT_HTML401 = 0;
export const ENT_COMPAT = 2;
export const ENT_QUOTES = 3;
export const ENT_NOQUOTES = 0;
export const ENT_IGNORE = 4;
export const ENT_SUBSTITUTE = 8;
export const ENT_HTML5 = 48;

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#039;' };

/** `htmlspecialchars` of UTF-8. */
export function htmlspecialchars(
  s: unknown,
  flags: unknown = 11,
  _encoding: unknown = null,
  double: unknown = true,
): string {
  const how = whole(flags);
  const bytes = text(s);
  let characters = charactersOf(bytes);
  if (Buffer.from(characters, 'utf8').toString('latin1') !== bytes) {
    if (how & ENT_IGNORE) characters = characters.replaceAll('\ufffd', '');
    else if (!(how & ENT_SUBSTITUTE)) return '';
  }
  const pattern = double === false ? /&(?!(?:#\d+|#x[0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);)|[<>"']/g : /[&<>"']/g;
  const shown = characters.replace(pattern, (sign) => {
    if (sign === '"' && !(how & 2)) return sign;
    if (sign === "'") return (how & 3) !== 3 ? sign : (how & 48) === 0 ? '&#039;' : '&apos;';
    return entities[sign] as string;
  });
  return Buffer.from(shown, 'utf8').toString('latin1');
}

export function htmlspecialchars_decode(s: unknown, flags: unknown = 11): string {
  const how = whole(flags);
  return text(s).replace(/&(?:amp|lt|gt|quot|#0*39|#x0*27);/gi, (entity) => {
    const name = entity.slice(1, -1);
    const sign = { amp: '&', lt: '<', gt: '>', quot: '"' }[name] ?? (name[0] === '#' ? "'" : undefined);
    if (sign === undefined || (sign === '"' && !(how & 2)) || (sign === "'" && (how & 3) !== 3)) return entity;
    return sign;
  });
}

/** `strip_tags`, without the tags that are allowed. */
export function strip_tags(s: unknown): string {
  return text(s)
    .replaceAll('\0', '')
    .replace(/<!--[\s\S]*?(?:-->|$)|<(?![\s])(?:[^<>"']|"[^"]*"|'[^']*')*(?:>|$)/g, '');
}

export function levenshtein(
  a: unknown,
  b: unknown,
  insert: unknown = 1,
  replace: unknown = 1,
  remove: unknown = 1,
): number {
  const [x, y] = [text(a), text(b)];
  const [ins, rep, del] = [whole(insert), whole(replace), whole(remove)];
  let row = Array.from({ length: y.length + 1 }, (_, j) => j * ins);
  for (const byte of x) {
    const next = [(row[0] as number) + del];
    for (let j = 0; j < y.length; j += 1) {
      const same = (row[j] as number) + (byte === y[j] ? 0 : rep);
      next.push(Math.min(same, (row[j + 1] as number) + del, (next[j] as number) + ins));
    }
    row = next;
  }
  return row[y.length] as number;
}

function common(a: string, b: string): number {
  if (a === '' || b === '') return 0;
  let [size, from, to, count] = [0, 0, 0, 0];
  for (let i = 0; i + size < a.length; i += 1) {
    for (let j = 0; j + size < b.length; j += 1) {
      let k = 0;
      while (i + k < a.length && j + k < b.length && a[i + k] === b[j + k]) k += 1;
      if (k <= size) continue;
      [size, from, to] = [k, i, j];
      count += 1;
    }
  }
  if (count === 0) return 0;
  return size + common(a.slice(0, from), b.slice(0, to)) + common(a.slice(from + size), b.slice(to + size));
}

/** `similar_text`; the percentage goes into a box. */
export function similar_text(a: unknown, b: unknown, percent?: unknown): number {
  const [x, y] = [text(a), text(b)];
  const found = common(x, y);
  put(percent, x.length + y.length === 0 ? 0 : (found * 2 * 100) / (x.length + y.length));
  return found;
}

export function soundex(s: unknown): string {
  const codes: Record<string, string> = {};
  for (const [letters, code] of [
    ['BFPV', '1'],
    ['CGJKQSXZ', '2'],
    ['DT', '3'],
    ['L', '4'],
    ['MN', '5'],
    ['R', '6'],
    ['AEIOUY', '0'],
  ] as const) {
    for (const letter of letters) codes[letter] = code;
  }
  let result = '';
  let last = '';
  for (const letter of text(s)
    .replace(/[^A-Za-z]/g, '')
    .toUpperCase()) {
    const code = codes[letter];
    if (result === '') result = letter;
    else if (code !== undefined && code !== '0' && code !== last) result += code;
    if (code !== undefined || result.length === 1) last = code ?? '';
    if (result.length === 4) break;
  }
  return result.padEnd(4, '0');
}

export function count_chars(s: unknown, mode: unknown = 0): PhpArray | string {
  const counts = new Array<number>(256).fill(0);
  for (const byte of text(s)) counts[byte.charCodeAt(0)] = (counts[byte.charCodeAt(0)] as number) + 1;
  const how = whole(mode);
  if (how < 0 || how > 4)
    throw new ValueError('count_chars(): Argument #2 ($mode) must be between 0 and 4 (inclusive)');
  if (how > 2)
    return counts.flatMap((count, i) => (count > 0 === (how === 3) ? [String.fromCharCode(i)] : [])).join('');
  const entries = [...counts.entries()].filter(([, count]) => how === 0 || count > 0 === (how === 1));
  return PhpArray.from(entries);
}

export function str_word_count(s: unknown, format: unknown = 0, characters: unknown = ''): number | PhpArray {
  const extra = [...byteSet(text(characters))]
    .map((byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`)
    .join('');
  const from = text(s);
  const words = [...from.matchAll(new RegExp(`[A-Za-z'${extra}-]+`, 'g'))].flatMap((found) => {
    let [word, at] = [found[0], found.index as number];
    if (at === 0 && !text(characters).includes(word[0] as string)) {
      const cut = /^['-]?/.exec(word)?.[0].length ?? 0;
      word = word.slice(cut);
      at += cut;
    }
    if (at + word.length === from.length && word.endsWith('-') && !text(characters).includes('-'))
      word = word.slice(0, -1);
    return word === '' ? [] : [[at, word] as const];
  });
  if (whole(format) === 0) return words.length;
  return whole(format) === 1 ? PhpArray.fromList(words.map(([, word]) => word)) : PhpArray.from(words);
}

/** `utf8_encode`: the bytes as characters of ISO-8859-1, in UTF-8. */
export function utf8_encode(s: unknown): string {
  return Buffer.from(text(s), 'utf8').toString('latin1');
}

/** `utf8_decode`: characters that ISO-8859-1 has not become ?. */
export function utf8_decode(s: unknown): string {
  return [...Buffer.from(text(s), 'latin1').toString('utf8')].map((one) => (one > '\xff' ? '?' : one)).join('');
}

const characters = (s: unknown) => [...Buffer.from(text(s), 'latin1').toString('utf8')];
const bytesOf = (list: string[] | string) =>
  Buffer.from(typeof list === 'string' ? list : list.join(''), 'utf8').toString('latin1');

export function mb_strlen(s: unknown): number {
  return characters(s).length;
}

export function mb_substr(s: unknown, start: unknown, length: unknown = null): string {
  const list = characters(s);
  const from = whole(start) < 0 ? Math.max(0, list.length + whole(start)) : whole(start);
  if (length === null) return bytesOf(list.slice(from));
  return bytesOf(
    whole(length) < 0
      ? list.slice(from, Math.max(from, list.length + whole(length)))
      : list.slice(from, from + whole(length)),
  );
}

export function mb_strtoupper(s: unknown): string {
  return bytesOf(characters(s).join('').toUpperCase());
}

export function mb_strtolower(s: unknown): string {
  return bytesOf(characters(s).join('').toLowerCase());
}

/** The box of `$result` of `parse_str`, which is the array itself. */
export function parse_str(s: unknown, result: unknown): void {
  const into = new PhpArray();
  for (const part of text(s)
    .split('&')
    .filter((one) => one !== '')) {
    const [name = '', ...rest] = part.split('=');
    const decode = (one: string) =>
      one
        .replaceAll('+', ' ')
        .replace(/%([0-9a-fA-F]{2})/g, (_all, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
    const [, base = '', keys = ''] = /^([^[]*)((?:\[[^\]]*\])*)/.exec(decode(name)) ?? [];
    const path = [base.replace(/[ .]/g, '_'), ...[...keys.matchAll(/\[([^\]]*)\]/g)].map(([, key]) => key as string)];
    let at = into;
    path.slice(0, -1).forEach((key, i) => {
      at = key === '' && i > 0 ? at.appendArray() : (at.at(key) as PhpArray);
    });
    const last = path.at(-1) as string;
    if (last === '' && path.length > 1) at.append(decode(rest.join('=')));
    else at.set(last, decode(rest.join('=')));
  }
  filled(result, into);
}
