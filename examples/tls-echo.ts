// An echo server with implicit TLS: the handshake comes first, and Connected after it.
// Without --certificate it makes a self-signed one for this run.
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

const { host, port, certificate, password } = options('tls-echo', { certificate: '', password: '' });
const res = ipdaemon_open();

ipdaemon_register_callback(res, EventId.Connected, ({ connectionid, statuscode, description }) => {
  if (statuscode === 0) {
    const version = ipdaemon_do_config(res, `SSLNegotiatedVersion[${connectionid}]`);
    console.log(`${connectionid}: ${version}, ${ipdaemon_do_config(res, `SSLNegotiatedCipherSuite[${connectionid}]`)}`);
  } else {
    console.log(`${connectionid}: no connection, ${statuscode} ${description}`);
  }
});

ipdaemon_register_callback(res, EventId.DataIn, ({ connectionid, text }) => {
  if (ipdaemon_do_send(res, connectionid, text) !== 0) {
    ipdaemon_do_disconnect(res, connectionid);
  }
});

ipdaemon_register_callback(res, EventId.SSLStatus, ({ connectionid, message }) => {
  // Messages without a connection are about the server, such as an expired certificate.
  if (connectionid === 0) {
    console.log(message);
  }
});

ipdaemon_set(res, Property.LocalHost, host);
ipdaemon_set(res, Property.LocalPort, port);
// A send waits up to 10 seconds for a slow client, and serves the others meanwhile.
ipdaemon_set(res, Property.DefaultTimeout, 10);
// Auto takes a file or its content, PEM or PFX. The subject comes last.
ipdaemon_set(res, Property.SSLCertStoreType, SSLCertStoreType.Auto);
ipdaemon_set(res, Property.SSLCertStorePassword, password);
// As bytes, because a file name from the command line may have any character.
ipdaemon_set(res, Property.SSLCertStore, Buffer.from(certificate || selfSignedCertificate()));
ipdaemon_set(res, Property.SSLCertSubject, '*');
ipdaemon_set(res, Property.SSLStartMode, SSLStartMode.Implicit);
// A certificate that cannot be used is an error here; the server never falls back to plain TCP.
if (ipdaemon_set(res, Property.Listening, true) !== 0) {
  console.error(`tls-echo: ${ipdaemon_get_last_error_code(res)}: ${ipdaemon_get_last_error(res)}`);
  process.exit(1);
}
const address = `${ipdaemon_get(res, Property.LocalHost)}:${ipdaemon_get(res, Property.LocalPort)}`;
console.log(`listening on ${address}`);
console.log(`Talk to it from another terminal with: openssl s_client -connect ${address}`);

process.on('SIGINT', () => {
  ipdaemon_do_shutdown(res);
  ipdaemon_close(res);
});
