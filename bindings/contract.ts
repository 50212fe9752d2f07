// What every binding to the C ABI offers, in the order of native/include/ipdaemon.h, and the values
// that cross it. A binding converts and calls; it decides nothing.

/** INTEGER and FLAGS are numbers, BOOLEAN a boolean, TEXT a string, BYTES a string with one character per byte. */
export type NativeValue = number | boolean | string;

/** What a property can be given: a string is TEXT, a Uint8Array is BYTES. */
export type NativeInput = number | boolean | string | Uint8Array;

/** How many pieces of input one call of `dataInBatch` may carry, and how many numbers describe them. */
export const dataBatchMax = 256;
export const batchDescriptorLength = 2 + 3 * dataBatchMax;

/** How many connections one call of `dataInGroup` may carry, and how many numbers describe them. */
export const dataGroupMax = 64;
export const groupDescriptorLength = 2 + 5 * dataGroupMax;
export const groupSendsLength = 3 * dataGroupMax;

/** How many lines one call of `sendGathered` may carry. */
export const gatheredLinesMax = 256;

/**
 * Where a binding delivers the events of one handle. The functions are called with the sink as `this`.
 * What they throw leaves the call that delivered the event.
 */
export interface NativeSink {
  /** Shared with the library while `dataInBatch` runs, see ipdaemon_register_data_batch in ipdaemon.h. */
  readonly batchDescriptor: Int32Array;
  /** The same for `dataInGroup`, see ipdaemon_register_data_group. Without room for two pieces there are no groups. */
  readonly groupDescriptor: Int32Array;
  /** What `sendGroup` sends, see ipdaemon_send_group. */
  readonly groupSends: Int32Array;
  /** Where the lines of `sendGathered` end. */
  readonly lineEnds: Int32Array;
  dataIn(connectionId: number, text: string, eol: boolean): void;
  /**
   * Several pieces of one connection; `batchDescriptor` says where each begins and ends in `chunk`. Sends to the
   * connection of up to `gatherMax` bytes together may be gathered, see `sendGathered`.
   */
  dataInBatch(connectionId: number, chunk: string, count: number, gatherMax: number): void;
  /** One piece each of several connections, as `groupDescriptor` says. Not every binding makes use of it. */
  dataInGroup(chunk: string, count: number): void;
  /**
   * Any other event with its parameters in order. Returns nothing, or an array with one element for each
   * parameter: undefined where the handler changed nothing, BYTES as a string with one character per byte.
   */
  event(event: number, ...parameters: NativeValue[]): (NativeValue | undefined)[] | undefined;
  /** Runs a body in the context of `open`. A binding whose callbacks from Node's loop are not in it goes through this. */
  readonly inContext?: ((body: () => void) => void) | undefined;
  /** Whether a thread has to wait for the server instead of Node's loop. A binding that has another way ignores it. */
  readonly byThread: boolean;
  /** Called now and then during a blocking wait, so that a worker that is being terminated notices. */
  alive(): void;
}

export interface NativeBinding {
  /** Texts of up to this many characters may hold characters above U+00FF; `doSend` and `doSendline` refuse them. */
  readonly checkedTextMax: number;
  /** Returns 0 when memory, descriptors or handles are used up. */
  open(sink: NativeSink): number;
  close(handle: number): number;
  set(handle: number, property: number, index: number, value: NativeInput): number;
  /** Returns null after an error, except for what ipdaemon_get has a value for beside the error. */
  get(handle: number, property: number, index: number): NativeValue | null;
  registerCallback(handle: number, event: number, wanted: boolean): number;
  getLastError(handle: number): string;
  getLastErrorCode(handle: number): number;
  /** Returns null after an error. */
  doConfig(handle: number, text: string): string | null;
  doDisconnect(handle: number, connectionId: number): number;
  doDoevents(handle: number): number;
  doInterrupt(handle: number, connectionId: number): number;
  doReset(handle: number): number;
  /** A text of more than `checkedTextMax` characters must hold none above U+00FF. Undefined means 0. */
  doSend(handle: number, connectionId: number, text: string | Uint8Array): number | undefined;
  doSendfile(handle: number, connectionId: number, path: string): number;
  /** As `doSend`. */
  doSendline(handle: number, connectionId: number, text: string | Uint8Array): number | undefined;
  doShutdown(handle: number): number;
  doStartssl(handle: number, connectionId: number): number;
  /**
   * Sends what several sends of a batch would have sent, the last of which had `lastLength` bytes. It must be
   * called before any other call with the handle, and before `dataInBatch` returns. No character is above U+00FF.
   * Null stands for a text that was lost: the connection ends with 10055.
   * `lines` of them are lines: CR LF is added behind as many places of `text`, which `lineEnds` of the sink has.
   */
  sendGathered(handle: number, connectionId: number, text: string | null, lastLength: number, lines: number): number;
  /** The same for the sends of a group: what is in `text` goes to `count` connections, as `groupSends` of the sink says. */
  sendGroup(handle: number, text: string, count: number): number;
  /**
   * Hands the gathered small sends of running handlers to the system, and gathers nothing from then on:
   * the thread is about to end.
   */
  endGathering(): void;
  /** Records an error as if the last call had failed with it, and returns `code`. */
  fail(handle: number, code: number, detail: string): number;
  /** The same for a send: BytesSent of the connection becomes 0. */
  failSend(handle: number, connectionId: number, code: number, detail: string): number;
  /** Returns -1 for an unknown counter or an invalid handle. */
  counter(handle: number, counter: number): number;
  errorSentence(code: number): string;
  version(): string;
  /** Returns the PEM text, or the error code. */
  selfSigned(names: string, days: number): string | number;
  /** Returns null past the last row and for a column that the table does not have. */
  describe(table: number, row: number, column: number): NativeValue | null;
  /**
   * Whether the text, which must be a string, may hold a character above U+00FF, told without looking at it;
   * undefined means that it holds none. Not every binding can do that.
   */
  readonly mayBeWide?: ((text: string) => true | undefined) | undefined;
}
