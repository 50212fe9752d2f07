// Where the native side delivers events: parameter objects with the legacy keys are made here, and
// what a handler changed goes back.

import { AsyncLocalStorage } from 'node:async_hooks';
import { types } from 'node:util';
import type { NativeSink, NativeValue } from '../bindings/contract';
import { batchDescriptorLength, gatheredLinesMax, groupDescriptorLength, groupSendsLength } from '../bindings/contract';
import { contextIsKept, wakesByThread } from '../bindings/host';
import { bytesAreGone, bytesIn } from './byte-text';
import type { Bytes } from './bytes';
import { beginBatch, beginGroup, endBatch, nextOfGroup } from './gather';
import { CodePage } from './generated/constants';
import { DataInParam, EventId, type EventRow, eventRows } from './generated/events';
import { textOf } from './shown';
import { bytesOf, byteText, codedHandles, codePageOf, decode, encode } from './text';

/** A handler of any event, as it is kept here. */
export type AnyHandler = (param: never) => unknown;

type Handler<Param> = (param: Param) => unknown;

type ParamClass = new (...parameters: NativeValue[]) => Record<string, unknown>;

// Under another code page than the default, `text` is not the bytes any more, so they are kept.
class CodedDataInParam extends DataInParam {
  readonly #bytes: string;

  constructor(connectionid: number, text: string, eol: boolean, bytes: string) {
    super(connectionid, text, eol);
    this.#bytes = bytes;
  }

