// A client of a session that is played: what it has received and how its connection ended.

import * as net from 'node:net';
import * as tls from 'node:tls';

/** Bytes that may wait for their step; then reading stops until it comes. */
const unread_max = 16 * 1024 * 1024;
const resets = ['ECONNRESET', 'EPIPE', 'ECONNABORTED'];

export class SessionClient {
  private socket: net.Socket;
  private received: string[] = [];
  private text = '';
  length = 0;
  /** How many bytes the current step waits for; they may be more than those that may wait. */
  private wanted = 0;
  connected = false;
  secure = false;
  /** The server ended its direction in order. */
  ended = false;
  /** The connection was reset, or failed otherwise. */
  error: string | undefined;

  constructor(
    to: { host: string; port: number },
    from: string | undefined,
    private readonly wake: () => void,
  ) {
    const socket = net.connect({ ...to, localAddress: from, allowHalfOpen: true, noDelay: true });
    this.socket = socket;
    this.attach(socket);
    socket.on('connect', () => {
      this.connected = true;
      wake();
    });
  }

  private attach(socket: net.Socket): void {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.received.push(bytes.toString('latin1'));
      this.length += bytes.length;
      if (this.length - this.wanted > unread_max) socket.pause();
      this.wake();
    });
    socket.on('end', () => this.ends());
    socket.on('close', () => this.ends());
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (!this.ended) this.error ??= error.code ?? error.message;
      this.wake();
    });
  }

  private ends(): void {
    if (this.error === undefined) this.ended = true;
    this.wake();
  }

  get localPort(): number | undefined {
    return this.socket.localPort;
  }

  get isReset(): boolean {
    return this.error !== undefined && resets.includes(this.error);
  }

  get isOver(): boolean {
    return this.ended || this.error !== undefined;
  }

  /** The bytes that no step has taken. */
  get got(): string {
    if (this.received.length > 0) {
      this.text += this.received.join('');
      this.received = [];
    }
    return this.text;
  }

  awaits(bytes: number): void {
    this.wanted = bytes;
    this.socket.resume();
  }

  take(count: number): void {
    this.text = this.got.slice(count);
    this.length = this.text.length;
    this.wanted = 0;
  }

  startTls(options: tls.ConnectionOptions): void {
    const raw = this.socket;
    raw.removeAllListeners('data');
    raw.removeAllListeners('end');
    const socket = tls.connect({ rejectUnauthorized: false, ...options, socket: raw });
    socket.on('secureConnect', () => {
      this.secure = true;
      this.wake();
    });
    this.attach(socket);
  }

  send(text: string): void {
    this.socket.write(Buffer.from(text, 'latin1'));
  }

  shut(): void {
    this.socket.end();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  destroy(): void {
    this.socket.destroy();
  }
}
