// The server that a session is played against, started and ended here; what it prints is kept for the report.

import { type ChildProcess, spawn } from 'node:child_process';

/** Bytes of each of its outputs that are kept. */
const kept_max = 16 * 1024 * 1024;
/** Milliseconds between the request to end and the end by force. */
const grace = 5000;

export class ServerProcess {
  private readonly child: ChildProcess;
  private readonly streams = { output: [] as string[], errors: [] as string[] };
  /** The exit code, the name of a signal, or why it did not start. */
  exit: number | string | undefined;

  constructor(command: string[], cwd: string | undefined, wake: () => void) {
    const [program = '', ...args] = command;
    // A group of its own: what a shell or npx has started ends with it.
    this.child = spawn(program, args, {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
    });
    this.keep('output', wake);
    this.keep('errors', wake);
    this.child.on('error', (error) => {
      this.exit ??= error.message;
      wake();
    });
    // What it has printed has been read by then.
    this.child.on('close', (code, signal) => {
      this.exit ??= signal ?? code ?? 'an unknown status';
      wake();
    });
  }

  private keep(name: 'output' | 'errors', wake: () => void): void {
    let length = 0;
    const stream = name === 'output' ? this.child.stdout : this.child.stderr;
    stream?.setEncoding('latin1').on('data', (text: string) => {
      length += text.length;
      if (length <= kept_max) this.streams[name].push(text);
      wake();
    });
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  get output(): string {
    return this.streams.output.join('');
  }

  get errors(): string {
    return this.streams.errors.join('');
  }

  /** How it ended, in words. */
  get ending(): string {
    return typeof this.exit === 'number' ? `exit code ${this.exit}` : String(this.exit);
  }

  private signal(name: NodeJS.Signals): void {
    if (this.child.pid === undefined) return;
    try {
      if (process.platform === 'win32') this.child.kill(name);
      else process.kill(-this.child.pid, name);
    } catch {
      // It has ended in between.
    }
  }

  /** Asks it to end, and ends it if it does not. */
  async end(): Promise<void> {
    if (this.child.pid === undefined || this.exit !== undefined) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.signal('SIGKILL'), grace);
      this.child.on('close', () => {
        clearTimeout(timer);
        resolve();
      });
      this.signal('SIGTERM');
    });
  }
}
