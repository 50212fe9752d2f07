// Programs that are not ours, run to their end.
import { connect, createServer } from 'node:net';
import { type Program, type ProgramOptions, withProgram } from '../support/program';
import { isInstalled } from '../support/tools';
import { patience, somethingHappened, waitFor } from '../support/waiting';

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

/** Whether a connection to a port can be made. */
const answers = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, host);
    socket.on('error', () => resolve(false));
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });

/** Whether a port is free. */
const isFree = (port: number) =>
  new Promise<boolean>((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });

// Below those that the system gives to outgoing connections, of which there are many here.
let nextPort = 20_000 + (process.pid % 100) * 100;

/** Ports on which nobody listens. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    nextPort += 1;
    const port = nextPort;
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

/** Waits until a program listens on a port. */
export async function listens(program: Program, port: number): Promise<void> {
  let ready = false;
  const ask = () =>
    void answers(port).then((result) => {
      ready = result;
      somethingHappened();
      if (!ready && program.exit === undefined) setTimeout(ask, 20);
    });
  ask();
  await waitFor(
    () => ready || program.exit !== undefined,
    () => `a program to listen: ${printed(program)}`,
  );
  if (!ready) throw new Error(`a program ended: ${printed(program)}`);
}
