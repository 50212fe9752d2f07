// Writes keys and certificates in the forms of key stores: PKCS#12, JKS, PPK, XML, JWK, PKCS#7. Every byte is written
// here, so that what the library reads was not written by the same code.
'use strict';
const crypto = require('node:crypto');
const forge = require('node-forge');

// --- DER, as much of it as the key stores need.

function der(tag, ...contents) {
  const content = Buffer.concat(contents);
  if (content.length < 128) {
    return Buffer.concat([Buffer.from([tag, content.length]), content]);
  }
  const length = Buffer.from(content.length.toString(16).padStart(content.length > 0xffff ? 6 : 4, '0'), 'hex');
  const short = length[0] === 0 ? length.subarray(1) : length;
  return Buffer.concat([Buffer.from([tag, 0x80 | short.length]), short, content]);
}

const sequence = (...contents) => der(0x30, ...contents);
const set = (...contents) => der(0x31, ...contents);
const octets = (content) => der(0x04, content);
const tagged = (content) => der(0xa0, content);
const nothing = Buffer.from([5, 0]);
const oid = (text) => der(0x06, Buffer.from(forge.asn1.oidToDer(text).getBytes(), 'latin1'));
const integer = (value) => der(0x02, Buffer.from(value.toString(16).padStart(value > 0x7f ? 4 : 2, '0'), 'hex'));

// --- PKCS #12

const data = '1.2.840.113549.1.7.1';
const iterations = 2048;

function pkcs12Key(secret, salt, purpose, length, digest = forge.md.sha1.create()) {
  const bytes = forge.util.createBuffer(salt.toString('latin1'));
  const key = forge.pki.pbe.generatePkcs12Key(secret, bytes, purpose, iterations, length, digest);
  return Buffer.from(key.getBytes(), 'latin1');
}

/** The ways in which stores are encrypted: today's, that of 2005, and that of 1999. */
function encrypt(scheme, secret, content) {
  const salt = crypto.randomBytes(16);
  if (scheme === 'aes256') {
    const iv = crypto.randomBytes(16);
    const key = crypto.pbkdf2Sync(secret ?? '', salt, iterations, 32, 'sha256');
    const cipher = crypto.createCipheriv('aes-256-cbc', key, iv);
    const derivation = sequence(octets(salt), integer(iterations), sequence(oid('1.2.840.113549.2.9'), nothing));
    const how = sequence(
      oid('1.2.840.113549.1.5.13'),
      sequence(
        sequence(oid('1.2.840.113549.1.5.12'), derivation),
        sequence(oid('2.16.840.1.101.3.4.1.42'), octets(iv)),
      ),
    );
    return { how, bytes: Buffer.concat([cipher.update(content), cipher.final()]) };
  }
  const parameters = sequence(octets(salt), integer(iterations));
  const iv = pkcs12Key(secret, salt, 2, 8);
  if (scheme === '3des') {
    const cipher = crypto.createCipheriv('des-ede3-cbc', pkcs12Key(secret, salt, 1, 24), iv);
    const how = sequence(oid('1.2.840.113549.1.12.1.3'), parameters);
    return { how, bytes: Buffer.concat([cipher.update(content), cipher.final()]) };
  }
  const cipher = forge.rc2.createEncryptionCipher(pkcs12Key(secret, salt, 1, 5).toString('latin1'), 40);
  cipher.start(iv.toString('latin1'));
  cipher.update(forge.util.createBuffer(content.toString('latin1')));
  cipher.finish();
  const how = sequence(oid('1.2.840.113549.1.12.1.6'), parameters);
  return { how, bytes: Buffer.from(cipher.output.getBytes(), 'latin1') };
}

/** A PFX with all identities, each a certificate with its key, and further certificates. `secret` null: none. */
function pfx(identities, others, secret, { keys = 'aes256', certificates = keys } = {}) {
  const attributes = (index) =>
    set(
      sequence(oid('1.2.840.113549.1.9.21'), set(octets(Buffer.from([index + 1])))),
      sequence(oid('1.2.840.113549.1.9.20'), set(der(0x1e, Buffer.from(`entry ${index + 1}`, 'utf16le').swap16()))),
    );
  const certificateBag = (one, more) =>
    sequence(
      oid('1.2.840.113549.1.12.10.1.3'),
      tagged(sequence(oid('1.2.840.113549.1.9.22.1'), tagged(octets(one.der)))),
      ...more,
    );
  const keyBags = identities.map((one, index) => {
    const { how, bytes } = encrypt(keys, secret, one.secret.export({ type: 'pkcs8', format: 'der' }));
    return sequence(oid('1.2.840.113549.1.12.10.1.2'), tagged(sequence(how, octets(bytes))), attributes(index));
  });
  const { how, bytes } = encrypt(
    certificates,
    secret,
    sequence(
      ...identities.map((one, index) => certificateBag(one, [attributes(index)])),
      ...others.map((one) => certificateBag(one, [])),
    ),
  );
  const content = sequence(
    sequence(oid('1.2.840.113549.1.7.6'), tagged(sequence(integer(0), sequence(oid(data), how, der(0x80, bytes))))),
    sequence(oid(data), tagged(octets(sequence(...keyBags)))),
  );
  const modern = keys === 'aes256';
  const salt = crypto.randomBytes(16);
  const digest = modern ? forge.md.sha256.create() : forge.md.sha1.create();
  const macKey = pkcs12Key(secret, salt, 3, modern ? 32 : 20, digest);
  const mac = crypto
    .createHmac(modern ? 'sha256' : 'sha1', macKey)
    .update(content)
    .digest();
  const algorithm = modern ? '2.16.840.1.101.3.4.2.1' : '1.3.14.3.2.26';
  return sequence(
    integer(3),
    sequence(oid(data), tagged(octets(content))),
    sequence(sequence(sequence(oid(algorithm), nothing), octets(mac)), octets(salt), integer(iterations)),
  );
}

