// The procedural interface: one function for each of the documented ones, over a resource. What they do
// is in the native library; here arguments get the types that it expects, and texts become bytes.

import { types } from 'node:util';
import { byteLengthOf } from '../bindings/byte-length';
import { binding } from '../bindings/choose';
import { bytesAreGone, bytesIn, isByteText } from './byte-text';
import type { Bytes } from './bytes';
import { type AnyHandler, Sink } from './events';
import { flushGathered, gather, gatherLine } from './gather';
import { ErrorCode } from './generated/errors';
import { type DecidingEvent, type Decision, EventId, type EventParams } from './generated/events';
import { binaryProperties, Property, type PropertyInputs, type PropertyTypes } from './generated/properties';
import { connectionOf, integerOf } from './integers';
import { native } from './native';
import { checked, handleOf, type Resource } from './resource';
import { shown, textOf } from './shown';
import {
  bytesOf,
  codedHandles,
  codePageOf,
  decode,
  encode,
  forgetCodePage,
  refreshCodePage,
  refuseNoByte,
  resetCodePage,
} from './text';

/** A connection id or another index; numeric strings are as good as numbers. */
export type Index = number | string;

/** What properties can be set to in general; PropertyInputs says what each of them takes. */
export type PropertyValue = number | bigint | boolean | string | Uint8Array;

/** What can be sent: by default a string with one character per byte, or the bytes themselves. */
export type Data = string | Uint8Array;

/**
 * A handler of one event. What it returns counts only for events with writable parameters, and these do not wait: an
 * async function is not one of their handlers.
 */
export type Handler<Id extends keyof EventParams> = (
  param: EventParams[Id],
) => Id extends DecidingEvent ? Decision<EventParams[Id]> : unknown;

// The calls of a busy server, without a look into the binding each time. Each flushes what was gathered by itself.
const { checkedTextMax, doDoevents, doSend, doSendline } = binding;

const sinks = new Map<number, Sink>();

// What the library says of -1 does not show what was passed. So where that was not an integer, this is said instead.
function explain(res: Resource, code: number, id: unknown, index: unknown): void {
  if (code === ErrorCode.UnknownName && connectionOf(id) < 0) {
    native.fail(res, code, `${shown(id)} is not a property id; ${idByName(id, Property, 'Property')}`);
  } else if (code === ErrorCode.UnknownConnection && connectionOf(index) < 0) {
    native.fail(res, code, `${shown(index)} is not a connection id; pass (resource, property, connection, value)`);
  }
}

function idByName(id: unknown, ids: Readonly<Record<string, number>>, group: string): string {
  const wanted = typeof id === 'string' ? id.toLowerCase() : '';
  const found = Object.entries(ids).find(([name]) => name.toLowerCase() === wanted);
  return found === undefined ? `use the constants in ${group}` : `${group}.${found[0]} is ${found[1]}`;
}

// The same for calls with a connection and nothing else that may be wrong about the ids.
function answered(name: string, res: Resource, code: number, connectionid: unknown): number {
  if (code === ErrorCode.UnknownConnection && connectionOf(connectionid) < 0) {
    native.fail(res, code, `${shown(connectionid)} is not a connection id; events carry it in param.connectionid`);
  }
  return checked(name, code);
}

/**
 * Opens a server. See docs/reference/methods.md.
 *
 * @param _key Ignored; ported programs may pass one.
 * @returns The resource that all other functions take. It stays open until ipworks_ipdaemon_close, or until its
 * thread ends.
 * @throws Error when memory, descriptors or handles are used up.
 */
export function ipworks_ipdaemon_open(_key?: unknown): Resource {
  const sink = new Sink();
  const res = native.open(sink);
  if (res === 0)
    throw new Error('ipworks_ipdaemon_open: no more servers can be opened: memory or descriptors have run out');
  sink.opened(res);
  sinks.set(res, sink);
  return res as Resource;
}

