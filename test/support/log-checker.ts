// The log checker: an automaton over the recorded calls and events of one server, and over what its
// clients wrote and received. It checks the promises that hold for every program: bytes (1), events (2),
// sends (3), bounds (4), time (5), isolation (6) and clean end (8; the port itself is tried in server.ts).
// Every test that talks to a server through withServer ends with it. Of TLS it checks where its events may
// come, how a failed handshake ends, and that nothing is delivered while one runs.
import { type ClientRecord, shorten } from './client';
import { Code, type EventName } from './ids';

/** How the input of a connection was to be cut when a DataIn handler began. */
export interface Framing {
  eol: string;
  recordLength: number;
  singleLine: boolean;
}

export type LogEntry =
  | {
      kind: 'event';
      at: number;
      name: EventName;
      id: number;
      param: Readonly<Record<string, unknown>>;
      /** DataIn: in force when the handler began. */
      framing?: Framing;
      /** Connected, Disconnected: what the server says of the peer and its limits. */
      peer?: { host: string; port: number };
      maxLineLength?: number;
      linger?: boolean;
      idleTimeout?: number;
      connectedInside?: boolean;
    }
  | { kind: 'return'; name: EventName; id: number; threw: boolean }
  | {
      kind: 'send';
      at: number;
      id: number;
      bytes: string;
      code: number;
      bytesSent: number;
      ready: boolean | null;
      timeout: number;
      /** The bytes are the content of a file that follows as the peer takes it. */
      file?: boolean;
    }
  | { kind: 'call'; name: 'disconnect' | 'shutdown' | 'close' | 'reset'; id: number }
  | { kind: 'startssl'; id: number; code: number };

interface Connection {
  id: number;
  peer: { host: string; port: number };
  state: 'connected' | 'gone';
  /** A ReadyToSend event is due: after Connected, and after a refused send. */
  owed: boolean;
  /** A ReadyToSend may come: at the end of a file sent without blocking. */
  allowed: boolean;
  greeted: boolean;
  accepted: string[];
  pieces: { text: string; eol: boolean; framing: Framing }[];
  maxLineLength: number;
  linger: boolean;
  idleTimeout: number;
  lastPayload: number;
  endedByProgram: boolean;
  statuscode: number;
  /** How far TLS is; `failed` when a handshake after StartSSL went wrong. */
  tls: 'clear' | 'handshake' | 'open' | 'failed';
  failure: number;
}

/** A connection whose handshake comes before its Connected. */
interface Handshake {
  errors: number[];
  complete: boolean;
  failed: boolean;
}

/** What a run of a server is checked against. */
export interface CheckOptions {
  /** MaxConnections, as far as the test knows it. */
  maxConnections?: number;
  /** False: the program sent in ways that the log does not see. */
  bytes?: boolean;
  /** False: connections may still be up at the end of the log. */
  allGone?: boolean;
  /** Whether ConnectionRequest was registered from the first connection on. */
  requests?: boolean;
}

/** A handler starts a little after the bytes came; tests of time-outs measure from the client and allow nothing. */
const handlerDelayMs = 15;

