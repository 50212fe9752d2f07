// PHP with the drop-in. Where there is no PHP the suites are skipped with a word; with IPDAEMON_REQUIRE_PHP=1, as in
// .ci/run, its absence is a failure.
import { spawnSync } from 'node:child_process';
import * as path from 'node:path';
import { describe, test } from '@jest/globals';
import { nativeFiles } from '../../bindings/files';
import { writeTemporary } from '../support/certificates';
import { type Program, type ProgramOptions, root, withProgram } from '../support/program';

export const folder = path.join(root, 'bindings', 'php');
export const dropIn = path.join(folder, 'ipworks_ipdaemon.php');
/** The library that Node's bindings would take, from the same folder of build results. */
export const library = [...nativeFiles('libipdaemon', 'so')][0] as string;

const found = spawnSync('php', ['-r', 'echo PHP_VERSION_ID;'], { encoding: 'utf8' });
const hasPhp = found.status === 0;

/** Suites that need PHP. */
export function describePhp(title: string, body: () => void): void {
  if (hasPhp || process.env.IPDAEMON_REQUIRE_PHP === '1') describe(title, body);
  else
    describe(title, () =>
      test.skip('skipped: there is no PHP here; `apt-get install php-cli` brings it', () => undefined),
    );
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
