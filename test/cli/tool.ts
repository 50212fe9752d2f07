// The program of the package, as npx would start it.
import * as path from 'node:path';
import { type Program, type ProgramOptions, root, withProgram } from '../support/program';

const main = path.join(root, 'dist', 'lib', 'cli', 'main.js');

/** Runs a body with `ipdaemon ARGS`, and ends it whatever happens. */
export function withTool(
  args: string[],
  body: (program: Program) => Promise<void>,
  options: ProgramOptions = {},
): Promise<void> {
  return withProgram([main, ...args], body, options);
}

/** What a command that ends by itself has left. */
export async function outcome(
  args: string[],
  options: ProgramOptions = {},
): Promise<{ code: number | null; output: string; errors: string }> {
  let code: number | null = null;
  let output = '';
  let errors = '';
  await withTool(
    args,
    async (program) => {
      ({ code } = await program.ends());
      ({ output, errors } = program);
    },
    options,
  );
  return { code, output, errors };
}

/** A server of the program on a port of the system's choice, ended in order with a signal afterwards. */
export async function withToolServer(
  args: string[],
  body: (port: number, program: Program) => Promise<void>,
  signal: NodeJS.Signals = 'SIGINT',
): Promise<void> {
  await withTool([...args, '--port', '0'], async (program) => {
    const port = await program.port();
    await program.says(/Press Ctrl-C to stop it\.\n/);
    await body(port, program);
    program.signal(signal);
    const { code, signal: ended } = await program.ends();
    if (code !== 0 || program.errors !== '') {
      throw new Error(`${args.join(' ')} ended with ${ended ?? code}: ${program.output}${program.errors}`);
    }
  });
}
