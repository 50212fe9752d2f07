// A collector for syslog over TCP, from senders that count octets and from those that end lines, even over one
// connection. Each message becomes a line: the sender, facility and severity, the text.
import {
  EventId,
  ipdaemon_close,
  ipdaemon_do_config,
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

const severities = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'];
const { host, port } = options('syslog');
const res = ipdaemon_open();

/** What a terminal or a log would take for something else. */
const printable = (text: string) =>
  text.replace(/\p{Cc}/gu, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);

ipdaemon_register_callback(res, EventId.DataIn, ({ connectionid, text }) => {
  const [, priority = '13', message = text] = /^<(\d{1,3})>(.*)$/s.exec(text) ?? [];
  const from = ipdaemon_get(res, Property.RemoteHost, connectionid);
  console.log(`${from} ${Number(priority) >> 3}.${severities[Number(priority) & 7]} ${printable(message)}`);
});

// A message that is too long is skipped, which an Error tells, and the sender stays connected.
ipdaemon_register_callback(res, EventId.Error, ({ connectionid, description }) => {
  console.log(`connection ${connectionid}: ${description}`);
});

ipdaemon_do_config(res, 'CodePage=65001');
ipdaemon_do_config(res, 'DefaultFraming=syslog,max=65536,over=skip');
ipdaemon_set(res, Property.LocalHost, host);
ipdaemon_set(res, Property.LocalPort, port);
if (ipdaemon_set(res, Property.Listening, true) !== 0) {
  console.error(`syslog: ${ipdaemon_get_last_error_code(res)}: ${ipdaemon_get_last_error(res)}`);
  process.exit(1);
}
console.log(`listening on ${ipdaemon_get(res, Property.LocalHost)}:${ipdaemon_get(res, Property.LocalPort)}`);

process.on('SIGINT', () => {
  ipdaemon_do_shutdown(res);
  ipdaemon_close(res);
});
