// Translates PHP's patterns into those of JavaScript. A character is a byte: \s, \w, . and $ are those of bytes, and i knows A to Z alone.

// biome-ignore-all lint/correctness/noVoidTypeReturn: each step ends with one call

import { PhpError } from './errors';

interface Flags {
  i: boolean;
  m: boolean;
  s: boolean;
  x: boolean;
}

export function refuse(what: string): never {
  throw new PhpError(`This pattern cannot be ported: JavaScript has no ${what}`);
}

const spaces = '\\t\\n\\v\\f\\r ';
const classes: Record<string, string> = {
  s: spaces,
  h: '\\t \\xa0',
  v: '\\n\\v\\f\\r\\x85',
  d: '0-9',
  w: 'A-Za-z0-9_',
};
const posix: Record<string, string> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: 'A-Za-z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: spaces,
  blank: '\\t ',
  punct: '!-\\/:-@\\[-`{-~',
  xdigit: '0-9A-Fa-f',
  word: 'A-Za-z0-9_',
  cntrl: '\\x00-\\x1f\\x7f',
  print: ' -~',
  graph: '!-~',
  ascii: '\\x00-\\x7f',
};
const simple: Record<string, string> = { n: '\n', r: '\r', t: '\t', f: '\f', e: '\x1b', a: '\x07' };
const start = '(?<![^])';
const end = '(?![^])';

/** What the translation has to know about a group that is open. */
interface Group {
  flags: Flags;
  isCapture: boolean;
  hasCapture: boolean;
  hasChoice: boolean;
}

export class Translator {
  private at = 0;
  private flags: Flags;
  private readonly groups: Group[] = [];
  private captures = 0;
  readonly names: (string | undefined)[] = [undefined];
  private result = '';
  /** Where the last item begins that a quantifier can follow, and whether it is a group with captures and choices. */
  private last: { at: number; group: Group | undefined } | undefined;
  private folds = false;
  private hasReference = false;

  constructor(
    private readonly source: string,
    flags: Flags,
    private readonly isUtf8: boolean,
    private readonly isLazy: boolean,
    private readonly isEndOnly: boolean,
    private readonly offset: number,
  ) {
    this.flags = flags;
  }

  translate(): string {
    while (this.at < this.source.length) this.step();
    if (this.groups.length > 0) throw new SyntaxError('missing closing parenthesis');
    if (this.folds && this.hasReference) refuse('reference to a group without regard to case as PHP has it');
    return this.result;
  }

  private item(text: string, group?: Group): void {
    this.last = { at: this.result.length, group };
    this.result += text;
  }

  private get rest(): string {
    return this.source.slice(this.at);
  }

  private take(pattern: RegExp): RegExpExecArray | null {
    const sticky = new RegExp(pattern.source, 'y');
    sticky.lastIndex = this.at;
    const found = sticky.exec(this.source);
    if (found !== null) this.at += found[0].length;
    return found;
  }

