// Programs that are not ours, run to their end.
import { type Program, type ProgramOptions, withProgram } from '../support/program';
import { isInstalled } from '../support/tools';
import { patience } from '../support/waiting';

export const host = '127.0.0.1';

/** Debian calls it testssl. */
export const testssl = isInstalled('testssl') ? 'testssl' : 'testssl.sh';

/** All that a program has printed, its errors last. */
export const printed = (program: Program): string => program.output + program.errors;

/** Runs a program to its end: with `input`, which is left open, or closed at once with `endInput`. */
export async function run(
  command: string,
  args: string[],
  { input = '', endInput = false, limit = patience, ...options }: Run = {},
): Promise<{ status: number | string | null; output: string }> {
  let result = { status: null as number | string | null, output: '' };
  await withProgram(
    args,
    async (program) => {
      // A program that has ended does not take its input, which its output tells.
      program.child.stdin?.on('error', () => undefined);
      program.write(input);
      if (endInput) program.child.stdin?.end();
      const { code, signal } = await program.ends(limit);
      result = { status: signal ?? code, output: printed(program) };
    },
    { ...options, host: command },
  );
  return result;
}

interface Run extends ProgramOptions {
  input?: string;
  endInput?: boolean;
  limit?: number;
}

/** Waits until a program tells something behind what was there before. */
export async function tells(program: Program, before: number, pattern: RegExp): Promise<void> {
  await program.says(new RegExp(`^[^]{${before}}[^]*?${pattern.source}`));
}
