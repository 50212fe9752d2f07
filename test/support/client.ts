// A foreign client on node:net. It keeps everything it wrote and received, so that the log checker can
// compare the two ends, and all its waits are for conditions.
import * as net from 'node:net';
import { Pieces } from './pieces';
import { patience, somethingHappened, waitFor } from './waiting';

export interface ClientOptions {
  host?: string;
  /** Where it comes from. */
  localAddress?: string;
  /** Does not read until resume() is called. */
  paused?: boolean;
  /** False: nothing is kept; for clients that move a lot. */
  record?: boolean;
  /** False: half of the connection stays open when the server ends its own. */
  allowHalfOpen?: boolean;
}

/** What one end saw, for the log checker. */
export interface ClientRecord {
  readonly localPort: number;
  readonly recorded: boolean;
  readonly written: string;
  readonly text: string;
  /** The client ended its side in order, after its last byte. */
  readonly finished: boolean;
  /** The client broke the connection off. */
  readonly brokeOff: boolean;
  /** The server ended its side in order. */
  readonly ended: boolean;
  readonly error: NodeJS.ErrnoException | undefined;
}

export class Client implements ClientRecord {
  socket: net.Socket;
  readonly recorded: boolean;
  connected = false;
  ended = false;
  closed = false;
  finished = false;
  brokeOff = false;
  error: NodeJS.ErrnoException | undefined;
  bytesReceived = 0;
  localPort = 0;
  private readonly releases: (() => void)[] = [];
  private readonly received = new Pieces();
  private readonly sent = new Pieces();

  constructor(port: number, options: ClientOptions = {}) {
    this.recorded = options.record ?? true;
    this.socket = net.connect({
      port,
      host: options.host ?? '127.0.0.1',
      ...(options.localAddress === undefined ? {} : { localAddress: options.localAddress }),
      allowHalfOpen: options.allowHalfOpen ?? false,
      noDelay: true,
    });
    if (options.paused === true) {
      // Before the data listener, which would start reading otherwise.
      this.socket.pause();
    }
    this.watch(this.socket);
  }

  protected onConnect(): void {
    this.connected = true;
    this.localPort = this.socket.localPort ?? 0;
  }

  /** Lets go of the socket, so that something else can read from it. */
  protected unwatch(): void {
    for (const release of this.releases.splice(0)) {
      release();
    }
  }

  protected watch(socket: net.Socket): void {
    this.socket = socket;
    const on = (name: string, act: (argument: never) => void) => {
      const listener = (argument: unknown) => {
        act(argument as never);
        somethingHappened();
      };
      socket.on(name, listener);
      this.releases.push(() => socket.off(name, listener));
    };
    on('connect', () => this.onConnect());
    on('end', () => {
      this.ended = true;
    });
    on('error', (error: NodeJS.ErrnoException) => {
      this.error = error;
    });
    on('close', () => {
      this.closed = true;
    });
    on('data', (chunk: Buffer) => {
      this.bytesReceived += chunk.length;
      if (this.recorded) {
        this.received.push(chunk.toString('latin1'));
      }
    });
  }

  /** All bytes received so far, one character per byte. */
  get text(): string {
    return this.received.text;
  }

  /** All bytes written so far, one character per byte. */
  get written(): string {
    return this.sent.text;
  }

  /** Writes bytes given as a string with one character per byte, or as they are. */
  write(data: string | Uint8Array): void {
    const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : Buffer.from(data);
    if (this.recorded) {
      this.sent.push(bytes.toString('latin1'));
    }
    this.socket.write(bytes);
  }

  /** Ends the client's side in order. */
  end(): void {
    this.finished = true;
    this.socket.end();
  }

  /** Breaks the connection off with a reset. */
  reset(): void {
    this.brokeOff = true;
    this.socket.resetAndDestroy();
  }

  /** Lets go of the socket without ceremony. */
  destroy(): void {
    if (!this.closed) {
      this.brokeOff = true;
      this.socket.destroy();
    }
  }

  async isConnected(): Promise<void> {
    await waitFor(() => this.connected || this.closed, 'the client to connect');
    if (!this.connected) {
      throw new Error(`the client could not connect: ${this.error?.message ?? 'closed'}`);
    }
  }

  /** Waits for a condition that bytes bring about: patience begins anew with every one that comes. */
  async awaits(condition: () => boolean, what: () => string, limit = patience): Promise<void> {
    while (!condition()) {
      const had = this.bytesReceived;
      await waitFor(() => this.bytesReceived > had || condition(), what, limit);
    }
  }

  /** Waits until exactly `text` has been received since the connection began. */
  async receives(text: string): Promise<void> {
    await this.awaits(
      () => this.received.length >= text.length,
      () => `the client to receive ${text.length} bytes; it has ${this.received.length}: ${shorten(this.text)}`,
    );
    if (this.text !== text) {
      throw new Error(`the client received ${shorten(this.text)} and not ${shorten(text)}`);
    }
  }

  /** Waits until the server has ended the connection, in order or not. */
  async isGone(limit = patience): Promise<void> {
    await this.awaits(
      () => this.ended || this.closed,
      () => 'the server to end the connection',
      limit,
    );
  }
}

/** A text for an error message. */
export function shorten(text: string): string {
  const shown = JSON.stringify(text.length > 120 ? `${text.slice(0, 60)}...${text.slice(-50)}` : text);
  return `${shown} (${text.length})`;
}
