// Servers of TLS for the tests.
import { writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { certificates, type ServerName, serverPem, temporaryFolder, writeTemporary } from './certificates';
import { Code, P } from './ids';
import type { Param, TestServer, TlsPeer } from './server';
import type { TlsClient, TlsClientOptions } from './tls-client';
import { waitFor } from './waiting';

/** Values of SSLCertStoreType. */
export const Store = {
  user: 0,
  machine: 1,
  pfxFile: 2,
  pfxBlob: 3,
  jksFile: 4,
  jksBlob: 5,
  pemFile: 6,
  pemBlob: 7,
  publicKeyFile: 8,
  publicKeyBlob: 9,
  sshPublicKeyBlob: 10,
  p7bFile: 11,
  p7bBlob: 12,
  sshPublicKeyFile: 13,
  ppkFile: 14,
  ppkBlob: 15,
  xmlFile: 16,
  xmlBlob: 17,
  jwkFile: 18,
  jwkBlob: 19,
  securityKey: 20,
  auto: 99,
} as const;

/** Values of SSLStartMode. */
export const StartMode = { automatic: 0, implicit: 1, explicit: 2, none: 3 } as const;

export interface Choice {
  type?: number;
  store?: string | Uint8Array;
  password?: string;
  subject?: string;
}

/** Sets the properties of the certificate in their documented order. Gives the code of the last one. */
export function choose(server: TestServer, choice: Choice): number {
  server.must(server.set(P.SSLCertStoreType, choice.type ?? Store.pemBlob));
  server.set(P.SSLCertStore, choice.store ?? '');
  server.set(P.SSLCertStorePassword, choice.password ?? '');
  return server.set(P.SSLCertSubject, choice.subject ?? '*');
}

/** Sets one of the test certificates. */
export function serve(server: TestServer, name: ServerName): void {
  server.must(choose(server, { store: serverPem(name) }));
}

/** For `before`: implicit TLS with one of the test certificates. */
export function implicit(name: ServerName = 'p256', more?: (server: TestServer) => void) {
  return (server: TestServer): void => {
    serve(server, name);
    server.must(server.set(P.SSLStartMode, StartMode.implicit));
    more?.(server);
  };
}

/**
 * For `before`: clients will come all at once. With a short backlog Linux answers them with SYN cookies, and resets
 * those whose first record needs more than one packet.
 */
export function expectCrowd(server: TestServer): void {
  server.must(server.set(P.ConnectionBacklog, 128));
}

/**
 * A client that is in although DefaultConnectionTimeout is short: where the machine stood still for so long that the
 * time of its handshake was over indeed, it is followed by another.
 */
export async function connectInTime(server: TestServer): Promise<TlsPeer> {
  for (;;) {
    const client = server.tlsClient();
    await waitFor(() => client.secure || client.closed, 'the handshake of a client');
    await waitFor(
      () => server.count('Connected', server.idOf(client)) > 0,
      () => `Connected of a client whose handshake is over; ${server.tail()}`,
    );
    const id = server.idOf(client);
    const [connected] = server.events('Connected', id);
    if (connected?.statuscode === 0) {
      await server.event('ReadyToSend', id);
      return { client, id };
    }
    if (connected?.statuscode !== Code.TimedOut) {
      throw new Error(`client ${id} was not let in; ${server.tail()}`);
    }
  }
}

/** For `before`: TLS that begins with do_startssl. */
export function explicit(name: ServerName = 'p256', more?: (server: TestServer) => void) {
  return (server: TestServer): void => {
    serve(server, name);
    server.must(server.set(P.SSLStartMode, StartMode.explicit));
    more?.(server);
  };
}

/** Sets a setting, which has to be accepted. */
export function configure(server: TestServer, ...settings: string[]): void {
  for (const setting of settings) {
    server.config(setting);
    server.must(server.code);
  }
}

/** For `before`: clients are asked for certificates and judged by the clients' authority. */
export function authenticating(more?: (server: TestServer) => void) {
  return implicit('p256', (server) => {
    server.must(server.set(P.SSLAuthenticateClients, true));
    configure(server, `SSLServerCACerts=${certificates().pem.clientAuthority}`);
    more?.(server);
  });
}

/** For `before`: the same with revocation lists, which come in a file together with the authority. */
export function checkingRevocation(
  list: 'revoked' | 'nothingRevoked' | 'goodRevoked' | 'staleRevocations',
  level: 1 | 2 = 1,
  more?: (server: TestServer) => void,
) {
  return implicit('p256', (server) => {
    const { pem } = certificates();
    server.must(server.set(P.SSLAuthenticateClients, true));
    const file = writeTemporary(`authority-${list}.pem`, pem.clientAuthority + pem[list]);
    configure(server, `OpenSSLCAFile=${file}`, `SSLCheckCRL=${level}`);
    more?.(server);
  });
}

/** The messages of SSLStatus, of one connection or of all. */
export function statuses(server: TestServer, id?: number): string[] {
  return server.events('SSLStatus', id).map((param) => param.message);
}

/** A folder in which OpenSSL finds the clients' authority, and a revocation list of it. */
export function authorityFolder(list?: string): string {
  const { pem, clientAuthorityHash } = certificates();
  const folder = temporaryFolder();
  writeFileSync(path.join(folder, `${clientAuthorityHash}.0`), pem.clientAuthority);
  if (list !== undefined) {
    writeFileSync(path.join(folder, `${clientAuthorityHash}.r0`), list);
  }
  return folder;
}

/** What a client came to: the code of its Connected. */
export async function comes(
  server: TestServer,
  options: TlsClientOptions,
): Promise<{ client: TlsClient; status: number }> {
  const before = server.count('Connected');
  const one = server.tlsClient(options);
  const connected = await server.event('Connected', undefined, before + 1);
  if (connected.statuscode === 0) {
    await one.isSecure();
    await server.event('ReadyToSend', connected.connectionid);
  } else {
    await one.isRefused();
  }
  return { client: one, status: connected.statuscode };
}

/** The judgement of the newest client. */
export function judged(server: TestServer): Param {
  return server.events('SSLClientAuthentication').at(-1) as Param;
}

/** What a client negotiates, as the server tells it; empty when it is refused. */
export async function negotiates(server: TestServer, options: TlsClientOptions = {}): Promise<Record<string, string>> {
  const before = server.count('Connected');
  const client = server.tlsClient(options);
  const { connectionid: id, statuscode } = await server.event('Connected', undefined, before + 1);
  if (statuscode !== 0) {
    await client.isRefused();
    return {};
  }
  await client.isSecure();
  await server.event('ReadyToSend', id);
  const name = (what: string) => server.config(`SSLNegotiated${what}[${id}]`);
  return {
    version: name('Version'),
    suite: name('CipherSuite'),
    cipher: name('Cipher'),
    strength: name('CipherStrength'),
    exchange: name('KeyExchange'),
    exchangeStrength: name('KeyExchangeStrength'),
  };
}
