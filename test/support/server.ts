// withServer: a server on a free port that records every call and event, is closed always, and whose log
// goes through the log checker at the end. Tests use its methods instead of the bare functions where the
// log has to see what happens; `api` and `res` are there for everything else.
import * as net from 'node:net';
import { type Api, eachBinding } from './bindings';
import { Client, type ClientOptions } from './client';
import { Code, E, type EventName, P } from './ids';
import { behaviour, eachServer, type ServerKind } from './kinds';
import { type CheckOptions, type LogEntry, violations } from './log-checker';
import { ServerCalls } from './server-calls';
import { TlsClient, type TlsClientOptions } from './tls-client';
import { pumpWhileWaiting, somethingHappened, stays, stopPumping, waitFor } from './waiting';

/** An event's parameter object. Its keys are those of the documented interface. */
export interface Param {
  connectionid: number;
  statuscode: number;
  description: string;
  address: string;
  port: number;
  accept: boolean;
  text: string;
  textB: Uint8Array;
  eol: boolean;
  errorcode: number;
  message: string;
  certencoded: string;
  certsubject: string;
  certissuer: string;
  status: string;
  supportedciphersuites: string;
  supportedsignaturealgs: string;
  certstoretype: number;
  certstore: string | Uint8Array;
  certpassword: string;
  servername: string;
}

export type Handler = (param: Param) => unknown;

export interface ServerOptions {
  /** Runs after open and before listening: properties, settings. */
  before?: (server: TestServer) => void;
  on?: Partial<Record<EventName, Handler>>;
  /** False: `Listening` stays false. */
  listen?: boolean;
  /** Events that nobody registers for. */
  without?: EventName[];
  check?: CheckOptions;
  /**
   * True: the system keeps little of what a peer has not read yet or the server has not taken, so that tests of
   * what waits do not depend on the machine's buffers, which grow to megabytes, and later than at once.
   */
  smallBuffers?: boolean;
  /** False: no log and no list of events, only counts: for tests of large amounts. */
  record?: boolean;
}

export interface Peer {
  client: Client;
  id: number;
}

export interface TlsPeer {
  client: TlsClient;
  id: number;
}

const everyEvent = Object.keys(E) as EventName[];

export class TestServer extends ServerCalls {
  readonly clients: Client[] = [];
  /** The events so far, in order. */
  readonly seen: { name: EventName; param: Param }[] = [];
  /** Exceptions that left do_doevents while a wait pumped. */
  readonly thrown: unknown[] = [];
  port = 0;
  private readonly handlers = new Map<EventName, Handler>();
  private readonly counts = new Map<string, number>();
  private readonly ids = new Map<number, number>();
  /** What DataIn delivered, by connection; and by 0, all of it. */
  private readonly inputs = new Map<number, string>();
  private readonly check: CheckOptions;

  constructor(kind: ServerKind, options: ServerOptions) {
    super(kind, options.record ?? true);
    this.check = { requests: !(options.without ?? []).includes('ConnectionRequest'), ...options.check };
    if (kind.pump === 'doevents') {
      this.config('ProcessIdleEvents=False');
      this.config('SelectWaitMillis=1');
      pumpWhileWaiting(this);
    }
    if (options.smallBuffers === true) {
      this.config('OutBufferSize=65536');
      this.config('InBufferSize=65536');
    }
    for (const name of everyEvent) {
      if (!(options.without ?? []).includes(name)) {
        this.api.ipworks_ipdaemon_register_callback(this.res, E[name], (param: unknown) =>
          this.onEvent(name, param as Param),
        );
      }
    }
    for (const [name, handler] of Object.entries(options.on ?? {})) {
      this.handlers.set(name as EventName, handler);
    }
  }

  /** Replaces a handler. */
  on(name: EventName, handler: Handler): void {
    this.handlers.set(name, handler);
  }

  /** Starts listening on a free port of the loopback interface. */
  listen(): void {
    if (this.get(P.LocalHost) === '' && this.config('UseIPv6') === '0') {
      this.set(P.LocalHost, '127.0.0.1');
    }
    this.must(this.set(P.Listening, true));
    this.port = this.get(P.LocalPort) as number;
  }

  close(): void {
    if (!this.closed) {
      this.closed = true;
      stopPumping(this);
      this.log.push({ kind: 'call', name: 'close', id: 0 });
      this.api.ipworks_ipdaemon_close(this.res);
    }
  }

