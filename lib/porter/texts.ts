// Texts: PHP's escapes stand for bytes, JavaScript's for characters.

const simple: Record<string, string> = { n: '\n', t: '\t', r: '\r', v: '\v', e: '\x1b', f: '\f' };

export type Quotes = 'single' | 'double' | 'heredoc' | 'nowdoc' | 'shell';

function utf8(codePoint: number): string {
  return Buffer.from(String.fromCodePoint(codePoint), 'utf8').toString('latin1');
}

const escapes = /\\(?:([ntrvef\\$])|([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|u\{([0-9A-Fa-f]+)\}|(["`]))/g;

/** A piece of a text: its bytes, and whether it is a line end that stands as such in the source. */
export interface Piece {
  bytes: string;
  isLineEnd: boolean;
}

function withoutEscapes(raw: string, quotes: Quotes): string {
  if (quotes === 'nowdoc') return raw;
  if (quotes === 'single') return raw.replace(/\\([\\'])/g, '$1');
  return raw.replace(escapes, (all, letter, octal, hex, unicode, quote) => {
    if (letter !== undefined) return simple[letter] ?? letter;
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    if (unicode !== undefined) return utf8(Number.parseInt(unicode, 16));
    return (quotes === 'double' && quote === '"') || (quotes === 'shell' && quote === '`') ? quote : all;
  });
}

/** The bytes of a raw text, cut at the ends of its lines. */
export function pieces(raw: string, quotes: Quotes): Piece[] {
  const found: Piece[] = [];
  for (const [i, line] of raw.split('\n').entries()) {
    if (i > 0) found.push({ bytes: '\n', isLineEnd: true });
    if (line !== '') found.push({ bytes: withoutEscapes(line, quotes), isLineEnd: false });
  }
  return found;
}

export function bytesOf(raw: string, quotes: Quotes): string {
  return withoutEscapes(raw, quotes);
}

export function isAscii(bytes: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: bytes are meant
  return /^[\x00-\x7f]*$/.test(bytes);
}

/** The characters that bytes above 7F are, if they are valid UTF-8. */
function isUtf8(bytes: string): boolean {
  const buffer = Buffer.from(bytes, 'latin1');
  return Buffer.from(buffer.toString('utf8'), 'utf8').equals(buffer) && !buffer.toString('utf8').includes('\ufffd');
}

const letters: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' };

/** What stands between the quotes of JavaScript; bytes above 7F stay as they are when `keep` is set. */
export function escaped(bytes: string, quote: string, keep: boolean): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: bytes are meant
  const text = bytes.replace(/[\x00-\x1f\x7f-\xff\\'"`]/g, (byte) => {
    if (byte === quote) return `\\${byte}`;
    if (byte === "'" || byte === '"' || byte === '`') return byte;
    if (keep && byte > '\x7f') return byte;
    return letters[byte] ?? `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return quote === '`' ? text.replaceAll('${', '\\${') : text;
}

/** Whether bytes can be written as characters, in a file of UTF-8. */
export function areCharacters(bytes: string, fileIsUtf8: boolean): boolean {
  return fileIsUtf8 && !isAscii(bytes) && isUtf8(bytes);
}

/** A literal for bytes; `utf8` is the name of the helper that makes bytes of characters. */
export function literal(bytes: string, quote: string, fileIsUtf8: boolean, utf8Helper: () => string): string {
  if (!areCharacters(bytes, fileIsUtf8)) return `${quote}${escaped(bytes, quote, false)}${quote}`;
  return `${utf8Helper()}(${quote}${escaped(bytes, quote, true)}${quote})`;
}

/** The text of a heredoc or nowdoc without the indentation of its last line. */
export function indentationOf(raw: string): number {
  const last = raw.slice(raw.lastIndexOf('\n') + 1);
  return /^[ \t]*/.exec(last)?.[0].length ?? 0;
}
