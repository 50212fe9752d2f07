// `ipdaemon doctor` on this machine, and where something is missing or broken.
import { existsSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { writeTemporary } from '../support/certificates';
import type { ProgramOptions } from '../support/program';
import { outcome } from './tool';

interface Finding {
  state: 'ok' | 'warning' | 'failed';
  text: string;
  advice?: string;
  numbers?: Record<string, number>;
}

const { version } = require('../../package.json') as { version: string };

async function findings(options: ProgramOptions = {}) {
  const { code, output, errors } = await outcome(['doctor', '--json'], options);
  expect(errors).toBe('');
  const report = JSON.parse(output) as { ok: boolean; findings: Record<string, Finding> };
  expect(report.ok).toBe(code === 0);
  const states = Object.fromEntries(Object.entries(report.findings).map(([name, { state }]) => [name, state]));
  return { ...report, code, states };
}

/** A native part that is the real one but for what `changes` says, an object literal with `real` in sight. */
async function withNative(changes: string): Promise<ProgramOptions> {
  const real = (await findings()).findings.native?.text;
  const file = writeTemporary(
    'native.js',
    `const real = require(${JSON.stringify(real)});\nmodule.exports = { ...real, ${changes} };\n`,
  );
  return { env: { IPDAEMON_ADDON: file } };
}

const buildInfo = (text: string) =>
  `doConfig: (handle, setting) => (setting === 'BuildInfo' ? '${text}' : real.doConfig(handle, setting))`;

describe('ipdaemon doctor', () => {
  test('finds that a server can run here', async () => {
    const { ok, findings: found, states } = await findings();
    expect(ok).toBe(true);
    expect(Object.keys(states)).toEqual([
      ...[
        'ipdaemon',
        'node',
        'system',
        'native',
        'poller',
        'openssl',
        'backlog',
        'descriptors',
        'clear',
        'ipv6',
        'tls',
        'php',
      ],
    ]);
    expect(states).toMatchObject({ native: 'ok', poller: 'ok', openssl: 'ok', clear: 'ok', tls: 'ok' });
    expect(found.ipdaemon?.text).toBe(version);
    expect(found.node?.text).toBe(process.version);
    expect(found.system?.text).toMatch(new RegExp(`^${process.platform} ${process.arch}, (glibc \\d|musl)`));
    expect(existsSync(found.native?.text ?? '')).toBe(true);
    expect(found.poller?.text).toMatch(process.env.IPDAEMON_ADDON ? /^(epoll|poll|kqueue)$/ : /^epoll$/);
    expect(found.openssl?.text).toMatch(/^OpenSSL 3\.\d+\.\d+.*, (in this process|libssl\.so\.3)$/);
    expect(found.clear?.text).toBe('echoed on 127.0.0.1');
    expect(found.tls?.text).toMatch(/^echoed in TLSv1\.3, TLS_\w+ on 127\.0\.0\.1$/);
    expect(found.backlog?.numbers).toEqual({ wanted: 5, allowed: expect.any(Number) });
  });

  test('prints the same as text', async () => {
    const { code, output, errors } = await outcome(['doctor']);
    expect([code, errors]).toEqual([0, '']);
    const { findings: found } = await findings();
    for (const [name, { state, text, advice }] of Object.entries(found)) {
      expect(output).toMatch(new RegExp(`^${state} +${name} `, 'm'));
      expect(output).toContain(text);
      for (const line of advice?.split('\n') ?? []) {
        expect(output).toContain(line);
      }
    }
    expect(output).toMatch(/\n\nA server can run here\.\n$/);
    expect(output.split('\n').length).toBeLessThan(24);
  });

  test('counts how many connections the descriptors allow, and tells how to get more', async () => {
    const { code, findings: found } = await findings({ descriptors: 500 });
    expect(code).toBe(0);
    const { state, text, advice, numbers } = found.descriptors as Finding;
    expect([state, numbers?.soft, numbers?.hard]).toEqual(['warning', 500, 500]);
    expect(numbers?.connections).toBeGreaterThan(400);
    expect(numbers?.connections).toBeLessThan(500);
    expect(text).toContain(`MaxConnections up to ${numbers?.connections} `);
    expect(advice).toContain('LimitNOFILE');
  });

  test('says why the native part cannot be loaded', async () => {
    const broken = writeTemporary('broken.node', 'no shared object');
    for (const [file, reason] of [
      ['/no/such.node', '/no/such.node: no such file'],
      [broken, broken],
    ] as const) {
      const options = { env: { IPDAEMON_ADDON: file } };
      const { code, findings: found } = await findings(options);
      expect([code, found.native?.state, found.clear]).toEqual([1, 'failed', undefined]);
      expect(found.native?.text).toContain(reason);
      expect(found.descriptors?.state).toBe('ok');
      const { output } = await outcome(['doctor'], options);
      expect(output).toMatch(/^failed +native /m);
      expect(output).toMatch(/\n\nA server cannot run here\.\n$/);
    }
  });

  test('notices a native part of another version', async () => {
    const { code, findings: found } = await findings(
      await withNative(buildInfo('ipdaemon 9.8.7; linux-x64; epoll; OpenSSL 3.0.0, in this process')),
    );
    expect([code, found.native?.state]).toEqual([1, 'failed']);
    expect(found.native?.text).toContain(`ipdaemon 9.8.7, and the package is ipdaemon ${version}`);
    expect(found.native?.advice).toContain('npm run build:addon');
  });

  test('takes missing TLS for a warning, as servers in clear can run', async () => {
    const options = await withNative(
      `${buildInfo(`ipdaemon ${version}; linux-x64; epoll; no TLS`)}, selfSigned: () => 270`,
    );
    const { code, states, findings: found } = await findings(options);
    expect([code, states.openssl, states.tls, states.clear]).toEqual([0, 'warning', 'warning', 'ok']);
    expect(found.openssl?.advice).toContain('libssl.so.3');
    expect(found.tls?.text).toContain('270');
  });

  test('warns of an OpenSSL that lacks fixes, with what to update', async () => {
    const missing = 'OpenSSL 3.0.2 lacks fixes for serious vulnerabilities, which came with 3.0.19: update the program';
    const text = `ipdaemon ${version}; linux-x64; epoll; OpenSSL 3.0.2, in this process; ${missing}`;
    const { code, states, findings: found } = await findings(await withNative(buildInfo(text)));
    expect([code, states.openssl, states.tls]).toEqual([0, 'warning', 'ok']);
    expect(found.openssl).toMatchObject({ text: 'OpenSSL 3.0.2, in this process', advice: missing });
  });

  test('fails where TLS does not work although there is an OpenSSL', async () => {
    const { code, states } = await findings(await withNative('selfSigned: () => 273'));
    expect([code, states.tls, states.clear]).toEqual([1, 'failed', 'ok']);
  });

  test('fails where nothing can listen', async () => {
    const { code, findings: found } = await findings(
      await withNative(
        "set: (res, id, index, value) => (id === 25 ? real.fail(res, 10013, 'not here') : real.set(res, id, index, value))",
      ),
    );
    expect([code, found.clear?.state, found.ipv6?.state]).toEqual([1, 'failed', 'warning']);
    expect(found.clear?.text).toContain('not here');
  });

  test('fails where the echo is another text, or never comes', async () => {
    const wrong = await findings(await withNative("doSend: (res, id) => real.doSend(res, id, 'no echo')"));
    expect([wrong.code, wrong.findings.clear?.state]).toEqual([1, 'failed']);
    expect(wrong.findings.clear?.text).toContain('"no echo"');
    const gone = await findings(await withNative('doSend: (res, id) => void real.doDisconnect(res, id)'));
    expect([gone.code, gone.findings.clear?.state]).toEqual([1, 'failed']);
    expect(gone.findings.clear?.text).toContain('the connection ended before the echo came');
  });
});
