// The binding through koffi: the functions of the contract over those of the shared library, in the order of
// ipdaemon.h. Texts and bytes go in by the stack of the shared memory. What can change what a server waits for, or run
// handlers, is a stay (events.ts): Node's loop is told afterwards, and what handlers threw in it is thrown again.

import { types } from 'node:util';
import type { NativeBinding, NativeInput, NativeValue } from '../contract';
import { Events } from './events';

const invalidValue = 2002;

// A program may pass anything for a handle, and koffi throws for what is no number. 0 is no handle.
function handleOf(value: unknown): number {
  return typeof value === 'number' && value === (value | 0) ? value : 0;
}

type SendFunction = (handle: number, connectionId: number, bytes: number, length: number) => number;

/** The functions of the library in `file`. */
export function load(file: string): NativeBinding {
  const events = new Events(file);
  const { functions, memory } = events;
  const { stack } = memory;

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
    const address = stack.pushUtf8(detail);
    const refused = functions.failSend(handleOf(handle), connectionId, code, address, stack.length);
    stack.pop(mark);
    return refused;
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
      let address = 0;
      if (typeof data === 'string') address = stack.pushLatin1(data);
      else if (types.isUint8Array(data)) address = stack.pushBytes(data);
      else return refuseSend(handle, connectionId, invalidValue, 'what is sent must be a string or a Uint8Array');
      // As `stay`, without a function for each send.
      const outer = events.enter();
      let thrown: unknown[] | undefined;
      let code = 0;
      try {
        code = native(handleOf(handle), connectionId, address, stack.length);
      } finally {
        thrown = events.leave(outer);
        stack.pop(mark);
      }
      if (thrown !== undefined) events.throwAll(thrown);
      return code;
    };
  }

  function valueIfOk(code: number): NativeValue | null {
    return code === 0 ? memory.read(memory.value) : null;
  }

  return {
    checkedTextMax: 0,
    open: (sink) => events.open(sink),
    close: (handle) => stay(() => events.close(handleOf(handle))),
    set(handle, property, index, value: NativeInput) {
      const mark = stack.mark();
      if (!memory.write(value)) {
        const allowed = 'a number must be an integer, and other values a boolean, a string or a Uint8Array';
        return refuse(handle, invalidValue, allowed);
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
      return memory.read(memory.value);
    },
    registerCallback: (handle, event, wanted) => events.register(handleOf(handle), event, wanted),
    getLastError: (handle) => functions.getLastError(handleOf(handle)),
    getLastErrorCode: (handle) => functions.getLastErrorCode(handleOf(handle)),
    doConfig(handle, text) {
      const mark = stack.mark();
      const address = stack.pushUtf8(text);
      const code = stay(() => functions.doConfig(handleOf(handle), address, stack.length, memory.valueAddress));
      stack.popWiped(mark);
      return valueIfOk(code) as string | null;
    },
    doDisconnect: callForConnection(functions.doDisconnect),
    doDoevents: call(functions.doDoevents),
    doInterrupt: callForConnection(functions.doInterrupt),
    doReset: call(functions.doReset),
    doSend: send(functions.doSend),
    doSendfile(handle, connectionId, path) {
      const mark = stack.mark();
      const address = stack.pushUtf8(path);
      try {
        return stay(() => functions.doSendfile(handleOf(handle), connectionId, address, stack.length));
      } finally {
        stack.pop(mark);
      }
    },
    doSendline: send(functions.doSendline),
    doShutdown: call(functions.doShutdown),
    doStartssl: callForConnection(functions.doStartssl),
    sendKept(handle, connectionId, text, lastLength) {
      const mark = stack.mark();
      const code = functions.sendKept(handle, connectionId, stack.pushLatin1(text), text.length, lastLength);
      stack.pop(mark);
      return code;
    },
    fail: refuse,
    failSend: refuseSend,
    counter: (handle, counter) => functions.counter(handleOf(handle), counter),
    errorSentence: functions.errorSentence,
    version: functions.version,
    selfSigned(names, days) {
      const mark = stack.mark();
      const code = functions.selfSigned(stack.pushUtf8(names), stack.length, days, memory.valueAddress);
      stack.pop(mark);
      return (valueIfOk(code) as string | null) ?? code;
    },
    describe: (table, row, column) => valueIfOk(functions.describe(table, row, column, memory.valueAddress)),
  };
}
