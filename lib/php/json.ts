// `json_encode` and `json_decode`.

import { text, whole } from './args';
import { PhpArray, type Value } from './array';
import { exactText, isIntegerText, numberOf, str } from './convert';
import { JsonException, ValueError } from './errors';
import { stdClass } from './stdclass';

export const JSON_HEX_TAG = 1;
export const JSON_HEX_AMP = 2;
export const JSON_HEX_APOS = 4;
export const JSON_HEX_QUOT = 8;
export const JSON_FORCE_OBJECT = 16;
export const JSON_NUMERIC_CHECK = 32;
export const JSON_UNESCAPED_SLASHES = 64;
export const JSON_PRETTY_PRINT = 128;
export const JSON_UNESCAPED_UNICODE = 256;
export const JSON_PARTIAL_OUTPUT_ON_ERROR = 512;
export const JSON_PRESERVE_ZERO_FRACTION = 1024;
export const JSON_UNESCAPED_LINE_TERMINATORS = 2048;
export const JSON_OBJECT_AS_ARRAY = 1;
export const JSON_BIGINT_AS_STRING = 2;
export const JSON_INVALID_UTF8_IGNORE = 1048576;
export const JSON_INVALID_UTF8_SUBSTITUTE = 2097152;
export const JSON_THROW_ON_ERROR = 4194304;
export const JSON_ERROR_NONE = 0;
export const JSON_ERROR_DEPTH = 1;
export const JSON_ERROR_STATE_MISMATCH = 2;
export const JSON_ERROR_CTRL_CHAR = 3;
export const JSON_ERROR_SYNTAX = 4;
export const JSON_ERROR_UTF8 = 5;
export const JSON_ERROR_RECURSION = 6;
export const JSON_ERROR_INF_OR_NAN = 7;
export const JSON_ERROR_UNSUPPORTED_TYPE = 8;

const messages: Record<number, string> = {
  0: 'No error',
  1: 'Maximum stack depth exceeded',
  2: 'State mismatch (invalid or malformed JSON)',
  3: 'Control character error, possibly incorrectly encoded',
  4: 'Syntax error',
  5: 'Malformed UTF-8 characters, possibly incorrectly encoded',
  6: 'Recursion detected',
  7: 'Inf and NaN cannot be JSON encoded',
  8: 'Type is not supported',
};
let lastError = 0;

class JsonError extends Error {
  constructor(readonly code: number) {
    super(messages[code]);
  }
}

export function json_last_error(): number {
  return lastError;
}

export function json_last_error_msg(): string {
  return messages[lastError] as string;
}

const short: Record<string, string> = {
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '"': '\\"',
  '\\': '\\\\',
};
const unicode = (code: number) => `\\u${code.toString(16).padStart(4, '0')}`;

class Encoder {
  constructor(
    private readonly flags: number,
    private readonly depth: number,
  ) {}

  encode(value: Value, level: number): string {
    if (value === null || value === undefined) return 'null';
    if (typeof value === 'boolean') return String(value);
    if (typeof value === 'number') return this.number(value);
    if (typeof value === 'string') return this.text(value);
    if (level > this.depth) throw new JsonError(JSON_ERROR_DEPTH);
    if (value instanceof PhpArray) return this.array(value, level);
    if (typeof value !== 'object') throw new JsonError(JSON_ERROR_UNSUPPORTED_TYPE);
    const { jsonSerialize } = value as { jsonSerialize?: () => Value };
    if (typeof jsonSerialize === 'function') return this.encode(jsonSerialize.call(value), level);
    return this.members(
      Object.entries(value).filter(([, one]) => typeof one !== 'function'),
      level,
    );
  }

  private number(value: number): string {
    if (!Number.isFinite(value)) throw new JsonError(JSON_ERROR_INF_OR_NAN);
    return exactText(value).replace('E', 'e');
  }

  private text(value: string): string {
    if (this.flags & JSON_NUMERIC_CHECK) {
      const number = numberOf(value);
      if (number !== undefined) return this.number(number);
    }
    const characters = this.decoded(value);
    let result = '"';
    for (const character of characters) result += this.character(character);
    return `${result}"`;
  }

