// What the servers of this program have in common: they listen as the command line says, print where and who
// comes and goes, and end in order with Ctrl-C or SIGTERM. Node's own loop delivers their events.

import {
  EventId,
  IPDaemonError,
  ipdaemon_close,
  ipdaemon_do_config,
  ipdaemon_do_shutdown,
  ipdaemon_get,
  ipdaemon_get_last_error,
  ipdaemon_get_last_error_code,
  ipdaemon_register_callback,
  ipdaemon_set,
  Property,
  type PropertyInputs,
  type Resource,
  SSLCertStoreType,
  SSLStartMode,
  selfSignedCertificate,
} from '../index';
import { mustBeReadable, type ServerOptions } from './command-line';

/** An exception with the last error, if there is one. */
export function throwLastError(server: Resource): void {
  const code = ipdaemon_get_last_error_code(server);
  if (code !== 0) throw new IPDaemonError(code, ipdaemon_get_last_error(server));
}

/** Sets a property of the server; a refusal is an exception. */
export function mustSet<Id extends keyof PropertyInputs>(server: Resource, id: Id, value: PropertyInputs[Id]): void {
  ipdaemon_set(server, id, value);
  throwLastError(server);
}

/** Texts of network errors begin with their code, in brackets. */
function withCode(code: number, text: string): string {
  return text.startsWith(`[${code}]`) ? text : `${code} ${text}`;
}

function tellConnections(server: Resource, { tls }: ServerOptions): void {
  const about = (id: number, setting: string) => ipdaemon_do_config(server, `${setting}[${id}]`);
  ipdaemon_register_callback(server, EventId.Connected, ({ connectionid: id, statuscode, description }) => {
    if (statuscode !== 0) {
      console.log(`${id}: no connection, ${withCode(statuscode, description)}`);
      return;
    }
    const [host, port] = [Property.RemoteHost, Property.RemotePort].map((property) =>
      ipdaemon_get(server, property, id),
    );
    const agreed = tls ? `, ${about(id, 'SSLNegotiatedVersion')}, ${about(id, 'SSLNegotiatedCipherSuite')}` : '';
    console.log(`${id}: connected from ${host}, port ${port}${agreed}`);
  });
  ipdaemon_register_callback(server, EventId.Disconnected, ({ connectionid: id, statuscode, description }) => {
    console.log(`${id}: disconnected, ${withCode(statuscode, description)}`);
  });
  // Of a connection, Connected or Disconnected reports the same.
  ipdaemon_register_callback(server, EventId.Error, ({ connectionid, errorcode, description }) => {
    if (connectionid === 0) console.log(`error: ${withCode(errorcode, description)}`);
  });
  // Of a connection there are many; without one it is about the certificate.
  ipdaemon_register_callback(server, EventId.SSLStatus, ({ connectionid, message }) => {
    if (connectionid === 0) console.log(message);
  });
}

/** Sets the certificate, and returns what to say about it. */
function useTls(server: Resource, { host, certificate, password }: ServerOptions): string[] {
  const told: string[] = [];
  let store: string | Buffer;
  if (certificate === undefined) {
    // Certificates know nothing of the interface behind a link-local address.
    const [address = host] = host.split('%', 1);
    const names = [...new Set(['localhost', '127.0.0.1', '::1', ...(isWildcard(host) ? [] : [address])])];
    store = selfSignedCertificate(names);
    told.push(`The certificate is self-signed, for ${names.join(', ')}. Clients do not trust it unless told to.`);
  } else {
    mustBeReadable(certificate);
    store = Buffer.from(certificate);
  }
  mustSet(server, Property.SSLCertStoreType, SSLCertStoreType.Auto);
  mustSet(server, Property.SSLCertStorePassword, password);
  mustSet(server, Property.SSLCertStore, store);
  mustSet(server, Property.SSLCertSubject, '*');
  mustSet(server, Property.SSLStartMode, SSLStartMode.Implicit);
  return told;
}

function isWildcard(host: string): boolean {
  return host === '' || host === '0.0.0.0' || host === '::';
}

/** An address with a port behind it. */
function endpoint(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** How to talk to the server from a shell of the same machine. */
function clientCommand(host: string, port: number, tls: boolean): string {
  const local = isWildcard(host) ? (host === '::' ? '::1' : '127.0.0.1') : host;
  return tls ? `openssl s_client -quiet -connect ${endpoint(local, port)}` : `nc ${local} ${port}`;
}

/**
 * Begins to listen and returns the exit code; the server lives on until a signal comes. `redirection` is for the
 * client's output.
 */
export function serve(server: Resource, options: ServerOptions, redirection = ''): number {
  tellConnections(server, options);
  const told = options.tls ? useTls(server, options) : [];
  // The host decides between IPv4 and IPv6.
  ipdaemon_do_config(server, 'UseIPv6=2');
  throwLastError(server);
  mustSet(server, Property.LocalHost, options.host);
  mustSet(server, Property.LocalPort, options.port);
  mustSet(server, Property.Listening, true);

  const host = ipdaemon_get(server, Property.LocalHost) ?? '';
  const port = ipdaemon_get(server, Property.LocalPort) ?? 0;
  console.log(`listening on ${endpoint(host, port)}`);
  for (const text of told) console.log(text);
  console.log(`Talk to it from another terminal with: ${clientCommand(host, port, options.tls)}${redirection}`);
  console.log('Press Ctrl-C to stop it.');

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // Once: the same signal again ends the program while clients are still taking their last bytes.
    process.once(signal, () => {
      ipdaemon_do_shutdown(server);
      ipdaemon_close(server);
    });
  }
  return 0;
}
