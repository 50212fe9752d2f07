// Plays a recorded session against a script, or against what was made of it, with `ipdaemon replay`.
import { readFileSync } from 'node:fs';
import { expect } from '@jest/globals';
import { outcome } from '../cli/tool';
import { writeTemporary } from '../support/certificates';
import type { ProgramOptions } from '../support/program';
import { phpArgs } from './php';

/** What a session says about the script beside its steps. */
function argsOf(sessionFile: string): string[] {
  return (JSON.parse(readFileSync(sessionFile, 'utf8')) as { args: string[] }).args;
}

/** Plays a session against the script; both are files. Standard output counts, too, and standard error is empty. */
export async function play(
  script: string,
  sessionFile: string,
  { host = 'php', ...options }: ProgramOptions = {},
  commandLine = phpArgs,
): Promise<void> {
  const errors = writeTemporary('errors.txt', '');
  const command = ['sh', '-c', 'exec "$@" 2>"$0"', errors, host, ...commandLine(script, ...argsOf(sessionFile))];
  const result = await outcome(['replay', sessionFile, '--patience', '30000', '--', ...command], options);
  expect([result.output, readFileSync(errors, 'utf8'), result.errors]).toEqual([
    expect.stringMatching(/^ok .* steps\n1 passed, 0 failed\n$/),
    '',
    '',
  ]);
  expect(result.code).toBe(0);
}