/**
 * Closes a server, its listener and its connections, without events. Inside a handler, too, its sockets are closed at
 * once; its memory goes when the outermost handler has returned. See docs/reference/methods.md.
 *
 * @param res The server. It is not valid any more afterwards.
 * @returns 0.
 * @throws TypeError if `res` is not an open server of this thread.
 */
export function ipworks_ipdaemon_close(res: Resource): number {
  const code = checked('close', native.close(handleOf(res)));
  sinks.delete(res);
  forgetCodePage(res);
  return code;
}

/**
 * Registers the handler of an event, instead of the one before. See docs/reference/events.md.
 *
 * @param res The server.
 * @param id The event, 1 to 9 (EventId).
 * @param handler Called with an object that has the keys of the event; null removes.
 * @returns 0, or the error code: 2001 UnknownName, 2002 InvalidValue.
 * @throws TypeError if `res` is not an open server of this thread.
 */
export function ipworks_ipdaemon_register_callback<Id extends keyof EventParams>(
  res: Resource,
  id: Id,
  handler: Handler<Id> | null,
): number;
export function ipworks_ipdaemon_register_callback<Id extends number>(
  res: Resource,
  id: number extends Id ? Id : never,
  handler: AnyHandler | null,
): number;
export function ipworks_ipdaemon_register_callback(res: Resource, id: number, handler: AnyHandler | null): number {
  const handle = handleOf(res);
  const event = integerOf(id);
  if (handler !== null && typeof handler !== 'function') {
    const detail = `a handler must be a function, or null to remove it, not ${shown(handler)}`;
    return checked('register_callback', native.fail(handle, ErrorCode.InvalidValue, detail));
  }
  const code = checked('register_callback', native.registerCallback(handle, event, handler !== null));
  if (code === 0) sinks.get(handle)?.register(event, handler);
  else if (event < 0) native.fail(handle, code, `${shown(id)} is not an event id; ${idByName(id, EventId, 'EventId')}`);
  return code;
}

/**
 * The text of the last error. See docs/reference/errors.md.
 *
 * @param res The server.
 * @returns The text, '' if the last call succeeded.
 * @throws TypeError if `res` is not an open server of this thread.
 */
export function ipworks_ipdaemon_get_last_error(res: Resource): string {
  const handle = handleOf(res);
  checked('get_last_error', native.getLastErrorCode(handle));
  return native.getLastError(handle);
}

/**
 * The code of the last error. See docs/reference/errors.md.
 *
 * @param res The server.
 * @returns The code, 0 if the last call succeeded.
 * @throws TypeError if `res` is not an open server of this thread.
 */
export function ipworks_ipdaemon_get_last_error_code(res: Resource): number {
  return checked('get_last_error_code', native.getLastErrorCode(handleOf(res)));
}

/**
 * Sets a property. The index may be left out where the property has none: the number of arguments decides. See
 * PROPERTIES.md.
 *
 * @param res The server.
 * @param id The property (Property).
 * @param index The connection id for properties of a connection, otherwise 0.
 * @param value The value. Numbers and booleans may come as text; texts of binary properties follow the CodePage
 * setting, a Uint8Array is taken as it is. After an error the old value stands.
 * @returns 0, or the error code: 106 LocalPortWhileListening, 107 LocalHostWhileListening, 126 UnknownConnection,
 * 270 TlsUnavailable, 271 TlsStore, 272 TlsNoMatch, 273 TlsCertificate, 282 TlsNoServerCertificate,
 * 434 TextNotConvertible, 1117 NotOpen, 2001 UnknownName, 2002 InvalidValue, 2003 ReadOnly, 2004 NotAvailable,
 * 10048 and others, those of do_send.
 * @throws TypeError if `res` is not an open server of this thread.
 */
