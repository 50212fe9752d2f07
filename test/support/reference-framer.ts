// The reference of the differential test: framing as the documented rules say it, written for shortness
// and not for speed. It has the whole stream as one string and looks at it again for every piece.

export interface Rules {
  eol: string;
  recordLength: number;
  singleLine: boolean;
}

export interface Piece {
  text: string;
  eol: boolean;
}

export class ReferenceFramer {
  rules: Rules = { eol: '', recordLength: 0, singleLine: false };
  private rest = '';
  private afterCarriageReturn = false;

  constructor(private readonly lineMax: number) {}

  feed(bytes: string): void {
    this.rest += bytes;
  }

  /** The next complete piece, or undefined while bytes are missing. */
  next(): Piece | undefined {
    if (this.afterCarriageReturn && this.rest !== '') {
      if (this.rest.startsWith('\n')) {
        this.rest = this.rest.slice(1);
      }
      this.afterCarriageReturn = false;
    }
    const { eol, recordLength, singleLine } = this.rules;
    if (this.rest === '') {
      return undefined;
    }
    if (recordLength > 0) {
      return this.rest.length >= recordLength ? this.take(recordLength, 0, true) : undefined;
    }
    if (singleLine) {
      const end = this.rest.search(/[\r\n]/);
      if (end >= 0 && end <= this.lineMax) {
        this.afterCarriageReturn = this.rest[end] === '\r';
        return this.take(end, 1, true);
      }
      return this.rest.length > this.lineMax ? this.take(this.lineMax, 0, false) : undefined;
    }
    if (eol === '') {
      return this.take(this.rest.length, 0, true);
    }
    const end = this.rest.indexOf(eol);
    if (end >= 0 && end <= this.lineMax) {
      return this.take(end, eol.length, true);
    }
    // Too long is proven when no end of the line can begin at the limit or before it any more.
    let proven = this.rest.length > this.lineMax;
    for (let start = Math.max(0, this.rest.length - eol.length + 1); start <= this.lineMax; start += 1) {
      proven &&= start >= this.rest.length || !eol.startsWith(this.rest.slice(start));
    }
    return proven ? this.take(this.lineMax, 0, false) : undefined;
  }

  /** What is left when the stream ends. */
  end(): Piece | undefined {
    const piece = this.next();
    if (piece !== undefined || this.rest === '') {
      return piece;
    }
    const { eol, recordLength, singleLine } = this.rules;
    const limit = recordLength > 0 ? this.rest.length : this.lineMax;
    return this.take(Math.min(limit, this.rest.length), 0, recordLength === 0 && !singleLine && eol === '');
  }

  private take(length: number, skip: number, eol: boolean): Piece {
    const text = this.rest.slice(0, length);
    this.rest = this.rest.slice(length + skip);
    return { text, eol };
  }
}

/** Pieces without framing depend on how bytes arrive; neighbours are joined for a comparison. */
export function joined(pieces: readonly (Piece & { rules: string })[]): Piece[] {
  const result: (Piece & { rules: string })[] = [];
  for (const piece of pieces) {
    const last = result.at(-1);
    if (piece.rules === 'none' && last?.rules === 'none') {
      last.text += piece.text;
    } else {
      result.push({ ...piece });
    }
  }
  return result.map(({ text, eol }) => ({ text, eol }));
}