  private decoded(value: string): string {
    const characters = Buffer.from(value, 'latin1').toString('utf8');
    if (Buffer.from(characters, 'utf8').toString('latin1') === value) return characters;
    if (this.flags & JSON_INVALID_UTF8_SUBSTITUTE) return characters;
    if (this.flags & JSON_INVALID_UTF8_IGNORE) return characters.replaceAll('\ufffd', '');
    throw new JsonError(JSON_ERROR_UTF8);
  }

  private character(character: string): string {
    const code = character.codePointAt(0) as number;
    const { flags } = this;
    if (character === '/') return flags & JSON_UNESCAPED_SLASHES ? '/' : '\\/';
    const hex = { '<': JSON_HEX_TAG, '>': JSON_HEX_TAG, '&': JSON_HEX_AMP, "'": JSON_HEX_APOS, '"': JSON_HEX_QUOT }[
      character
    ];
    if (hex !== undefined && flags & hex) return `\\u00${code.toString(16).toUpperCase()}`;
    const known = short[character];
    if (known !== undefined) return known;
    if (code < 0x20) return unicode(code);
    if (code < 0x80) return character;
    const isLineEnd = code === 0x2028 || code === 0x2029;
    if (flags & JSON_UNESCAPED_UNICODE && (!isLineEnd || flags & JSON_UNESCAPED_LINE_TERMINATORS)) {
      return Buffer.from(character, 'utf8').toString('latin1');
    }
    return Array.from({ length: character.length }, (_, i) => unicode(character.charCodeAt(i))).join('');
  }

  private array(value: PhpArray, level: number): string {
    const isList = !(this.flags & JSON_FORCE_OBJECT) && value.keyList().every((key, i) => key === i);
    if (!isList) return this.members(value.entryList(), level);
    return this.body(
      '[',
      value.toList().map((one) => this.encode(one, level + 1)),
      ']',
      level,
    );
  }

  private members(entries: readonly (readonly [unknown, Value])[], level: number): string {
    const colon = this.flags & JSON_PRETTY_PRINT ? ': ' : ':';
    const name = (key: unknown) => new Encoder(this.flags & ~JSON_NUMERIC_CHECK, this.depth).text(String(key));
    return this.body(
      '{',
      entries.map(([key, one]) => name(key) + colon + this.encode(one, level + 1)),
      '}',
      level,
    );
  }

  private body(open: string, parts: string[], close: string, level: number): string {
    if (parts.length === 0) return open + close;
    if (!(this.flags & JSON_PRETTY_PRINT)) return open + parts.join(',') + close;
    const indent = '    '.repeat(level);
    return `${open}\n${indent}${parts.join(`,\n${indent}`)}\n${'    '.repeat(level - 1)}${close}`;
  }
}

function guarded<T>(flags: number, action: () => T, failed: T): T {
  try {
    const result = action();
    if (!(flags & JSON_THROW_ON_ERROR)) lastError = 0;
    return result;
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    if (flags & JSON_THROW_ON_ERROR) throw new JsonException(error.message, error.code);
    lastError = error.code;
    return failed;
  }
}

/** `json_encode`: false where the value has no JSON. */
export function json_encode(value: Value, flags: unknown = 0, depth: unknown = 512): string | false {
  const how = whole(flags);
  return guarded<string | false>(how, () => new Encoder(how, whole(depth)).encode(value, 1), false);
}

const number = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;

class Decoder {
  private at = 0;

  constructor(
    private readonly s: string,
    private readonly asArray: boolean,
    private readonly depth: number,
    private readonly flags: number,
  ) {}

  decode(): Value {
    const value = this.value(0);
    this.space();
    if (this.at < this.s.length) this.fail();
    return value;
  }

  private fail(): never {
    const sign = this.s[this.at];
    throw new JsonError(sign !== undefined && sign < ' ' ? JSON_ERROR_CTRL_CHAR : JSON_ERROR_SYNTAX);
  }

  private space(): void {
    while (/[ \t\r\n]/.test(this.s[this.at] ?? '')) this.at += 1;
  }

