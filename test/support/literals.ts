// String literals of the sources, for tests that compare texts.
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { root } from './program';

/** The sources in these folders whose texts a user can meet: not benchmarks, generated files and their generator. */
export function filesOf(folders: string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const name = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return /\/(bench|generate|generated|php)$/.test(name) ? [] : filesOf([name]);
      return /\.(cpp|hpp|cc|ts|js)$/.test(name) ? [name] : [];
    }),
  );
}

const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t' };
const token =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|^[ \t]*(?:#include|#error|static_assert\()[^\n]*|"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`/gm;

/** The literals of a file; those that stand behind each other, with nothing or a + between them, are one. */
export function literals(file: string): string[] {
  const source = readFileSync(path.join(root, file), 'utf8');
  const isCpp = /\.(cpp|hpp|cc)$/.test(file);
  const found: string[] = [];
  let end = -1;
  for (const match of source.matchAll(token)) {
    const text = match[1] ?? (isCpp ? undefined : (match[2] ?? match[3]));
    if (text === undefined) continue;
    const value = text.replace(/\\(.)/gs, (_all, letter: string) => escapes[letter] ?? letter);
    const joined = end >= 0 && /^[\s+]*$/.test(source.slice(end, match.index));
    if (joined) found[found.length - 1] += value;
    else found.push(value);
    end = match.index + match[0].length;
  }
  return found;
}

/** The parts of a literal between its placeholders that have at least two words. */
export function wordsOf(literal: string): string[] {
  return literal
    .split(/\$\{(?:[^{}]|\{[^}]*\})*\}|%[0-9]*[a-zA-Z]+|\n/)
    .map((part) => part.trim().replace(/\s+/g, ' '))
    .filter((part) => /[A-Za-z]{2,}[^A-Za-z]* [^A-Za-z]*[A-Za-z]{2,}/.test(part));
}

/** The sentences of the error codes, out of their table. */
export function errorSentences(): Map<number, string> {
  const rows = readFileSync(path.join(root, 'native/include/ipdaemon_errors.def'), 'utf8');
  return new Map(
    [...rows.matchAll(/^IPD_ERROR\((\d+), \w+, "(.*)"\)$/gm)].map(([, code, text]) => [Number(code), text as string]),
  );
}