export function ipworks_ipdaemon_set<Id extends keyof PropertyInputs>(
  res: Resource,
  id: Id,
  index: Index,
  value: PropertyInputs[Id],
): number;
export function ipworks_ipdaemon_set<Id extends keyof PropertyInputs>(
  res: Resource,
  id: Id,
  value: PropertyInputs[Id],
): number;
export function ipworks_ipdaemon_set<Id extends number>(
  res: Resource,
  id: number extends Id ? Id : never,
  ...indexAndValue: [Index, PropertyValue] | [PropertyValue]
): number;
export function ipworks_ipdaemon_set(res: Resource, id: number, ...indexAndValue: unknown[]): number {
  const handle = handleOf(res);
  const hasIndex = indexAndValue.length > 1;
  const index = hasIndex ? indexAndValue[0] : 0;
  const value = hasIndex ? indexAndValue[1] : indexAndValue[0];
  const code = checked('set', setValue(handle, integerOf(id), connectionOf(index), value));
  if (code !== 0) explain(handle, code, id, index);
  return code;
}

function setValue(res: Resource, id: number, index: number, value: unknown): number {
  if (binaryProperties.has(id)) {
    const bytes = toBytes(res, id === Property.DataToSend ? index : 0, value);
    return typeof bytes === 'number' ? bytes : native.set(res, id, index, bytes);
  }
  switch (typeof value) {
    case 'number':
      if (!Number.isSafeInteger(value)) {
        return native.fail(res, ErrorCode.InvalidValue, `${value} is not an integer, or is out of range`);
      }
      return native.set(res, id, index, value);
    case 'string':
    case 'boolean':
      return native.set(res, id, index, value);
    case 'bigint':
      return native.set(res, id, index, String(value));
    default:
      if (types.isUint8Array(value)) {
        if (bytesIn(value) === undefined) return native.fail(res, ErrorCode.InvalidValue, bytesAreGone);
        return native.set(res, id, index, value);
      }
      return native.fail(
        res,
        ErrorCode.InvalidValue,
        `a value must be a number, a boolean, a string or a Uint8Array, not ${shown(value)}`,
      );
  }
}

// What PHP would put into a byte string, or the code of the refusal. `connection` as in `encode`.
function toBytes(res: Resource, connection: number, value: unknown): Uint8Array | number {
  if (typeof value === 'string') return encode(res, connection, value);
  if (types.isUint8Array(value) && byteLengthOf(value) !== 0) return value;
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) {
    return bytesIn(value) ?? native.failSend(res, connection, ErrorCode.InvalidValue, bytesAreGone);
  }
  if (typeof value === 'number' || typeof value === 'bigint') return bytesOf(String(value));
  if (typeof value === 'boolean') return bytesOf(value ? '1' : '');
  const detail = `text must be a string, a number, a boolean or a Uint8Array, not ${shown(value)}`;
  return native.failSend(res, connection, ErrorCode.InvalidValue, detail);
}

/**
 * Reads a property. See PROPERTIES.md.
 *
 * @param res The server.
 * @param id The property (Property).
 * @param index The connection id for properties of a connection, otherwise 0 or left out.
 * @returns The value; null after an error; ipworks_ipdaemon_get_last_error_code says which. Binary properties
 * are text by the CodePage setting, by default one character per byte. Of a connection that has ended, error 126,
 * ReadyToSend is true, Connected false and BytesSent 2147483647 even so, so that no loop waits for them for ever.
 * @throws TypeError if `res` is not an open server of this thread.
 */
export function ipworks_ipdaemon_get<Id extends keyof PropertyTypes>(
  res: Resource,
  id: Id,
  index?: Index,
): PropertyTypes[Id] | null;
export function ipworks_ipdaemon_get<Id extends number>(
  res: Resource,
  id: number extends Id ? Id : never,
  index?: Index,
): number | boolean | string | null;
export function ipworks_ipdaemon_get(res: Resource, id: number, index: Index = 0): number | boolean | string | null {
  const handle = handleOf(res);
  const value = native.get(handle, integerOf(id), connectionOf(index));
  if (value === null) {
    explain(handle, checked('get', native.getLastErrorCode(handle)), id, index);
    return null;
  }
  if (codedHandles !== 0 && typeof value === 'string' && binaryProperties.has(id))
    return decode(codePageOf(handle), value);
  return value;
}

