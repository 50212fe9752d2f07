// Encodings and hashes.

import { createHash, createHmac, getHashes, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import { text, whole } from './args';
import { PhpArray } from './array';
import { str } from './convert';
import { ValueError } from './errors';
import { spread } from './items';

const buffer = (value: unknown) => Buffer.from(text(value), 'latin1');

export function bin2hex(s: unknown): string {
  return buffer(s).toString('hex');
}

export function hex2bin(s: unknown): string | false {
  const digits = text(s);
  return digits.length % 2 === 0 && /^[0-9a-fA-F]*$/.test(digits)
    ? Buffer.from(digits, 'hex').toString('latin1')
    : false;
}

export function base64_encode(s: unknown): string {
  return buffer(s).toString('base64');
}

/** `base64_decode`: what is no digit is left out, or is false when strict. */
export function base64_decode(s: unknown, strict: unknown = false): string | false {
  const given = text(s);
  if (strict === true) {
    const digits = given.replace(/[ \t\r\n]/g, '');
    const body = digits.replace(/=+$/, '');
    const pad = digits.length - body.length;
    if (/[^A-Za-z0-9+/]/.test(body) || body.length % 4 === 1 || pad > 2) return false;
    if (pad > 0 && (body.length + pad) % 4 !== 0) return false;
    return Buffer.from(body, 'base64').toString('latin1');
  }
  return Buffer.from(given.replace(/[^A-Za-z0-9+/]/g, ''), 'base64').toString('latin1');
}

const table = Uint32Array.from({ length: 256 }, (_, i) => {
  let value = i;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

export function crc32(s: unknown): number {
  let crc = 0xffffffff;
  for (const byte of buffer(s)) crc = (table[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

function shown(digest: Buffer, binary: unknown): string {
  return digest.toString(binary === true ? 'latin1' : 'hex');
}

export function md5(s: unknown, binary: unknown = false): string {
  return shown(createHash('md5').update(buffer(s)).digest(), binary);
}

export function sha1(s: unknown, binary: unknown = false): string {
  return shown(createHash('sha1').update(buffer(s)).digest(), binary);
}

/** PHP's names of hashes that OpenSSL calls otherwise. */
const renamed: Record<string, string> = {
  'sha512/256': 'sha512-256',
  'sha512/224': 'sha512-224',
  'sha3-224': 'sha3-224',
};

function adler(bytes: Buffer): number {
  let [a, b] = [1, 0];
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b * 65536 + a;
}

function fnv(bytes: Buffer, prime: bigint, start: bigint, bits: number, isSecond: boolean): bigint {
  let value = start;
  for (const byte of bytes) {
    if (!isSecond) value ^= BigInt(byte);
    value = BigInt.asUintN(bits, value * prime);
    if (isSecond) value ^= BigInt(byte);
  }
  return value;
}

/** Check sums, which OpenSSL has not. */
function checksum(name: string, bytes: Buffer): Buffer | undefined {
  const hex = (value: number | bigint, digits: number) => Buffer.from(value.toString(16).padStart(digits, '0'), 'hex');
  switch (name) {
    case 'crc32b':
      return hex(crc32(bytes.toString('latin1')), 8);
    case 'adler32':
      return hex(adler(bytes), 8);
    case 'fnv132':
    case 'fnv1a32':
      return hex(fnv(bytes, 0x01000193n, 0x811c9dc5n, 32, name === 'fnv132'), 8);
    case 'fnv164':
    case 'fnv1a64':
      return hex(fnv(bytes, 0x100000001b3n, 0xcbf29ce484222325n, 64, name === 'fnv164'), 16);
    default:
      return undefined;
  }
}

function unknown(where: string): never {
  throw new ValueError(
    `${where}(): Argument #1 ($algo) must be a valid ${where === 'hash' ? '' : 'cryptographic '}hashing algorithm`,
  );
}

function openssl(name: string): string | undefined {
  const plain = renamed[name] ?? name;
  return getHashes().some((one) => one.toLowerCase() === plain) ? plain : undefined;
}

export function hash(name: unknown, s: unknown, binary: unknown = false): string {
  const plain = text(name).toLowerCase();
  const sum = checksum(plain, buffer(s));
  if (sum !== undefined) return shown(sum, binary);
  const algorithm = openssl(plain);
  return algorithm === undefined ? unknown('hash') : shown(createHash(algorithm).update(buffer(s)).digest(), binary);
}

export function hash_hmac(name: unknown, s: unknown, key: unknown, binary: unknown = false): string {
  const algorithm = openssl(text(name).toLowerCase());
  if (algorithm === undefined) return unknown('hash_hmac');
  return shown(createHmac(algorithm, buffer(key)).update(buffer(s)).digest(), binary);
}

export function hash_algos(): PhpArray {
  const wanted =
    'md5 sha1 sha224 sha256 sha384 sha512 sha512/224 sha512/256 ripemd160 whirlpool crc32b adler32 fnv132 fnv1a32 fnv164 fnv1a64';
  return PhpArray.fromList(
    wanted.split(' ').filter((name) => checksum(name, Buffer.alloc(0)) !== undefined || openssl(name) !== undefined),
  );
}

export function hash_equals(known: unknown, user: unknown): boolean {
  const [a, b] = [buffer(known), buffer(user)];
  return a.length === b.length && timingSafeEqual(a, b);
}

export function hash_pbkdf2(
  name: unknown,
  password: unknown,
  salt: unknown,
  rounds: unknown,
  length: unknown = 0,
  binary: unknown = false,
): string {
  const algorithm = openssl(text(name).toLowerCase());
  if (algorithm === undefined) return unknown('hash_pbkdf2');
  const full = createHash(algorithm).digest().length;
  const wanted = whole(length) === 0 ? full * (binary === true ? 1 : 2) : whole(length);
  const bytes = pbkdf2Sync(
    buffer(password),
    buffer(salt),
    whole(rounds),
    binary === true ? wanted : Math.ceil(wanted / 2),
    algorithm,
  );
  return shown(bytes, binary).slice(0, wanted);
}

const percent = (byte: string) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;

export function rawurlencode(s: unknown): string {
  return text(s).replace(/[^A-Za-z0-9\-._~]/g, percent);
}

export function urlencode(s: unknown): string {
  return text(s)
    .replace(/[^A-Za-z0-9\-._ ]/g, percent)
    .replaceAll(' ', '+');
}

export function rawurldecode(s: unknown): string {
  return text(s).replace(/%([0-9a-fA-F]{2})/g, (_all, digits) => String.fromCharCode(Number.parseInt(digits, 16)));
}

export function urldecode(s: unknown): string {
  return rawurldecode(text(s).replaceAll('+', ' '));
}

/** `http_build_query` of an array, nested ones with brackets. */
export function http_build_query(data: unknown, prefix: unknown = '', separator: unknown = '&'): string {
  const between = separator === null ? '&' : text(separator);
  const parts: string[] = [];
  const walk = (value: PhpArray, name: string) => {
    for (const [key, one] of value.entryList()) {
      const shownKey =
        name === ''
          ? typeof key === 'number'
            ? `${text(prefix)}${key}`
            : urlencode(key)
          : `${name}%5B${urlencode(String(key))}%5D`;
      if (one instanceof PhpArray) walk(one, shownKey);
      else if (one !== null) parts.push(`${shownKey}=${urlencode(one === false ? '0' : str(one))}`);
    }
  };
  if (data instanceof PhpArray) walk(data, '');
  else for (const one of spread(data)) parts.push(urlencode(one));
  return parts.join(between);
}
