// The log checker: an automaton over the recorded calls and events of one server, and over what its
// clients wrote and received. It checks the promises that hold for every program: bytes (1), events (2),
// sends (3), bounds (4), time (5), isolation (6) and clean end (8; the port itself is tried in server.ts).
// Every test that talks to a server through withServer ends with it. Of TLS it checks where its events may
// come, how a failed handshake ends, and that nothing is delivered while one runs.
import type { ClientRecord } from './client';
import { Code, type EventName } from './ids';
import { checkInput, checkOutput } from './log-checker-bytes';
import type { CheckOptions, Connection, Handshake, LogEntry } from './log-entries';

export type { CheckOptions, LogEntry } from './log-entries';

type Entry<Kind extends LogEntry['kind']> = Extract<LogEntry, { kind: Kind }>;

/** A handler starts a little after the bytes came; tests of time-outs measure from the client and allow nothing. */
const handlerDelayMs = 15;

/** All ways in which the log breaks a promise; empty when it breaks none. */
export function violations(
  log: readonly LogEntry[],
  clients: readonly ClientRecord[],
  options: CheckOptions = {},
): string[] {
  const checker = new LogChecker(options);
  for (const entry of log) {
    checker.read(entry);
  }
  checker.end(clients);
  return checker.found;
}

class LogChecker {
  readonly found: string[] = [];
  private readonly connections = new Map<number, Connection>();
  private readonly handshakes = new Map<number, Handshake>();
  /** The handlers that run, outermost first. */
  private readonly stack: { name: EventName; id: number }[] = [];
  /** The peers that ConnectionRequest showed and Connected did not yet. */
  private readonly accepted: string[] = [];
  /** close or reset was called: what was under way may be lost. */
  private cut = false;
  private up = 0;

  constructor(private readonly options: CheckOptions) {}

  private readonly broken = (promise: number, id: number, text: string) => {
    this.found.push(`promise ${promise}, connection ${id}: ${text}`);
  };

  read(entry: LogEntry): void {
    if (entry.kind === 'event') this.onEvent(entry);
    else if (entry.kind === 'return') this.onReturn(entry);
    else if (entry.kind === 'send') this.onSend(entry);
    else if (entry.kind === 'startssl') this.onStartSsl(entry);
    else this.onCall(entry);
  }

  /** What has to have happened by the end of the log. */
  end(clients: readonly ClientRecord[]): void {
    const mustBeOver = !this.cut && this.options.allGone !== false;
    if (this.stack.length > 0 && !this.cut) {
      this.broken(6, this.stack[0]?.id ?? 0, `the handler of ${this.stack[0]?.name} never returned`);
    }
    for (const [id, early] of this.handshakes) {
      if (!early.failed && mustBeOver) {
        this.broken(2, id, 'Connected never fires for a handshake that began');
      }
    }
    const byPort = new Map(clients.map((client) => [client.localPort, client]));
    for (const connection of this.connections.values()) {
      if (connection.state === 'connected' && mustBeOver) {
        this.broken(2, connection.id, 'Disconnected never fires');
      }
      const client = byPort.get(connection.peer.port);
      if (client?.recorded && this.options.bytes !== false) {
        checkInput(connection, client, this.cut, this.broken);
        checkOutput(connection, client, this.cut, this.broken);
      }
    }
  }

  private onCall(entry: Entry<'call'>): void {
    if (entry.name === 'close' || entry.name === 'reset') {
      this.cut = true;
    } else if (entry.name === 'shutdown') {
      for (const connection of this.connections.values()) {
        connection.endedByProgram ||= connection.state === 'connected';
      }
    } else {
      const connection = this.connections.get(entry.id);
      if (connection) {
        connection.endedByProgram = true;
      }
    }
  }

  private onReturn(entry: Entry<'return'>): void {
    const top = this.stack.pop();
    if (top?.name !== entry.name || top.id !== entry.id) {
      this.broken(2, entry.id, `the handler of ${entry.name} returned while ${top?.name ?? 'none'} was running`);
    }
  }

  private onStartSsl(entry: Entry<'startssl'>): void {
    if (entry.code !== 0) {
      return;
    }
    const connection = this.connections.get(entry.id);
    if (connection?.state !== 'connected' || connection.tls !== 'clear') {
      this.broken(7, entry.id, `StartSSL succeeds on a connection that is ${connection?.tls ?? 'not there'}`);
    } else {
      connection.tls = 'handshake';
    }
  }

