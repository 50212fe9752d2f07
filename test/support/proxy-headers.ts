// The PROXY headers of test/native/proxy_headers.def: of real programs, and made ones.
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { root } from './program';

export interface ProxyHeader {
  name: string;
  /** How many bytes prove that it cannot be used; 0 for one that can. */
  refusedAt: number;
  /** What ProxyHeader reads then. */
  text: string;
  bytes: Buffer;
}

const table = readFileSync(path.join(root, 'test', 'native', 'proxy_headers.def'), 'latin1');

export const proxyHeaders: readonly ProxyHeader[] = [
  ...table.matchAll(/^PROXY_HEADER\("([^"]*)", (\d+), "([^"]*)",\s*((?:"[0-9a-f]*"\s*)+)\)/gm),
].map(([, name = '', refusedAt, text = '', bytes = '']) => ({
  name,
  refusedAt: Number(refusedAt),
  text,
  bytes: Buffer.from(bytes.replace(/["\s]/g, ''), 'hex'),
}));

export function proxyHeader(name: string): ProxyHeader {
  const found = proxyHeaders.find((header) => header.name === name);
  if (found === undefined) {
    throw new Error(`there is no header ${name}`);
  }
  return found;
}
