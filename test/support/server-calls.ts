// The calls of a server under test, each kept in a log: what the program did, and what came of it.
import { readFileSync } from 'node:fs';
import type { Api } from './bindings';
import { P } from './ids';
import type { ServerKind } from './kinds';
import type { LogEntry } from './log-checker';

export class ServerCalls {
  readonly api: Api;
  readonly kind: ServerKind;
  readonly res: ReturnType<Api['ipworks_ipdaemon_open']>;
  readonly log: LogEntry[] = [];
  /** What the last call of this class ended with, the pair of get_last_error. */
  code = 0;
  error = '';
  closed = false;
  protected readonly record: boolean;

  /** `record`: whether sends are kept, too, with their bytes. */
  constructor(kind: ServerKind, record: boolean) {
    this.kind = kind;
    this.api = kind.api;
    this.record = record;
    this.res = this.api.ipworks_ipdaemon_open();
  }

  /** Fails the test when a call did. */
  must(code: number): void {
    if (code !== 0) {
      throw new Error(`the call failed with ${code}: ${this.error}`);
    }
  }

  get(property: number, index = 0): unknown {
    const value: unknown = this.api.ipworks_ipdaemon_get(this.res, property, index);
    this.keepError();
    return value;
  }

  set(property: number, value: unknown): number;
  set(property: number, index: number, value: unknown): number;
  set(property: number, ...rest: unknown[]): number {
    const [index, value] = rest.length === 1 ? [0, rest[0]] : [rest[0] as number, rest[1]];
    if (property === P.Connected && value === false) {
      this.log.push({ kind: 'call', name: 'disconnect', id: index });
    }
    const code = this.api.ipworks_ipdaemon_set(this.res, property, index, value as string);
    this.keepError();
    return code;
  }

  config(text: string): string {
    const value = this.api.ipworks_ipdaemon_do_config(this.res, text);
    this.keepError();
    return value;
  }

  /** The code that a configuration string ends with. */
  configCode(text: string): number {
    this.config(text);
    return this.code;
  }

  send(id: number, text: string | Uint8Array): number {
    return this.sent(id, text, () => this.api.ipworks_ipdaemon_do_send(this.res, id, text));
  }

  sendLine(id: number, text: string | Uint8Array): number {
    const line = `${typeof text === 'string' ? text : Buffer.from(text).toString('latin1')}\r\n`;
    return this.sent(id, line, () => this.api.ipworks_ipdaemon_do_sendline(this.res, id, text));
  }

  setDataToSend(id: number, text: string | Uint8Array): number {
    return this.sent(id, text, () =>
      this.api.ipworks_ipdaemon_set(this.res, P.DataToSend, id, text as unknown as string),
    );
  }

  sendFile(id: number, path: string): number {
    return this.sent(id, undefined, () => this.api.ipworks_ipdaemon_do_sendfile(this.res, id, path), path);
  }

  disconnect(id: number): number {
    this.log.push({ kind: 'call', name: 'disconnect', id });
    const code = this.api.ipworks_ipdaemon_do_disconnect(this.res, id);
    this.keepError();
    return code;
  }

  startSsl(id: number): number {
    // Before the call: events may fire in it.
    const entry = { kind: 'startssl' as const, id, code: 0 };
    this.log.push(entry);
    entry.code = this.api.ipworks_ipdaemon_do_startssl(this.res, id);
    this.keepError();
    return entry.code;
  }

  shutdown(): number {
    this.log.push({ kind: 'call', name: 'shutdown', id: 0 });
    const code = this.api.ipworks_ipdaemon_do_shutdown(this.res);
    this.keepError();
    return code;
  }

  reset(): number {
    this.log.push({ kind: 'call', name: 'reset', id: 0 });
    const code = this.api.ipworks_ipdaemon_do_reset(this.res);
    this.keepError();
    return code;
  }

  doEvents(): number {
    return this.api.ipworks_ipdaemon_do_doevents(this.res);
  }

  private keepError(): void {
    this.code = this.api.ipworks_ipdaemon_get_last_error_code(this.res);
    this.error = this.api.ipworks_ipdaemon_get_last_error(this.res);
  }

  private sent(id: number, text: string | Uint8Array | undefined, call: () => number, path?: string): number {
    const timeout = this.record ? Number(this.api.ipworks_ipdaemon_get(this.res, P.Timeout, id) ?? 0) : 0;
    const code = call();
    if (this.closed || !this.record) {
      return code;
    }
    this.keepError();
    const { code: kept, error } = this;
    let bytes = '';
    if (path !== undefined) {
      bytes = code === 0 || timeout > 0 ? readFileSync(path, 'latin1') : '';
    } else if (text !== undefined) {
      bytes = typeof text === 'string' ? text : Buffer.from(text).toString('latin1');
    }
    this.log.push({
      kind: 'send',
      at: performance.now(),
      id,
      bytes,
      code,
      bytesSent: Number(this.get(P.BytesSent, id) ?? -1),
      ready: this.get(P.ReadyToSend, id) as boolean | null,
      timeout,
      file: path !== undefined,
    });
    this.code = kept;
    this.error = error;
    return code;
  }
}