  private onSend(entry: Entry<'send'>): void {
    const connection = this.connections.get(entry.id);
    if (!connection) {
      if (entry.code === 0) {
        this.broken(3, entry.id, 'a send to a connection that never was is accepted');
      }
    } else if (entry.code === 0) {
      this.onSendAccepted(entry, connection);
    } else if (entry.code === Code.WouldBlock) {
      if (entry.bytesSent > 0) {
        this.broken(3, entry.id, `BytesSent is ${entry.bytesSent} after a refused send`);
      }
      if (entry.ready === true) {
        this.broken(3, entry.id, 'ReadyToSend reads true after a refused send');
      }
      connection.owed = true;
    } else if (entry.bytesSent > 0) {
      connection.accepted.push(entry.bytes.slice(0, entry.bytesSent));
    }
  }

  private onSendAccepted(entry: Entry<'send'>, connection: Connection): void {
    if (connection.state === 'gone') {
      this.broken(3, entry.id, 'a send after Disconnected is accepted');
    }
    if (connection.tls === 'handshake' || connection.tls === 'failed') {
      this.broken(7, entry.id, 'a send is accepted during a handshake');
    }
    connection.accepted.push(entry.bytes);
    connection.lastPayload = entry.bytes.length > 0 ? entry.at : connection.lastPayload;
    if (entry.file === true) {
      connection.allowed = true;
    } else if (this.options.bytes !== false && entry.bytesSent !== entry.bytes.length && entry.bytesSent >= 0) {
      this.broken(3, entry.id, `BytesSent is ${entry.bytesSent} after ${entry.bytes.length} bytes were accepted`);
    }
  }

  private onEvent(entry: Entry<'event'>): void {
    const { id, name } = entry;
    this.stack.push({ name, id });
    if (this.cut) {
      this.broken(8, id, `${name} fires after close or reset`);
    }
    if (name === 'ConnectionRequest') {
      this.accepted.push(`${String(entry.param.address)} ${String(entry.param.port)}`);
    } else if (name === 'Error' || name.startsWith('SSL')) {
      this.onTlsEvent(entry);
    } else if (this.handshakes.get(id)?.failed === true) {
      this.broken(2, id, `${name} fires after a failed handshake was reported`);
    } else if (name === 'Connected') {
      this.onConnected(entry);
    } else {
      this.onConnectionEvent(entry);
    }
  }

  /** Error, and the events that only TLS has. */
  private onTlsEvent(entry: Entry<'event'>): void {
    const { id, name } = entry;
    if (id === 0) {
      return;
    }
    const connection = this.connections.get(id);
    const code = name === 'Error' ? Number(entry.param.errorcode) : 0;
    const complete = name === 'SSLStatus' && String(entry.param.message).startsWith('handshake complete');
    if (!connection) {
      this.onEarlyTlsEvent(id, name, code, complete);
      return;
    }
    if (connection.state === 'gone') {
      this.broken(2, id, `${name} fires after Disconnected`);
    }
    if (connection.tls === 'handshake') {
      if (name === 'Error') {
        connection.tls = 'failed';
        connection.failure = code;
      } else if (complete) {
        connection.tls = 'open';
      }
    } else if (name.startsWith('SSL') && (connection.tls === 'clear' || name !== 'SSLStatus')) {
      this.broken(7, id, `${name} fires on a connection that is ${connection.tls}`);
    }
  }

  /** An event of a handshake that comes before Connected. */
  private onEarlyTlsEvent(id: number, name: EventName, code: number, complete: boolean): void {
    const early = this.handshakes.get(id) ?? { errors: [], complete: false, failed: false };
    this.handshakes.set(id, early);
    if (early.failed) {
      this.broken(2, id, `${name} fires after a failed handshake was reported`);
    }
    if (name === 'Error') {
      early.errors.push(code);
    } else if (name !== 'SSLStatus' && (early.complete || early.errors.length > 0)) {
      this.broken(7, id, `${name} fires after the end of the handshake`);
    }
    early.complete ||= complete;
  }

  private onConnected(entry: Entry<'event'>): void {
    const { id } = entry;
    const early = this.handshakes.get(id);
    const failure = Number(entry.param.statuscode);
    if (failure !== 0) {
      // Nobody went up, so nobody goes down: this is the last event.
      if (this.connections.has(id)) {
        this.broken(2, id, 'Connected fires with a failure after Connected');
      }
      if (early?.errors.length !== 1 || early.errors[0] !== failure) {
        this.broken(2, id, `Connected ${failure} follows the errors ${JSON.stringify(early?.errors ?? [])}`);
      }
      this.handshakes.set(id, { ...(early ?? { errors: [], complete: false }), failed: true });
      return;
    }
    if (this.connections.has(id)) {
      this.broken(2, id, 'Connected fires twice, or the id is used again');
    }
    if (early && (early.errors.length > 0 || !early.complete)) {
      this.broken(7, id, 'Connected 0 fires although the handshake is not complete');
    }
    const peer = entry.peer ?? { host: '', port: 0 };
    const asked = this.accepted.indexOf(`${peer.host} ${peer.port}`);
    if (asked >= 0) {
      this.accepted.splice(asked, 1);
    } else if (this.options.requests !== false) {
      this.broken(2, id, 'Connected fires without ConnectionRequest');
    }
    this.connections.set(id, newConnection(entry, peer, early !== undefined));
    this.handshakes.delete(id);
    this.up += 1;
    if (this.options.maxConnections !== undefined && this.up > this.options.maxConnections) {
      this.broken(4, id, `${this.up} connections with MaxConnections ${this.options.maxConnections}`);
    }
  }

