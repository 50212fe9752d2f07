// The certificates of the TLS rows, new for every run: self-signed, with their private key in one PEM file.
const { KeyObject, webcrypto } = require('node:crypto');
const fs = require('node:fs');
const { scratchFile } = require('./scratch.js');

const kinds = {
  p256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  rsa: {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-256',
  },
};

async function pemOf(algorithm) {
  require('reflect-metadata'); // The package needs it and leaves it to us.
  const x509 = require('@peculiar/x509');
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const day = 24 * 3600 * 1000;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: 'CN=localhost',
      notBefore: new Date(Date.now() - day),
      notAfter: new Date(Date.now() + day),
      signingAlgorithm: algorithm,
      keys,
      extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'localhost' }])],
    },
    webcrypto,
  );
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' });
  return `${key}${certificate.toString('pem')}\n`;
}

// Gives the file for each kind.
async function makeCertificates() {
  const files = {};
  for (const [kind, algorithm] of Object.entries(kinds)) {
    files[kind] = scratchFile(`${kind}.pem`);
    fs.writeFileSync(files[kind], await pemOf(algorithm), { mode: 0o600 });
  }
  return files;
}

module.exports = { makeCertificates };
