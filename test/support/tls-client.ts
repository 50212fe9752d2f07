// A foreign client on node:tls. It begins in clear where STARTTLS is tested, can hand over the bytes of its
// records, and otherwise is a client like the one of client.ts.
import type * as net from 'node:net';
import { Duplex } from 'node:stream';
import * as tls from 'node:tls';
import type { Identity } from './certificates';
import { Client, type ClientOptions } from './client';
import { somethingHappened, waitFor } from './waiting';

export type Version = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

export interface TlsClientOptions extends ClientOptions {
  /** True: stays in clear until startTls(). */
  clear?: boolean;
  /** The only version that the client speaks; otherwise both. */
  version?: Version;
  /** What the client shows when it is asked for a certificate; its chain goes along. */
  identity?: Identity;
  session?: Buffer;
  servername?: string;
  ciphers?: string;
  sigalgs?: string;
  curves?: string;
  /** Application protocols (ALPN) that the client offers. */
  alpn?: string[];
  /** Is given the lines of the client's own key log. */
  onKey?: (line: Buffer) => void;
  /** PEM of authorities: the client verifies the server. Without it, it takes any certificate. */
  ca?: string;
  /** True: keeps the bytes of the records, at the price of speed. */
  tap?: boolean;
}

/** The header of a TLS record. */
export interface TlsRecord {
  type: number;
  length: number;
}

export const RecordType = { changeCipherSpec: 20, alert: 21, handshake: 22, data: 23 } as const;

/** What node:tls needs to know. */
function connectOptions(options: TlsClientOptions): tls.ConnectionOptions {
  const { version, identity, session, servername, ciphers, sigalgs, curves, alpn, ca } = options;
  return {
    ...(version === undefined ? {} : { minVersion: version, maxVersion: version }),
    ...(identity === undefined ? {} : { cert: identity.certificate + identity.chain, key: identity.key }),
    ...(session === undefined ? {} : { session }),
    ...(servername === undefined ? {} : { servername }),
    ...(ciphers === undefined ? {} : { ciphers }),
    ...(sigalgs === undefined ? {} : { sigalgs }),
    ...(curves === undefined ? {} : { ecdhCurve: curves }),
    ...(alpn === undefined ? {} : { ALPNProtocols: alpn }),
    ...(ca === undefined ? { rejectUnauthorized: false } : { ca, host: 'localhost' }),
  };
}

/** Carries bytes between a socket and TLS, and keeps those that came and went. */
class Tap extends Duplex {
  readonly came: Buffer[] = [];
  readonly went: Buffer[] = [];
  private readonly raw: net.Socket;

  constructor(raw: net.Socket) {
    super();
    this.raw = raw;
    raw.on('data', (chunk) => {
      this.came.push(chunk);
      if (!this.push(chunk)) {
        raw.pause();
      }
    });
    raw.on('end', () => this.push(null));
    raw.on('error', (error) => this.destroy(error));
    raw.on('close', () => this.destroy());
  }

  override _read(): void {
    this.raw.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.went.push(chunk);
    this.raw.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.raw.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.raw.destroy();
    done(error);
  }
}

/** The records that bytes consist of. */
export function records(bytes: Buffer): TlsRecord[] {
  const found: TlsRecord[] = [];
  for (let at = 0; at + 5 <= bytes.length; ) {
    const length = bytes.readUInt16BE(at + 3);
    found.push({ type: bytes[at] as number, length });
    at += 5 + length;
  }
  return found;
}

export class TlsClient extends Client {
  /** The handshake is complete, as far as the client can tell. */
  secure = false;
  /** Whether the session is an earlier one. */
  resumed = false;
  /** The newest session that can be resumed. */
  session: Buffer | undefined;
  /** The socket below TLS. */
  readonly raw: net.Socket;
  private readonly options: TlsClientOptions;
  private tap: Tap | undefined;

  constructor(port: number, options: TlsClientOptions = {}) {
    super(port, { ...options, paused: false });
    this.raw = this.socket;
    this.options = options;
  }

  protected override onConnect(): void {
    super.onConnect();
    if (this.options.clear !== true) {
      this.startTls();
    }
  }

  /** The socket of TLS. */
  get tls(): tls.TLSSocket {
    if (!(this.socket instanceof tls.TLSSocket)) {
      throw new Error('the client is in clear');
    }
    return this.socket;
  }

  /** Begins the handshake on the connection that there is. */
  startTls(options: TlsClientOptions = this.options): void {
    this.unwatch();
    this.raw.on('error', () => undefined);
    this.tap = options.tap === true ? new Tap(this.raw) : undefined;
    const socket = tls.connect({ ...connectOptions(options), socket: this.tap ?? this.raw });
    if (options.paused === true) {
      socket.pause();
    }
    socket.on('secureConnect', () => {
      this.secure = true;
      this.resumed = socket.isSessionReused();
      somethingHappened();
    });
    if (options.onKey !== undefined) {
      socket.on('keylog', options.onKey);
    }
    socket.on('session', (session) => {
      this.session = session;
      somethingHappened();
    });
    this.watch(socket);
  }

  /** The subject's common name of the certificate that the server showed. */
  get served(): string {
    return this.tls.getPeerX509Certificate()?.subject.match(/CN=(.*)/)?.[1] ?? '';
  }

  /** What the server sent, as records. Only with `tap`. */
  get recordsReceived(): TlsRecord[] {
    return records(Buffer.concat(this.tap?.came ?? []));
  }

  override reset(): void {
    this.brokeOff = true;
    this.raw.resetAndDestroy();
  }

  /** Ends the connection below TLS: an end of the stream without the notice of TLS. */
  truncate(): void {
    this.brokeOff = true;
    this.raw.destroy();
  }

  async isSecure(): Promise<void> {
    await waitFor(
      () => this.secure || this.closed,
      () => `the client's handshake; ${this.error?.message ?? 'no error'}`,
    );
    if (!this.secure) {
      throw new Error(`the client's handshake failed: ${this.error?.message ?? 'closed'}`);
    }
  }

  /** Waits for a session that can be resumed, and gives it. */
  async hasSession(): Promise<Buffer> {
    await waitFor(() => this.session !== undefined, 'a session of TLS that can be resumed');
    return this.session as Buffer;
  }

  /** Waits until the connection is gone after a failure that the client noticed. */
  async isRefused(): Promise<void> {
    await waitFor(() => this.closed, 'the server to refuse the client');
  }
}

/** The first message of a client, as bytes. */
export async function clientHello(options: TlsClientOptions = {}): Promise<Buffer> {
  let hello: Buffer | undefined;
  const nowhere = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      hello ??= chunk;
      somethingHappened();
      done();
    },
  });
  const socket = tls.connect({ ...connectOptions(options), socket: nowhere });
  socket.on('error', () => undefined);
  await waitFor(() => hello !== undefined, 'the first message of a TLS client');
  socket.destroy();
  return hello as Buffer;
}