  /** DataIn, ReadyToSend, Disconnected. */
  private onConnectionEvent(entry: Entry<'event'>): void {
    const { id, name } = entry;
    const connection = this.connections.get(id);
    if (!connection) {
      this.broken(2, id, `${name} fires before Connected`);
      return;
    }
    if (connection.state === 'gone') {
      this.broken(2, id, `${name} fires after Disconnected`);
      return;
    }
    if (name !== 'Disconnected' && (connection.tls === 'handshake' || connection.tls === 'failed')) {
      this.broken(7, id, `${name} fires during a handshake`);
    }
    if (name === 'ReadyToSend') {
      this.onReadyToSend(connection);
      return;
    }
    if (this.stack.slice(0, -1).some((running) => running.id === id && running.name !== 'ConnectionRequest')) {
      this.broken(2, id, `${name} fires while a handler of the connection is running`);
    }
    if (name === 'DataIn') {
      this.onDataIn(entry, connection);
    } else {
      this.onDisconnected(entry, connection);
    }
  }

  private onReadyToSend(connection: Connection): void {
    if (!connection.owed && !connection.allowed) {
      this.broken(3, connection.id, 'ReadyToSend fires although no send was refused since the last one');
    }
    if (connection.pieces.length > 0 && !connection.greeted) {
      this.broken(2, connection.id, 'the first ReadyToSend fires after DataIn');
    }
    connection.owed = false;
    connection.allowed = false;
    connection.greeted = true;
  }

  private onDataIn(entry: Entry<'event'>, connection: Connection): void {
    if (!connection.greeted) {
      this.broken(2, connection.id, 'DataIn fires before the first ReadyToSend');
    }
    connection.pieces.push({
      text: String(entry.param.text),
      eol: entry.param.eol === true,
      framing: entry.framing ?? { eol: '', recordLength: 0, singleLine: false },
    });
    connection.lastPayload = entry.at;
  }

  private onDisconnected(entry: Entry<'event'>, connection: Connection): void {
    const { id } = connection;
    connection.state = 'gone';
    connection.statuscode = Number(entry.param.statuscode);
    this.up -= 1;
    if (connection.tls === 'failed' && connection.statuscode === 0) {
      this.broken(7, id, `Disconnected 0 fires after the handshake failed with ${connection.failure}`);
    }
    if (connection.tls === 'handshake' && !connection.endedByProgram) {
      this.broken(7, id, 'Disconnected fires during a handshake without Error');
    }
    if (entry.connectedInside === true) {
      this.broken(2, id, 'Connected reads true inside Disconnected');
    }
    if (entry.peer && (entry.peer.port !== connection.peer.port || entry.peer.host !== connection.peer.host)) {
      this.broken(2, id, 'RemoteHost and RemotePort inside Disconnected are not those of Connected');
    }
    const limit = entry.idleTimeout ?? connection.idleTimeout;
    // These have other limits, which the log does not know.
    const byOther = /PieceTimeout|SendTimeout/.test(String(entry.param.description));
    if (connection.statuscode === Code.ConnectionTimedOut && limit > 0 && !connection.endedByProgram && !byOther) {
      const idle = entry.at - connection.lastPayload;
      if (idle < limit * 1000 - handlerDelayMs) {
        this.broken(5, id, `the idle time-out of ${limit} s fires after ${Math.round(idle)} ms`);
      }
    }
  }
}

function newConnection(entry: Entry<'event'>, peer: { host: string; port: number }, isTls: boolean): Connection {
  return {
    id: entry.id,
    peer,
    state: 'connected',
    owed: true,
    allowed: false,
    greeted: false,
    accepted: [],
    pieces: [],
    maxLineLength: entry.maxLineLength ?? 2048,
    linger: entry.linger ?? true,
    idleTimeout: entry.idleTimeout ?? 0,
    lastPayload: entry.at,
    endedByProgram: false,
    statuscode: -1,
    tls: isTls ? 'open' : 'clear',
    failure: 0,
  };
}
