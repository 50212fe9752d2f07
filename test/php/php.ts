// PHP with the drop-in.
import * as path from 'node:path';
import { nativeFiles } from '../../bindings/files';
import { writeTemporary } from '../support/certificates';
import { type Program, type ProgramOptions, root, withProgram } from '../support/program';
import { withTools } from '../support/tools';

export const folder = path.join(root, 'bindings', 'php');
export const dropIn = path.join(folder, 'ipworks_ipdaemon.php');
/** The library that Node's bindings would take, from the same folder of build results. */
export const library = [...nativeFiles('libipdaemon', 'so')][0] as string;

/** Suites that need PHP. */
export function describePhp(title: string, body: () => void): void {
  withTools(title, ['php'], body);
}

/** The command line of PHP for a script that includes the drop-in by its name. */
export function phpArgs(script: string, ...args: string[]): string[] {
  return ['-d', `include_path=${folder}`, '-d', 'display_errors=stderr', script, ...args];
}

/** Runs a body with a script given as text; it begins behind the include. */
export function withPhp(
  text: string,
  body: (program: Program) => Promise<void>,
  options: ProgramOptions = {},
  ...args: string[]
): Promise<void> {
  const file = writeTemporary('script.php', `<?php\nrequire 'ipworks_ipdaemon.php';\n${text}`);
  return withProgram(phpArgs(file, ...args), body, { host: 'php', ...options });
}

/** What a script that ends by itself leaves. */
export async function phpOutcome(text: string, options: ProgramOptions = {}) {
  let result = { code: null as number | null, output: '', errors: '' };
  await withPhp(
    text,
    async (program) => {
      const { code } = await program.ends();
      result = { code, output: program.output, errors: program.errors };
    },
    options,
  );
  return result;
}
