// The command `ipdaemon port`: its options, files, exit codes and report.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { noteMark } from '../../lib/porter/writer';
import { outcome } from '../cli/tool';
import { portIn, portText, projectFolder } from './porting';

/** A folder with a script. */
function folderWith(source: string, name = 'script.php'): string {
  const folder = projectFolder();
  writeFileSync(path.join(folder, name), source, 'latin1');
  return folder;
}

describe('ipdaemon port', () => {
  test.each([
    [['port'], 'takes one FILE'],
    [['port', 'a', 'b'], 'takes one FILE'],
    [['port', 'a', '--index', 'first'], '--index must be auto, third or last, not "first"'],
    [['port', 'a', '--php', '5'], '--php must be 7 or 8, not "5"'],
    [['port', 'a', '--loud'], "'--loud'"],
  ])('refuses %j with the reason and exit code 2', async (args, reason) => {
    const { code, output, errors } = await outcome(args);
    expect([code, output]).toEqual([2, '']);
    expect(errors).toContain(reason);
  });

  test('writes beside the script, and replaces a file only with --force', async () => {
    const folder = folderWith("<?php\necho 'hello';\n");
    const out = path.join(folder, 'script.ts');
    expect(await portIn(folder, 'script.php')).toMatchObject({ code: 0, file: out });
    writeFileSync(out, 'mine');
    expect(await portIn(folder, 'script.php')).toMatchObject({
      code: 1,
      errors: expect.stringContaining('--force replaces it'),
    });
    expect(readFileSync(out, 'utf8')).toBe('mine');
    expect(await portIn(folder, 'script.php', '--force')).toMatchObject({ code: 0 });
    expect(await portIn(folder, 'script.php', '--js')).toMatchObject({ file: path.join(folder, 'script.mjs') });
    const { output, errors } = await outcome(['port', path.join(folder, 'script.php'), '--out', '-']);
    expect([output, errors.includes('nothing to do by hand')]).toEqual([readFileSync(out, 'utf8'), true]);
  });

  test('names line and column of a parse error, and writes nothing', async () => {
    const folder = folderWith('<?php\n$a = 1;\n$b = = 2;\n');
    const { code, errors } = await outcome(['port', path.join(folder, 'script.php')]);
    expect([code, existsSync(path.join(folder, 'script.ts'))]).toEqual([1, false]);
    expect(errors).toMatch(/script\.php:3:\d+: syntax error, unexpected '='/);
  });

  test('names what it refuses and what may be different, by line', async () => {
    const source = [
      '<?php',
      'function a($x) { return no_such_function($x); }',
      "$s = stream_socket_client('tcp://localhost:1');",
      '$$name = 1;',
      'goto end;',
      'end:',
      '$big = 9223372036854775807;',
      '',
    ].join('\n');
    const { code, report, text } = await portText(source);
    expect(code).toBe(1);
    expect(report.refused.map(({ line, what }) => [line, what])).toEqual([
      [2, 'no_such_function'],
      [3, 'stream_socket_client'],
      [4, '$$'],
      [5, 'goto'],
      [6, 'label'],
    ]);
    expect(report.notes.map(({ line, link }) => [line, link])).toEqual([[7, '#numbers']]);
    const lines = text.split('\n');
    for (const { line, what } of [...report.refused, ...report.notes]) {
      expect(lines[line - 1]).toContain(` ${noteMark} `);
      expect(lines[line - 1]).toContain(what);
    }
  });

  test('prints the report as a table', async () => {
    const folder = folderWith("<?php\n\n$s = fsockopen('localhost', 1);\n");
    const { code, output } = await outcome(['port', path.join(folder, 'script.php')]);
    expect(code).toBe(1);
    expect(output).toMatch(
      /script\.php: 3 lines -> .*script\.ts, 3 lines\n {2}1 refused, it throws when it is reached:\n {4}line 3 {2}fsockopen {2}/,
    );
    expect(output).toMatch(/ipdaemon replay SESSION\.json -- node .*script\.ts \{port\}\n$/);
  });

  test('finds out where the index of set stands', async () => {
    const set = (...args: string[]) => `ipworks_ipdaemon_set($res, ${args.join(', ')});`;
    const head = '<?php\n$res = ipworks_ipdaemon_open();\n';
    const third = await portText(`${head}${set('26', '0', "'::1'")}\n${set('8', '$id', '"\\n"')}\n`);
    expect(third.text).toContain('ipworks_ipdaemon_set(res, 8, id, "\\n")');
    const last = await portText(`${head}${set('26', "'::1'", '0')}\n${set('9', '600', '$id')}\n`);
    expect(last.text).toContain('ipworks_ipdaemon_set(res, 9, id, 600)');
    const unknown = await portText(`${head}${set('9', '$a', '$b')}\n`);
    expect([unknown.report.notes.length, unknown.text.includes('set(res, 9, a, b)')]).toEqual([1, true]);
    const told = await portText(`${head}${set('9', '$a', '$b')}\n`, '--index', 'last');
    expect([told.report.notes.length, told.text.includes('set(res, 9, b, a)')]).toEqual([0, true]);
  });

  test('ports files along that only declare, and refuses to include others', async () => {
    const folder = folderWith("<?php\nrequire 'lib.php';\nrequire_once 'does.php';\necho twice(FOUR);\n");
    writeFileSync(path.join(folder, 'lib.php'), '<?php\nconst FOUR = 4;\nfunction twice($n) { return 2 * $n; }\n');
    writeFileSync(path.join(folder, 'does.php'), "<?php\necho 'done';\n");
    const { report, text } = await portIn(folder, 'script.php', '--js');
    expect(report.refused.map(({ line, what }) => [line, what])).toEqual([[3, 'include']]);
    expect(report.included).toEqual([path.join(folder, 'lib.mjs')]);
    expect(text.split('\n')[0]).toContain("from './lib.mjs'");
    expect(readFileSync(path.join(folder, 'lib.mjs'), 'utf8')).toContain('export { twice, FOUR };');
  });
});
