// The C ABI in koffi's words, in the order of native/include/ipdaemon.h. Every pointer that goes in is a number,
// the address: koffi calls functions without pointers the fastest way, and nothing is converted or copied.

import { koffi } from './koffi';

/** The functions by the names of the contract. */
// biome-ignore format: a line for each function.
export const prototypes = {
  open: 'int32_t ipdaemon_open(void)',
  close: 'int32_t ipdaemon_close(int32_t handle)',
  set: 'int32_t ipdaemon_set(int32_t handle, int32_t property, int32_t index, uintptr_t value)',
  get: 'int32_t ipdaemon_get(int32_t handle, int32_t property, int32_t index, uintptr_t out)',
  registerCallback: 'int32_t ipdaemon_register_callback(int32_t handle, int32_t event, uintptr_t callback, uintptr_t user)',
  getLastError: 'const char *ipdaemon_get_last_error(int32_t handle)',
  getLastErrorCode: 'int32_t ipdaemon_get_last_error_code(int32_t handle)',
  doConfig: 'int32_t ipdaemon_do_config(int32_t handle, uintptr_t text, uint64_t length, uintptr_t out)',
  doDisconnect: 'int32_t ipdaemon_do_disconnect(int32_t handle, int32_t connection_id)',
  doDoevents: 'int32_t ipdaemon_do_doevents(int32_t handle)',
  doInterrupt: 'int32_t ipdaemon_do_interrupt(int32_t handle, int32_t connection_id)',
  doReset: 'int32_t ipdaemon_do_reset(int32_t handle)',
  doSend: 'int32_t ipdaemon_do_send(int32_t handle, int32_t connection_id, uintptr_t bytes, uint64_t length)',
  doSendfile: 'int32_t ipdaemon_do_sendfile(int32_t handle, int32_t connection_id, uintptr_t path, uint64_t length)',
  doSendline: 'int32_t ipdaemon_do_sendline(int32_t handle, int32_t connection_id, uintptr_t bytes, uint64_t length)',
  doShutdown: 'int32_t ipdaemon_do_shutdown(int32_t handle)',
  doStartssl: 'int32_t ipdaemon_do_startssl(int32_t handle, int32_t connection_id)',
  waitHandle: 'int64_t ipdaemon_wait_handle(int32_t handle)',
  nextDeadline: 'int32_t ipdaemon_next_deadline(int32_t handle)',
  nextChanged: 'int32_t ipdaemon_next_changed(int32_t after)',
  poll: 'int32_t ipdaemon_poll(int32_t handle, int32_t timeout_ms)',
  enableIdleEvents: 'int32_t ipdaemon_enable_idle_events(int32_t handle)',
  wantsPoll: 'int32_t ipdaemon_wants_poll(int32_t handle)',
  setWaitHook: 'int32_t ipdaemon_set_wait_hook(int32_t handle, uintptr_t hook, uintptr_t user)',
  registerDataBatch: 'int32_t ipdaemon_register_data_batch(int32_t handle, uintptr_t callback, uintptr_t user, uintptr_t descriptor, int32_t capacity)',
  sendGathered: 'int32_t ipdaemon_send_gathered(int32_t handle, int32_t connection_id, uintptr_t bytes, uint64_t length, uint64_t last_length)',
  sendGatheredLines: 'int32_t ipdaemon_send_gathered_lines(int32_t handle, int32_t connection_id, uintptr_t bytes, uint64_t length, uintptr_t line_ends, int32_t lines, uint64_t last_length)',
  sendGroup: 'int32_t ipdaemon_send_group(int32_t handle, uintptr_t bytes, uint64_t length, uintptr_t sends, int32_t count)',
  endGathering: 'void ipdaemon_end_gathering(void)',
  refuseInput: 'int32_t ipdaemon_refuse_input(int32_t handle, int32_t connection_id, int32_t code)',
  fail: 'int32_t ipdaemon_fail(int32_t handle, int32_t code, uintptr_t detail, uint64_t length)',
  failSend: 'int32_t ipdaemon_fail_send(int32_t handle, int32_t connection_id, int32_t code, uintptr_t detail, uint64_t length)',
  counter: 'int64_t ipdaemon_counter(int32_t handle, int32_t counter)',
  errorSentence: 'const char *ipdaemon_error_sentence(int32_t code)',
  version: 'const char *ipdaemon_version(void)',
  selfSigned: 'int32_t ipdaemon_self_signed(uintptr_t names, uint64_t length, int32_t days, uintptr_t out)',
  describe: 'int32_t ipdaemon_describe(int32_t table, int32_t row, int32_t column, uintptr_t out)',
} as const;