/** All ways in which the log breaks a promise; empty when it breaks none. */
export function violations(
  log: readonly LogEntry[],
  clients: readonly ClientRecord[],
  options: CheckOptions = {},
): string[] {
  const found: string[] = [];
  const connections = new Map<number, Connection>();
  const handshakes = new Map<number, Handshake>();
  const stack: { name: EventName; id: number }[] = [];
  const accepted: string[] = [];
  let cut = false;
  let up = 0;

  const broken = (promise: number, id: number, text: string) => {
    found.push(`promise ${promise}, connection ${id}: ${text}`);
  };

  /** Error, and the events that TLS has of its own. */
  const onTlsEvent = (entry: Extract<LogEntry, { kind: 'event' }>) => {
    const { id, name } = entry;
    if (id === 0) {
      return;
    }
    const connection = connections.get(id);
    const code = name === 'Error' ? Number(entry.param.errorcode) : 0;
    const complete = name === 'SSLStatus' && String(entry.param.message).startsWith('handshake complete');
    if (!connection) {
      const early = handshakes.get(id) ?? { errors: [], complete: false, failed: false };
      handshakes.set(id, early);
      if (early.failed) {
        broken(2, id, `${name} fires after a failed handshake was reported`);
      }
      if (name === 'Error') {
        early.errors.push(code);
      } else if (name !== 'SSLStatus' && (early.complete || early.errors.length > 0)) {
        broken(7, id, `${name} fires after the end of the handshake`);
      }
      early.complete ||= complete;
      return;
    }
    if (connection.state === 'gone') {
      broken(2, id, `${name} fires after Disconnected`);
    }
    if (connection.tls === 'handshake') {
      if (name === 'Error') {
        connection.tls = 'failed';
        connection.failure = code;
      } else if (complete) {
        connection.tls = 'open';
      }
    } else if (name.startsWith('SSL') && (connection.tls === 'clear' || name !== 'SSLStatus')) {
      broken(7, id, `${name} fires on a connection that is ${connection.tls}`);
    }
  };

  for (const entry of log) {
    if (entry.kind === 'call') {
      if (entry.name === 'close' || entry.name === 'reset') {
        cut = true;
      } else if (entry.name === 'shutdown') {
        for (const connection of connections.values()) {
          connection.endedByProgram ||= connection.state === 'connected';
        }
      } else {
        const connection = connections.get(entry.id);
        if (connection) {
          connection.endedByProgram = true;
        }
      }
      continue;
    }
    if (entry.kind === 'return') {
      const top = stack.pop();
      if (top?.name !== entry.name || top.id !== entry.id) {
        broken(2, entry.id, `the handler of ${entry.name} returned while ${top?.name ?? 'none'} was running`);
      }
      continue;
    }
    if (entry.kind === 'startssl') {
      const connection = connections.get(entry.id);
      if (entry.code === 0) {
        if (connection?.state !== 'connected' || connection.tls !== 'clear') {
          broken(7, entry.id, `StartSSL succeeds on a connection that is ${connection?.tls ?? 'not there'}`);
        } else {
          connection.tls = 'handshake';
        }
      }
      continue;
    }
    if (entry.kind === 'send') {
      const connection = connections.get(entry.id);
      if (!connection) {
        if (entry.code === 0) {
          broken(3, entry.id, 'a send to a connection that never was is accepted');
        }
        continue;
      }
      if (entry.code === 0) {
        if (connection.state === 'gone') {
          broken(3, entry.id, 'a send after Disconnected is accepted');
        }
        if (connection.tls === 'handshake' || connection.tls === 'failed') {
          broken(7, entry.id, 'a send is accepted during a handshake');
        }
        connection.accepted.push(entry.bytes);
        connection.lastPayload = entry.bytes.length > 0 ? entry.at : connection.lastPayload;
        if (entry.file === true) {
          connection.allowed = true;
        } else if (options.bytes !== false && entry.bytesSent !== entry.bytes.length && entry.bytesSent >= 0) {
          broken(3, entry.id, `BytesSent is ${entry.bytesSent} after ${entry.bytes.length} bytes were accepted`);
        }
      } else if (entry.code === Code.WouldBlock) {
        if (entry.bytesSent > 0) {
          broken(3, entry.id, `BytesSent is ${entry.bytesSent} after a refused send`);
        }
        if (entry.ready === true) {
          broken(3, entry.id, 'ReadyToSend reads true after a refused send');
        }
        connection.owed = true;
      } else if (entry.bytesSent > 0) {
        connection.accepted.push(entry.bytes.slice(0, entry.bytesSent));
      }
      continue;
    }

    // Events.
    const { id, name } = entry;
    stack.push({ name, id });
    if (cut) {
      broken(8, id, `${name} fires after close or reset`);
    }
    if (name === 'ConnectionRequest') {
      accepted.push(`${String(entry.param.address)} ${String(entry.param.port)}`);
      continue;
    }
    if (name === 'Error' || name.startsWith('SSL')) {
      onTlsEvent(entry);
      continue;
    }
    const early = handshakes.get(id);
    if (early?.failed === true) {
      broken(2, id, `${name} fires after a failed handshake was reported`);
      continue;
    }
    if (name === 'Connected') {
      const failure = Number(entry.param.statuscode);
      if (failure !== 0) {
        // Nobody went up, so nobody goes down: this is the last event.
        if (connections.has(id)) {
          broken(2, id, 'Connected fires with a failure after Connected');
        }
        if (early?.errors.length !== 1 || early.errors[0] !== failure) {
          broken(2, id, `Connected ${failure} follows the errors ${JSON.stringify(early?.errors ?? [])}`);
        }
        handshakes.set(id, { ...(early ?? { errors: [], complete: false }), failed: true });
        continue;
      }
      if (connections.has(id)) {
        broken(2, id, 'Connected fires twice, or the id is used again');
      }
      if (early && (early.errors.length > 0 || !early.complete)) {
        broken(7, id, 'Connected 0 fires although the handshake is not complete');
      }
      const peer = entry.peer ?? { host: '', port: 0 };
      const asked = accepted.indexOf(`${peer.host} ${peer.port}`);
      if (asked >= 0) {
        accepted.splice(asked, 1);
      } else if (options.requests !== false) {
        broken(2, id, 'Connected fires without ConnectionRequest');
      }
      connections.set(id, {
        id,
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
        tls: early ? 'open' : 'clear',
        failure: 0,
      });
      handshakes.delete(id);
      up += 1;
      if (options.maxConnections !== undefined && up > options.maxConnections) {
        broken(4, id, `${up} connections with MaxConnections ${options.maxConnections}`);
      }
      continue;
    }
    const connection = connections.get(id);
    if (!connection) {
      broken(2, id, `${name} fires before Connected`);
      continue;
    }
    if (connection.state === 'gone') {
      broken(2, id, `${name} fires after Disconnected`);
      continue;
    }
    if (name !== 'Disconnected' && (connection.tls === 'handshake' || connection.tls === 'failed')) {
      broken(7, id, `${name} fires during a handshake`);
    }
    if (name === 'ReadyToSend') {
      if (!connection.owed && !connection.allowed) {
        broken(3, id, 'ReadyToSend fires although no send was refused since the last one');
      }
      if (connection.pieces.length > 0 && !connection.greeted) {
        broken(2, id, 'the first ReadyToSend fires after DataIn');
      }
      connection.owed = false;
      connection.allowed = false;
      connection.greeted = true;
      continue;
    }
    if (stack.slice(0, -1).some((running) => running.id === id && running.name !== 'ConnectionRequest')) {
      broken(2, id, `${name} fires while a handler of the connection is running`);
    }
    if (name === 'DataIn') {
      if (!connection.greeted) {
        broken(2, id, 'DataIn fires before the first ReadyToSend');
      }
      connection.pieces.push({
        text: String(entry.param.text),
        eol: entry.param.eol === true,
        framing: entry.framing ?? { eol: '', recordLength: 0, singleLine: false },
      });
      connection.lastPayload = entry.at;
      continue;
    }
    // Disconnected.
    connection.state = 'gone';
    connection.statuscode = Number(entry.param.statuscode);
    up -= 1;
    if (connection.tls === 'failed' && connection.statuscode === 0) {
      broken(7, id, `Disconnected 0 fires after the handshake failed with ${connection.failure}`);
    }
    if (connection.tls === 'handshake' && !connection.endedByProgram) {
      broken(7, id, 'Disconnected fires during a handshake without Error');
    }
    if (entry.connectedInside === true) {
      broken(2, id, 'Connected reads true inside Disconnected');
    }
    if (entry.peer && (entry.peer.port !== connection.peer.port || entry.peer.host !== connection.peer.host)) {
      broken(2, id, 'RemoteHost and RemotePort inside Disconnected are not those of Connected');
    }
    const limit = entry.idleTimeout ?? connection.idleTimeout;
    // These have times of their own, which the log does not know.
    const byOther = /PieceTimeout|SendTimeout/.test(String(entry.param.description));
    if (connection.statuscode === Code.ConnectionTimedOut && limit > 0 && !connection.endedByProgram && !byOther) {
      const idle = entry.at - connection.lastPayload;
      if (idle < limit * 1000 - handlerDelayMs) {
        broken(5, id, `the idle time-out of ${limit} s fires after ${Math.round(idle)} ms`);
      }
    }
  }

  if (stack.length > 0 && !cut) {
    broken(6, stack[0]?.id ?? 0, `the handler of ${stack[0]?.name} never returned`);
  }
  for (const [id, early] of handshakes) {
    if (!early.failed && !cut && options.allGone !== false) {
      broken(2, id, 'Connected never fires for a handshake that began');
    }
  }
  const byPort = new Map(clients.map((client) => [client.localPort, client]));
  for (const connection of connections.values()) {
    if (connection.state === 'connected' && !cut && options.allGone !== false) {
      broken(2, connection.id, 'Disconnected never fires');
    }
    const client = byPort.get(connection.peer.port);
    if (client?.recorded && options.bytes !== false) {
      checkInput(connection, client, cut, broken);
      checkOutput(connection, client, cut, broken);
    }
  }
  return found;
}

