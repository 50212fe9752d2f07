// `ipdaemon doctor`: whether a server can run here, what it would use, and what to change. Loads the library
// only inside of the attempt, to say why it cannot be loaded.

import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { backlog, descriptors, type Finding, node, system } from './findings';
import { phpFinding } from './php';
import { version } from './texts';
import { tryEcho } from './trial';

type Library = typeof import('../index');
type Findings = Record<string, Finding>;

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function loadedFiles(): string[] {
  return (process.report.getReport() as { sharedObjects?: string[] }).sharedObjects ?? [];
}

/** Loads the library, and finds out which native file came with it. */
async function loadLibrary(findings: Findings): Promise<Library | undefined> {
  const before = new Set(loadedFiles());
  try {
    const library = await import('../../lib/index.js');
    const files = loadedFiles().filter((file) => !before.has(file));
    const file = files.find((name) => path.basename(name).includes('ipdaemon')) ?? files[0];
    findings.native = { state: 'ok', text: file ?? 'loaded; this system does not report from which file' };
    return library;
  } catch (error) {
    findings.native = { state: 'failed', text: reasonOf(error) };
    return undefined;
  }
}

/** What the native part says about itself: name and version; system; poller; OpenSSL; what that lacks. */
function readBuildInfo(library: Library, findings: Findings): void {
  const server = library.ipdaemon_open();
  const [name, , poller = '', openssl = '', missing] = library.ipdaemon_do_config(server, 'BuildInfo').split('; ');
  const wanted = library.ipdaemon_get(server, library.Property.ConnectionBacklog) ?? 0;
  library.ipdaemon_close(server);
  if (findings.native && name !== `ipdaemon ${version()}`) {
    findings.native.state = 'failed';
    findings.native.text += ` is ${name}, and the package is ipdaemon ${version()}`;
    findings.native.advice = 'rebuild it with `npm run build:addon` in the folder of the package';
  }
  findings.poller = { state: 'ok', text: poller };
  findings.openssl =
    openssl === 'no TLS'
      ? {
          state: 'warning',
          text: 'none in this process and none in the system',
          advice: 'for TLS, install OpenSSL 3 (libssl.so.3), or use a Node.js that includes it',
        }
      : missing === undefined
        ? { state: 'ok', text: openssl }
        : { state: 'warning', text: openssl, advice: missing };
  findings.backlog = backlog(wanted);
}

async function attempt(state: 'warning' | 'failed', advice: string, echo: () => Promise<string>): Promise<Finding> {
  try {
    return { state: 'ok', text: await echo() };
  } catch (error) {
    return { state, text: reasonOf(error), advice };
  }
}

/** All findings, in the order in which they are printed. */
async function examine(): Promise<Findings> {
  const findings: Findings = {
    ipdaemon: { state: 'ok', text: version() },
    node: node(),
    system: system(),
  };
  const library = await loadLibrary(findings);
  if (library !== undefined) readBuildInfo(library, findings);
  findings.descriptors = descriptors();
  if (library === undefined) return findings;
  findings.clear = await attempt('failed', 'look for a firewall or a sandbox that blocks loopback connections', () =>
    tryEcho(library, { host: '127.0.0.1' }),
  );
  findings.ipv6 = await attempt('warning', 'listen on IPv4 addresses only, or enable IPv6 on this system', () =>
    tryEcho(library, { host: '::1' }),
  );
  const hasOpenSsl = findings.openssl?.text.startsWith('OpenSSL ') === true;
  findings.tls = await attempt(hasOpenSsl ? 'failed' : 'warning', 'servers without TLS still work', () =>
    tryEcho(library, { host: '127.0.0.1', certificate: library.selfSignedCertificate() }),
  );
  findings.php = phpFinding();
  return findings;
}

function print(findings: Findings, ok: boolean): void {
  for (const [name, { state, text, advice }] of Object.entries(findings)) {
    const words = advice === undefined ? text : `${text}\n${advice}`;
    console.log(`${state.padEnd(8)} ${name.padEnd(12)} ${words.replaceAll('\n', `\n${' '.repeat(22)}`)}`);
  }
  console.log(ok ? '\nA server can run here.' : '\nA server cannot run here.');
}

export async function doctor(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { json: { type: 'boolean', default: false } } });
  const findings = await examine();
  const ok = Object.values(findings).every(({ state }) => state !== 'failed');
  if (values.json) console.log(JSON.stringify({ ok, findings }, undefined, 2));
  else print(findings, ok);
  return ok ? 0 : 1;
}
