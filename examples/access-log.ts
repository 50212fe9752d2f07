// An echo of lines that writes a line of JSON for each connection that has ended, and lets connections finish when it
// is stopped: Ctrl-C stops listening, and whoever is left after 25 seconds, or at the second Ctrl-C, is disconnected.
import {
  drain,
  EventId,
  ipdaemon_close,
  ipdaemon_do_config,
  ipdaemon_do_send,
  ipdaemon_get,
  ipdaemon_get_last_error,
  ipdaemon_get_last_error_code,
  ipdaemon_open,
  ipdaemon_register_callback,
  ipdaemon_set,
  Property,
} from 'ipdaemon';
import { options } from './shared/options.ts';

const { host, port } = options('access-log');
const res = ipdaemon_open();

ipdaemon_register_callback(res, EventId.DataIn, ({ connectionid, text }) => {
  ipdaemon_do_send(res, connectionid, `${text}\r\n`);
});

// The settings of a connection can be read until the handler of Disconnected returns.
ipdaemon_register_callback(res, EventId.Disconnected, ({ connectionid, statuscode }) => {
  const read = (name: string) => ipdaemon_do_config(res, `${name}[${connectionid}]`);
  const line = {
    time: new Date().toISOString(),
    peer: ipdaemon_get(res, Property.RemoteHost, connectionid),
    port: ipdaemon_get(res, Property.RemotePort, connectionid),
    code: statuscode,
    reason: read('CloseReason'),
    received: Number(read('BytesReceived')),
    sent: Number(read('BytesDelivered')),
    ms: Number(read('ConnectionTime')),
  };
  console.log(JSON.stringify(line));
});

ipdaemon_set(res, Property.DefaultEOL, '\n');
ipdaemon_set(res, Property.LocalHost, host);
ipdaemon_set(res, Property.LocalPort, port);
if (ipdaemon_set(res, Property.Listening, true) !== 0) {
  console.error(`access-log: ${ipdaemon_get_last_error_code(res)}: ${ipdaemon_get_last_error(res)}`);
  process.exit(1);
}
console.log(`listening on ${ipdaemon_get(res, Property.LocalHost)}:${ipdaemon_get(res, Property.LocalPort)}`);

// A second Ctrl-C does not wait any longer.
const impatience = new AbortController();
process.once('SIGINT', async () => {
  process.once('SIGINT', () => impatience.abort());
  const drained = drain(res, { seconds: 25, signal: impatience.signal });
  console.log('stopping; press Ctrl-C again not to wait for clients');
  const { ended, cut } = await drained;
  ipdaemon_close(res);
  console.log(`stopped: ${ended} connections have ended, ${cut} were cut off`);
});
