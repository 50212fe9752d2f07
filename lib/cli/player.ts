// Plays the steps of a session against a server, and stops at the first difference.

import * as fs from 'node:fs';
import * as path from 'node:path';
import { Difference, differing, firstDifference, window } from './difference';
import { hasUnread } from './listening';
import type { ServerProcess } from './server-process';
import { SessionClient } from './session-client';
import type { Mask, Step } from './session-file';

/** Milliseconds between two pieces that are to arrive as two. */
const between = 30;
/** Milliseconds without anything from the server that end a session. */
const quiet = 100;
/** By how much the length of what a mask stands for may change. */
const mask_slack = 256;

export interface PlayOptions {
  to: { host: string; port: number };
  masks: Mask[];
  /** Milliseconds without anything expected that are too many. */
  patience: number;
  /** The folder that `file` steps mean, and {dir} in what is received. */
  folder: string | undefined;
  server: ServerProcess | undefined;
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Waits for conditions; looks again when something has happened. */
export class Waiter {
  private wakes: (() => void)[] = [];

  readonly wake = () => {
    for (const wake of this.wakes.splice(0)) wake();
  };

  /** Whether the condition came to hold in time. */
  async until(condition: () => boolean | Promise<boolean>, patience: number): Promise<boolean> {
    const end = Date.now() + patience;
    while (!(await condition())) {
      const left = end - Date.now();
      if (left <= 0) return false;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 10));
        this.wakes.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    return true;
  }
}

/** Applies masks; the folder of the session has a name that does not change. */
export function masked(text: string, masks: Mask[], folder?: string): string {
  const named = folder === undefined ? text : text.replaceAll(folder, '{dir}');
  return masks.reduce((all, [pattern, replacement]) => all.replace(pattern, replacement), named);
}

export class Player {
  private readonly clients = new Map<string, SessionClient>();

  constructor(
    private readonly options: PlayOptions,
    private readonly waiter: Waiter,
  ) {}

  private masked(text: string): string {
    return masked(text, this.options.masks, this.options.folder);
  }

  private async await(condition: () => boolean, what: () => string): Promise<void> {
    const { patience, server } = this.options;
    await this.waiter.until(() => condition() || server?.exit !== undefined, patience);
    if (condition()) return;
    // The end of its connections may arrive behind the end of the server.
    await this.waiter.until(condition, quiet);
    if (condition()) return;
    if (server?.exit !== undefined) throw new Difference(`the server ended (${server.ending}) before ${what()}`);
    throw new Difference(`waited ${patience} ms for ${what()}`);
  }

  /** Plays a step. `isLast`: no later step needs the client. */
  async step([verb, who, ...rest]: Step, isLast: boolean): Promise<void> {
    if (verb === 'wait') return pause(who as number);
    if (verb === 'file') return this.file(who as string, rest[0] as string | null);
    const name = who as string;
    if (verb === 'open') return this.open(name, rest[0] as string | undefined);
    const client = this.clients.get(name) as SessionClient;
    switch (verb) {
      case 'tls':
        client.startTls((rest[0] ?? {}) as object);
        await this.await(
          () => client.secure || client.isOver,
          () => 'the handshake',
        );
        if (!client.secure) throw new Difference(`no TLS: ${client.error ?? 'the server ended the connection'}`);
        return;
      case 'send':
        return this.send(client, rest as string[]);
      case 'expect':
        return this.expect(client, rest[0] as string);
      case 'shut':
        return client.shut();
      case 'close':
        return this.closeClient(name, client, rest[0] === 'reset');
      default:
        return this.ends(name, client, verb === 'reset', isLast);
    }
  }

  private async open(name: string, from: string | undefined): Promise<void> {
    this.clients.get(name)?.destroy();
    const client = new SessionClient(this.options.to, from, this.waiter.wake);
    this.clients.set(name, client);
    await this.await(
      () => client.connected || client.isOver,
      () => 'the connection',
    );
    if (!client.connected) throw new Difference(`no connection: ${client.error ?? 'it ended'}`);
  }

