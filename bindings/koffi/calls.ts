// What the functions of the contract have in common: a call is a stay in the library, its arguments go in by the stack
// of the shared memory, and what the library has answered is read from there.

import { types } from 'node:util';
import { ErrorCode } from '../../lib/generated/errors';
import type { NativeBinding, NativeValue } from '../contract';
import type { Functions } from './declarations';
import { Events } from './events';
import { failureCode, type Memory } from './memory';

type SendFunction = (handle: number, connectionId: number, bytes: number, length: number) => number;

export class Calls {
  readonly events: Events;
  readonly functions: Functions;
  readonly memory: Memory;
  readonly stack: Memory['stack'];
  /** Of what `put` has put down. */
  address = 0;

  constructor(file: string) {
    this.events = new Events(file);
    this.functions = this.events.functions;
    this.memory = this.events.memory;
    this.stack = this.memory.stack;
  }

  handleOf(value: unknown): number {
    return this.events.own(value);
  }

  stay<Result>(body: () => Result): Result {
    const { events } = this;
    const outer = events.enter();
    let thrown: unknown[] | undefined;
    let result: Result;
    try {
      result = body();
    } finally {
      thrown = events.leave(outer);
    }
    if (thrown !== undefined) events.throwAll(thrown);
    return result;
  }

  refuse(handle: number, code: number, detail: string): number {
    const { stack } = this;
    const mark = stack.mark();
    const refused = this.functions.fail(this.handleOf(handle), code, stack.pushUtf8(detail), stack.length);
    stack.pop(mark);
    return refused;
  }

  refuseSend(handle: number, connectionId: number, code: number, detail: string): number {
    const { stack } = this;
    const mark = stack.mark();
    const text = stack.pushUtf8(detail);
    const refused = this.functions.failSend(this.handleOf(handle), connectionId, code, text, stack.length);
    stack.pop(mark);
    return refused;
  }

  /**
   * Puts an argument down and gives 0; refuses the call where there is no memory for it. `connection` is where it shall
   * be sent to, 0 for what is not sent.
   */
  put(
    handle: number,
    connection: number,
    argument: string | Uint8Array,
    how: 'pushUtf8' | 'pushLatin1' | 'pushBytes',
  ): number {
    try {
      this.address = this.stack[how](argument as string & Uint8Array);
      return 0;
    } catch (error) {
      return this.refuseSend(handle, connection, failureCode(error), 'the value could not be copied');
    }
  }

  /** A call with a handle and nothing else. */
  withHandle(native: (handle: number) => number): (handle: number) => number {
    return (handle) => this.stay(() => native(this.handleOf(handle)));
  }

  /** A call with a handle and a connection id. */
  forConnection(native: (handle: number, connectionId: number) => number): typeof native {
    return (handle, connectionId) => this.stay(() => native(this.handleOf(handle), connectionId));
  }

  /** A send. lib has seen to it that a text holds nothing above U+00FF, see checkedTextMax. */
  sending(native: SendFunction): NativeBinding['doSend'] {
    const { events, stack } = this;
    return (handle, connectionId, data) => {
      const mark = stack.mark();
      const isText = typeof data === 'string';
      if (!isText && !types.isUint8Array(data)) {
        const detail = 'the data to send must be a string or a Uint8Array';
        return this.refuseSend(handle, connectionId, ErrorCode.InvalidValue, detail);
      }
      const refused = this.put(handle, connectionId, data, isText ? 'pushLatin1' : 'pushBytes');
      if (refused !== 0) return refused;
      const bytes = this.address;
      const { length } = stack;
      // As `stay`, without a function for each send.
      const outer = events.enter();
      let thrown: unknown[] | undefined;
      let code = 0;
      try {
        code = native(events.own(handle), connectionId, bytes, length);
      } finally {
        thrown = events.leave(outer);
        stack.pop(mark);
      }
      if (thrown !== undefined) events.throwAll(thrown);
      return code;
    };
  }

  /** What the library has put into the one value. */
  valueRead(handle: number): NativeValue | null {
    try {
      return this.memory.read(this.memory.value);
    } catch (error) {
      this.refuse(handle, failureCode(error), 'the value does not fit into a string or into memory');
      return null;
    }
  }

  valueIfOk(code: number): NativeValue | null {
    return code === 0 ? this.valueRead(0) : null;
  }
}
