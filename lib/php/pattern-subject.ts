// Texts that patterns go over, and their matches in bytes.

import type { Pattern } from './pattern';

export const PREG_NO_ERROR = 0;
export const PREG_INTERNAL_ERROR = 1;
export const PREG_BAD_UTF8_ERROR = 4;

let lastError = PREG_NO_ERROR;

export function setLastError(error: number): void {
  lastError = error;
}

export function preg_last_error(): number {
  return lastError;
}

export function preg_last_error_msg(): string {
  if (lastError === PREG_NO_ERROR) return 'No error';
  return lastError === PREG_INTERNAL_ERROR
    ? 'Internal error'
    : 'Malformed UTF-8 characters, possibly incorrectly encoded';
}

/** A match: its groups as bytes, and the places of each. */
export interface Found {
  groups: ([from: number, to: number] | undefined)[];
}

/** A text that a pattern goes over: bytes, or characters with the modifier u. */
export class Subject {
  private readonly characters: string;

  constructor(
    readonly bytes: string,
    private readonly pattern: Pattern,
  ) {
    this.characters = pattern.isUtf8 ? Buffer.from(bytes, 'latin1').toString('utf8') : bytes;
  }

  static of(bytes: string, pattern: Pattern): Subject | undefined {
    setLastError(PREG_NO_ERROR);
    const subject = new Subject(bytes, pattern);
    if (!pattern.isUtf8 || Buffer.from(subject.characters, 'utf8').toString('latin1') === bytes) return subject;
    setLastError(PREG_BAD_UTF8_ERROR);
    return undefined;
  }

  private byteAt(at: number): number {
    return this.pattern.isUtf8 ? Buffer.byteLength(this.characters.slice(0, at)) : at;
  }

  private characterAt(byte: number): number {
    return this.pattern.isUtf8 ? Buffer.from(this.bytes.slice(0, byte), 'latin1').toString('utf8').length : byte;
  }

  /** The length of the character at a place, in bytes. */
  unit(byte: number): number {
    if (!this.pattern.isUtf8) return 1;
    const at = this.characterAt(byte);
    return Buffer.byteLength(String.fromCodePoint(this.characters.codePointAt(at) ?? 0));
  }

  /** The first match from a place on; behind an empty one only what is not empty, and there. */
  find(from: number, notEmpty: boolean): Found | undefined {
    const regex = notEmpty ? this.pattern.notEmpty : this.pattern.search;
    regex.lastIndex = this.characterAt(from);
    const found = regex.exec(this.characters);
    if (found === null) return undefined;
    if (!regex.hasIndices) {
      const to = found.index + found[0].length;
      return { groups: [[this.byteAt(found.index), this.byteAt(to)]] };
    }
    const indices = (found as RegExpExecArray & { indices: ([number, number] | undefined)[] }).indices;
    const own = notEmpty ? [indices[0], ...indices.slice(2)] : indices;
    return {
      groups: own.map((pair) => (pair === undefined ? undefined : [this.byteAt(pair[0]), this.byteAt(pair[1])])),
    };
  }

  /** All matches, as PHP goes on behind each. */
  *all(start: number, limit: number): Generator<Found> {
    let [at, notEmpty, left] = [start, false, limit];
    while (left !== 0) {
      const found = this.find(at, notEmpty);
      if (found === undefined) {
        if (!notEmpty || at >= this.bytes.length) return;
        at += this.unit(at);
        notEmpty = false;
        continue;
      }
      yield found;
      left -= 1;
      const [from, to] = found.groups[0] as [number, number];
      at = to;
      notEmpty = from === to;
    }
  }

  part(group: [number, number] | undefined): string {
    return group === undefined ? '' : this.bytes.slice(group[0], group[1]);
  }
}
