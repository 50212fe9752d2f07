// A chat: what one client says, all others get. The first line of a client is its name, kept as UserData of
// the connection. Text is UTF-8 here, so that lengths and names count characters.
import {
  ErrorCode,
  EventId,
  ipdaemon_close,
  ipdaemon_do_config,
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

const { host, port } = options('chat');
const res = ipdaemon_open();
const present = new Set<number>();

function nameOf(id: number): string {
  return String(ipdaemon_get(res, Property.UserData, id) ?? '');
}

function tell(id: number, text: string): void {
  // A client that does not read loses its connection; the others keep their chat.
  if (ipdaemon_do_sendline(res, id, text) === ErrorCode.WouldBlock) {
    ipdaemon_do_disconnect(res, id);
  }
}

function tellOthers(id: number, text: string): void {
  for (const other of present) {
    if (other !== id) {
      tell(other, text);
    }
  }
}

ipdaemon_register_callback(res, EventId.ReadyToSend, ({ connectionid }) => {
  if (!present.has(connectionid)) {
    tell(connectionid, 'your name?');
  }
});

ipdaemon_register_callback(res, EventId.DataIn, ({ connectionid, text }) => {
  if (present.has(connectionid)) {
    tellOthers(connectionid, `${nameOf(connectionid)}: ${text}`);
    return;
  }
  const name = text.trim().slice(0, 20) || `guest ${connectionid}`;
  ipdaemon_set(res, Property.UserData, connectionid, name);
  present.add(connectionid);
  tell(connectionid, `welcome, ${name}; ${present.size} in the room`);
  tellOthers(connectionid, `* ${name} has joined`);
});

ipdaemon_register_callback(res, EventId.Disconnected, ({ connectionid }) => {
  if (present.delete(connectionid)) {
    tellOthers(connectionid, `* ${nameOf(connectionid)} has left`);
  }
});

ipdaemon_do_config(res, 'CodePage=65001');
ipdaemon_set(res, Property.LocalHost, host);
ipdaemon_set(res, Property.LocalPort, port);
ipdaemon_set(res, Property.DefaultSingleLineMode, true);
if (ipdaemon_set(res, Property.Listening, true) !== 0) {
  console.error(`chat: ${ipdaemon_get_last_error_code(res)}: ${ipdaemon_get_last_error(res)}`);
  process.exit(1);
}
console.log(`listening on ${ipdaemon_get(res, Property.LocalHost)}:${ipdaemon_get(res, Property.LocalPort)}`);

process.on('SIGINT', () => {
  ipdaemon_do_shutdown(res);
  ipdaemon_close(res);
});
