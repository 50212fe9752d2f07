// A server for known clients only: each must present a certificate of the authority in --ca. With --crl-check
// that file also has the authority's revocation list. --allow, once or more, names the subjects that are admitted,
// by their first fields: --allow "CN=alice" or --allow "CN=alice, OU=Sales". An admitted client sends a line and
// gets one back that says who it is.
import {
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
  SSLCertStoreType,
  SSLCheckCRL,
  SSLStartMode,
  selfSignedCertificate,
} from 'ipdaemon';
import { options } from './shared/options.ts';

const {
  host,
  port,
  certificate,
  password,
  ca,
  allow,
  'crl-check': checksLists,
} = options('mutual-tls', { certificate: '', password: '', ca: '', 'crl-check': false, allow: [] });
const res = ipdaemon_open();

/** Ends the program with the reason if the last call was refused. */
function check(): void {
  if (ipdaemon_get_last_error_code(res) !== 0) {
    console.error(`mutual-tls: ${ipdaemon_get_last_error_code(res)}: ${ipdaemon_get_last_error(res)}`);
    process.exit(1);
  }
}

/** Ends the program if a setting is refused: without it, the server would admit everybody. */
function configure(setting: string): void {
  ipdaemon_do_config(res, setting);
  check();
}

function isAllowed(subject: string): boolean {
  return allow.length === 0 || allow.some((fields) => subject === fields || subject.startsWith(`${fields}, `));
}

// Inside the handshake, also on resumption. `accept` is what the authority and the revocation list say.
ipdaemon_register_callback(res, EventId.SSLClientAuthentication, (param) => {
  param.accept = param.accept && isAllowed(param.certsubject);
  // Only Connected proves that the client has the key of the certificate, so this prints nothing yet.
  ipdaemon_set(res, Property.UserData, param.connectionid, param.certsubject);
});

ipdaemon_register_callback(res, EventId.Connected, ({ connectionid, statuscode, description }) => {
  const who = statuscode === 0 ? ipdaemon_get(res, Property.UserData, connectionid) : `${statuscode} ${description}`;
  console.log(`${connectionid}: ${who}`);
});

ipdaemon_register_callback(res, EventId.DataIn, ({ connectionid }) => {
  ipdaemon_do_sendline(res, connectionid, `you are ${ipdaemon_get(res, Property.UserData, connectionid)}`);
  ipdaemon_do_disconnect(res, connectionid);
});

if (ca === '') {
  console.error('mutual-tls: --ca FILE names the authority of the clients; `npm run certificate` makes a file to try');
  process.exit(2);
}
// Names are UTF-8.
configure('CodePage=65001');
configure(`OpenSSLCAFile=${ca}`);
configure(`SSLCheckCRL=${checksLists ? SSLCheckCRL.Required : SSLCheckCRL.Off}`);
ipdaemon_set(res, Property.SSLAuthenticateClients, true);
ipdaemon_set(res, Property.LocalHost, host);
ipdaemon_set(res, Property.LocalPort, port);
ipdaemon_set(res, Property.DefaultSingleLineMode, true);
ipdaemon_set(res, Property.DefaultIdleTimeout, 60);
ipdaemon_set(res, Property.SSLCertStoreType, SSLCertStoreType.Auto);
ipdaemon_set(res, Property.SSLCertStorePassword, password);
ipdaemon_set(res, Property.SSLCertStore, certificate || selfSignedCertificate());
ipdaemon_set(res, Property.SSLCertSubject, '*');
ipdaemon_set(res, Property.SSLStartMode, SSLStartMode.Implicit);
ipdaemon_set(res, Property.Listening, true);
check();
const address = `${ipdaemon_get(res, Property.LocalHost)}:${ipdaemon_get(res, Property.LocalPort)}`;
console.log(`listening on ${address}`);
console.log(`Talk to it with: openssl s_client -connect ${address} -cert CERTIFICATE -key KEY`);

process.on('SIGINT', () => {
  ipdaemon_do_shutdown(res);
  ipdaemon_close(res);
});