  private async send(client: SessionClient, texts: string[]): Promise<void> {
    const { to, server, patience } = this.options;
    for (const [i, text] of texts.entries()) {
      if (i > 0) {
        await pause(between);
        await this.waiter.until(() => !hasUnread(to.port, client.localPort, server?.pid), patience);
      }
      client.send(text);
    }
  }

  private async expect(client: SessionClient, wanted: string): Promise<void> {
    client.awaits(wanted.length);
    const hasMasks = this.options.masks.length > 0 || this.options.folder !== undefined;
    const goal = this.masked(wanted);
    let equal = 0;
    let length: number | undefined;
    const isDecided = () => {
      if (hasMasks) {
        if (client.length + mask_slack >= wanted.length) length = this.maskedLength(client.got, goal, wanted.length);
        return length !== undefined || client.isOver;
      }
      equal = firstDifference(wanted, client.got, equal);
      if (equal === wanted.length) length = equal;
      // A wrong byte is known when it comes.
      return length !== undefined || equal < client.length || client.isOver;
    };
    const late = await this.await(isDecided, () => `${wanted.length} bytes`).then(
      () => '',
      (error: Difference) => `${error.message}; `,
    );
    if (length !== undefined) return client.take(length);
    const ending = client.error ?? (client.ended ? 'the server ended the connection' : '');
    const how = ending === '' ? 'differs' : `ends early or differs (${ending}),`;
    throw differing(`${late}the answer ${how}`, goal, this.masked(client.got));
  }

  /** How many of the bytes are the recorded text when both are masked; the longest such beginning. */
  private maskedLength(got: string, goal: string, usual: number): number | undefined {
    for (let n = Math.min(got.length, usual + mask_slack); n >= Math.max(0, usual - mask_slack); n -= 1) {
      if (this.masked(got.slice(0, n)) === goal) return n;
    }
    return undefined;
  }

  private noSurplus(name: string, client: SessionClient): void {
    if (client.length === 0) return;
    const bytes = `${client.length} ${client.length === 1 ? 'byte' : 'bytes'}`;
    throw new Difference(
      `client ${name} has received ${bytes} more than recorded\n${window('received', client.got, 0)}`,
    );
  }

  private async closeClient(name: string, client: SessionClient, byReset: boolean): Promise<void> {
    this.noSurplus(name, client);
    if (byReset) client.reset();
    else {
      client.shut();
      // A server that keeps its side open is left alone after a while, as a client would.
      await this.waiter.until(() => client.isOver, Math.min(1000, this.options.patience));
      this.noSurplus(name, client);
    }
    client.destroy();
    this.clients.delete(name);
  }

  private async ends(name: string, client: SessionClient, byReset: boolean, isLast: boolean): Promise<void> {
    const recorded = byReset ? 'a reset' : 'an orderly end';
    await this.await(
      () => client.isOver || client.length > 0,
      () => `${recorded} of client ${name}`,
    );
    this.noSurplus(name, client);
    if (client.isReset !== byReset || !client.isOver) {
      const seen = client.error === undefined ? 'an orderly end' : client.isReset ? 'a reset' : client.error;
      throw new Difference(`client ${name} gets ${seen} and not ${recorded}`);
    }
    if (!isLast) return;
    client.destroy();
    this.clients.delete(name);
  }

  private async file(name: string, wanted: string | null): Promise<void> {
    const file = path.join(this.options.folder as string, name);
    const read = () => (fs.existsSync(file) ? this.masked(fs.readFileSync(file, 'latin1')) : null);
    const goal = wanted === null ? null : this.masked(wanted);
    await this.await(
      () => read() === goal,
      () => `the content of ${name}`,
    ).catch((error: Difference) => {
      if (goal === null || read() === null) throw error;
      throw differing(`${error.message}; it differs`, goal, read() as string);
    });
  }

  /** Behind the last step, nothing may come any more. */
  async finish(): Promise<void> {
    await pause(quiet);
    for (const [name, client] of this.clients) this.noSurplus(name, client);
  }

  close(): void {
    for (const client of this.clients.values()) client.destroy();
    this.clients.clear();
  }
}