/**
 * Reads a property as bytes: those of a binary property as they are, others as the UTF-8 of their text. See
 * PROPERTIES.md.
 *
 * @param res The server.
 * @param id The property (Property).
 * @param index The connection id for properties of a connection, otherwise 0 or left out.
 * @returns The bytes, or null after an error.
 * @throws TypeError if `res` is not an open server of this thread.
 */
export function ipworks_ipdaemon_get_bytes(res: Resource, id: number, index: Index = 0): Bytes | null {
  const handle = handleOf(res);
  const value = native.get(handle, integerOf(id), connectionOf(index));
  if (value === null) {
    explain(handle, checked('get_bytes', native.getLastErrorCode(handle)), id, index);
    return null;
  }
  if (binaryProperties.has(id)) return bytesOf(value as string);
  return Buffer.from(typeof value === 'boolean' ? (value ? '1' : '0') : String(value), 'utf8');
}

/**
 * Reads or sets a configuration setting. See docs/reference/settings.md.
 *
 * @param res The server.
 * @param configurationstring 'Name' or 'Name[connectionid]' reads, 'Name=value' sets. Names are case-insensitive.
 * @returns The value in force as text; '' after an error; ipworks_ipdaemon_get_last_error_code says which.
 * @throws TypeError if `res` is not an open server of this thread.
 */
export function ipworks_ipdaemon_do_config(res: Resource, configurationstring: string): string {
  const handle = handleOf(res);
  const setting = textOf(configurationstring);
  if (setting === undefined) {
    const detail = `a setting must be a string like 'Name=value', not ${shown(configurationstring)}`;
    checked('do_config', native.fail(handle, ErrorCode.InvalidValue, detail));
    return '';
  }
  const value = native.doConfig(handle, setting);
  if (value === null) {
    checked('do_config', native.getLastErrorCode(handle));
    return '';
  }
  if (/^\s*codepage\s*=/i.test(setting)) refreshCodePage(handle);
  return value;
}

/**
 * Disconnects one connection: with Linger after what is queued has been sent, without it at once. Disconnected
 * fires before the call returns, inside a handler afterwards. See docs/reference/methods.md.
 *
 * @param res The server.
 * @param connectionid The connection.
 * @returns 0, or the error code: 126 UnknownConnection.
 * @throws TypeError if `res` is not an open server of this thread; what a handler threw meanwhile.
 */
export function ipworks_ipdaemon_do_disconnect(res: Resource, connectionid: Index): number {
  const handle = handleOf(res);
  return answered('do_disconnect', handle, native.doDisconnect(handle, connectionOf(connectionid)), connectionid);
}

/**
 * Delivers what is ready, each connection at most once, and waits up to SelectWaitMillis milliseconds when nothing
 * is. Inside a handler it serves all connections but those whose handlers are running. See
 * docs/reference/methods.md.
 *
 * @param res The server.
 * @returns 0.
 * @throws TypeError if `res` is not an open server of this thread; what a handler threw.
 */
export function ipworks_ipdaemon_do_doevents(res: Resource): number {
  flushGathered();
  return checked('do_doevents', doDoevents(handleOf(res)));
}

/**
 * Ends a blocking send of the connection with error 301; without one, does nothing. See
 * docs/reference/methods.md.
 *
 * @param res The server.
 * @param connectionid The connection.
 * @returns 0, or the error code: 126 UnknownConnection.
 * @throws TypeError if `res` is not an open server of this thread.
 */
export function ipworks_ipdaemon_do_interrupt(res: Resource, connectionid: Index): number {
  const handle = handleOf(res);
  return answered('do_interrupt', handle, native.doInterrupt(handle, connectionOf(connectionid)), connectionid);
}

/**
 * Ends listening and all connections without events, and gives every property and setting its default. Handlers
 * stay registered. Inside a handler it happens when the outermost one has returned. See
 * docs/reference/methods.md.
 *
 * @param res The server.
 * @returns 0.
 * @throws TypeError if `res` is not an open server of this thread.
 */
