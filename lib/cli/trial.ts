// A server and a client in this process, over a loopback address: doctor's proof that a server works here.

import * as net from 'node:net';
import type * as lib from '../index';

// Generous, as the machine may be busy: only a server that does not work at all is waited for so long.
const limitMs = 30_000;
const message = 'ipdaemon doctor';

export interface Trial {
  host: string;
  /** With one, in TLS: key and certificate as PEM, for localhost. */
  certificate?: string;
}

type Library = typeof lib;

function listen(ipdaemon: Library, server: lib.Resource, { host, certificate }: Trial): number {
  const { Property, SSLCertStoreType, SSLStartMode } = ipdaemon;
  const set = <Id extends keyof lib.PropertyInputs>(id: Id, value: lib.PropertyInputs[Id]) => {
    const code = ipdaemon.ipdaemon_set(server, id, value);
    if (code !== 0) throw new ipdaemon.IPDaemonError(code, ipdaemon.ipdaemon_get_last_error(server));
  };
  ipdaemon.ipdaemon_do_config(server, 'UseIPv6=2');
  set(Property.LocalHost, host);
  if (certificate !== undefined) {
    set(Property.SSLCertStoreType, SSLCertStoreType.PEMKeyBlob);
    set(Property.SSLCertStore, certificate);
    set(Property.SSLCertSubject, '*');
    set(Property.SSLStartMode, SSLStartMode.Implicit);
  }
  set(Property.Listening, true);
  return ipdaemon.ipdaemon_get(server, Property.LocalPort) ?? 0;
}

/** A client that verifies the server's certificate, if there is one. */
async function connect(port: number, { host, certificate }: Trial): Promise<net.Socket> {
  if (certificate === undefined) return net.connect({ host, port });
  // A Node without OpenSSL has no such module.
  const tls = await import('node:tls');
  return tls.connect({ host, port, ca: certificate, servername: 'localhost' });
}

function answered(client: net.Socket): Promise<void> {
  let got = '';
  return new Promise((resolve, reject) => {
    client.on('error', reject);
    client.on('close', () => reject(new Error('the connection ended before the echo came')));
    client.setTimeout(limitMs, () => reject(new Error(`no echo within ${limitMs / 1000} seconds`)));
    client.on('data', (bytes: Buffer) => {
      got += bytes.toString();
      if (got === message) resolve();
      else if (!message.startsWith(got)) reject(new Error(`the echo of "${message}" was ${JSON.stringify(got)}`));
    });
    client.write(message);
  });
}

/** Echoes a message through a server and says what was used for it. Fails with the reason. */
export async function tryEcho(ipdaemon: Library, trial: Trial): Promise<string> {
  const { EventId } = ipdaemon;
  const server = ipdaemon.ipdaemon_open();
  let used = 'echoed';
  let client: net.Socket | undefined;
  try {
    ipdaemon.ipdaemon_register_callback(server, EventId.DataIn, ({ connectionid, text }) => {
      if (trial.certificate !== undefined) {
        const about = (setting: string) => ipdaemon.ipdaemon_do_config(server, `${setting}[${connectionid}]`);
        used = `echoed in ${about('SSLNegotiatedVersion')}, ${about('SSLNegotiatedCipherSuite')}`;
      }
      ipdaemon.ipdaemon_do_send(server, connectionid, text);
    });
    client = await connect(listen(ipdaemon, server, trial), trial);
    await answered(client);
    return `${used} on ${trial.host}`;
  } finally {
    client?.destroy();
    ipdaemon.ipdaemon_close(server);
  }
}
