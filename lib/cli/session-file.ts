// A recorded session: the file, its checks and its notation. JSON with one step a line; in texts, a character is a byte.

import * as fs from 'node:fs';
import { UsageError } from './command-line';

/** What a client does or gets: the verb, the client, texts. `wait` has milliseconds, `file` a path and its content. */
export type Step = [verb: string, ...rest: unknown[]];
export type Mask = [pattern: RegExp, replacement: string];

export interface Session {
  file: string;
  args: string[];
  files: Record<string, string>;
  masks: Mask[];
  steps: Step[];
  /** The line of the file on which each step begins. */
  lines: number[];
  stdout: string[] | undefined;
  exit: number | string | undefined;
}

/** Where the elements of a list of the outermost object begin. The text is valid JSON. */
function beginnings(json: string, list: string): number[] {
  const found: number[] = [];
  let depth = 0;
  let key = '';
  let last = '';
  let begins = false;
  for (let i = 0; i < json.length; i += 1) {
    const letter = json[i] as string;
    if (letter <= ' ') continue;
    if (begins && letter !== ']') found.push(i);
    begins = false;
    if (letter === '"') {
      const begin = i;
      for (i += 1; json[i] !== '"'; i += 1) if (json[i] === '\\') i += 1;
      last = depth === 1 ? json.slice(begin + 1, i) : '';
    } else if (letter === ':' && depth === 1) key = last;
    else if (letter === ',') begins = depth === 2 && key === list;
    else if (letter === '[' || letter === '{') {
      depth += 1;
      begins = letter === '[' && depth === 2 && key === list;
    } else if (letter === ']' || letter === '}') depth -= 1;
  }
  return found;
}

const lineAt = (text: string, offset: number) => text.slice(0, offset).split('\n').length;

type Kind = 'client' | 'text' | 'texts' | 'address?' | 'reset?' | 'tls?' | 'milliseconds' | 'path' | 'content';

/** What stands behind each verb. */
const verbs: Record<string, Kind[]> = {
  open: ['client', 'address?'],
  send: ['client', 'text', 'texts'],
  expect: ['client', 'text'],
  tls: ['client', 'tls?'],
  shut: ['client'],
  close: ['client', 'reset?'],
  eof: ['client'],
  reset: ['client'],
  wait: ['milliseconds'],
  file: ['path', 'content'],
};

const tlsKeys = ['minVersion', 'maxVersion', 'servername', 'ALPNProtocols'];

function textTrouble(value: unknown): string | undefined {
  if (typeof value !== 'string') return 'a text is expected';
  const wide = /[\u{100}-\u{10ffff}]/u.exec(value)?.[0];
  if (wide === undefined) return undefined;
  const bytes = [...Buffer.from(wide)].map((byte) => `\\u00${byte.toString(16)}`).join('');
  return `a character is a byte here; for ${wide} write the bytes of UTF-8, ${bytes}`;
}

function isInside(path: unknown): boolean {
  return typeof path === 'string' && path !== '' && !path.startsWith('/') && !path.split(/[\\/]/).includes('..');
}

const checks: Record<Kind, (value: unknown) => string | undefined> = {
  client: (value) => (typeof value === 'string' && value !== '' ? undefined : 'the name of a client is a text'),
  text: textTrouble,
  texts: textTrouble,
  'address?': (value) => (typeof value === 'string' ? undefined : 'the address to connect from is a text'),
  'reset?': (value) => (value === 'reset' ? undefined : 'behind the client may stand "reset"'),
  'tls?': (value) =>
    typeof value === 'object' && value !== null && Object.keys(value).every((key) => tlsKeys.includes(key))
      ? undefined
      : `the options of tls are ${tlsKeys.join(', ')}`,
  milliseconds: (value) =>
    typeof value === 'number' && value >= 0 && value <= 3_600_000
      ? undefined
      : 'wait takes milliseconds, up to an hour',
  path: (value) => (isInside(value) ? undefined : 'the path of a file is relative and stays in its folder'),
  content: (value) => (value === null ? undefined : textTrouble(value)),
};

function formTrouble(step: unknown): string | undefined {
  if (!Array.isArray(step)) return 'a step is a list, as in ["send", "1", "text"]';
  const [verb, ...rest] = step as unknown[];
  const kinds = typeof verb === 'string' && Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
  if (kinds === undefined) return `${JSON.stringify(verb)} is no step; use ${Object.keys(verbs).join(', ')}`;
  const least = kinds.filter((kind) => !kind.endsWith('?') && kind !== 'texts').length;
  if (rest.length < least) return `${verb} needs ${kinds.slice(0, least).join(' and ')}`;
  for (const [i, value] of rest.entries()) {
    const kind = kinds[i] ?? (kinds.at(-1) === 'texts' ? 'texts' : undefined);
    if (kind === undefined) return `${verb} takes no more than ${kinds.join(', ')}`;
    const trouble = checks[kind](value);
    if (trouble !== undefined) return trouble;
  }
  return undefined;
}

