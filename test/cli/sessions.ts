// Sessions and small servers for the tests of `ipdaemon record` and `replay`.
import { readFileSync } from 'node:fs';
import { writeTemporary } from '../support/certificates';
import type { Program } from '../support/program';
import { outcome, withTool } from './tool';

export type Steps = (string | number | null)[][];

export function sessionFile(steps: Steps, more: object = {}): string {
  const list = steps.map((step) => `    ${JSON.stringify(step)}`).join(',\n');
  const head = JSON.stringify({ about: 'made by a test', ...more }).slice(0, -1);
  return writeTemporary('made.session.json', `${head},\n  "steps": [\n${list}\n  ]\n}\n`);
}

export function stepsOf(file: string): string[][] {
  return (JSON.parse(readFileSync(file, 'utf8')) as { steps: string[][] }).steps;
}

/** A server in Node; its body handles a connection `s`. Its port is its first argument. */
export function serverFile(body: string): string {
  const program = `
    const net = require('node:net');
    const seen = { connections: 0 };
    net.createServer({ allowHalfOpen: true, noDelay: true }, (s) => {
      seen.connections += 1;
      s.on('error', () => {});
      ${body}
    }).listen(Number(process.argv[2]), '127.0.0.1', function () { console.log('listening on', this.address().port); });`;
  return writeTemporary('server.js', program);
}

/** A server that sends back what it gets. */
export const echo = "s.on('data', (d) => s.write(d)); s.on('end', () => s.end());";

export function replayed(file: string, body: string, ...options: string[]) {
  return outcome([
    'replay',
    file,
    '--patience',
    '30000',
    ...options,
    '--',
    process.execPath,
    serverFile(body),
    '{port}',
  ]);
}

/** Runs a body with a recorder in front of a port, and ends it with a signal. */
export async function recording(
  to: number,
  out: string,
  body: (port: number, program: Program) => Promise<void>,
  signal: NodeJS.Signals = 'SIGINT',
): Promise<void> {
  await withTool(['record', '--listen', '0', '--to', `127.0.0.1:${to}`, '--out', out], async (program) => {
    const port = await program.port();
    await program.says(/Press Ctrl-C to end the recording\.\n/);
    await body(port, program);
    program.signal(signal);
    const { code } = await program.ends();
    if (signal === 'SIGINT' && code !== 0) throw new Error(`record ended with ${code}: ${program.errors}`);
  });
}
