// A line server that starts unencrypted and switches to TLS when the client sends STARTTLS, as mail servers
// do. Its other commands are EHLO, ECHO text and QUIT. Try it with: openssl s_client -starttls smtp
import {
  ErrorCode,
  EventId,
  ipdaemon_close,
  ipdaemon_do_config,
  ipdaemon_do_disconnect,
  ipdaemon_do_sendline,
  ipdaemon_do_shutdown,
  ipdaemon_do_startssl,
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

const { host, port, certificate, password } = options('starttls', { certificate: '', password: '' });
const res = ipdaemon_open();
const greeted = new Set<number>();

/** A client that does not read its answers is not worth keeping. */
function answer(id: number, text: string): void {
  if (ipdaemon_do_sendline(res, id, text) === ErrorCode.WouldBlock) {
    ipdaemon_do_disconnect(res, id);
  }
}

/** The TLS version of a connection; empty without TLS. */
function version(id: number): string {
  return ipdaemon_do_config(res, `SSLNegotiatedVersion[${id}]`);
}

function command(id: number, line: string): void {
  const [name = ''] = line.split(' ', 1);
  switch (name.toUpperCase()) {
    case 'EHLO':
      answer(id, '250-at your service');
      answer(id, version(id) === '' ? '250-STARTTLS' : `250-${version(id)}`);
      answer(id, '250 ECHO');
      break;
    case 'STARTTLS':
      if (version(id) !== '') {
        answer(id, '503 this is TLS already');
        break;
      }
      // The answer still goes out unencrypted. Plain input behind the command is dropped: an attacker could have
      // injected it.
      answer(id, '220 go ahead');
      if (ipdaemon_do_startssl(res, id) !== 0) {
        ipdaemon_do_disconnect(res, id);
      }
      break;
    case 'ECHO':
      answer(id, `250 ${line.slice(name.length + 1)}`);
      break;
    case 'QUIT':
      answer(id, '221 bye');
      ipdaemon_do_disconnect(res, id);
      break;
    default:
      answer(id, '500 unknown command');
  }
}

ipdaemon_register_callback(res, EventId.ReadyToSend, ({ connectionid }) => {
  // The event may come again after the handshake; the greeting belongs to the first.
  if (!greeted.has(connectionid)) {
    greeted.add(connectionid);
    answer(connectionid, '220 ready');
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

ipdaemon_register_callback(res, EventId.Error, ({ connectionid, errorcode, description }) => {
  console.log(`${connectionid}: ${errorcode} ${description}`);
});

ipdaemon_register_callback(res, EventId.Disconnected, ({ connectionid }) => {
  greeted.delete(connectionid);
});

ipdaemon_set(res, Property.LocalHost, host);
ipdaemon_set(res, Property.LocalPort, port);
ipdaemon_set(res, Property.DefaultSingleLineMode, true);
ipdaemon_set(res, Property.DefaultIdleTimeout, 300);
ipdaemon_set(res, Property.SSLCertStoreType, SSLCertStoreType.Auto);
ipdaemon_set(res, Property.SSLCertStorePassword, password);
// As bytes, because a file name from the command line may have any character.
ipdaemon_set(res, Property.SSLCertStore, Buffer.from(certificate || selfSignedCertificate()));
ipdaemon_set(res, Property.SSLCertSubject, '*');
ipdaemon_set(res, Property.SSLStartMode, SSLStartMode.Explicit);
if (ipdaemon_set(res, Property.Listening, true) !== 0) {
  console.error(`starttls: ${ipdaemon_get_last_error_code(res)}: ${ipdaemon_get_last_error(res)}`);
  process.exit(1);
}
const address = `${ipdaemon_get(res, Property.LocalHost)}:${ipdaemon_get(res, Property.LocalPort)}`;
console.log(`listening on ${address}`);
console.log(`Talk to it from another terminal with: openssl s_client -starttls smtp -crlf -connect ${address}`);

process.on('SIGINT', () => {
  ipdaemon_do_shutdown(res);
  ipdaemon_close(res);
});
