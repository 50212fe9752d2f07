// The binding through koffi: the functions of the contract over those of the shared library, in the order of
// ipdaemon.h. Texts and bytes go in by the stack of the shared memory. What can change what a server waits for, or run
// handlers, is a stay (events.ts): Node's loop is told afterwards, and what handlers threw in it is thrown again.

import { types } from 'node:util';
import { ErrorCode } from '../../lib/generated/errors';
import type { NativeBinding, NativeInput, NativeValue } from '../contract';
import { Events } from './events';
import { failureCode } from './memory';

type SendFunction = (handle: number, connectionId: number, bytes: number, length: number) => number;

/** The functions of the library in `file`. */
export function load(file: string): NativeBinding {
  const events = new Events(file);
  const { functions, memory } = events;
  const { stack } = memory;
  const handleOf = (value: unknown) => events.own(value);
  // Of what `put` has put down.
  let address = 0;

  function stay<Result>(body: () => Result): Result {
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

  function refuse(handle: number, code: number, detail: string): number {
    const mark = stack.mark();
    const refused = functions.fail(handleOf(handle), code, stack.pushUtf8(detail), stack.length);
    stack.pop(mark);
    return refused;
  }

  function refuseSend(handle: number, connectionId: number, code: number, detail: string): number {
    const mark = stack.mark();
    const text = stack.pushUtf8(detail);
    const refused = functions.failSend(handleOf(handle), connectionId, code, text, stack.length);
    stack.pop(mark);
    return refused;
  }

  // Puts an argument down and gives 0; refuses the call where there is no memory for it. `connection` is where it shall
  // be sent to, 0 for what is not sent.
  function put(
    handle: number,
    connection: number,
    argument: string | Uint8Array,
    how: 'pushUtf8' | 'pushLatin1' | 'pushBytes',
  ): number {
    try {
      address = stack[how](argument as string & Uint8Array);
      return 0;
    } catch (error) {
      return refuseSend(handle, connection, failureCode(error), 'the value could not be copied');
    }
  }

  // A call with a handle and nothing else, and one with a connection id.
  const call = (native: (handle: number) => number) => {
    return (handle: number) => stay(() => native(handleOf(handle)));
  };
  const callForConnection = (native: (handle: number, connectionId: number) => number) => {
    return (handle: number, connectionId: number) => stay(() => native(handleOf(handle), connectionId));
  };

  // lib has seen to it that a text holds nothing above U+00FF, see checkedTextMax.
  function send(native: SendFunction): NativeBinding['doSend'] {
    return (handle, connectionId, data) => {
      const mark = stack.mark();
      const isText = typeof data === 'string';
      if (!isText && !types.isUint8Array(data)) {
        return refuseSend(
          handle,
          connectionId,
          ErrorCode.InvalidValue,
          'the data to send must be a string or a Uint8Array',
        );
      }
      const refused = put(handle, connectionId, data, isText ? 'pushLatin1' : 'pushBytes');
      if (refused !== 0) return refused;
      const bytes = address;
      const { length } = stack;
      // As `stay`, without a function for each send.
      const outer = events.enter();
      let thrown: unknown[] | undefined;
      let code = 0;
      try {
        code = native(handleOf(handle), connectionId, bytes, length);
      } finally {
        thrown = events.leave(outer);
        stack.pop(mark);
      }
      if (thrown !== undefined) events.throwAll(thrown);
      return code;
    };
  }

  // What the library has put into the one value.
  function valueRead(handle: number): NativeValue | null {
    try {
      return memory.read(memory.value);
    } catch (error) {
      refuse(handle, failureCode(error), 'the value does not fit into a string or into memory');
      return null;
    }
  }

  function valueIfOk(code: number): NativeValue | null {
    return code === 0 ? valueRead(0) : null;
  }

  return {
    checkedTextMax: 0,
    open: (sink) => events.open(sink),
    close: (handle) => stay(() => events.close(handleOf(handle))),
    set(handle, property, index, value: NativeInput) {
      const mark = stack.mark();
      try {
        if (!memory.write(value)) {
          const allowed = 'the value must be an integer, a boolean, a string or a Uint8Array';
          return refuse(handle, ErrorCode.InvalidValue, allowed);
        }
      } catch (error) {
        return refuse(handle, failureCode(error), 'the value could not be copied');
      }
      try {
        return stay(() => functions.set(handleOf(handle), property, index, memory.valueAddress));
      } finally {
        stack.popWiped(mark);
      }
    },
    get(handle, property, index) {
      // Of a connection that has ended, some have a value beside the error.
      functions.get(handleOf(handle), property, index, memory.valueAddress);
      return valueRead(handle);
    },
    registerCallback: (handle, event, wanted) => events.register(handleOf(handle), event, wanted),
    getLastError: (handle) => functions.getLastError(handleOf(handle)),
    getLastErrorCode: (handle) => functions.getLastErrorCode(handleOf(handle)),
    doConfig(handle, text) {
      const mark = stack.mark();
      if (put(handle, 0, text, 'pushUtf8') !== 0) return null;
      const bytes = address;
      const { length } = stack;
      const code = stay(() => functions.doConfig(handleOf(handle), bytes, length, memory.valueAddress));
      stack.popWiped(mark);
      return code === 0 ? (valueRead(handle) as string | null) : null;
    },
    doDisconnect: callForConnection(functions.doDisconnect),
    doDoevents: call(functions.doDoevents),
    doInterrupt: callForConnection(functions.doInterrupt),
    doReset: call(functions.doReset),
    doSend: send(functions.doSend),
    doSendfile(handle, connectionId, path) {
      const mark = stack.mark();
      const refused = put(handle, connectionId, path, 'pushUtf8');
      if (refused !== 0) return refused;
      const bytes = address;
      const { length } = stack;
      try {
        return stay(() => functions.doSendfile(handleOf(handle), connectionId, bytes, length));
      } finally {
        stack.pop(mark);
      }
    },
    doSendline: send(functions.doSendline),
    doShutdown: call(functions.doShutdown),
    doStartssl: callForConnection(functions.doStartssl),
    sendGathered(handle, connectionId, text, lastLength, lines) {
      const mark = stack.mark();
      let code: number;
      if (put(handle, connectionId, text, 'pushLatin1') !== 0) {
        code = functions.sendGathered(handle, connectionId, 0, 1, 0);
      } else if (lines === 0) {
        code = functions.sendGathered(handle, connectionId, address, text.length, lastLength);
      } else {
        const ends = events.lineEndsOf(handle);
        code = functions.sendGatheredLines(handle, connectionId, address, text.length, ends, lines, lastLength);
      }
      stack.pop(mark);
      return code;
    },
    endGathering: functions.endGathering,
    fail: refuse,
    failSend: refuseSend,
    counter: (handle, counter) => functions.counter(handleOf(handle), counter),
    errorSentence: functions.errorSentence,
    version: functions.version,
    selfSigned(names, days) {
      const mark = stack.mark();
      const refused = put(0, 0, names, 'pushUtf8');
      if (refused !== 0) return ErrorCode.OutOfMemory;
      const code = functions.selfSigned(address, stack.length, days, memory.valueAddress);
      stack.pop(mark);
      return (valueIfOk(code) as string | null) ?? code;
    },
    describe: (table, row, column) => valueIfOk(functions.describe(table, row, column, memory.valueAddress)),
  };
}