  private step(): void {
    const sign = this.source[this.at] as string;
    if (this.flags.x && this.take(/[ \t\n\v\f\r]+|#[^\n]*\n?/) !== null) return;
    if (sign === '\\') return this.escape();
    this.at += 1;
    if (sign === '[') return this.item(this.classText());
    if (sign === '(') return this.open();
    if (sign === ')') return this.close();
    if (sign === '|') {
      const group = this.groups.at(-1);
      if (group !== undefined) group.hasChoice = true;
      this.last = undefined;
      this.result += '|';
      return;
    }
    if (sign === '.') return this.item(this.flags.s ? '[^]' : '[^\\n]');
    if (sign === '^') return this.item(this.flags.m ? `(?:${start}|(?<=\\n)(?=[^]))` : start);
    if (sign === '$') return this.item(this.flags.m ? `(?=\\n|${end})` : this.isEndOnly ? end : `(?=\\n?${end})`);
    this.at -= 1;
    const quantifier = this.take(/(?:[*+?]|\{\d+(?:,\d*)?\})([?+]?)/);
    if (quantifier !== null) return this.quantifier(quantifier[0], quantifier[1] as string);
    this.at += 1;
    this.item(this.literal(sign));
  }

  private quantifier(all: string, mode: string): void {
    if (mode === '+') refuse('possessive quantifier');
    if (this.last === undefined) throw new SyntaxError('quantifier does not follow a repeatable item');
    const body = mode === '' ? all : all.slice(0, -1);
    const repeats = body === '*' || body === '+' || /,\}|\{(?![01](?:,1)?\})/.test(body);
    const { group } = this.last;
    if (repeats && group?.hasCapture && (group.hasChoice || !group.isCapture) && group.hasChoice) {
      refuse('group that keeps what it had in an earlier round of a repetition');
    }
    if (/^[*?]|^\{0/.test(body) && group !== undefined) {
      const outer = this.groups.at(-1);
      if (outer !== undefined && group.hasCapture) outer.hasChoice = true;
    }
    this.result += body + ((mode === '?') !== this.isLazy ? '?' : '');
    this.last = undefined;
  }

  private literal(character: string): string {
    if (this.flags.i && /[A-Za-z]/.test(character)) {
      this.folds = true;
      return `[${character.toLowerCase()}${character.toUpperCase()}]`;
    }
    if (this.flags.i && this.isUtf8 && character > '\x7f') {
      const both = [...new Set([character, character.toLowerCase(), character.toUpperCase()])].filter(
        (one) => [...one].length === 1,
      );
      return both.length > 1 ? `[${both.join('')}]` : character;
    }
    return escaped(character);
  }

  private open(): void {
    const from = this.at;
    const add = (text: string, isCapture: boolean) => {
      this.groups.push({ flags: { ...this.flags }, isCapture, hasCapture: isCapture, hasChoice: false });
      this.starts.push(this.result.length);
      this.result += text;
      this.last = undefined;
    };
    if (this.source[from] === '*') refuse('verbs such as (*SKIP)');
    if (this.source[from] !== '?') {
      this.captures += 1;
      this.names.push(undefined);
      return add('(', true);
    }
    if (this.take(/\?#[^)]*\)/) !== null) return;
    const plain = this.take(/\?(?::|=|!|<=|<!)/);
    if (plain !== null) return add(`(${plain[0]}`, false);
    const named = this.take(/\?(?:P?<(\w+)>|'(\w+)')/);
    if (named !== null) {
      this.captures += 1;
      this.names.push(named[1] ?? named[2]);
      return add('(', true);
    }
    const reference = this.take(/\?P=(\w+)\)/);
    if (reference !== null) return this.reference(this.numberOf(reference[1] as string));
    const flags = this.take(/\?([imsx]*)(?:-([imsx]*))?([:)])/);
    if (flags === null) return refuse(describe(this.rest));
    const changed = { ...this.flags };
    for (const flag of flags[1] as string) changed[flag as keyof Flags] = true;
    for (const flag of flags[2] ?? '') changed[flag as keyof Flags] = false;
    if (flags[3] === ':') add('(?:', false);
    this.flags = changed;
  }

  private readonly starts: number[] = [];

  private close(): void {
    const group = this.groups.pop();
    if (group === undefined) throw new SyntaxError('unmatched closing parenthesis');
    this.flags = group.flags;
    const outer = this.groups.at(-1);
    if (outer !== undefined) {
      outer.hasCapture ||= group.hasCapture;
      outer.hasChoice ||= group.hasChoice && group.hasCapture;
    }
    this.last = { at: this.starts.pop() as number, group };
    this.result += ')';
  }

  private numberOf(name: string): number {
    const found = this.names.indexOf(name);
    if (found < 0) throw new SyntaxError(`reference to a group ${name} that is not there`);
    return found;
  }

  private reference(number: number): void {
    this.hasReference = true;
    this.folds ||= this.flags.i;
    // A digit may follow.
    this.item(`(?:\\${number + this.offset})`);
  }

  private escape(): void {
    if (this.take(/\\Q/) !== null) {
      const found = this.take(/([\s\S]*?)(?:\\E|$)/);
      for (const character of found?.[1] ?? '') this.item(this.literal(character));
      return;
    }
    if (this.take(/\\E/) !== null) return;
    const anchor = this.take(/\\[AzZbB]/);
    if (anchor !== null) {
      const text = { A: start, z: end, Z: `(?=\\n?${end})`, b: '\\b', B: '\\B' }[anchor[0][1] as string] as string;
      return this.item(text);
    }
    const bad = this.take(/\\[KGXC]/);
    if (bad !== null) refuse(bad[0]);
    if (this.take(/\\R/) !== null) return this.item('(?:\\r\\n|(?!\\r\\n)[\\n\\v\\f\\r\\x85])');
    if (this.take(/\\N/) !== null) return this.item('[^\\n]');
    const relative = this.take(/\\g(?:\{(-\d+|\d+|\w+)\}|(-?\d+))/) ?? this.take(/\\k(?:\{(\w+)\}|<(\w+)>|'(\w+)')/);
    if (relative !== null) {
      const wanted = (relative[1] ?? relative[2] ?? relative[3]) as string;
      const number = /^-/.test(wanted)
        ? this.captures + 1 + Number(wanted)
        : /^\d+$/.test(wanted)
          ? Number(wanted)
          : this.numberOf(wanted);
      return this.reference(number);
    }
    if (/^\\g/.test(this.rest)) refuse('call of a group');
    const back = this.take(/\\([1-9]\d?)(?!\d)/);
    if (back !== null && (Number(back[1]) < 10 || Number(back[1]) <= this.captures))
      return this.reference(Number(back[1]));
    if (back !== null) this.at -= back[0].length;
    const set = this.classEscape();
    if (set !== undefined) return this.item(set.isNegative ? `[^${set.body}]` : `[${set.body}]`);
    this.item(this.literal(this.character()));
  }

  /** \s, \D and so on, and \p. */
  private classEscape(): { body: string; isNegative: boolean } | undefined {
    const found = this.take(/\\([shvdwSHVDW])/);
    if (found !== null) {
      const letter = found[1] as string;
      return { body: classes[letter.toLowerCase()] as string, isNegative: letter < 'a' };
    }
    const property = this.take(/\\([pP])(?:\{(\^?)(\w+)\}|([A-Z]))/);
    if (property === null) return undefined;
    if (!this.isUtf8) refuse('property of characters without the modifier u');
    const isNegative = (property[1] === 'P') !== (property[2] === '^');
    const name = property[3] ?? property[4];
    return { body: `\\p{${/^[A-Z][a-z]?$/.test(name as string) ? name : `Script=${name}`}}`, isNegative };
  }

  /** The character that an escape stands for. */
  private character(): string {
    const hex = this.take(/\\x(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{0,2}))/);
    if (hex !== null) return String.fromCodePoint(Number.parseInt(hex[1] ?? hex[2] ?? '', 16) || 0);
    const octal = this.take(/\\(?:o\{([0-7]+)\}|(0[0-7]{0,2}|[0-7]{2,3}))/);
    if (octal !== null) return String.fromCharCode(Number.parseInt((octal[1] ?? octal[2]) as string, 8));
    const control = this.take(/\\c([\s\S])/);
    if (control !== null) return String.fromCharCode((control[1] as string).toUpperCase().charCodeAt(0) ^ 0x40);
    this.at += 1;
    const sign = this.source[this.at];
    if (sign === undefined) throw new SyntaxError('\\ at end of pattern');
    this.at += 1;
    if (/[A-Za-z]/.test(sign) && !(sign in simple)) throw new SyntaxError('unrecognized character follows \\');
    return simple[sign] ?? sign;
  }

  private classText(): string {
    const isNegative = this.take(/\^/) !== null;
    let body = '';
    let isFirst = true;
    for (;;) {
      const sign = this.source[this.at];
      if (sign === undefined) throw new SyntaxError('missing terminating ] for character class');
      if (sign === ']' && !isFirst) break;
      isFirst = false;
      const named = this.take(/\[:(\^?)(\w+):\]/);
      if (named !== null) {
        const known = posix[named[2] as string];
        if (known === undefined) throw new SyntaxError('unknown POSIX class name');
        if (named[1] === '^') refuse('class that is not in another');
        body += known;
        this.noRange();
        continue;
      }
      const set = sign === '\\' ? this.classEscape() : undefined;
      if (set !== undefined) {
        body += set.isNegative ? this.complement(set.body) : set.body;
        this.noRange();
        continue;
      }
      if (this.take(/\\E/) !== null) continue;
      body += this.classRange();
    }
    this.at += 1;
    if (body === '') return isNegative ? '[^]' : '[]';
    return `[${isNegative ? '^' : ''}${body}]`;
  }

  /** A set is no end of a range. */
  private noRange(): void {
    if (/^-[^\]]/.test(this.rest)) throw new SyntaxError('invalid range in character class');
  }

