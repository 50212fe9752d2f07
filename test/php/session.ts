// Plays a recorded session against a script: the client's bytes go out, what comes back is compared byte for byte.
import { readFileSync } from 'node:fs';
import { expect } from '@jest/globals';
import { Client } from '../support/client';
import type { ProgramOptions } from '../support/program';
import { withProgram } from '../support/program';
import { TlsClient } from '../support/tls-client';
import { waitFor } from '../support/waiting';
import { phpArgs } from './php';

type Step = [verb: string, client: string, ...texts: string[]];

interface Session {
  args: string[];
  masks?: [pattern: string, replacement: string][];
  steps: Step[];
  stdout?: string[];
}

const bytes = (text: string) => Buffer.from(text, 'latin1');

/** Plays the steps against a server on a port. */
export class Player {
  private readonly clients = new Map<string, { client: Client; seen: string }>();

  constructor(
    private readonly port: number,
    private readonly masks: readonly (readonly [RegExp, string])[] = [],
  ) {}

  masked(text: string): string {
    return this.masks.reduce((masked, [pattern, replacement]) => masked.replace(pattern, replacement), text);
  }

  async step([verb, name, ...texts]: Step, next: Step | undefined): Promise<void> {
    if (verb === 'open') {
      const isTls = next?.[0] === 'tls' && next[1] === name;
      const client = isTls
        ? new TlsClient(this.port, { allowHalfOpen: true })
        : new Client(this.port, { allowHalfOpen: true });
      this.clients.set(name, { client, seen: '' });
      if (isTls) await (client as TlsClient).isSecure();
      else await client.isConnected();
      return;
    }
    // What the client waited for is what the steps behind it expect.
    if (verb === 'wait') return;
    const entry = this.clients.get(name);
    if (entry === undefined) throw new Error(`the session has no client ${name} for ${verb}`);
    const { client } = entry;
    switch (verb) {
      case 'tls':
        return;
      case 'send':
        for (const text of texts) client.write(bytes(text));
        return;
      case 'expect': {
        const wanted = entry.seen + (texts[0] ?? '');
        await client.awaits(
          () => client.text.length >= wanted.length || client.ended,
          () => `${JSON.stringify(wanted)}; there is ${JSON.stringify(client.text)}`,
        );
        expect(this.masked(client.text.slice(0, wanted.length))).toBe(this.masked(wanted));
        entry.seen = client.text.slice(0, wanted.length);
        return;
      }
      case 'shut':
        client.end();
        return;
      case 'close':
      case 'eof':
        // To the server an end of the client is the same as a close, and the client sees when it has dealt with it.
        if (verb === 'close') client.end();
        await client.awaits(
          () => client.ended,
          () => `the end of ${name}`,
        );
        expect(client.text).toBe(entry.seen);
        client.destroy();
        this.clients.delete(name);
        return;
      default:
        throw new Error(`unknown step ${verb}`);
    }
  }

  /** Nothing has come that no step expects. */
  close(): void {
    for (const { client, seen } of this.clients.values()) {
      expect(client.text).toBe(seen);
      client.destroy();
    }
  }
}

function freePort(): Promise<number> {
  const { createServer } = require('node:net') as typeof import('node:net');
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as import('node:net').AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Plays a session against the script; both are files. Standard output counts, too. */
export async function play(
  script: string,
  sessionFile: string,
  options: ProgramOptions = {},
  commandLine = phpArgs,
): Promise<void> {
  const session = JSON.parse(readFileSync(sessionFile, 'utf8')) as Session;
  const port = await freePort();
  const masks = (session.masks ?? []).map(([from, to]) => [new RegExp(from, 'g'), to] as const);
  const args = session.args.map((arg) => arg.replace('{port}', String(port)));
  await withProgram(
    commandLine(script, ...args),
    async (program) => {
      // Each of the scripts says so when it listens.
      await program.says(/\n/);
      const player = new Player(port, masks);
      for (const [i, step] of session.steps.entries()) {
        await player.step(step, session.steps[i + 1]);
      }
      if (session.stdout !== undefined) {
        const wanted = session.stdout.join('\n');
        await waitFor(
          () => player.masked(program.output).length >= player.masked(wanted).length,
          () => `${JSON.stringify(wanted)}; there is ${JSON.stringify(program.output)}`,
        );
        expect(player.masked(program.output)).toBe(player.masked(wanted));
      }
      player.close();
      expect([program.errors, program.exit]).toEqual(['', undefined]);
    },
    { host: 'php', encoding: 'latin1', ...options },
  );
}