  /** What a wait calls for a server that is pumped by hand. Exceptions of handlers are kept, not lost. */
  pump(): void {
    try {
      this.doEvents();
    } catch (error) {
      this.thrown.push(error);
    }
  }

  /** A client that may or may not get in. */
  client(options: ClientOptions = {}): Client {
    const client = new Client(this.port, options);
    this.clients.push(client);
    return client;
  }

  /** A client that is in: after its Connected and its first ReadyToSend. */
  async connect(options: ClientOptions = {}): Promise<Peer> {
    const client = this.client(options);
    await client.isConnected();
    let id = 0;
    await waitFor(() => {
      id = this.idOf(client);
      return id > 0 && this.count('ReadyToSend', id) > 0;
    }, 'Connected and ReadyToSend');
    return { client, id };
  }

  /** A client of TLS that may or may not get in. */
  tlsClient(options: TlsClientOptions = {}): TlsClient {
    const client = new TlsClient(this.port, options);
    this.clients.push(client);
    return client;
  }

  /** A client of TLS that is in: both sides are through with the handshake. */
  async connectTls(options: TlsClientOptions = {}): Promise<TlsPeer> {
    const client = this.tlsClient(options);
    await client.isSecure();
    await waitFor(
      () => this.count('ReadyToSend', this.idOf(client)) > 0,
      () => `Connected and ReadyToSend of a TLS client; ${this.tail()}`,
    );
    return { client, id: this.idOf(client) };
  }

  /** The connection id of a client, 0 before its first event. */
  idOf(client: { localPort: number }): number {
    return this.ids.get(client.localPort) ?? 0;
  }

  /** The parameters of the events of one name so far, of one connection or of all. */
  events(name: EventName, id?: number): Param[] {
    return this.seen
      .filter((event) => event.name === name && (id === undefined || event.param.connectionid === id))
      .map((event) => event.param);
  }

  count(name: EventName, id?: number): number {
    return this.counts.get(id === undefined ? name : `${name} ${id}`) ?? 0;
  }

  /** The pieces that DataIn delivered. */
  pieces(id?: number): { text: string; eol: boolean }[] {
    return this.events('DataIn', id).map(({ text, eol }) => ({ text, eol }));
  }

  /** All that DataIn delivered, without the ends of lines. */
  input(id = 0): string {
    return this.inputs.get(id) ?? '';
  }

  /** Names of the events of a connection, in order. */
  story(id: number): EventName[] {
    return this.seen.filter((event) => event.param.connectionid === id).map((event) => event.name);
  }

  async until(condition: () => boolean, what: string | (() => string), limit?: number): Promise<void> {
    await waitFor(condition, what, limit);
  }

  /** Waits for the n-th event of a name and gives its parameters. */
  async event(name: EventName, id?: number, n = 1): Promise<Param> {
    await waitFor(
      () => this.count(name, id) >= n,
      () => `event ${n} of ${name}${id === undefined ? '' : ` of connection ${id}`}; ${this.tail()}`,
    );
    return this.events(name, id)[n - 1] as Param;
  }

  /** The end of the log, for error messages. */
  tail(): string {
    const lines = this.log.slice(-12).map((entry) => {
      const detail = 'param' in entry ? JSON.stringify(entry.param)?.slice(0, 120) : '';
      const code = entry.kind === 'send' ? ` ${entry.bytes.length} bytes, code ${entry.code}` : '';
      return `  ${entry.kind} ${'name' in entry ? entry.name : ''} ${entry.id}${code} ${detail}`;
    });
    return `the log ends with\n${lines.join('\n')}`;
  }

  /** Ends everything, checks the log, and tries whether the port is free. */
  async finish(failed: boolean): Promise<void> {
    const { port } = this;
    if (!this.closed && !failed && this.check.allGone !== false) {
      // An end in order, so that the checker can compare every byte of both directions.
      for (const client of this.clients) {
        const id = this.idOf(client);
        if (!client.closed && !client.brokeOff) {
          if (id !== 0 && this.get(P.AcceptData, id) === false) {
            this.set(P.AcceptData, id, true);
          }
          client.socket.resume();
          client.end();
        }
      }
      await waitFor(
        () => this.openCount() === 0 && this.clients.every((client) => client.closed || client.brokeOff),
        () => `every connection to end after its client ended; ${this.tail()}`,
      );
      this.shutdown();
    }
    for (const client of this.clients) {
      client.destroy();
    }
    const found = this.closed ? [] : this.miscounted();
    this.close();
    if (failed) {
      return;
    }
    found.push(...(this.record ? violations(this.log, this.clients, this.check) : []));
    if (found.length > 0) {
      throw new Error(`the log breaks promises:\n${found.slice(0, 10).join('\n')}\n${this.tail()}`);
    }
    if (port !== 0) {
      await isFree(port);
    }
  }