type Broken = (promise: number, id: number, text: string) => void;

/** Promise 1: puts the pieces together again and compares them with what the client wrote. */
function checkInput(connection: Connection, client: ClientRecord, cut: boolean, broken: Broken): void {
  const stream = client.written;
  let cursor = 0;
  let afterCarriageReturn = false;
  for (const [index, piece] of connection.pieces.entries()) {
    if (afterCarriageReturn && stream[cursor] === '\n') {
      cursor += 1;
    }
    afterCarriageReturn = false;
    if (stream.slice(cursor, cursor + piece.text.length) !== piece.text) {
      const sent = stream.slice(cursor, cursor + piece.text.length);
      broken(1, connection.id, `DataIn ${index} has ${shorten(piece.text)} where the client sent ${shorten(sent)}`);
      return;
    }
    cursor += piece.text.length;
    const { eol, recordLength, singleLine } = piece.framing;
    const last = index === connection.pieces.length - 1;
    if (recordLength > 0) {
      if (piece.eol ? piece.text.length !== recordLength : !last || piece.text.length >= recordLength) {
        broken(1, connection.id, `a record of ${recordLength} bytes has ${piece.text.length}, eol ${piece.eol}`);
      }
      continue;
    }
    if (!singleLine && eol === '') {
      if (!piece.eol) {
        broken(1, connection.id, 'eol is false although there is no framing');
      }
      continue;
    }
    if (singleLine ? /[\r\n]/.test(piece.text) : piece.text.includes(eol)) {
      broken(1, connection.id, `the end of a line is inside the text ${shorten(piece.text)}`);
    }
    if (piece.text.length > connection.maxLineLength) {
      broken(4, connection.id, `a line has ${piece.text.length} bytes, the limit is ${connection.maxLineLength}`);
    }
    if (!piece.eol) {
      if (!last && piece.text.length !== connection.maxLineLength) {
        broken(1, connection.id, `a line is cut after ${piece.text.length} bytes`);
      }
      continue;
    }
    if (singleLine) {
      if (stream[cursor] !== '\r' && stream[cursor] !== '\n') {
        broken(1, connection.id, 'eol is true where the client sent no end of a line');
      }
      afterCarriageReturn = stream[cursor] === '\r';
      cursor += 1;
    } else {
      if (stream.slice(cursor, cursor + eol.length) !== eol) {
        broken(1, connection.id, 'eol is true where the client did not send EOL');
      }
      cursor += eol.length;
    }
  }
  if (afterCarriageReturn && stream[cursor] === '\n') {
    cursor += 1;
  }
  const complete = client.finished && !client.brokeOff && connection.statuscode === 0 && !connection.endedByProgram;
  if (complete && !cut && cursor !== stream.length) {
    broken(1, connection.id, `${stream.length - cursor} bytes of the client were never delivered`);
  }
}

/** Promise 3: what the client received is what the server accepted, from the first byte on. */
function checkOutput(connection: Connection, client: ClientRecord, cut: boolean, broken: Broken): void {
  const accepted = connection.accepted.join('');
  const { text } = client;
  if (!accepted.startsWith(text)) {
    let at = 0;
    while (at < text.length && text[at] === accepted[at]) {
      at += 1;
    }
    broken(
      3,
      connection.id,
      `the client received ${shorten(text.slice(at))} at byte ${at}, accepted was ${shorten(accepted.slice(at))}`,
    );
    return;
  }
  const orderly = client.ended && client.error === undefined && !client.brokeOff && connection.statuscode === 0;
  if (orderly && !cut && text.length !== accepted.length) {
    broken(3, connection.id, `${accepted.length - text.length} accepted bytes never reached the client`);
  }
}
