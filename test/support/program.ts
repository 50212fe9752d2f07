// Programs in processes of their own: for what a test process cannot do to itself (exit, uncaught
// exceptions, endless pump loops, counting descriptors). They use the package as a user would, through the
// entry of the checkout.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import * as path from 'node:path';
import { Pieces } from './pieces';
import { patience, somethingHappened, waitFor } from './waiting';

export const root = path.resolve(__dirname, '..', '..');

export interface ProgramOptions {
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** How what it prints becomes text, if not by UTF-8. */
  encoding?: BufferEncoding;
  /** What runs the program, if it is not this Node. */
  host?: string;
  /** How many descriptors the program may have. */
  descriptors?: number;
  /** After how many seconds of processor time the system ends it. */
  seconds?: number;
  /** How many KiB of addresses the program may have. */
  addresses?: number;
}

/** Wine fails to start a program now and then, for reasons that it does not tell; the next attempt may not fail. */
function start(file: string, args: string[], options: SpawnOptions): ChildProcess {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return spawn(file, args, options);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'UNKNOWN' || attempt === 3) {
        throw error;
      }
    }
  }
}

export class Program {
  readonly child: ChildProcess;
  private readonly printed = { output: new Pieces(), errors: new Pieces() };
  exit: { code: number | null; signal: NodeJS.Signals | null } | undefined;

  constructor(args: string[], options: ProgramOptions = {}) {
    const host = options.host ?? process.execPath;
    const limits = [
      ...(options.descriptors === undefined ? [] : [`ulimit -n ${options.descriptors}`]),
      ...(options.addresses === undefined ? [] : [`ulimit -v ${options.addresses}`]),
      ...(options.seconds === undefined ? [] : [`ulimit -t ${options.seconds}`]),
    ];
    const limited = ['-c', [...limits, 'exec "$0" "$@"'].join('; '), host, ...args];
    const [file, all] = limits.length === 0 ? [host, args] : ['/bin/sh', limited];
    this.child = start(file, all, {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    for (const [stream, pieces] of [
      [this.child.stdout, this.printed.output],
      [this.child.stderr, this.printed.errors],
    ] as const) {
      stream?.setEncoding(options.encoding ?? 'utf8').on('data', (chunk: string) => {
        pieces.push(chunk);
        somethingHappened();
      });
    }
    this.child.on('close', (code, signal) => {
      this.exit = { code, signal };
      somethingHappened();
    });
  }

  /** What the program printed so far. */
  get output(): string {
    return this.printed.output.text;
  }

  /** What it printed to standard error. */
  get errors(): string {
    return this.printed.errors.text;
  }

  /** Lets the next wait look only at what is printed from now on. */
  forget(): void {
    this.printed.output.clear();
  }

  /** Waits until the output matches, and gives the match. */
  async says(pattern: RegExp, limit = patience): Promise<RegExpMatchArray> {
    let match: RegExpMatchArray | null = null;
    let looked = -1;
    await waitFor(
      () => {
        // Nothing new, no new look.
        if (this.printed.output.length > looked) {
          looked = this.printed.output.length;
          match = this.output.match(pattern);
        }
        return match !== null || this.exit !== undefined;
      },
      () => `the program to print ${pattern}; it printed ${this.output}${this.errors}`,
      limit,
    );
    if (match === null) {
      throw new Error(
        `the program ended with ${JSON.stringify(this.exit)} before it printed ${pattern}: ${this.output}${this.errors}`,
      );
    }
    return match;
  }

  /** The port of a server that prints "listening on HOST:PORT" or "listening PORT". */
  async port(): Promise<number> {
    const match = await this.says(/listening (?:on )?(?:\S*:)?(\d+)/);
    return Number(match[1]);
  }

  async ends(limit = patience): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    await waitFor(
      () => this.exit !== undefined,
      () => `the program to end; it printed ${this.output}${this.errors}`,
      limit,
    );
    return this.exit as { code: number | null; signal: NodeJS.Signals | null };
  }

  write(text: string): void {
    this.child.stdin?.write(text);
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}

/** Runs a body with a program and ends the program whatever happens. */
export async function withProgram(
  args: string[],
  body: (program: Program) => Promise<void>,
  options: ProgramOptions = {},
): Promise<void> {
  const program = new Program(args, options);
  try {
    await body(program);
  } finally {
    if (program.exit === undefined) {
      program.signal('SIGKILL');
      await program.ends();
    }
  }
}

/** A program given as source. `ipdaemon` is the package, `P` and `E` are the numbers of properties and events. */
export function script(body: string): string[] {
  const { P, E } = require('./ids') as typeof import('./ids');
  return [
    '-e',
    `'use strict';
const ipdaemon = require(${JSON.stringify(root)});
const P = ${JSON.stringify(P)};
const E = ${JSON.stringify(E)};
const net = require('node:net');
${body}`,
  ];
}