export function ipworks_ipdaemon_do_reset(res: Resource): number {
  const handle = handleOf(res);
  const code = checked('do_reset', native.doReset(handle));
  if (codedHandles !== 0) resetCodePage(handle);
  return code;
}

/**
 * Sends to one connection, all or nothing. With Timeout 0 it is accepted, or refused with 10035 when too much is
 * queued; then ReadyToSend fires once the queue is empty. With a Timeout it returns when the system has taken
 * everything, delivering events meanwhile. During a TLS handshake it is refused with 10035 and ReadyToSend fires when
 * that is done. See docs/reference/methods.md.
 *
 * @param res The server.
 * @param connectionid The connection.
 * @param text A string by the CodePage setting, by default one character per byte; or bytes.
 * @returns 0, or the error code: 126 UnknownConnection, 283 TlsEncrypt, 301 TimedOut, 434 TextNotConvertible,
 * 1117 NotOpen, 2002 InvalidValue, 10035 WouldBlock, 10036 InProgress, 10040 MessageTooLong, 10054 and others.
 * @throws TypeError if `res` is not an open server of this thread; what a handler threw meanwhile.
 */
export function ipworks_ipdaemon_do_send(res: Resource, connectionid: Index, text: Data): number {
  if (gather(res, connectionid, text)) return 0;
  flushGathered();
  const handle = handleOf(res);
  const id = connectionOf(connectionid);
  const data =
    typeof text === 'string' && codedHandles === 0 && text.length <= checkedTextMax ? text : sendable(handle, id, text);
  if (typeof data === 'number') return checked('do_send', data);
  const code = doSend(handle, id, data);
  return code === undefined ? 0 : answered('do_send', handle, code, connectionid);
}

// What the native side takes, or the code of the refusal.
function sendable(res: Resource, connection: number, text: unknown): Data | number {
  if (typeof text !== 'string' || codedHandles !== 0) return toBytes(res, connection, text);
  if (text.length > checkedTextMax && !isByteText(text)) return refuseNoByte(res, connection, text);
  return text;
}

/**
 * Sends the content of a file. With Timeout 0 it returns at once, the file follows as the peer takes it, and other
 * sends are refused with 10035 until then. See docs/reference/methods.md.
 *
 * @param res The server.
 * @param connectionid The connection.
 * @param filename The path of a regular file.
 * @returns 0, or the error code: 126 UnknownConnection, 283 TlsEncrypt, 301 TimedOut, 302 FileUnusable, 1117 NotOpen,
 * 10035 WouldBlock, 10036 InProgress, 10054 and others.
 * @throws TypeError if `res` is not an open server of this thread; what a handler threw meanwhile.
 */
export function ipworks_ipdaemon_do_sendfile(res: Resource, connectionid: Index, filename: string): number {
  const handle = handleOf(res);
  const id = connectionOf(connectionid);
  const path = textOf(filename);
  if (path === undefined) {
    const detail = `a file name must be a string, not ${shown(filename)}`;
    return checked('do_sendfile', native.failSend(handle, id, ErrorCode.FileUnusable, detail));
  }
  return answered('do_sendfile', handle, native.doSendfile(handle, id, path), connectionid);
}

/**
 * Sends a text and CR LF, as one send. See docs/reference/methods.md.
 *
 * @param res The server.
 * @param connectionid The connection.
 * @param text As for ipworks_ipdaemon_do_send.
 * @returns 0, or the error code, as ipworks_ipdaemon_do_send.
 * @throws TypeError if `res` is not an open server of this thread; what a handler threw meanwhile.
 */
export function ipworks_ipdaemon_do_sendline(res: Resource, connectionid: Index, text: Data): number {
  if (gatherLine(res, connectionid, text)) return 0;
  flushGathered();
  const handle = handleOf(res);
  const id = connectionOf(connectionid);
  const data =
    typeof text === 'string' && codedHandles === 0 && text.length <= checkedTextMax ? text : sendable(handle, id, text);
  if (typeof data === 'number') return checked('do_sendline', data);
  const code = doSendline(handle, id, data);
  return code === undefined ? 0 : answered('do_sendline', handle, code, connectionid);
}

