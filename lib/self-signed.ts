// A certificate to try TLS with, without any file and any tool.

import { IPDaemonError } from './errors';
import { ErrorCode } from './generated/errors';
import { native } from './native';
import { shown } from './shown';

/**
 * Makes a key and a self-signed certificate, to try TLS with. Clients do not trust it unless they are told to. See
 * docs/reference/certificates.md.
 *
 * @param names Host names and addresses that it is for. The first, of at most 64 characters, is its subject, too.
 * @param days How long it is valid, 1 to 36500.
 * @returns Both as one PEM text, for SSLCertStore with SSLCertStoreType.PEMKeyBlob or Auto.
 * @throws IPDaemonError with code 2002 for invalid names or days, 270 if there is no OpenSSL, 273 if it fails.
 */
export function selfSignedCertificate(names: readonly string[] = ['localhost', '127.0.0.1', '::1'], days = 30): string {
  if (!Array.isArray(names) || names.some((name) => typeof name !== 'string')) {
    const detail = `names must be an array of strings such as ['localhost'], not ${shown(names)}`;
    throw new IPDaemonError(ErrorCode.InvalidValue, detail);
  }
  const valid = Number.isInteger(days) && days >= 0 && days <= 0x7fffffff;
  const made = valid ? native.selfSigned(names.join(','), days) : ErrorCode.InvalidValue;
  if (typeof made === 'string') return made;
  const sentence = native.errorSentence(made).replace(/\.$/, '');
  const allowed = made === ErrorCode.InvalidValue ? '; names must be host names or addresses, and days 1 to 36500' : '';
  throw new IPDaemonError(
    made,
    `${sentence}: a certificate for ${JSON.stringify(names)} and ${shown(days)} days${allowed}`,
  );
}
