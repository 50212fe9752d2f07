// A file server: a client sends the name of a file in one line, gets its content, and the connection ends.
// SendFile lets the system move the bytes; the file is never in the memory of this process. No name leads out of
// the served folder, not even through a symbolic link.
import * as fs from 'node:fs';
import * as path from 'node:path';
import {
  EventId,
  ipdaemon_close,
  ipdaemon_do_disconnect,
  ipdaemon_do_sendfile,
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

const { host, port, folder } = options('files', { folder: '.' });
const root = fs.realpathSync(folder);
const res = ipdaemon_open();

/** The real path of a file below the folder, or undefined. */
function find(name: string): string | undefined {
  try {
    const file = fs.realpathSync(path.join(root, name));
    return file.startsWith(root + path.sep) && fs.statSync(file).isFile() ? file : undefined;
  } catch {
    return undefined;
  }
}

ipdaemon_register_callback(res, EventId.DataIn, ({ connectionid, text, eol }) => {
  // A name is text, but the network delivers bytes: they are decoded as UTF-8.
  const file = eol ? find(Buffer.from(text, 'latin1').toString()) : undefined;
  if (file === undefined || ipdaemon_do_sendfile(res, connectionid, file) !== 0) {
    ipdaemon_do_sendline(res, connectionid, 'ERROR no such file');
  }
  // With Linger, the default, the connection ends when the file has been sent.
  ipdaemon_do_disconnect(res, connectionid);
});

ipdaemon_set(res, Property.LocalHost, host);
ipdaemon_set(res, Property.LocalPort, port);
ipdaemon_set(res, Property.DefaultSingleLineMode, true);
if (ipdaemon_set(res, Property.Listening, true) !== 0) {
  console.error(`files: ${ipdaemon_get_last_error_code(res)}: ${ipdaemon_get_last_error(res)}`);
  process.exit(1);
}
console.log(`listening on ${ipdaemon_get(res, Property.LocalHost)}:${ipdaemon_get(res, Property.LocalPort)}`);

process.on('SIGINT', () => {
  ipdaemon_do_shutdown(res);
  ipdaemon_close(res);
});
