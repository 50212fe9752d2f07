// The certificate that a program makes for itself, as Node's own crypto sees it.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { ErrorCode, IPDaemonError, selfSignedCertificate } from '../../lib/index';

function refusal(names: string[], days?: number): unknown {
  try {
    return selfSignedCertificate(names, days);
  } catch (error) {
    return error;
  }
}

describe('selfSignedCertificate', () => {
  test('gives a certificate for this machine and its key', () => {
    const pem = selfSignedCertificate();
    const certificate = new X509Certificate(pem);
    expect(certificate.checkPrivateKey(createPrivateKey(pem))).toBe(true);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.subject).toBe('CN=localhost');
    expect(certificate.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1');
    expect(certificate.ca).toBe(false);
    const days = (Date.parse(certificate.validTo) - Date.now()) / 86_400_000;
    expect(Math.round(days)).toBe(30);
  });

  test('takes names, addresses and days', () => {
    const certificate = new X509Certificate(selfSignedCertificate(['a.example', '*.b.example', '10.0.0.1'], 365));
    expect(certificate.checkHost('any.b.example')).toBe('*.b.example');
    expect(certificate.checkIP('10.0.0.1')).toBe('10.0.0.1');
    expect(certificate.checkHost('localhost')).toBeUndefined();
    expect(Math.round((Date.parse(certificate.validTo) - Date.now()) / 86_400_000)).toBe(365);
  });

  test.each([
    [[], 30],
    [['a b'], 30],
    [['a.example', '300.1.1.1'], 30],
    [['\u00e4.example'], 30],
    [['a.example'], 0],
    [['a.example'], 36_501],
    [['a.example'], Number.NaN],
  ])('refuses %j for %d days, and says so', (names, days) => {
    const error = refusal(names, days) as IPDaemonError;
    expect(error).toBeInstanceOf(IPDaemonError);
    expect(error.code).toBe(ErrorCode.InvalidValue);
    expect(error.message).toContain(`${JSON.stringify(names)} and ${days} days`);
  });
});
