// Reads a file of PHP. php-parser is an optional peer dependency, because only this command needs it.

import * as fs from 'node:fs';
import type { Comment, Node, Position } from './tree';

export interface Program {
  file: string;
  /** One character for each byte. */
  source: string;
  isUtf8: boolean;
  children: Node[];
  comments: Comment[];
}

/** The file is no PHP that the parser understands. */
export class ParseError extends Error {
  constructor(
    readonly file: string,
    readonly line: number,
    readonly column: number,
    reason: string,
  ) {
    super(`${file}:${line}:${column}: ${reason}`);
  }
}

interface Parsed {
  children: Node[];
  comments: { kind: Comment['kind']; value: string; loc: { start: Position } }[];
}

type Engine = new (options: object) => { parseCode(code: string, file: string): Parsed };

function engine(): Engine {
  try {
    return (require('php-parser') as { Engine: Engine }).Engine;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    throw new Error('the command port needs the package php-parser: npm install php-parser@3.7');
  }
}

/** The newest syntax first; the old one has `=& new`. */
const versions = [805, 506];

function parseAs(version: number, source: string, file: string): Parsed {
  const options = {
    parser: { extractDoc: true, version, suppressErrors: false },
    lexer: { all_tokens: false, short_tags: false },
    ast: { withPositions: true },
  };
  return new (engine())(options).parseCode(source, file);
}

function isUtf8(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function parseErrorOf(error: unknown, file: string): ParseError {
  const { lineNumber, columnNumber, message } = error as {
    lineNumber?: number;
    columnNumber?: number;
    message: string;
  };
  const reason = message.replace(/^Parse Error : /, '').replace(/ on line \d+$/, '');
  return new ParseError(file, lineNumber ?? 1, (columnNumber ?? 0) + 1, reason);
}

/** Parses a text of which each character is a byte. */
export function parse(source: string, file: string): Program {
  let first: unknown;
  for (const version of versions) {
    try {
      const { children, comments } = parseAs(version, source, file);
      const list = comments.map(({ kind, value, loc }) => ({
        kind,
        value,
        offset: loc.start.offset,
        line: loc.start.line,
      }));
      list.sort((a, b) => a.offset - b.offset);
      return { file, source, isUtf8: isUtf8(Buffer.from(source, 'latin1')), children, comments: list };
    } catch (error) {
      if (error instanceof Error && /npm install/.test(error.message)) throw error;
      first ??= error;
    }
  }
  throw parseErrorOf(first, file);
}

export function parseFile(file: string): Program {
  return parse(fs.readFileSync(file, 'latin1'), file);
}
