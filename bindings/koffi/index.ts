// The binding through koffi: the functions of the contract over those of the shared library, in the order of
// ipdaemon.h. Texts and bytes go in by the stack of the shared memory. What can change what a server waits for, or run
// handlers, is a stay (events.ts): Node's loop is told afterwards, and what handlers threw in it is thrown again.

import { ErrorCode } from '../../lib/generated/errors';
import type { NativeBinding } from '../contract';
import { Calls } from './calls';
import { failureCode } from './memory';

/** The functions of the library in `file`. */
export function load(file: string): NativeBinding {
  const calls = new Calls(file);
  return { checkedTextMax: 0, ...serverCalls(calls), ...methodCalls(calls), ...otherCalls(calls) };
}

function serverCalls(calls: Calls) {
  const { events, functions, memory, stack } = calls;
  return {
    open: (sink) => events.open(sink),
    close: (handle) => calls.stay(() => events.close(calls.handleOf(handle))),
    set(handle, property, index, value) {
      const mark = stack.mark();
      try {
        if (!memory.write(value)) {
          const allowed = 'the value must be an integer, a boolean, a string or a Uint8Array';
          return calls.refuse(handle, ErrorCode.InvalidValue, allowed);
        }
      } catch (error) {
        return calls.refuse(handle, failureCode(error), 'the value could not be copied');
      }
      try {
        return calls.stay(() => functions.set(calls.handleOf(handle), property, index, memory.valueAddress));
      } finally {
        stack.popWiped(mark);
      }
    },
    get(handle, property, index) {
      // Of a connection that has ended, some have a value beside the error.
      functions.get(calls.handleOf(handle), property, index, memory.valueAddress);
      return calls.valueRead(handle);
    },
    registerCallback: (handle, event, wanted) => events.register(calls.handleOf(handle), event, wanted),
    getLastError: (handle) => functions.getLastError(calls.handleOf(handle)),
    getLastErrorCode: (handle) => functions.getLastErrorCode(calls.handleOf(handle)),
    doConfig(handle, text) {
      const mark = stack.mark();
      if (calls.put(handle, 0, text, 'pushUtf8') !== 0) return null;
      const { address } = calls;
      const { length } = stack;
      let code: number;
      try {
        code = calls.stay(() => functions.doConfig(calls.handleOf(handle), address, length, memory.valueAddress));
      } finally {
        stack.popWiped(mark);
      }
      return code === 0 ? (calls.valueRead(handle) as string | null) : null;
    },
  } satisfies Partial<NativeBinding>;
}

function methodCalls(calls: Calls) {
  const { functions, stack } = calls;
  return {
    doDisconnect: calls.forConnection(functions.doDisconnect),
    doDoevents: calls.withHandle(functions.doDoevents),
    doInterrupt: calls.forConnection(functions.doInterrupt),
    doReset: calls.withHandle(functions.doReset),
    doSend: calls.sending(functions.doSend),
    doSendfile(handle, connectionId, path) {
      const mark = stack.mark();
      const refused = calls.put(handle, connectionId, path, 'pushUtf8');
      if (refused !== 0) return refused;
      const { address } = calls;
      const { length } = stack;
      try {
        return calls.stay(() => functions.doSendfile(calls.handleOf(handle), connectionId, address, length));
      } finally {
        stack.pop(mark);
      }
    },
    doSendline: calls.sending(functions.doSendline),
    doShutdown: calls.withHandle(functions.doShutdown),
    doStartssl: calls.forConnection(functions.doStartssl),
  } satisfies Partial<NativeBinding>;
}

function otherCalls(calls: Calls) {
  const { functions, memory, stack } = calls;
  return {
    sendGathered(handle, connectionId, text, lastLength, lines) {
      const mark = stack.mark();
      let code: number;
      if (text === null || calls.put(handle, connectionId, text, 'pushLatin1') !== 0) {
        code = functions.sendGathered(handle, connectionId, 0, 1, 0);
      } else if (lines === 0) {
        code = functions.sendGathered(handle, connectionId, calls.address, text.length, lastLength);
      } else {
        const ends = calls.events.lineEndsOf(handle);
        code = functions.sendGatheredLines(handle, connectionId, calls.address, text.length, ends, lines, lastLength);
      }
      stack.pop(mark);
      return code;
    },
    sendGroup(handle, text, count) {
      const mark = stack.mark();
      const sends = calls.events.groupSendsOf(handle);
      const code =
        calls.put(handle, 0, text, 'pushLatin1') === 0
          ? functions.sendGroup(handle, calls.address, text.length, sends, count)
          : functions.sendGroup(handle, 0, 1, sends, count);
      stack.pop(mark);
      return code;
    },
    endGathering: functions.endGathering,
    fail: (handle, code, detail) => calls.refuse(handle, code, detail),
    failSend: (handle, connectionId, code, detail) => calls.refuseSend(handle, connectionId, code, detail),
    counter: (handle, counter) => functions.counter(calls.handleOf(handle), counter),
    errorSentence: functions.errorSentence,
    version: functions.version,
    selfSigned(names, days) {
      const mark = stack.mark();
      const refused = calls.put(0, 0, names, 'pushUtf8');
      if (refused !== 0) return ErrorCode.OutOfMemory;
      const code = functions.selfSigned(calls.address, stack.length, days, memory.valueAddress);
      stack.pop(mark);
      return (calls.valueIfOk(code) as string | null) ?? code;
    },
    describe: (table, row, column) => calls.valueIfOk(functions.describe(table, row, column, memory.valueAddress)),
  } satisfies Partial<NativeBinding>;
}
