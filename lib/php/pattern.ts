// PHP's patterns with their delimiters and modifiers.

import { refuse, Translator } from './pattern-translator';

/** What stands for a pattern of PHP. */
export interface Pattern {
  /** Looks from a place on. */
  search: RegExp;
  /** Looks at a place for what is not empty; the groups are one higher. */
  notEmpty: RegExp;
  isUtf8: boolean;
  names: (string | undefined)[];
}

const closing: Record<string, string> = { '(': ')', '[': ']', '{': '}', '<': '>' };

function compile(pattern: string): Pattern | undefined {
  const trimmed = pattern.replace(/^[ \t\n\v\f\r]+/, '');
  const open = trimmed[0] ?? '';
  if (open === '' || /[A-Za-z0-9\\\0]/.test(open)) return undefined;
  const at = trimmed.lastIndexOf(closing[open] ?? open);
  if (at < 1) return undefined;
  const modifiers = trimmed.slice(at + 1).replace(/[\r\n ]/g, '');
  if (/[^imsxuADSUXJn]/.test(modifiers)) return undefined;
  if (/[Jn]/.test(modifiers)) refuse(`modifier ${modifiers}`);
  const has = (modifier: string) => modifiers.includes(modifier);
  const isUtf8 = has('u');
  const body = trimmed.slice(1, at);
  const source = isUtf8 ? Buffer.from(body, 'latin1').toString('utf8') : body;
  if (isUtf8 && Buffer.from(source, 'utf8').toString('latin1') !== body) return undefined;
  const make = (offset: number) =>
    new Translator(source, { i: has('i'), m: has('m'), s: has('s'), x: has('x') }, isUtf8, has('U'), has('D'), offset);
  try {
    const translator = make(0);
    const text = translator.translate();
    const flags = isUtf8 ? 'du' : 'd';
    // Where groups are is dear to ask for, and a pattern without any need not.
    const hasGroups = (new RegExp(`${text}|`, flags).exec('')?.length ?? 2) > 1;
    const search = new RegExp(text, `${hasGroups ? flags : flags.replace('d', '')}${has('A') ? 'y' : 'g'}`);
    const notEmpty = new RegExp(`(?=([^]*))(?:${make(1).translate()})(?!\\1(?![^]))`, `${flags}y`);
    return { search, notEmpty, isUtf8, names: translator.names };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const known = new Map<string, Pattern | undefined>();

/** The pattern for a text of PHP; undefined if it is none. */
export function patternOf(text: string): Pattern | undefined {
  if (known.has(text)) return known.get(text);
  const pattern = compile(text);
  if (known.size >= 4096) known.clear();
  known.set(text, pattern);
  return pattern;
}
