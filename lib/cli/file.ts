// `ipdaemon file`: sends a file to every client. The system moves the bytes as the client takes them, so the
// file is never in the memory of this process; Disconnect with Linger ends the connection behind the last byte.

import * as path from 'node:path';
import {
  EventId,
  ipdaemon_do_disconnect,
  ipdaemon_do_sendfile,
  ipdaemon_get_last_error,
  ipdaemon_open,
  ipdaemon_register_callback,
} from '../index';
import { mustBeReadable, readFileServerOptions } from './command-line';
import { serve } from './serve';

export function file(args: string[]): number {
  const options = readFileServerOptions(args);
  mustBeReadable(options.file);
  const server = ipdaemon_open();
  // Fires once for each connection: nothing that is sent here is refused.
  ipdaemon_register_callback(server, EventId.ReadyToSend, ({ connectionid: id }) => {
    const code = ipdaemon_do_sendfile(server, id, path.resolve(options.file));
    if (code !== 0) console.log(`${id}: ${code} ${ipdaemon_get_last_error(server)}`);
    ipdaemon_do_disconnect(server, id);
  });
  return serve(server, options, ' > copy');
}