/** Follows which clients are there. Behind the server's end a client may still send, or its name may be used again. */
class Clients {
  private readonly open = new Map<string, 'both' | 'ended'>();

  trouble([verb, who]: Step): string | undefined {
    if (verb === 'wait' || verb === 'file') return undefined;
    const name = who as string;
    const state = this.open.get(name);
    if (verb === 'open') {
      if (state === 'both') return `client ${name} is open already; close it first, or use another name`;
      this.open.set(name, 'both');
      return undefined;
    }
    if (state === undefined) return `there is no client ${name}; an open step has to come first`;
    if (state === 'ended' && (verb === 'expect' || verb === 'eof')) return `the server has ended client ${name} before`;
    if (verb === 'eof') this.open.set(name, 'ended');
    if (verb === 'close' || verb === 'reset') this.open.delete(name);
    return undefined;
  }
}

/** One mask as it is written: a regular expression and what takes the place of its matches. */
export function compiledMask(pattern: string, replacement: string): Mask {
  return [new RegExp(pattern, 'g'), replacement];
}

function parsed(file: string, text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && Array.isArray((value as { steps?: unknown }).steps)) {
      return value as Record<string, unknown>;
    }
  } catch (error) {
    const at = /position (\d+)/.exec((error as Error).message)?.[1];
    const line = at === undefined ? '' : `:${lineAt(text, Number(at))}`;
    throw new UsageError(`${file}${line}: not valid JSON: ${(error as Error).message}`);
  }
  throw new UsageError(`${file}: a session is an object with a list of steps`);
}

function readMasks(file: string, text: string, value: unknown): Mask[] {
  const at = beginnings(text, 'masks');
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new UsageError(`${file}: masks are a list of [pattern, replacement]`);
  return value.map((mask: unknown, i) => {
    const where = `${file}:${lineAt(text, at[i] ?? 0)}`;
    const [pattern, replacement] = Array.isArray(mask) ? (mask as unknown[]) : [];
    if (typeof pattern !== 'string' || typeof replacement !== 'string') {
      throw new UsageError(`${where}: a mask is [pattern, replacement]`);
    }
    try {
      return compiledMask(pattern, replacement);
    } catch (error) {
      throw new UsageError(`${where}: ${(error as Error).message}`);
    }
  });
}

function readTexts(file: string, name: string, value: unknown): string[] | undefined {
  if (value === undefined) return undefined;
  const isList = Array.isArray(value) && value.every((text) => textTrouble(text) === undefined);
  if (!isList) throw new UsageError(`${file}: ${name} is a list of texts of bytes`);
  return value as string[];
}

function readFiles(file: string, value: unknown): Record<string, string> {
  const files = Object.entries((value ?? {}) as Record<string, unknown>);
  for (const [path, content] of files) {
    const trouble = checks.path(path) ?? textTrouble(content);
    if (trouble !== undefined) throw new UsageError(`${file}: files: ${path}: ${trouble}`);
  }
  return Object.fromEntries(files) as Record<string, string>;
}

/** Reads and checks a session. What is wrong with it is said with its line. */
export function readSession(file: string): Session {
  const text = fs.readFileSync(file, 'utf8');
  const value = parsed(file, text);
  const lines: number[] = [];
  let line = 1;
  let from = 0;
  for (const at of beginnings(text, 'steps')) {
    for (let i = text.indexOf('\n', from); i >= 0 && i < at; i = text.indexOf('\n', i + 1)) line += 1;
    from = at;
    lines.push(line);
  }
  const steps = value.steps as Step[];
  const clients = new Clients();
  for (const [i, step] of steps.entries()) {
    const trouble = formTrouble(step) ?? clients.trouble(step);
    if (trouble !== undefined) throw new UsageError(`${file}:${lines[i]}: step ${i + 1}: ${trouble}`);
  }
  return {
    file,
    args: readTexts(file, 'args', value.args) ?? ['{port}'],
    files: readFiles(file, value.files),
    masks: readMasks(file, text, value.masks),
    steps,
    lines,
    stdout: readTexts(file, 'stdout', value.stdout),
    exit: value.exit as number | string | undefined,
  };
}

/** JSON in ASCII, so that an editor of any encoding leaves bytes alone. */
export function written(value: unknown): string {
  const escaped = (letter: string) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value).replace(/[\u007f-\uffff]/g, escaped);
}

/** The option --mask: PATTERN, or PATTERN=>REPLACEMENT. */
export function readMaskOption(text: string): [pattern: string, replacement: string] {
  const cut = text.lastIndexOf('=>');
  const [pattern, replacement] = cut < 0 ? [text, '*'] : [text.slice(0, cut), text.slice(cut + 2)];
  try {
    compiledMask(pattern, replacement);
  } catch (error) {
    throw new UsageError(`--mask ${JSON.stringify(text)}: ${(error as Error).message}`);
  }
  return [pattern, replacement];
}