/** The functions of the library, by the names of the contract. An address or a length is a number. */
export interface Functions {
  open(): number;
  close(handle: number): number;
  set(handle: number, property: number, index: number, value: number): number;
  get(handle: number, property: number, index: number, out: number): number;
  registerCallback(handle: number, event: number, callback: number, user: number): number;
  getLastError(handle: number): string;
  getLastErrorCode(handle: number): number;
  doConfig(handle: number, text: number, length: number, out: number): number;
  doDisconnect(handle: number, connectionId: number): number;
  doDoevents(handle: number): number;
  doInterrupt(handle: number, connectionId: number): number;
  doReset(handle: number): number;
  doSend(handle: number, connectionId: number, bytes: number, length: number): number;
  doSendfile(handle: number, connectionId: number, path: number, length: number): number;
  doSendline(handle: number, connectionId: number, bytes: number, length: number): number;
  doShutdown(handle: number): number;
  doStartssl(handle: number, connectionId: number): number;
  waitHandle(handle: number): number;
  nextDeadline(handle: number): number;
  nextChanged(after: number): number;
  poll(handle: number, timeoutMs: number): number;
  enableIdleEvents(handle: number): number;
  wantsPoll(handle: number): number;
  setWaitHook(handle: number, hook: number, user: number): number;
  registerDataBatch(handle: number, callback: number, user: number, descriptor: number, capacity: number): number;
  sendGathered(handle: number, connectionId: number, bytes: number, length: number, lastLength: number): number;
  sendGatheredLines(
    handle: number,
    connectionId: number,
    bytes: number,
    length: number,
    lineEnds: number,
    lines: number,
    lastLength: number,
  ): number;
  sendGroup(handle: number, bytes: number, length: number, sends: number, count: number): number;
  endGathering(): void;
  refuseInput(handle: number, connectionId: number, code: number): number;
  fail(handle: number, code: number, detail: number, length: number): number;
  failSend(handle: number, connectionId: number, code: number, detail: number, length: number): number;
  counter(handle: number, counter: number): number;
  errorSentence(code: number): string;
  version(): string;
  selfSigned(names: number, length: number, days: number, out: number): number;
  describe(table: number, row: number, column: number, out: number): number;
}

/** What else is called by its address: the callbacks that the library has for shared memory. */
export interface Library {
  functions: Functions;
  sharedEvent: number;
  sharedBatch: number;
  sharedWait: number;
  /** memcpy, for bytes that are somewhere else than in the shared memory. */
  copy(to: number, from: number, length: number): void;
}

/** Loads the library. Throws where the file is not this library. */
export function loadLibrary(file: string): Library {
  const library = koffi.load(file);
  const entries = Object.entries(prototypes).map(([name, prototype]) => [name, library.func(prototype)]);
  const addressIn = (symbol: string) => Number(koffi.address(library.symbol(symbol)));
  return {
    functions: Object.fromEntries(entries) as Functions,
    sharedEvent: addressIn('ipdaemon_shared_event'),
    sharedBatch: addressIn('ipdaemon_shared_batch'),
    sharedWait: addressIn('ipdaemon_shared_wait'),
    // Of the C library, on which the library depends.
    copy: library.func('void memcpy(uintptr_t to, uintptr_t from, size_t length)'),
  };
}

/** The address of the first byte; it stays where it is for as long as the array is in use. */
export function addressOf(bytes: ArrayBufferView): number {
  return Number(koffi.address(bytes));
}

const sharedCallback = koffi.pointer(koffi.proto('void (void)'));

/** Makes a function that C can call with no parameters, until `release`. It must not throw. */
export function makeCallback(callback: () => void): { address: bigint; release(): void } {
  const address = koffi.register(callback, sharedCallback);
  return { address, release: () => koffi.unregister(address) };
}
