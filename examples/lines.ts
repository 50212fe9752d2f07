// A line protocol, driven by Node's own loop: no pump loop, timers and promises work as usual. It greets
// with the first ReadyToSend of a connection and answers TIME, ADD and QUIT.
import {
  ErrorCode,
  EventId,
  ipdaemon_close,
  ipdaemon_do_disconnect,
  ipdaemon_do_sendline,
  ipdaemon_do_shutdown,
  ipdaemon_get,
  ipdaemon_get_last_error,
  ipdaemon_get_last_error_code,
  ipdaemon_open,
  ipdaemon_register_callback,
  ipdaemon_set,
  Property,
} from 'ipdaemon';
import { options } from './shared/options.ts';

const { host, port } = options('lines');
const res = ipdaemon_open();
const greeted = new Set<number>();

/** A client that does not read its answers is not worth keeping. */
function answer(id: number, text: string): void {
  if (ipdaemon_do_sendline(res, id, text) === ErrorCode.WouldBlock) {
    ipdaemon_do_disconnect(res, id);
  }
}

function command(id: number, line: string): void {
  const [name = '', ...words] = line.trim().split(/\s+/);
  switch (name.toUpperCase()) {
    case 'TIME':
      answer(id, new Date().toISOString());
      break;
    case 'ADD': {
      const numbers = words.map(Number);
      answer(id, numbers.some(Number.isNaN) ? '500 ADD takes numbers' : String(numbers.reduce((a, b) => a + b, 0)));
      break;
    }
    case 'QUIT':
      answer(id, '221 bye');
      ipdaemon_do_disconnect(res, id);
      break;
    default:
      answer(id, '500 unknown command');
  }
}

ipdaemon_register_callback(res, EventId.ReadyToSend, ({ connectionid }) => {
  // The event comes again after every refused send; the greeting belongs to the first.
  if (!greeted.has(connectionid)) {
    greeted.add(connectionid);
    answer(connectionid, '220 ready; TIME, ADD numbers, QUIT');
  }
});

ipdaemon_register_callback(res, EventId.DataIn, ({ connectionid, text, eol }) => {
  if (eol) {
    command(connectionid, text);
  } else {
    answer(connectionid, '500 line too long');
    ipdaemon_do_disconnect(res, connectionid);
  }
});

ipdaemon_register_callback(res, EventId.Disconnected, ({ connectionid }) => {
  greeted.delete(connectionid);
});

ipdaemon_set(res, Property.LocalHost, host);
ipdaemon_set(res, Property.LocalPort, port);
ipdaemon_set(res, Property.DefaultSingleLineMode, true);
ipdaemon_set(res, Property.DefaultIdleTimeout, 300);
if (ipdaemon_set(res, Property.Listening, true) !== 0) {
  console.error(`lines: ${ipdaemon_get_last_error_code(res)}: ${ipdaemon_get_last_error(res)}`);
  process.exit(1);
}
console.log(`listening on ${ipdaemon_get(res, Property.LocalHost)}:${ipdaemon_get(res, Property.LocalPort)}`);

process.on('SIGINT', () => {
  ipdaemon_do_shutdown(res);
  ipdaemon_close(res);
});