// --- Java key stores

const sha1 = (...parts) => crypto.createHash('sha1').update(Buffer.concat(parts)).digest();
const int32 = (value) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

function jks(identities, secret, magic = 0xfeedfeed) {
  const wide = Buffer.from(secret, 'utf16le').swap16();
  const text = (value) => Buffer.concat([Buffer.from([0, value.length]), Buffer.from(value, 'latin1')]);
  const entries = identities.map(({ alias, identity, chain = [] }) => {
    const plain = identity.secret.export({ type: 'pkcs8', format: 'der' });
    const salt = crypto.randomBytes(20);
    let stream = salt;
    const hidden = Buffer.from(plain);
    for (let at = 0; at < hidden.length; at += 1) {
      if (at % 20 === 0) {
        stream = sha1(wide, stream);
      }
      hidden[at] ^= stream[at % 20];
    }
    const guarded = sequence(
      sequence(oid('1.3.6.1.4.1.42.2.17.1.1'), nothing),
      octets(Buffer.concat([salt, hidden, sha1(wide, plain)])),
    );
    const certificates = [identity, ...chain];
    return Buffer.concat([
      int32(1),
      text(alias),
      Buffer.alloc(8),
      int32(guarded.length),
      guarded,
      int32(certificates.length),
      ...certificates.flatMap((one) => [text('X.509'), int32(one.der.length), one.der]),
    ]);
  });
  const content = Buffer.concat([int32(magic), int32(2), int32(entries.length), ...entries]);
  return Buffer.concat([content, sha1(wide, Buffer.from('Mighty Aphrodite'), content)]);
}

// --- PuTTY, XML, JWK, PKCS #7

function ppk(identity, version, secret = '') {
  const jwk = identity.secret.export({ format: 'jwk' });
  const string = (value) => Buffer.concat([int32(value.length), Buffer.from(value)]);
  const number = (value) => {
    const bytes = Buffer.from(value, 'base64url');
    return string(bytes[0] & 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
  };
  const visible = Buffer.concat([string('ssh-rsa'), number(jwk.e), number(jwk.n)]);
  let hidden = Buffer.concat([number(jwk.d), number(jwk.p), number(jwk.q), number(jwk.qi)]);
  const encryption = secret === '' ? 'none' : 'aes256-cbc';
  if (secret !== '') {
    hidden = Buffer.concat([hidden, sha1(hidden).subarray(0, (16 - (hidden.length % 16)) % 16)]);
  }
  const signed = Buffer.concat([
    string('ssh-rsa'),
    string(encryption),
    string('a key'),
    string(visible),
    string(hidden),
  ]);
  const mac =
    version === 2
      ? crypto.createHmac('sha1', sha1(Buffer.from(`putty-private-key-file-mac-key${secret}`))).update(signed)
      : crypto.createHmac('sha256', '').update(signed);
  if (secret !== '') {
    const key = Buffer.concat([0, 1].map((n) => sha1(int32(n), Buffer.from(secret)))).subarray(0, 32);
    const cipher = crypto.createCipheriv('aes-256-cbc', key, Buffer.alloc(16)).setAutoPadding(false);
    hidden = Buffer.concat([cipher.update(hidden), cipher.final()]);
  }
  const lines = (bytes) => bytes.toString('base64').match(/.{1,64}/g);
  return [
    `PuTTY-User-Key-File-${version}: ssh-rsa`,
    `Encryption: ${encryption}`,
    'Comment: a key',
    `Public-Lines: ${lines(visible).length}`,
    ...lines(visible),
    `Private-Lines: ${lines(hidden).length}`,
    ...lines(hidden),
    `Private-MAC: ${mac.digest('hex')}`,
    '',
  ].join('\n');
}

function xml(identity) {
  const jwk = identity.secret.export({ format: 'jwk' });
  const fields = { Modulus: 'n', Exponent: 'e', P: 'p', Q: 'q', DP: 'dp', DQ: 'dq', InverseQ: 'qi', D: 'd' };
  const elements = Object.entries(fields).map(
    ([name, key]) => `  <${name}>${Buffer.from(jwk[key], 'base64url').toString('base64')}</${name}>`,
  );
  return ['<RSAKeyValue>', ...elements, '</RSAKeyValue>', ''].join('\n');
}

function jwk(identity, withCertificate) {
  return {
    ...identity.secret.export({ format: 'jwk' }),
    ...(withCertificate ? { x5c: [identity.der.toString('base64')] } : {}),
  };
}

function p7b(certificates) {
  const signed = sequence(
    integer(1),
    set(),
    sequence(oid(data)),
    tagged(Buffer.concat(certificates.map((one) => one.der))),
    set(),
  );
  return sequence(oid('1.2.840.113549.1.7.2'), tagged(signed));
}

const block = (label, bytes) =>
  `-----BEGIN ${label}-----\n${bytes
    .toString('base64')
    .match(/.{1,64}/g)
    .join('\n')}\n-----END ${label}-----\n`;

/** The hash of a subject by which OpenSSL finds files in a folder. `name` as for issue(). */
function subjectHash(name) {
  const types = { C: '2.5.4.6', O: '2.5.4.10', OU: '2.5.4.11', CN: '2.5.4.3' };
  const fields = name.map((field) => {
    const [[type, values]] = Object.entries(field);
    return set(sequence(oid(types[type]), der(0x0c, Buffer.from(values[0].toLowerCase()))));
  });
  return sha1(...fields)
    .readUInt32LE()
    .toString(16)
    .padStart(8, '0');
}

module.exports = { block, jks, jwk, p7b, pfx, ppk, subjectHash, xml };
