/// <reference lib="esnext.disposable" preserve="true" />
// The class over the procedural functions, as IPWorks_IPDaemon of the PHP edition: fire methods to
// override, and errors as exceptions.

import { IPDaemonError } from './errors';
import { Accessors } from './generated/class';
import { type EventRow, eventRows } from './generated/events';
import { Property } from './generated/properties';
import {
  type Data,
  type Index,
  ipworks_ipdaemon_close,
  ipworks_ipdaemon_do_config,
  ipworks_ipdaemon_do_disconnect,
  ipworks_ipdaemon_do_doevents,
  ipworks_ipdaemon_do_interrupt,
  ipworks_ipdaemon_do_reset,
  ipworks_ipdaemon_do_send,
  ipworks_ipdaemon_do_sendfile,
  ipworks_ipdaemon_do_sendline,
  ipworks_ipdaemon_do_shutdown,
  ipworks_ipdaemon_do_startssl,
  ipworks_ipdaemon_get,
  ipworks_ipdaemon_get_last_error,
  ipworks_ipdaemon_get_last_error_code,
  ipworks_ipdaemon_open,
  ipworks_ipdaemon_register_callback,
  ipworks_ipdaemon_set,
} from './ipdaemon';
import type { Resource } from './resource';

type Fire = (param: object) => unknown;

/**
 * A TCP and TLS server. Derive from it and override the fire methods of the events you want; the spelling of the first
 * letter, fireDataIn or FireDataIn, does not matter. See docs/reference/class.md.
 */
export class IPWorks_IPDaemon extends Accessors {
  readonly handle: Resource;
  #closed = false;

  /**
   * Opens a server.
   *
   * @param key Ignored; ported programs may pass one.
   * @throws Error when memory, descriptors or handles are used up.
   */
  constructor(key?: unknown) {
    super();
    this.handle = ipworks_ipdaemon_open(key);
    for (const row of eventRows) this.#register(row);
  }

