// A server behind HAProxy, which sends a PROXY header: everything here means the client and not HAProxy. It answers
// each line with the address that it has come from. See the README of this folder for how to try it.
import {
  EventId,
  ipdaemon_close,
  ipdaemon_do_config,
  ipdaemon_do_sendline,
  ipdaemon_do_shutdown,
  ipdaemon_get,
  ipdaemon_get_last_error,
  ipdaemon_get_last_error_code,
  ipdaemon_open,
  ipdaemon_register_callback,
  ipdaemon_set,
  Property,
  proxyInfo,
} from 'ipdaemon';
import { options } from './shared/options.ts';

// `--trusted` has the addresses of the balancers: whoever is in it may name any client.
const { host, port, trusted } = options('behind-haproxy', { trusted: '127.0.0.1' });
const res = ipdaemon_open();

ipdaemon_register_callback(res, EventId.Connected, ({ connectionid, statuscode }) => {
  const info = statuscode === 0 ? proxyInfo(res, connectionid) : undefined;
  // A health check is a connection, too, and not worth a line.
  if (info === undefined || info.command === 'LOCAL') return;
  console.log(`${connectionid}: ${ipdaemon_get(res, Property.RemoteHost, connectionid)} through ${info.peer}`);
});

ipdaemon_register_callback(res, EventId.DataIn, ({ connectionid, text }) => {
  const address = ipdaemon_get(res, Property.RemoteHost, connectionid);
  const from = ipdaemon_get(res, Property.RemotePort, connectionid);
  ipdaemon_do_sendline(res, connectionid, `${address} ${from} says: ${text}`);
});

// Somebody who is trusted sends no header, or a bad one: HAProxy's configuration and this one do not match.
ipdaemon_register_callback(res, EventId.Error, ({ errorcode, description }) => {
  console.log(`${errorcode}: ${description}`);
});

ipdaemon_do_config(res, `ProxyTrustedClients=${trusted}`);
ipdaemon_do_config(res, 'ProxyProtocol=1');
ipdaemon_set(res, Property.DefaultSingleLineMode, true);
ipdaemon_set(res, Property.LocalHost, host);
ipdaemon_set(res, Property.LocalPort, port);
if (ipdaemon_set(res, Property.Listening, true) !== 0) {
  console.error(`behind-haproxy: ${ipdaemon_get_last_error_code(res)}: ${ipdaemon_get_last_error(res)}`);
  process.exit(1);
}
console.log(`listening on ${ipdaemon_get(res, Property.LocalHost)}:${ipdaemon_get(res, Property.LocalPort)}`);

process.on('SIGINT', () => {
  ipdaemon_do_shutdown(res);
  ipdaemon_close(res);
});
