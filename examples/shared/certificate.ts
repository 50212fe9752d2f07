// A self-signed certificate to try things out with. Clients do not trust it, unless they are told to:
// servers for others need one of an authority. As a program of its own, `npm run certificate`, it writes
// localhost.pem. It is made with development packages, so this runs in a checkout only.
import 'reflect-metadata';
import { KeyObject, webcrypto } from 'node:crypto';
import * as fs from 'node:fs';
import * as x509 from '@peculiar/x509';

const days = 30;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** A certificate for names and addresses, valid for 30 days, and its key: one PEM text. */
export async function selfSigned(names = ['localhost', '127.0.0.1', '::1']): Promise<string> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const now = Date.now();
  const san = names.map((value) => ({ type: /^[\d.]+$|:/.test(value) ? ('ip' as const) : ('dns' as const), value }));
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [names[0] ?? 'localhost'] }],
    keys,
    notBefore: new Date(now - 60_000),
    notAfter: new Date(now + days * 86_400_000),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.SubjectAlternativeNameExtension(san),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' });
  return `${key}${certificate.toString('pem')}\n`;
}

async function main(): Promise<void> {
  const file = 'localhost.pem';
  // Never over an existing file: it may be somebody's only key.
  fs.writeFileSync(file, await selfSigned(), { flag: 'wx', mode: 0o600 });
  console.log(`${file}: key and certificate for localhost, 127.0.0.1 and ::1, for ${days} days. Next:`);
  console.log(`  npm run example -- tls-echo --certificate ${file}`);
  console.log(`  openssl s_client -connect localhost:7777 -CAfile ${file}`);
}

if (require.main === module) {
  main().catch((error) => {
    console.error(
      `certificate: ${error.code === 'EEXIST' ? `${error.path} is there; remove it first` : error.message}`,
    );
    process.exitCode = 1;
  });
}
