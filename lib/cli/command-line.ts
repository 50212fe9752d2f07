// The options that the servers of this program share.

import * as fs from 'node:fs';
import { parseArgs } from 'node:util';

/** The command line is wrong; the message says why. */
export class UsageError extends Error {}

export interface ServerOptions {
  host: string;
  port: number;
  tls: boolean;
  /** A file with a certificate and its key; without it, one is made. */
  certificate: string | undefined;
  password: string;
}

const serverOptions = {
  port: { type: 'string', short: 'p', default: '7777' },
  host: { type: 'string', default: '127.0.0.1' },
  tls: { type: 'boolean', default: false },
  certificate: { type: 'string' },
  password: { type: 'string' },
} as const;

type ServerValues = ReturnType<typeof parseArgs<{ options: typeof serverOptions }>>['values'];

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) {
    throw new UsageError(`--port must be a number from 0 to 65535, not ${JSON.stringify(text)}`);
  }
  return port;
}

function checked({ host, port, tls, certificate, password }: ServerValues): ServerOptions {
  if (!tls && (certificate ?? password) !== undefined) throw new UsageError('--certificate and --password need --tls');
  if (certificate === undefined && password !== undefined) throw new UsageError('--password needs --certificate');
  return { host, port: portOf(port), tls, certificate, password: password ?? '' };
}

/** The options of a server that takes no others. */
export function readServerOptions(args: string[]): ServerOptions {
  return checked(parseArgs({ args, options: serverOptions }).values);
}

/** The options of a server and one file. */
export function readFileServerOptions(args: string[]): ServerOptions & { file: string } {
  const options = { ...serverOptions, file: { type: 'string', multiple: true } } as const;
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  const [file, ...more] = [...(values.file ?? []), ...positionals];
  if (file === undefined || more.length > 0) throw new UsageError('the command file takes one FILE');
  return { ...checked(values), file };
}

/** Fails unless there is such a regular file, and it may be read. */
export function mustBeReadable(file: string): void {
  fs.accessSync(file, fs.constants.R_OK);
  if (!fs.statSync(file).isFile()) throw new Error(`${file} is not a regular file`);
}