  // Only overridden events are registered, so those that nobody watches cost nothing. PHP finds a method in
  // any spelling of its name; the one nearest to the instance counts.
  #register(row: EventRow): void {
    const name = `fire${row.name}`;
    for (const spelling of this.#spellings(name.toLowerCase())) {
      const method = (this as unknown as Record<string, Fire>)[spelling];
      if (typeof method !== 'function') continue;
      if (method === (Accessors.prototype as unknown as Record<string, Fire>)[name]) return;
      this.#listen(row.id, spelling);
      return;
    }
  }

  #listen(id: number, spelling: string): void {
    const self = this as unknown as Record<string, Fire>;
    // Looked up at each event, so that a method assigned later counts as well.
    ipworks_ipdaemon_register_callback(this.handle, id as number, (param: object) => (self[spelling] as Fire)(param));
  }

  *#spellings(lowerCase: string): Generator<string> {
    for (let object: object | null = this; object !== null; object = Object.getPrototypeOf(object)) {
      for (const name of Object.getOwnPropertyNames(object)) {
        if (name.toLowerCase() === lowerCase) yield name;
      }
    }
  }

  protected checked(code: number): number {
    if (code !== 0) throw new IPDaemonError(code, ipworks_ipdaemon_get_last_error(this.handle));
    return code;
  }

  /**
   * Name and version of this library.
   *
   * @returns The text of property 0.
   */
  VERSION(): string {
    return ipworks_ipdaemon_get(this.handle, Property.Version) ?? '';
  }

  /**
   * The text of the last error. See docs/reference/errors.md.
   *
   * @returns The text, '' if the last call succeeded.
   */
  lastError(): string {
    return ipworks_ipdaemon_get_last_error(this.handle);
  }

  /**
   * The code of the last error. See docs/reference/errors.md.
   *
   * @returns The code, 0 if the last call succeeded.
   */
  lastErrorCode(): number {
    return ipworks_ipdaemon_get_last_error_code(this.handle);
  }

  /**
   * The text kept by setRuntimeLicense. No licence is needed.
   *
   * @returns The text.
   */
  getRuntimeLicense(): string {
    return ipworks_ipdaemon_get(this.handle, Property.RuntimeLicense) ?? '';
  }

  /**
   * Keeps a text for ported programs. No licence is needed and the text is not looked at.
   *
   * @param value The text.
   * @returns 0.
   */
  setRuntimeLicense(value: string): number {
    return this.checked(ipworks_ipdaemon_set(this.handle, Property.RuntimeLicense, value));
  }

  /**
   * Reads or sets a configuration setting. See docs/reference/settings.md.
   *
   * @param configurationstring 'Name' or 'Name[connectionid]' reads, 'Name=value' sets.
   * @returns The value in force as text.
   * @throws IPDaemonError if the name is unknown or the value refused.
   */
  doConfig(configurationstring: string): string {
    const value = ipworks_ipdaemon_do_config(this.handle, configurationstring);
    this.checked(ipworks_ipdaemon_get_last_error_code(this.handle));
    return value;
  }

  /**
   * Disconnects one connection. See ipworks_ipdaemon_do_disconnect and docs/reference/methods.md.
   *
   * @param connectionid The connection.
   * @returns 0.
   * @throws IPDaemonError if there is no such connection; what a handler threw meanwhile.
   */
  doDisconnect(connectionid: Index): number {
    return this.checked(ipworks_ipdaemon_do_disconnect(this.handle, connectionid));
  }

  /**
   * Delivers what is ready. See ipworks_ipdaemon_do_doevents and docs/reference/methods.md.
   *
   * @returns 0.
   * @throws What a handler threw.
   */
  doEvents(): number {
    return this.checked(ipworks_ipdaemon_do_doevents(this.handle));
  }

  /**
   * Ends a blocking send of the connection. See docs/reference/methods.md.
   *
   * @param connectionid The connection.
   * @returns 0.
   * @throws IPDaemonError if there is no such connection.
   */
  doInterrupt(connectionid: Index): number {
    return this.checked(ipworks_ipdaemon_do_interrupt(this.handle, connectionid));
  }

  /**
   * Ends everything without events and restores the defaults. See docs/reference/methods.md.
   *
   * @returns 0.
   */
  doReset(): number {
    return this.checked(ipworks_ipdaemon_do_reset(this.handle));
  }

  /**
   * Sends to one connection, all or nothing. See ipworks_ipdaemon_do_send and docs/reference/methods.md.
   *
   * @param connectionid The connection.
   * @param text A string by the CodePage setting, by default one character per byte; or bytes.
   * @returns 0.
   * @throws IPDaemonError with code 10035 if refused for now, or another; what a handler threw meanwhile.
   */
  doSend(connectionid: Index, text: Data): number {
    return this.checked(ipworks_ipdaemon_do_send(this.handle, connectionid, text));
  }

  /**
   * Sends the content of a file. See ipworks_ipdaemon_do_sendfile and docs/reference/methods.md.
   *
   * @param connectionid The connection.
   * @param filename The path of a regular file.
   * @returns 0.
   * @throws IPDaemonError with code 302 if the file cannot be read, or as doSend; what a handler threw meanwhile.
   */
  doSendFile(connectionid: Index, filename: string): number {
    return this.checked(ipworks_ipdaemon_do_sendfile(this.handle, connectionid, filename));
  }

  /**
   * Sends a text and CR LF. See ipworks_ipdaemon_do_sendline and docs/reference/methods.md.
   *
   * @param connectionid The connection.
   * @param text As for doSend.
   * @returns 0.
   * @throws IPDaemonError as doSend; what a handler threw meanwhile.
   */
  doSendLine(connectionid: Index, text: Data): number {
    return this.checked(ipworks_ipdaemon_do_sendline(this.handle, connectionid, text));
  }

  /**
   * Stops listening and disconnects every connection. See docs/reference/methods.md.
   *
   * @returns 0.
   * @throws What a handler threw meanwhile.
   */
  doShutdown(): number {
    return this.checked(ipworks_ipdaemon_do_shutdown(this.handle));
  }

  /**
   * Starts TLS on an unencrypted connection. It never blocks; events report how the handshake ends. See
   * ipworks_ipdaemon_do_startssl and docs/reference/tls.md.
   *
   * @param connectionid The connection.
   * @returns 0.
   * @throws IPDaemonError if TLS has begun already (211), or there is no TLS (270) or no usable certificate (271 to 273,
   * 282), and then the connection stays unencrypted; what a handler threw meanwhile.
   */
  doStartSSL(connectionid: Index): number {
    return this.checked(ipworks_ipdaemon_do_startssl(this.handle, connectionid));
  }

  /**
   * Closes the server, its listener and its connections, without events. The object is of no use afterwards;
   * disposing of it again does nothing.
   */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    ipworks_ipdaemon_close(this.handle);
  }
}
