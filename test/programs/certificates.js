// Makes the certificates, keys and key stores that the tests of TLS use, as one JSON file:
//
//   node test/programs/certificates.js FILE [FOLDER]
//
// With FOLDER the PEM texts are written there as well, one file each, for clients that are programs of their
// own. test/support/certificates.ts says what is in the file and keeps it for a day. A process of its own,
// because the libraries take longer to load inside jest than to do their work.
'use strict';
require('reflect-metadata');
const crypto = require('node:crypto');
const { mkdirSync, renameSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const x509 = require('@peculiar/x509');
const { block, jks, jwk, p7b, pfx, ppk, subjectHash, xml } = require('./key-stores');

const { webcrypto } = crypto;
x509.cryptoProvider.set(webcrypto);

const hour = 3_600_000;
const day = 24 * hour;
const password = 'test password';

const algorithms = {
  rsa: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
  rsa1024: {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 1024,
    publicExponent: new Uint8Array([1, 0, 1]),
  },
  p256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  ed25519: { name: 'Ed25519' },
};

let serial = 0x1000;

/**
 * Makes a certificate with a new key. `name` is the subject, the least specific field first, as certificates
 * have it. Without `by` it is self-signed.
 */
async function issue({ kind = 'p256', name, by, ca = false, usage, san, from = -hour, to = 7 * day, keys }) {
  const algorithm = algorithms[kind];
  const own = keys ?? (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']));
  serial += 1;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial.toString(16),
    subject: name,
    issuer: by ? by.certificate.subjectName : name,
    publicKey: own.publicKey,
    signingKey: by ? by.keys.privateKey : own.privateKey,
    signingAlgorithm: by ? by.algorithm : algorithm,
    notBefore: new Date(Date.now() + from),
    notAfter: new Date(Date.now() + to),
    extensions: [
      new x509.BasicConstraintsExtension(ca, undefined, true),
      ...(ca ? [new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true)] : []),
      ...(usage ? [new x509.ExtendedKeyUsageExtension(usage)] : []),
      ...(san ? [new x509.SubjectAlternativeNameExtension(san)] : []),
      await x509.SubjectKeyIdentifierExtension.create(own.publicKey),
    ],
  });
  const secret = crypto.KeyObject.from(own.privateKey);
  return { certificate, keys: own, algorithm, secret, der: Buffer.from(certificate.rawData), serial };
}

async function revocations(by, serials, { from = -hour, to = 7 * day } = {}) {
  const list = await x509.X509CrlGenerator.create({
    issuer: by.certificate.subjectName.toString(),
    thisUpdate: new Date(Date.now() + from),
    nextUpdate: new Date(Date.now() + to),
    entries: serials.map((one) => ({
      serialNumber: one.toString(16),
      revocationDate: new Date(Date.now() - hour / 2),
      reason: x509.X509CrlReason.keyCompromise,
    })),
    signingAlgorithm: by.algorithm,
    signingKey: by.keys.privateKey,
  });
  return block('X509 CRL', Buffer.from(list.rawData));
}

/** What the tests see of an identity. */
function shown(one, chain = []) {
  return {
    certificate: block('CERTIFICATE', one.der),
    key: one.secret.export({ type: 'pkcs8', format: 'pem' }),
    chain: chain.map((each) => block('CERTIFICATE', each.der)).join(''),
  };
}

const cn = (text, unit = 'Servers') => [{ C: ['DE'] }, { O: ['Test'] }, { OU: [unit] }, { CN: [text] }];
const { clientAuth, serverAuth } = x509.ExtendedKeyUsage;

