// The example servers as programs of their own.
import { existsSync } from 'node:fs';
import * as path from 'node:path';
import { expect } from '@jest/globals';
import { type Program, root, withProgram } from './program';

/** Those whose pump loop lets no handler of Node run: Ctrl-C ends them by the signal itself. */
const pumpLoops = ['echo'];

/** An example server for the time of `body`. Ctrl-C has to end it in order then, with nothing said on stderr. */
export async function withExample(
  name: string,
  args: string[],
  body: (port: number, program: Program) => Promise<void>,
): Promise<void> {
  const file = path.join(root, 'dist', 'examples', `${name}.js`);
  expect(existsSync(file)).toBe(true);
  await withProgram([file, '--port', '0', ...args], async (program) => {
    await body(await program.port(), program);
    program.signal('SIGINT');
    const { code, signal } = await program.ends();
    const expected = pumpLoops.includes(name) ? { code: null, signal: 'SIGINT' } : { code: 0, signal: null };
    expect({ code, signal, errors: program.errors }).toEqual({ ...expected, errors: '' });
  });
}
