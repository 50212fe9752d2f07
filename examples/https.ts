// An HTTPS server, as far as HTTP/1.0 goes, with a separate certificate for each server name, from a folder that
// holds NAME.pem for each name. Clients that ask for another name, or for none, get the first. Without
// --certificates it makes certificates for localhost and other.localhost, for this run.
import * as fs from 'node:fs';
import * as path from 'node:path';
import {
  EventId,
  ipdaemon_close,
  ipdaemon_do_config,
  ipdaemon_do_disconnect,
  ipdaemon_do_send,
  ipdaemon_do_shutdown,
  ipdaemon_get,
  ipdaemon_get_last_error,
  ipdaemon_get_last_error_code,
  ipdaemon_open,
  ipdaemon_register_callback,
  ipdaemon_set,
  Property,
  SSLCertStoreType,
  SSLStartMode,
  selfSignedCertificate,
} from 'ipdaemon';
import { options } from './shared/options.ts';

const { host, port, certificates: folder } = options('https', { certificates: '' });
const res = ipdaemon_open();
/** For each server name a file, or its content. As bytes, because a file name may have any character. */
const certificates = new Map<string, Buffer>();

// A name that a client sends is looked up and never made part of a path.
ipdaemon_register_callback(res, EventId.SSLConnectionRequest, (param) => {
  const own = certificates.get(param.servername.toLowerCase());
  if (own !== undefined) {
    param.certstore = own;
    param.certsubject = '*';
  }
});

ipdaemon_register_callback(res, EventId.DataIn, ({ connectionid, text, eol }) => {
  if (!eol) {
    ipdaemon_do_disconnect(res, connectionid); // A line that is too long.
    return;
  }
  // The first line is the request, and an empty line ends the header.
  const request = String(ipdaemon_get(res, Property.UserData, connectionid)) || text;
  if (text !== '') {
    ipdaemon_set(res, Property.UserData, connectionid, request);
    return;
  }
  const version = ipdaemon_do_config(res, `SSLNegotiatedVersion[${connectionid}]`);
  const suite = ipdaemon_do_config(res, `SSLNegotiatedCipherSuite[${connectionid}]`);
  const body = `${version}, ${suite}\n${request}\n`;
  const header = ['HTTP/1.0 200 OK', 'Content-Type: text/plain', `Content-Length: ${body.length}`, 'Connection: close'];
  ipdaemon_do_send(res, connectionid, `${header.join('\r\n')}\r\n\r\n${request.startsWith('HEAD ') ? '' : body}`);
  ipdaemon_do_disconnect(res, connectionid);
});

if (folder === '') {
  certificates.set('localhost', Buffer.from(selfSignedCertificate()));
  certificates.set('other.localhost', Buffer.from(selfSignedCertificate(['other.localhost'])));
} else {
  for (const file of fs.readdirSync(folder).filter((name) => name.endsWith('.pem'))) {
    certificates.set(file.slice(0, -'.pem'.length).toLowerCase(), Buffer.from(path.join(folder, file)));
  }
}
const [first] = certificates.values();
if (first === undefined) {
  console.error(`https: no NAME.pem in ${folder}`);
  process.exit(1);
}
ipdaemon_set(res, Property.LocalHost, host);
ipdaemon_set(res, Property.LocalPort, port);
ipdaemon_set(res, Property.DefaultSingleLineMode, true);
ipdaemon_set(res, Property.DefaultMaxLineLength, 8192);
ipdaemon_set(res, Property.DefaultIdleTimeout, 30);
ipdaemon_set(res, Property.SSLCertStoreType, SSLCertStoreType.Auto);
ipdaemon_set(res, Property.SSLCertStore, first);
ipdaemon_set(res, Property.SSLCertSubject, '*');
ipdaemon_set(res, Property.SSLStartMode, SSLStartMode.Implicit);
if (ipdaemon_set(res, Property.Listening, true) !== 0) {
  console.error(`https: ${ipdaemon_get_last_error_code(res)}: ${ipdaemon_get_last_error(res)}`);
  process.exit(1);
}
console.log(`listening on ${ipdaemon_get(res, Property.LocalHost)}:${ipdaemon_get(res, Property.LocalPort)}`);
console.log(`Talk to it with: curl --insecure https://localhost:${ipdaemon_get(res, Property.LocalPort)}`);

process.on('SIGINT', () => {
  ipdaemon_do_shutdown(res);
  ipdaemon_close(res);
});
