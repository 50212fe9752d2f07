// The events of all servers of a thread: one callback for all of them takes what the library has laid out in the
// shared memory to the sink of the server, and what handlers changed back. No exception passes through koffi, which
// would lose it: it is kept, the callback tells the library to stop, and the call that pumped throws it. No other call
// does: each stay inside the library, a call or a turn of Node's loop, has its own list.

import { AsyncResource } from 'node:async_hooks';
import { ErrorCode } from '../../lib/generated/errors';
import { atExit } from '../at-exit';
import { dataBatchMax, type NativeSink, type NativeValue } from '../contract';
import { addressOf, type Functions, type Library, loadLibrary, makeCallback } from './declarations';
import { Field, failureCode, Memory, SharedEvent } from './memory';
import { Waker } from './waker';

// The house test compares these two with the rows: the generated events need lib, which needs a binding.
const dataIn = 3;
const eventMax = 9;
/** What the library is given for a handle of another copy. */
const otherCopy = -1;

// How often one wake-up asks the library again while there was work, and after how few deliveries it does not.
const roundsPerWakeMax = 4;
const timePerWakeMs = 1;
const busyRoundMin = 8;

interface Session {
  readonly handle: number;
  readonly sink: NativeSink;
  readonly waker: Waker;
  /** Where the sink has them, see NativeSink. */
  readonly lineEnds: number;
  readonly groupSends: number;
  /** Calls of the sink, so that a wake-up sees whether a turn had work. */
  deliveries: number;
}

export class Events {
  readonly functions: Functions;
  readonly memory: Memory;
  private readonly library: Library;
  private readonly callback: { address: bigint; release(): void };
  private readonly sessions = new Map<number, Session>();
  private recent: Session | undefined;
  private stays = 0;
  // What handlers threw in the innermost stay. There is no list as long as there is nothing in it.
  private thrown: unknown[] | undefined;
  private running = 0;
  private ended = false;

  constructor(file: string) {
    this.library = loadLibrary(file);
    this.functions = this.library.functions;
    this.callback = makeCallback(this.deliver);
    this.memory = new Memory(this.library, this.callback.address);
    atExit(() => this.end());
  }

  open(sink: NativeSink): number {
    if (this.ended) return 0;
    const { functions, library, memory } = this;
    const handle = functions.open();
    if (handle === 0) return 0;
    const resource = new AsyncResource('ipdaemon');
    const session: Session = {
      handle,
      sink,
      waker: new Waker(functions.waitHandle(handle), () => resource.runInAsyncScope(this.turn, this, session)),
      lineEnds: addressOf(sink.lineEnds),
      groupSends: addressOf(sink.groupSends),
      deliveries: 0,
    };
    functions.enableIdleEvents(handle);
    functions.setWaitHook(handle, library.sharedWait, memory.address);
    this.sessions.set(handle, session);
    return handle;
  }

  close(handle: number): number {
    const session = this.sessions.get(handle);
    if (session === undefined) return this.functions.close(handle);
    session.waker.close();
    this.sessions.delete(handle);
    if (this.recent === session) this.recent = undefined;
    return this.functions.close(handle);
  }

  register(handle: number, event: number, wanted: boolean): number {
    const { functions, library, memory } = this;
    const session = this.sessions.get(handle);
    // Without a session the handle is not valid here, which the library answers.
    if (session === undefined || !wanted || this.ended) {
      if (event === dataIn) functions.registerDataBatch(handle, 0, 0, 0, 0);
      return functions.registerCallback(handle, event, 0, 0);
    }
    const code = functions.registerCallback(handle, event, library.sharedEvent, memory.address);
    if (code !== 0 || event !== dataIn) return code;
    const { batchDescriptor } = session.sink;
    const address = addressOf(batchDescriptor);
    return functions.registerDataBatch(handle, library.sharedBatch, memory.address, address, dataBatchMax);
  }

  /**
   * What the library is to be given for something that a program says is a handle: 0 for anything else. Events of
   * a server go to the copy of this module that opened it, so another one in the same thread is refused.
   */
  own(value: unknown): number {
    if (this.recent !== undefined && this.recent.handle === value) return this.recent.handle;
    const handle = typeof value === 'number' && value === (value | 0) ? value : 0;
    if (handle <= 0) return 0;
    if (this.find(handle) !== undefined) return handle;
    const code = this.functions.getLastErrorCode(handle);
    return code === ErrorCode.InvalidHandle || code === ErrorCode.WrongThread ? handle : otherCopy;
  }

  /** The address of the ends of gathered lines. */
  lineEndsOf(handle: number): number {
    return this.find(handle)?.lineEnds ?? 0;
  }

  /** The address of the sends of a group. */
  groupSendsOf(handle: number): number {
    return this.find(handle)?.groupSends ?? 0;
  }

