// Every text that a user can meet has a row in the table of messages, and every row is a text of the sources.
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { errorSentences, filesOf, literals, wordsOf } from '../support/literals';
import { root } from '../support/program';

interface Messages {
  errors: Record<string, [string, string]>;
  groups: { title: string; rows: [string, string, string][] }[];
}
const table: Messages = JSON.parse(readFileSync(path.join(root, 'bindings/generate/messages.json'), 'utf8'));
const rows = table.groups.flatMap((group) => group.rows);
const texts = rows.map(([text]) => text.split(/\{[^}]*\}/));

/** Files whose texts no user meets, each with the reason. */
const unseen: Record<string, string> = {
  'bindings/koffi/declarations.ts': 'C prototypes',
  'lib/cli/texts.ts': 'the help, which command-line.md shows whole',
  'native/connection/check.cpp': 'for the simulator and sanitizer builds',
};
/** What the porter writes is code. Its reasons are in its report, and have no rows yet; porter.md has their kinds. */
const porter = 'lib/porter/';
/** Texts in other files that are no messages, each with the reason. */
const others: [RegExp, string][] = [
  [/^-----?(BEGIN|END)|PRIVATE KEY-----|SSH2 PUBLIC KEY|^OPENSSH/, 'lines of key files'],
  [/^Mighty Aphrodite$/, "the salt of Java's key stores"],
  [/^(void|int|int32_t) .*\(/, 'C prototypes'],
  [/^(Node|Bun|Deno) \$/, 'names of hosts'],
  [/^every character is a byte$|u0100 is none$/, 'a trial of the host'],
  [/^loading addons is disabled$/, "a message of Node's, to be recognised"],
  [/^\{'includes'/, 'a file for node-gyp'],
  [/^require \$\{|^echo get_include_path/, 'scripts in PHP'],
  [/^openssl s_client/, 'a command'],
  [/^v[12] (PROXY|UNKNOWN|LOCAL)/, 'values of ProxyHeader'],
];

describe('the table of messages', () => {
  test('has a row for each text of the sources', () => {
    const missing = filesOf(['native', 'lib', 'bindings'])
      .filter((file) => !(file in unseen) && !file.startsWith(porter))
      .flatMap((file) =>
        literals(file).flatMap((literal) =>
          others.some(([pattern]) => pattern.test(literal.trim()))
            ? []
            : wordsOf(literal)
                .filter((words) => !texts.some((parts) => parts.some((part) => part.includes(words))))
                .map((words) => `${file}: ${JSON.stringify(words)} has no row in bindings/generate/messages.json`),
        ),
      );
    expect(missing).toEqual([]);
  });

  test('has no row that the sources do not have', () => {
    const sources = filesOf(['native', 'lib', 'bindings']).flatMap(literals).join('\0').replace(/\s+/g, ' ');
    const unknown = rows
      .map(([text]) => text)
      .filter((text) =>
        text
          .split(/\{[^}]*\}/)
          .flatMap(wordsOf)
          .some((words) => !sources.includes(words)),
      );
    expect(unknown).toEqual([]);
  });

  test('has a row for each code, and says something in each cell', () => {
    expect(Object.keys(table.errors).map(Number)).toEqual([...errorSentences().keys()].filter((code) => code !== 0));
    const empty = [...Object.values(table.errors), ...rows].filter((row) => row.some((cell) => cell.trim() === ''));
    expect(empty).toEqual([]);
  });
});