  private complement(body: string): string {
    const letter = Object.keys(classes).find((one) => classes[one] === body);
    if (letter === 'd' || letter === 'w') return `\\${letter.toUpperCase()}`;
    if (letter === 's') return '\\x00-\\x08\\x0e-\\x1f!-\\uffff';
    if (body.startsWith('\\p')) return body.replace('\\p', '\\P');
    return refuse('class that is not in another');
  }

  private classCharacter(): string {
    if (this.take(/\\b/) !== null) return '\b';
    if (this.source[this.at] === '\\') return this.character();
    const character = this.isUtf8
      ? String.fromCodePoint(this.source.codePointAt(this.at) as number)
      : (this.source[this.at] as string);
    this.at += character.length;
    return character;
  }

  private classRange(): string {
    const from = this.classCharacter();
    const isRange = /^-(?!\]|\\[shvdwSHVDWpP]|\[:)/.test(this.rest) && this.source[this.at + 1] !== undefined;
    if (!isRange) return this.folded(from, from);
    this.at += 1;
    return this.folded(from, this.classCharacter());
  }

  /** A range of a class, in both cases where case does not count. */
  private folded(from: string, to: string): string {
    const text = (a: string, b: string) => (a === b ? escaped(a) : `${escaped(a)}-${escaped(b)}`);
    if (to < from) throw new SyntaxError('range out of order in character class');
    let result = text(from, to);
    if (!this.flags.i) return result;
    for (const [low, high, shift] of [
      ['a', 'z', -32],
      ['A', 'Z', 32],
    ] as const) {
      const [x, y] = [from > low ? from : low, to < high ? to : high];
      const moved = (letter: string) => String.fromCharCode(letter.charCodeAt(0) + shift);
      if (x <= y) result += text(moved(x), moved(y));
    }
    if (this.isUtf8 && from === to && from > '\x7f') result += from.toLowerCase() + from.toUpperCase();
    return result;
  }
}

function describe(rest: string): string {
  if (rest.startsWith('?>')) return 'atomic group';
  if (rest.startsWith('?|')) return 'group whose branches count alike';
  if (rest.startsWith('?(')) return 'conditional group';
  if (/^\?(?:R|[+-]?\d|&|P>)/.test(rest)) return 'recursion';
  return `group (${rest.slice(0, 3)}`;
}

function escaped(character: string): string {
  return /[\\^$.*+?()[\]{}|/-]/.test(character) ? `\\${character}` : character;
}