  /** A stay inside the library begins. Gives what `leave` needs. */
  enter(): unknown[] | undefined {
    this.stays += 1;
    const outer = this.thrown;
    this.thrown = undefined;
    return outer;
  }

  /**
   * The stay ends, and what handlers threw in it is given back. When it was the outermost one, Node's loop is told what
   * has changed, of any server, since handlers may have called all of them.
   */
  leave(outer: unknown[] | undefined): unknown[] | undefined {
    const { thrown } = this;
    this.thrown = outer;
    this.stays -= 1;
    if (this.stays === 0) this.syncChanged();
    return thrown;
  }

  /** Throws what handlers threw inside the call that ends now. */
  throwAll(thrown: unknown[]): never {
    // Handlers of several connections threw inside one call, a shutdown for example. None may get lost.
    throw thrown.length === 1 ? thrown[0] : new AggregateError(thrown, 'Several ipdaemon handlers threw.');
  }

  private syncChanged(): void {
    const { functions } = this;
    for (let handle = functions.nextChanged(0); handle !== 0; ) {
      // Asking takes it out of the list. One of another copy of the package stays there.
      const next = functions.nextChanged(handle);
      const session = this.find(handle);
      if (session !== undefined)
        session.waker.update(functions.wantsPoll(handle) !== 0, functions.nextDeadline(handle));
      handle = next;
    }
  }

  private find(handle: number): Session | undefined {
    if (this.recent?.handle === handle) return this.recent;
    const session = this.sessions.get(handle);
    if (session !== undefined) this.recent = session;
    return session;
  }

  // What the library calls.
  private readonly deliver = (): void => {
    const { words } = this.memory;
    this.running += 1;
    let result = -1;
    try {
      result = this.toSink(words);
    } catch (error) {
      if (this.thrown === undefined) this.thrown = [error];
      else this.thrown.push(error);
    }
    this.running -= 1;
    words[Field.result] = result;
  };

  private toSink(words: Int32Array): number {
    const session = this.find(words[Field.handle] as number);
    // Closed meanwhile.
    if (session === undefined) return -1;
    const { memory } = this;
    const { sink } = session;
    session.deliveries += 1;
    const event = words[Field.event] as number;
    const first = memory.parameter(0);
    switch (event) {
      case dataIn: {
        const text = this.input(session);
        if (text !== null) sink.dataIn(memory.int32(first), text, memory.int32(memory.parameter(2)) !== 0);
        return 0;
      }
      case SharedEvent.batch: {
        const count = memory.int32(memory.parameter(2));
        const gatherMax = memory.int32(memory.parameter(3));
        const chunk = this.input(session);
        if (chunk !== null) sink.dataInBatch(memory.int32(first), chunk, count, gatherMax);
        return 0;
      }
      case SharedEvent.wait:
        sink.alive();
        return 0;
      default:
        return this.toHandler(sink, event, words[Field.count] as number);
    }
  }

  // What has come; null if it is too long, or there is no memory. What follows must not be taken for it, so the
  // connection ends.
  private input(session: Session): string | null {
    const { memory } = this;
    try {
      return memory.latin1(memory.parameter(1));
    } catch (error) {
      this.functions.refuseInput(session.handle, memory.int32(memory.parameter(0)), failureCode(error));
      return null;
    }
  }

  private toHandler(sink: NativeSink, event: number, count: number): number {
    const { memory } = this;
    const values: NativeValue[] = [];
    const before: number[] = [];
    for (let i = 0; i < count; i += 1) {
      values.push(memory.read(memory.parameter(i)) as NativeValue);
      before.push(memory.typeOf(memory.parameter(i)));
    }
    const changes = sink.event(event, ...values);
    return changes === undefined ? 0 : memory.change(before, changes);
  }

  // What Node's loop calls.
  private turn(session: Session): void {
    const outer = this.enter();
    const end = performance.now() + timePerWakeMs;
    for (let round = 0; round < roundsPerWakeMax; round += 1) {
      const before = session.deliveries;
      const code = this.functions.poll(session.handle, 0);
      if (code !== 0 || session.deliveries - before < busyRoundMin || performance.now() > end) break;
    }
    // Nobody is there to catch, so each becomes a separate uncaught exception.
    for (const error of this.leave(outer) ?? []) {
      process.nextTick(() => {
        throw error;
      });
    }
  }

  // The environment ends. The servers go with their thread, so that listeners of the program that come behind this
  // can still send; but nothing is delivered any more, and a callback on the stack is left alone.
  private end(): void {
    this.ended = true;
    const { functions } = this;
    for (const { handle, waker } of this.sessions.values()) {
      waker.close();
      for (let event = 1; event <= eventMax; event += 1) functions.registerCallback(handle, event, 0, 0);
      functions.registerDataBatch(handle, 0, 0, 0, 0);
      functions.setWaitHook(handle, 0, 0);
    }
    if (this.running === 0) this.callback.release();
  }
}