  private value(level: number): Value {
    this.space();
    const sign = this.s[this.at];
    if (sign === '{') return this.object(level + 1);
    if (sign === '[') return this.array(level + 1);
    if (sign === '"') return this.text();
    for (const [word, value] of [
      ['true', true],
      ['false', false],
      ['null', null],
    ] as const) {
      if (!this.s.startsWith(word, this.at)) continue;
      this.at += word.length;
      return value;
    }
    number.lastIndex = this.at;
    const found = number.exec(this.s);
    if (found === null) return this.fail();
    this.at += found[0].length;
    const isBig = found[1] === undefined && found[2] === undefined && !isIntegerText(found[0]);
    return isBig && this.flags & JSON_BIGINT_AS_STRING ? found[0] : Number(found[0]) + 0;
  }

  private enter(level: number): void {
    // What stands inside is a level, too.
    if (level >= this.depth) throw new JsonError(JSON_ERROR_DEPTH);
    this.at += 1;
    this.space();
  }

  /** Whether another element follows. */
  private more(close: string): boolean {
    this.space();
    const sign = this.s[this.at];
    this.at += 1;
    if (sign === ',') return true;
    if (sign === close) return false;
    this.at -= 1;
    if (sign === ']' || sign === '}') throw new JsonError(JSON_ERROR_STATE_MISMATCH);
    return this.fail();
  }

  private array(level: number): PhpArray {
    this.enter(level);
    const result = new PhpArray();
    if (this.s[this.at] === ']') {
      this.at += 1;
      return result;
    }
    do result.append(this.value(level));
    while (this.more(']'));
    return result;
  }

  private object(level: number): Value {
    this.enter(level);
    const members: [string, Value][] = [];
    if (this.s[this.at] === '}') this.at += 1;
    else {
      do {
        this.space();
        if (this.s[this.at] !== '"') this.fail();
        const name = this.text();
        this.space();
        if (this.s[this.at] !== ':') this.fail();
        this.at += 1;
        members.push([name, this.value(level)]);
      } while (this.more('}'));
    }
    if (this.asArray) return PhpArray.from(members);
    const object = new stdClass();
    for (const [name, value] of members) object[name] = value;
    return object;
  }

  private text(): string {
    let result = '';
    this.at += 1;
    for (;;) {
      const sign = this.s[this.at];
      if (sign === undefined)
        throw new JsonError([...this.s].some((one) => one < ' ') ? JSON_ERROR_CTRL_CHAR : JSON_ERROR_SYNTAX);
      if (sign < ' ') throw new JsonError(JSON_ERROR_CTRL_CHAR);
      this.at += 1;
      if (sign === '"') break;
      result += sign === '\\' ? this.escape() : sign;
    }
    return Buffer.from(result, 'utf8').toString('latin1');
  }

  private escape(): string {
    const letter = this.s[this.at] ?? '';
    this.at += 1;
    const plain = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }[letter];
    if (plain !== undefined) return plain;
    const digits = this.s.slice(this.at, this.at + 4);
    if (letter !== 'u' || !/^[0-9a-fA-F]{4}$/.test(digits)) throw new JsonError(JSON_ERROR_SYNTAX);
    this.at += 4;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }
}

/** `json_decode`: null where the text is no JSON. */
export function json_decode(s: unknown, associative: unknown = null, depth: unknown = 512, flags: unknown = 0): Value {
  const how = whole(flags);
  const asArray = associative === true || (associative === null && (how & JSON_OBJECT_AS_ARRAY) !== 0);
  if (whole(depth) < 1) throw new ValueError('json_decode(): Argument #3 ($depth) must be greater than 0');
  return guarded<Value>(
    how,
    () => {
      const characters = Buffer.from(text(s), 'latin1').toString('utf8');
      if (characters === '') throw new JsonError(JSON_ERROR_SYNTAX);
      if (Buffer.from(characters, 'utf8').toString('latin1') !== str(s)) throw new JsonError(JSON_ERROR_UTF8);
      return new Decoder(characters, asArray, whole(depth), how).decode();
    },
    null,
  );
}
