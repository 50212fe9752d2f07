// Writes localhost.pem, a self-signed certificate with its key, for trying things out: `npm run certificate`.
// Clients trust it only if they are told to; public servers need a certificate from an authority.
import * as fs from 'node:fs';
import { selfSignedCertificate } from 'ipdaemon';

const file = 'localhost.pem';
const names = ['localhost', '127.0.0.1', '::1'];
const days = 30;

try {
  // Never over an existing file: it may be somebody's only key.
  fs.writeFileSync(file, selfSignedCertificate(names, days), { flag: 'wx', mode: 0o600 });
  console.log(`${file}: key and certificate for ${names.join(', ')}, for ${days} days. Next:`);
  console.log(`  npm run example -- tls-echo --certificate ${file}`);
  console.log(`  openssl s_client -connect localhost:7777 -CAfile ${file}`);
} catch (error) {
  const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST';
  console.error(`certificate: ${isThere ? `${file} is there; remove it first` : (error as Error).message}`);
  process.exitCode = 1;
}