  override get textB(): Bytes {
    return bytesOf(this.#bytes);
  }
}

// For how long what the first handlers of a group have sent may wait for the others.
const groupTimeMs = 1;

// What PHP takes for false is false.
function truth(value: unknown): boolean {
  return value === '0' ? false : Boolean(value);
}

function isThenable(value: unknown): value is object {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

/** The events of one handle. */
export class Sink implements NativeSink {
  // Typed, as older compilers do not know the type of the buffer that would be found.
  readonly batchDescriptor: Int32Array = new Int32Array(batchDescriptorLength);
  readonly groupDescriptor: Int32Array = new Int32Array(groupDescriptorLength);
  readonly groupSends: Int32Array = new Int32Array(groupSendsLength);
  readonly lineEnds: Int32Array = new Int32Array(gatheredLinesMax);
  readonly inContext: ((body: () => void) => void) | undefined = contextIsKept
    ? undefined
    : AsyncLocalStorage.snapshot();
  readonly byThread = wakesByThread();
  #res = 0;
  #onDataIn: Handler<DataInParam> | null = null;
  readonly #handlers: (Handler<object> | null)[] = eventRows.map(() => null);
  // The events of which it was told that a handler returned a promise.
  readonly #warned = new Set<number>();

  /** Tells the handle, which exists only after the sink. */
  opened(res: number): void {
    this.#res = res;
  }

  register(id: number, handler: AnyHandler | null): void {
    if (id === EventId.DataIn) this.#onDataIn = handler as Handler<DataInParam> | null;
    else this.#handlers[id - 1] = handler as Handler<object> | null;
  }

  dataIn(connectionid: number, text: string, eol: boolean): void {
    const handler = this.#onDataIn;
    if (handler === null) return;
    handler(codedHandles === 0 ? new DataInParam(connectionid, text, eol) : this.#coded(connectionid, text, eol));
  }

  dataInBatch(connectionid: number, chunk: string, count: number, gatherMax: number): void {
    const outer = beginBatch(this.#res, connectionid, this.lineEnds, codedHandles === 0 ? gatherMax : 0);
    try {
      this.#deliver(connectionid, chunk, count);
    } finally {
      endBatch(outer);
    }
  }

  #deliver(connectionid: number, chunk: string, count: number): void {
    const descriptor = this.batchDescriptor;
    for (let piece = 0; piece < count; piece += 1) {
      const handler = this.#onDataIn;
      if (handler === null) return;
      descriptor[1] = piece + 1;
      const at = 2 + 3 * piece;
      const text = chunk.substring(descriptor[at] as number, descriptor[at + 1] as number);
      const eol = descriptor[at + 2] !== 0;
      handler(codedHandles === 0 ? new DataInParam(connectionid, text, eol) : this.#coded(connectionid, text, eol));
      // Something happened in the handler that changes what comes next, so the rest is delivered again.
      if (descriptor[0] !== 0) return;
    }
  }

  dataInGroup(chunk: string, count: number): void {
    const outer = beginGroup(this.#res, this.groupSends);
    try {
      this.#deliverGroup(chunk, count);
    } finally {
      endBatch(outer);
    }
  }

  #deliverGroup(chunk: string, count: number): void {
    const descriptor = this.groupDescriptor;
    const end = performance.now() + groupTimeMs;
    for (let piece = 0; piece < count; piece += 1) {
      const handler = this.#onDataIn;
      if (handler === null) return;
      descriptor[1] = piece + 1;
      const at = 2 + 5 * piece;
      const connectionid = descriptor[at] as number;
      nextOfGroup(connectionid, codedHandles === 0 ? (descriptor[at + 4] as number) : 0);
      const text = chunk.substring(descriptor[at + 1] as number, descriptor[at + 2] as number);
      const eol = descriptor[at + 3] !== 0;
      handler(codedHandles === 0 ? new DataInParam(connectionid, text, eol) : this.#coded(connectionid, text, eol));
      // As in a batch. And what was sent must not wait for handlers that take long.
      if (descriptor[0] !== 0 || performance.now() > end) return;
    }
  }

  event(
    id: number,
    p0: NativeValue,
    p1: NativeValue,
    p2: NativeValue,
    p3: NativeValue,
    p4: NativeValue,
    p5: NativeValue,
    p6: NativeValue,
    p7: NativeValue,
  ): (NativeValue | undefined)[] | undefined {
    const row = eventRows[id - 1] as EventRow;
    const handler = this.#handlers[id - 1];
    if (handler === null || handler === undefined) return undefined;
    const param = new (row.param as ParamClass)(p0, p1, p2, p3, p4, p5, p6, p7);
    if (codedHandles !== 0) this.#decode(row, param);
    const result = handler(param);
    if (!row.parameters.some((parameter) => parameter.writable)) return undefined;
    if (isThenable(result)) this.#warn(row, param, result, [p0, p1, p2, p3, p4, p5, p6, p7]);
    return this.#changes(row, param, result);
  }

  // The event is decided when the handler returns, so an async one that has decided nothing by then never will.
  #warn(row: EventRow, param: Record<string, unknown>, result: object, given: NativeValue[]): void {
    if (this.#warned.has(row.id)) return;
    const before = new (row.param as ParamClass)(...given);
    if (codedHandles !== 0) this.#decode(row, before);
    const writable = row.parameters.filter((parameter) => parameter.writable).map(({ key }) => key);
    if (writable.some((key) => param[key] !== before[key] || key in result)) return;
    this.#warned.add(row.id);
    process.emitWarning(
      `ipdaemon: a handler of ${row.name} returned a promise without having changed ${writable.join(' or ')}. ` +
        `Promises are not awaited: ${row.name} was decided as recommended, and a later decision comes ` +
        'too late. Decide before the first await.',
      { type: 'Warning', code: 'IPDAEMON_ASYNC_HANDLER' },
    );
  }

  #warnOfValue(row: EventRow, key: string): void {
    if (this.#warned.has(row.id)) return;
    this.#warned.add(row.id);
    process.emitWarning(
      `ipdaemon: a handler of ${row.name} set ${key} to a promise. Promises are not awaited: ${row.name} was decided as ` +
        `false. Set ${key} to true or false before the handler returns.`,
      { type: 'Warning', code: 'IPDAEMON_ASYNC_HANDLER' },
    );
  }

  alive(): void {}

  #coded(connectionid: number, bytes: string, eol: boolean): DataInParam {
    const page = codePageOf(this.#res);
    if (page === CodePage.Bytes) return new DataInParam(connectionid, bytes, eol);
    return new CodedDataInParam(connectionid, decode(page, bytes), eol, bytes);
  }

  #decode(row: EventRow, param: Record<string, unknown>): void {
    const page = codePageOf(this.#res);
    if (page === CodePage.Bytes) return;
    for (const { key, type } of row.parameters) {
      if (type !== 'BYTES') continue;
      const bytes = param[key] as string;
      param[key] = decode(page, bytes);
      Object.defineProperty(param, `${key}B`, { get: () => bytesOf(bytes), configurable: true });
    }
  }

  // A returned object counts where it has the key, the changed parameter object otherwise. A promise is
  // an object that has none of the keys.
  #changes(row: EventRow, param: Record<string, unknown>, result: unknown): (NativeValue | undefined)[] {
    const returned = typeof result === 'object' && result !== null ? (result as Record<string, unknown>) : param;
    return row.parameters.map(({ key, type, writable }) => {
      if (!writable) return undefined;
      const value = key in returned ? returned[key] : param[key];
      if (type !== 'BOOLEAN' || !isThenable(value)) return this.#toNative(type, value);
      // Every object is true, also the promise of a refusal.
      this.#warnOfValue(row, key);
      return false;
    });
  }

  #toNative(type: string, value: unknown): NativeValue | undefined {
    switch (type) {
      case 'BOOLEAN':
        return truth(value);
      case 'INTEGER': {
        const number = textOf(value) === undefined ? Number.NaN : Number(value);
        return Number.isSafeInteger(number) ? number : undefined;
      }
      case 'TEXT':
        return textOf(value ?? '');
      default: {
        const text = textOf(value ?? '');
        if (text === undefined) return undefined;
        if (types.isUint8Array(value) && bytesIn(value) === undefined) throw new TypeError(`ipdaemon: ${bytesAreGone}`);
        const bytes = types.isUint8Array(value) ? value : encode(this.#res, 0, text);
        return typeof bytes === 'number' ? undefined : byteText(bytes);
      }
    }
  }
}