  /** Who was accepted is a connection, in its handshake, or counted under a reason to be gone. */
  private miscounted(): string[] {
    const metrics = this.api.ipdaemon_metrics(this.res);
    const gone = Object.values(metrics.ipdaemon_closed_total as Record<string, number>);
    const there = [metrics.ipdaemon_connections, metrics.ipdaemon_unfinished_handshakes] as number[];
    const counted = [...gone, ...there].reduce((sum, count) => sum + count, 0);
    const accepted = metrics.ipdaemon_accepted_total as number;
    return accepted === counted ? [] : [`${accepted} were accepted, but ${counted} are there or gone`];
  }

  private openCount(): number {
    return this.get(P.ConnectionCount) as number;
  }

  private onEvent(name: EventName, param: Param): unknown {
    const id = name === 'ConnectionRequest' ? 0 : param.connectionid;
    if (this.record) {
      const entry: LogEntry = { kind: 'event', at: performance.now(), name, id, param: { ...param } };
      if (name === 'DataIn') {
        entry.framing = {
          eol: String(this.get(P.EOL, id) ?? ''),
          recordLength: Number(this.get(P.RecordLength, id) ?? 0),
          singleLine: this.get(P.SingleLineMode, id) === true,
        };
      } else if ((name === 'Connected' && param.statuscode === 0) || name === 'Disconnected') {
        entry.peer = { host: String(this.get(P.RemoteHost, id)), port: Number(this.get(P.RemotePort, id)) };
        entry.maxLineLength = this.get(P.DefaultMaxLineLength) as number;
        entry.linger = this.get(P.Linger) as boolean;
        entry.idleTimeout = this.get(P.IdleTimeout, id) as number;
        entry.connectedInside = this.get(P.Connected, id) === true;
      }
      this.log.push(entry);
    }
    if (name === 'Connected' || name === 'SSLStatus' || name === 'SSLConnectionRequest') {
      // The id is known from the first event on.
      const port = this.api.ipworks_ipdaemon_get(this.res, P.RemotePort, id) ?? 0;
      if (port > 0) {
        this.ids.set(port, id);
      }
    }
    for (const key of [name, `${name} ${id}`]) {
      this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
    }
    if (this.record) {
      this.seen.push({ name, param });
      if (name === 'DataIn') {
        for (const key of [0, id]) {
          this.inputs.set(key, (this.inputs.get(key) ?? '') + param.text);
        }
      }
    }
    let threw = true;
    try {
      const result = this.handlers.get(name)?.(param);
      threw = false;
      return result;
    } finally {
      if (this.record) {
        this.log.push({ kind: 'return', name, id, threw });
      }
      wakeSoon();
    }
  }
}

/** Events wake the waiting test through Node's queue, never from inside the handler. */
function wakeSoon(): void {
  queueMicrotask(somethingHappened);
}

/** Promise 8: the port can be taken by somebody else. */
async function isFree(port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const probe = net.createServer();
    probe.on('error', (error) =>
      reject(new Error(`promise 8: port ${port} is not free after close: ${error.message}`)),
    );
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve()));
  });
}

/** Runs a test body with a server of its own, and checks what the server promised meanwhile. */
export async function withServer(
  kind: ServerKind,
  options: ServerOptions,
  body: (server: TestServer) => Promise<void> | void,
): Promise<void> {
  const server = new TestServer(kind, options);
  let failed = true;
  try {
    options.before?.(server);
    if (options.listen !== false) {
      server.listen();
    }
    await body(server);
    failed = false;
  } finally {
    await server.finish(failed);
  }
}

/** Sends until a send is refused, in pieces of `size`; gives what was accepted. */
export function fill(server: TestServer, id: number, size = 65_536): string {
  let accepted = '';
  let mark = 0;
  for (;;) {
    const text = String.fromCharCode(97 + (mark % 26)).repeat(size);
    const code = server.send(id, text);
    if (code === Code.WouldBlock) {
      return accepted;
    }
    server.must(code);
    accepted += text;
    mark += 1;
    if (accepted.length > 512 * 1024 * 1024) {
      throw new Error('the send is never refused: memory is not bounded');
    }
  }
}

export { type Api, behaviour, eachBinding, eachServer, type ServerKind, stays, waitFor };
