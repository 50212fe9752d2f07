// Certificates, keys and key stores for the tests of TLS. test/programs/certificates.js makes them, which takes
// more than a second; so they are kept for a day in the system's folder for temporary files.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import * as path from 'node:path';
import { afterAll } from '@jest/globals';

/** PEM texts of a certificate, its key (PKCS #8, in clear), and the certificates that lead to its root. */
export interface Identity {
  certificate: string;
  key: string;
  chain: string;
}

export interface Material {
  made: number;
  /** Opens every store and key that is encrypted. */
  password: string;
  /** All for localhost, 127.0.0.1 and other.example; `other` for other.example only. Leaves have a chain. */
  servers: Record<
    | 'rsa'
    | 'p256'
    | 'ed25519'
    | 'leafRsa'
    | 'leafP256'
    | 'leafEd25519'
    | 'rsa1024'
    | 'expired'
    | 'notYet'
    | 'other'
    | 'second'
    | 'comma',
    Identity
  >;
  /** Issued by `clientAuthority`, if the name does not say otherwise; `below` by one between. */
  clients: Record<
    'good' | 'below' | 'expired' | 'notYet' | 'revoked' | 'wrongCa' | 'selfSigned' | 'wrongUsage',
    Identity
  >;
  /** Authorities, revocation lists of `clientAuthority`, and other forms of the key of `servers.rsa`. */
  pem: Record<
    | 'clientAuthority'
    | 'wrongAuthority'
    | 'serverRoot'
    | 'serverIntermediate'
    | 'revoked'
    | 'nothingRevoked'
    | 'goodRevoked'
    | 'staleRevocations'
    | 'encryptedKey'
    | 'traditionalKey'
    | 'traditionalEncryptedKey'
    | 'traditionalEcKey'
    | 'p7b'
    | 'publicKey',
    string
  >;
  /** The name under which OpenSSL finds `clientAuthority` and its lists in a folder. */
  clientAuthorityHash: string;
  /** Key stores and keys as bytes in base64. */
  stores: Record<
    | 'pfx'
    | 'pfx3des'
    | 'pfxRc2'
    | 'pfxEmptyPassword'
    | 'pfxNoPassword'
    | 'pfxTwo'
    | 'pfxEd25519'
    | 'jks'
    | 'jksTwo'
    | 'jceks'
    | 'p7b'
    | 'ppk2'
    | 'ppk2Encrypted'
    | 'ppk3'
    | 'xml'
    | 'jwk'
    | 'jwkWithoutCertificate'
    | 'jwkSet'
    | 'publicKey'
    | 'sshPublicKey'
    | 'random',
    string
  >;
}

export type ServerName = keyof Material['servers'];
export type ClientName = keyof Material['clients'];
export type StoreName = keyof Material['stores'];

const program = path.resolve(__dirname, '..', 'programs', 'certificates.js');
const keptMs = 24 * 3_600_000;
let material: Material | undefined;

/** The file that keeps them. Its name follows from the program, so that a changed one makes new ones. */
function keptFile(): string {
  const version = createHash('sha256').update(readFileSync(program)).digest('hex').slice(0, 16);
  return path.join(tmpdir(), `ipdaemon-test-certificates-${userInfo().uid}-${version}`, 'material.json');
}

/** What is kept, if it is young enough and nobody else's. */
function kept(file: string): Material | undefined {
  try {
    if (statSync(file).uid !== userInfo().uid) {
      return undefined;
    }
    const found = JSON.parse(readFileSync(file, 'utf8')) as Material;
    return Date.now() - found.made < keptMs && found.made <= Date.now() ? found : undefined;
  } catch {
    return undefined;
  }
}

export function certificates(): Material {
  if (material === undefined) {
    const file = keptFile();
    material = kept(file);
    if (material === undefined) {
      execFileSync(process.execPath, [program, file], { stdio: ['ignore', 'inherit', 'inherit'] });
      material = JSON.parse(readFileSync(file, 'utf8')) as Material;
    }
  }
  return material;
}

/** A store as bytes. */
export function store(name: StoreName): Buffer {
  return Buffer.from(certificates().stores[name], 'base64');
}

/** A server's identity as one PEM text: key, certificate, chain. */
export function serverPem(name: ServerName): string {
  const { key, certificate, chain } = certificates().servers[name];
  return key + certificate + chain;
}

let folder: string | undefined;

/** A folder of this test file; it goes when the tests are done. */
export function temporaryFolder(): string {
  folder ??= mkdtempSync(path.join(tmpdir(), 'ipdaemon-tls-'));
  return mkdtempSync(path.join(folder, 'f'));
}

/** Writes a file into such a folder and gives its path. */
export function writeTemporary(name: string, content: string | Uint8Array): string {
  const file = path.join(temporaryFolder(), name);
  writeFileSync(file, content);
  return file;
}

afterAll(() => {
  if (folder !== undefined) {
    rmSync(folder, { recursive: true });
  }
});

/** An authority that lets a client verify each of the servers' certificates. */
export function everyServer(): string {
  const { servers, pem } = certificates();
  return pem.serverRoot + servers.rsa.certificate + servers.p256.certificate + servers.ed25519.certificate;
}