/**
 * Stops listening and disconnects every connection. Outside handlers it returns when all are gone, after 10
 * seconds at most; inside a handler they go afterwards. See docs/reference/methods.md.
 *
 * @param res The server.
 * @returns 0.
 * @throws TypeError if `res` is not an open server of this thread; what a handler threw meanwhile.
 */
export function ipworks_ipdaemon_do_shutdown(res: Resource): number {
  return checked('do_shutdown', native.doShutdown(handleOf(res)));
}

/**
 * Starts TLS on an unencrypted connection, usually inside the DataIn that has a command such as STARTTLS. What was
 * accepted before is sent first, unencrypted; what was received and not delivered is discarded. Never blocks: events
 * report its outcome, and sends are refused with 10035 until it is done. After an error the connection stays
 * unencrypted, unless it is broken. See docs/reference/tls.md.
 *
 * @param res The server.
 * @param connectionid The connection.
 * @returns 0, or the error code: 126 UnknownConnection, 211 BadState, 270 TlsUnavailable, 271 TlsStore,
 * 272 TlsNoMatch, 273 TlsCertificate, 282 TlsNoServerCertificate, 1117 NotOpen, 2002 InvalidValue, 2004 NotAvailable,
 * 10035 WouldBlock, 10054 and others.
 * @throws TypeError if `res` is not an open server of this thread; what a handler threw meanwhile.
 */
export function ipworks_ipdaemon_do_startssl(res: Resource, connectionid: Index): number {
  const handle = handleOf(res);
  return answered('do_startssl', handle, native.doStartssl(handle, connectionOf(connectionid)), connectionid);
}

/**
 * Reads a counter of the server, which counts from ipworks_ipdaemon_open on: of connections that were made and peers
 * that were refused without any event, of bytes, and of the reasons for which connections ended. The original has nothing like it. See
 * docs/reference/connections.md.
 *
 * @param res The server.
 * @param counter The counter (Counter). 100 + a reason of Refused is the counter of that reason,
 *   and so is 200 + one of Closed.
 * @returns The count, or -1 for an unknown counter, with the error 2001.
 * @throws TypeError if `res` is not an open server of this thread.
 */
export function ipdaemon_counter(res: Resource, counter: number): number {
  const handle = handleOf(res);
  const count = native.counter(handle, integerOf(counter));
  if (count >= 0) return count;
  const detail = `${shown(counter)} is not a counter; use the constants in Counter`;
  checked('counter', native.fail(handle, ErrorCode.UnknownName, detail));
  return -1;
}

// The short names: the same functions.
export {
  ipworks_ipdaemon_close as ipdaemon_close,
  ipworks_ipdaemon_do_config as ipdaemon_do_config,
  ipworks_ipdaemon_do_disconnect as ipdaemon_do_disconnect,
  ipworks_ipdaemon_do_doevents as ipdaemon_do_doevents,
  ipworks_ipdaemon_do_interrupt as ipdaemon_do_interrupt,
  ipworks_ipdaemon_do_reset as ipdaemon_do_reset,
  ipworks_ipdaemon_do_send as ipdaemon_do_send,
  ipworks_ipdaemon_do_sendfile as ipdaemon_do_sendfile,
  ipworks_ipdaemon_do_sendline as ipdaemon_do_sendline,
  ipworks_ipdaemon_do_shutdown as ipdaemon_do_shutdown,
  ipworks_ipdaemon_do_startssl as ipdaemon_do_startssl,
  ipworks_ipdaemon_get as ipdaemon_get,
  ipworks_ipdaemon_get_bytes as ipdaemon_get_bytes,
  ipworks_ipdaemon_get_last_error as ipdaemon_get_last_error,
  ipworks_ipdaemon_get_last_error_code as ipdaemon_get_last_error_code,
  ipworks_ipdaemon_open as ipdaemon_open,
  ipworks_ipdaemon_register_callback as ipdaemon_register_callback,
  ipworks_ipdaemon_set as ipdaemon_set,
};
