// Programs that are not ours, run to their end, and the examples that they talk to.
import { existsSync } from 'node:fs';
import * as path from 'node:path';
import { expect } from '@jest/globals';
import { type Program, type ProgramOptions, root, withProgram } from '../support/program';
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

/** An example server for the time of `body`; it has to end in order. */
export async function withExample(
  name: string,
  args: string[],
  body: (port: number, server: Program) => Promise<void>,
): Promise<void> {
  const file = path.join(root, 'dist', 'examples', `${name}.js`);
  expect(existsSync(file)).toBe(true);
  await withProgram([file, '--port', '0', ...args], async (server) => {
    await body(await server.port(), server);
    server.signal('SIGINT');
    const { code, signal } = await server.ends();
    // A pump loop ends by the signal itself, Node's own loop by a handler.
    expect([signal ?? code, server.errors]).toEqual([signal === null ? 0 : 'SIGINT', '']);
  });
}

/** Waits until a program tells something behind what was there before. */
export async function tells(program: Program, before: number, pattern: RegExp): Promise<void> {
  await program.says(new RegExp(`^[^]{${before}}[^]*?${pattern.source}`));
}