/** The certificates that servers present, and the authorities above them. */
async function serverIdentities() {
  const san = [
    { type: 'dns', value: 'localhost' },
    { type: 'dns', value: 'other.example' },
    { type: 'ip', value: '127.0.0.1' },
  ];
  const root = await issue({ name: cn('Server Root'), ca: true });
  const intermediate = await issue({ name: cn('Server Intermediate'), by: root, ca: true });
  const leaf = (kind) => issue({ kind, name: cn(`leaf ${kind}`), by: intermediate, san, usage: [serverAuth] });
  const own = (kind, more) => issue({ kind, name: cn(`localhost ${kind}`), san, ...more });
  const rsa = await own('rsa');
  const p256 = await own('p256');
  const ed25519 = await own('ed25519');
  const leaves = {
    // The keys of RSA take long to make, so one serves twice.
    rsa: await issue({ kind: 'rsa', keys: rsa.keys, name: cn('leaf rsa'), by: intermediate, san, usage: [serverAuth] }),
    p256: await leaf('p256'),
    ed25519: await leaf('ed25519'),
  };
  const rsa1024 = await own('rsa1024');
  const expired = await own('p256', { name: cn('expired'), from: -9 * day, to: -2 * day });
  const notYet = await own('p256', { name: cn('not yet'), from: 2 * day, to: 9 * day });
  const other = await issue({ name: cn('other.example'), san: [{ type: 'dns', value: 'other.example' }] });
  const second = await own('p256', { name: cn('second') });
  const comma = await own('p256', {
    name: [{ C: ['DE'] }, { O: ['Comma, Inc'] }, { OU: ['outer'] }, { OU: ['inner'] }, { CN: ['M\u00fcller \u20ac'] }],
  });
  return { root, intermediate, leaves, rsa, p256, ed25519, rsa1024, expired, notYet, other, second, comma };
}

/** The certificates that clients present, good and bad, and the authorities above them. */
async function clientIdentities() {
  const authority = await issue({ name: cn('Client Root', 'Clients'), ca: true });
  const middle = await issue({ name: cn('Client Intermediate', 'Clients'), by: authority, ca: true });
  const wrongAuthority = await issue({ name: cn('Wrong Root', 'Clients'), ca: true });
  const client = (text, more = {}) => issue({ name: cn(text, 'Clients'), by: authority, usage: [clientAuth], ...more });
  const good = await client('good');
  const below = await client('below', { by: middle });
  const revoked = await client('revoked');
  const expired = await client('expired', { from: -9 * day, to: -2 * day });
  const notYet = await client('not yet', { from: 2 * day, to: 9 * day });
  const wrongCa = await client('wrong CA', { by: wrongAuthority });
  const selfSigned = await client('self-signed', { by: undefined });
  const wrongUsage = await client('wrong usage', { usage: [serverAuth] });
  return { authority, middle, wrongAuthority, good, below, revoked, expired, notYet, wrongCa, selfSigned, wrongUsage };
}

async function pemTexts({ root, intermediate, leaves, rsa, p256 }, { authority, wrongAuthority, good, revoked }) {
  return {
    clientAuthority: block('CERTIFICATE', authority.der),
    wrongAuthority: block('CERTIFICATE', wrongAuthority.der),
    serverRoot: block('CERTIFICATE', root.der),
    serverIntermediate: block('CERTIFICATE', intermediate.der),
    revoked: await revocations(authority, [revoked.serial]),
    nothingRevoked: await revocations(authority, []),
    goodRevoked: await revocations(authority, [good.serial, revoked.serial]),
    staleRevocations: await revocations(authority, [], { from: -9 * day, to: -2 * day }),
    encryptedKey: rsa.secret.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: password }),
    traditionalKey: rsa.secret.export({ type: 'pkcs1', format: 'pem' }),
    traditionalEncryptedKey: rsa.secret.export({
      type: 'pkcs1',
      format: 'pem',
      cipher: 'aes-128-cbc',
      passphrase: password,
    }),
    traditionalEcKey: p256.secret.export({ type: 'sec1', format: 'pem' }),
    p7b: block('PKCS7', p7b([leaves.p256, intermediate])),
    publicKey: crypto.createPublicKey(rsa.secret).export({ type: 'spki', format: 'pem' }),
  };
}

