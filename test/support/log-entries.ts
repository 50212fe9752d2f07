// What a test server records: its calls and events, and what the log checker knows of a connection while it reads them.
import type { EventName } from './ids';

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

export interface Connection {
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
export interface Handshake {
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

/** Notes a broken promise; 0 is no connection in particular. */
export type Broken = (promise: number, id: number, text: string) => void;
