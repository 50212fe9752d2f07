// A script with everything that the page calls exact prints the same under PHP and as a port.
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { expect, test } from '@jest/globals';
import { describePhp } from '../php/php';
import { type Program, root, withProgram } from '../support/program';
import { portScript } from './porting';

const script = path.join(root, 'test', 'porter', 'rows', 'exact.php');
/** What PHP 8.2 has printed. */
const expected = readFileSync(script.replace(/php$/, 'txt'), 'latin1');

async function printed(args: string[], host?: string): Promise<string> {
  let text = '';
  const body = async (program: Program) => {
    await program.ends();
    text = program.output + program.errors;
  };
  await withProgram(args, body, { encoding: 'latin1', ...(host === undefined ? {} : { host }) });
  return text;
}

test('exact rows print what PHP prints', async () => {
  const { file, report } = await portScript(script, '--js');
  expect(report.refused).toEqual([]);
  expect(await printed([file])).toBe(expected);
});

describePhp('the text to compare with', () => {
  test('is what this PHP prints', async () => expect(await printed([script], 'php')).toBe(expected));
});
