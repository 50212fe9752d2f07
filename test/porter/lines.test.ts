// What must stay where it was: lines, words and comments.
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from '../../lib/porter/parse';
import { portScript, portText, scriptNames, scripts } from './porting';

const words = (line: string) => line.match(/[A-Za-z_]\w+/g) ?? [];

/** The part of the lines with words that keep half of their words. */
function keptLines(source: string, text: string): number {
  const lines = text.split('\n');
  const counted = source.split('\n').map((line, i) => {
    const all = words(line);
    if (all.length === 0) return undefined;
    return all.filter((word) => (lines[i] ?? '').includes(word)).length * 2 >= all.length;
  });
  const withWords = counted.filter((one) => one !== undefined);
  return withWords.filter((one) => one).length / withWords.length;
}

describe('a ported script', () => {
  const all = scriptNames.flatMap((name) => [['--js', name] as const, ['--force', name] as const]);
  test.each(all)('with %s, %s keeps its lines, its words and its comments', async (option, name) => {
    const file = path.join(scripts, `${name}.php`);
    const source = readFileSync(file, 'latin1');
    const { report, text } = await portScript(file, option);
    expect([report.outLines, report.lines]).toEqual([source.split('\n').length - 1, source.split('\n').length - 1]);
    expect(keptLines(source, text)).toBeGreaterThanOrEqual(0.95);
    const lines = text.split('\n');
    const { comments } = parse(source, file);
    expect(comments.length).toBeGreaterThan(0);
    for (const { value, line } of comments) {
      for (const [i, one] of value.split('\n').entries()) expect(lines[line - 1 + i]).toContain(one.trimEnd());
    }
  });

  test('has each comment once, whatever stands around it', async () => {
    const source = [
      '<?php',
      '# one',
      '$a = 1 /* two */ + 2; // three',
      '$b = foo(1, // four',
      '  2 /* five */, # six',
      '  3);',
      'if ($a) // seven',
      '{ /* eight */ }',
      'else /* nine */ $c = array( // ten',
      "  'x' => 1, // eleven",
      '  /* twelve */);',
      'function foo(/* thirteen */ $p, $q, $r = 2 /* fourteen */) // fifteen',
      '{ return /* sixteen',
      '  over lines */ $p; }',
      '// seventeen',
      '',
    ].join('\n');
    const { text } = await portText(source, '--js');
    const numbers =
      'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen';
    for (const word of numbers.split(' ')) {
      const at = source.split('\n').findIndex((line) => new RegExp(`\\b${word}\\b`).test(line));
      const found = text.split('\n').flatMap((line, i) => (new RegExp(`\\b${word}\\b`).test(line) ? [i] : []));
      expect([word, found]).toEqual([word, [at]]);
    }
  });

  test('has the lines of texts that go over several', async () => {
    const source = "<?php\n$a = 1;\n$x = <<<E\n  one $a\n  two\n  E;\n$y = 'three\nfour';\necho $x, $y; // five\n";
    const { text } = await portText(source, '--js');
    const lines = text.split('\n');
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what the output has
    expect([lines[3], lines[4], lines[7], lines[8]]).toEqual(['one ${a}', 'two\\', 'four`;', 'echo(x, y); // five']);
  });
});
