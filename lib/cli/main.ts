#!/usr/bin/env node
// The program `ipdaemon` of the package: finds the command, and turns its outcome into an exit code: 0, 1 when
// it cannot do its work, 2 when the command line is wrong. A command is loaded when it is asked for, so help
// and version are there even if the native part is not.

import { UsageError } from './command-line';
import { help, version } from './texts';

/** Takes the command line behind its name, and gives the exit code. A server has one as soon as it listens. */
type Command = (args: string[]) => number | Promise<number>;

const commands = new Map<string, () => Promise<Command>>([
  ['echo', async () => (await import('./echo.js')).echo],
  ['lines', async () => (await import('./lines.js')).lines],
  ['file', async () => (await import('./file.js')).file],
  ['php', async () => (await import('./php.js')).php],
  ['port', async () => (await import('./port.js')).port],
  ['record', async () => (await import('./record.js')).record],
  ['replay', async () => (await import('./replay.js')).replay],
  ['doctor', async () => (await import('./doctor.js')).doctor],
]);

async function run(args: string[]): Promise<number> {
  const [name = '', ...rest] = args;
  const isVersion = name === '--version' && rest.length === 0;
  // What follows a script or -- is not for this program.
  const command = args.indexOf('--');
  const own = name === 'php' ? args.slice(0, 2) : command < 0 ? args : args.slice(0, command);
  if (isVersion || own.includes('--help') || own.includes('-h')) {
    console.log(isVersion ? version() : help);
    return 0;
  }
  const load = commands.get(name);
  if (load === undefined) throw new UsageError(name === '' ? 'no command was given' : `unknown command: ${name}`);
  return (await load())(rest);
}

function isUsageError(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return error instanceof UsageError || (typeof code === 'string' && code.startsWith('ERR_PARSE_ARGS_'));
}

async function main(args: string[]): Promise<void> {
  try {
    process.exitCode = await run(args);
  } catch (error) {
    console.error(`ipdaemon: ${error instanceof Error ? error.message : String(error)}`);
    if (isUsageError(error)) console.error('`ipdaemon --help` shows the commands and their options.');
    process.exitCode = isUsageError(error) ? 2 : 1;
  }
}

main(process.argv.slice(2));