function keyStores({ root, intermediate, leaves, rsa, p256, ed25519 }) {
  return {
    pfx: pfx([leaves.rsa], [intermediate, root], password),
    pfx3des: pfx([rsa], [], password, { keys: '3des' }),
    pfxRc2: pfx([rsa], [], password, { keys: '3des', certificates: 'rc2-40' }),
    pfxEmptyPassword: pfx([p256], [], ''),
    pfxNoPassword: pfx([p256], [], null, { keys: '3des' }),
    pfxTwo: pfx([rsa, p256], [], password),
    pfxEd25519: pfx([ed25519], [], password),
    jks: jks([{ alias: 'one', identity: leaves.p256, chain: [intermediate, root] }], password),
    jksTwo: jks(
      [
        { alias: 'rsa', identity: rsa },
        { alias: 'ec', identity: p256 },
      ],
      password,
    ),
    jceks: jks([{ alias: 'one', identity: p256 }], password, 0xcececece),
    p7b: p7b([leaves.p256, intermediate]),
    ppk2: Buffer.from(ppk(rsa, 2)),
    ppk2Encrypted: Buffer.from(ppk(rsa, 2, password)),
    ppk3: Buffer.from(ppk(rsa, 3)),
    xml: Buffer.from(xml(rsa)),
    jwk: Buffer.from(JSON.stringify(jwk(p256, true))),
    jwkWithoutCertificate: Buffer.from(JSON.stringify(jwk(p256, false))),
    jwkSet: Buffer.from(JSON.stringify({ keys: [jwk(rsa, true), jwk(p256, true)] })),
    publicKey: rsa.der,
    sshPublicKey: Buffer.from('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHVvX2tleV9vZl90aGlydHlfdHdvX2J5dGVzXw== test'),
    random: crypto.randomBytes(1024),
  };
}

/** What the tests see of all. */
async function makeMaterial() {
  const servers = await serverIdentities();
  const clients = await clientIdentities();
  const { intermediate, leaves, rsa, p256, ed25519 } = servers;
  const pem = await pemTexts(servers, clients);
  const stores = Object.entries(keyStores(servers)).map(([name, bytes]) => [name, bytes.toString('base64')]);
  return {
    made: Date.now(),
    password,
    servers: {
      rsa: shown(rsa),
      p256: shown(p256),
      ed25519: shown(ed25519),
      leafRsa: shown(leaves.rsa, [intermediate]),
      leafP256: shown(leaves.p256, [intermediate]),
      leafEd25519: shown(leaves.ed25519, [intermediate]),
      rsa1024: shown(servers.rsa1024),
      expired: shown(servers.expired),
      notYet: shown(servers.notYet),
      other: shown(servers.other),
      second: shown(servers.second),
      comma: shown(servers.comma),
    },
    clients: {
      good: shown(clients.good),
      below: shown(clients.below, [clients.middle]),
      expired: shown(clients.expired),
      notYet: shown(clients.notYet),
      revoked: shown(clients.revoked),
      wrongCa: shown(clients.wrongCa),
      selfSigned: shown(clients.selfSigned),
      wrongUsage: shown(clients.wrongUsage),
    },
    pem,
    clientAuthorityHash: subjectHash(cn('Client Root', 'Clients')),
    stores: Object.fromEntries(stores),
  };
}

/** The PEM texts as files. */
function writeTexts(folder, material) {
  mkdirSync(folder, { recursive: true });
  const write = (name, text) => writeFileSync(path.join(folder, `${name}.pem`), text, { mode: 0o600 });
  for (const kind of ['servers', 'clients']) {
    for (const [name, one] of Object.entries(material[kind])) {
      write(`${kind}-${name}`, one.certificate + one.chain);
      write(`${kind}-${name}-key`, one.key);
    }
  }
  for (const [name, text] of Object.entries(material.pem)) {
    write(name, text);
  }
}

async function main() {
  const [file, folder] = process.argv.slice(2);
  if (file === undefined) {
    throw new Error('usage: certificates.js FILE [FOLDER]');
  }
  const material = await makeMaterial();
  mkdirSync(path.dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(material), { mode: 0o600 });
  renameSync(draft, file);
  if (folder !== undefined) {
    writeTexts(folder, material);
  }
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
