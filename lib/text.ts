// Text is bytes. Binary properties and parameters, and what is sent, are strings that become bytes by
// the code page of the handle: by default one character is one byte. The native side only ever sees
// bytes; here they are encoded and decoded.

import { noByte } from './byte-text';
import { CodePage } from './generated/constants';
import { ErrorCode } from './generated/errors';
import { Property } from './generated/properties';
import { native } from './native';

// The handles of this thread that left the default, which hardly any program has. As long as
// there are none, the hot functions need not look anything up.
const pages = new Map<number, number>();

// Handles that were reset inside a callback: their code page changes when that has returned, so it
// has to be asked for until then.
const uncertain = new Set<number>();

/** How many handles have a code page other than the default. */
export let codedHandles = 0;

/** Learns the code page of a handle again, after something that may have changed it. */
export function refreshCodePage(res: number): void {
  const page = native.get(res, Property.CodePage, 0);
  if (typeof page === 'number' && page !== CodePage.Bytes) pages.set(res, page);
  else forgetCodePage(res);
  codedHandles = pages.size;
}

/** A reset was asked for; a callback on the stack puts it off. */
export function resetCodePage(res: number): void {
  if (!pages.has(res)) return;
  refreshCodePage(res);
  if (pages.has(res)) uncertain.add(res);
}

/** The handle is closed. */
export function forgetCodePage(res: number): void {
  uncertain.delete(res);
  pages.delete(res);
  codedHandles = pages.size;
}

/** The code page of a handle. */
export function codePageOf(res: number): number {
  if (codedHandles === 0) return CodePage.Bytes;
  if (uncertain.has(res)) refreshCodePage(res);
  return pages.get(res) ?? CodePage.Bytes;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: it is about all characters of ASCII.
const noAscii = /[^\x00-\x7f]/;

function refuse(res: number, connection: number, text: string, pattern: RegExp, wayOut: string): number {
  const position = text.search(pattern);
  const code = (text.codePointAt(position) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  const detail = `character U+${code} at position ${position} ${wayOut}`;
  return native.failSend(res, connection, ErrorCode.TextNotConvertible, detail);
}

/** Refuses a text with a character above U+00FF, as the native side does for short texts. */
export function refuseNoByte(res: number, connection: number, text: string): number {
  return refuse(
    res,
    connection,
    text,
    noByte,
    'does not fit a byte; set CodePage=65001 for UTF-8 or pass a Uint8Array',
  );
}

/**
 * Any text as bytes by the code page of the handle, or the error code of the refusal. `connection` is where they shall
 * be sent to, 0 for what is not sent.
 */
export function encode(res: number, connection: number, text: string): Uint8Array | number {
  try {
    return encoded(res, connection, text);
  } catch (error) {
    // By its name, as what Node throws may be of another realm.
    if ((error as Error).name !== 'RangeError') throw error;
    return native.failSend(res, connection, ErrorCode.OutOfMemory, `the text has ${text.length} characters`);
  }
}

function encoded(res: number, connection: number, text: string): Uint8Array | number {
  switch (codePageOf(res)) {
    case CodePage.UTF8:
      return Buffer.from(text, 'utf8');
    case CodePage.ASCII:
      if (noAscii.test(text))
        return refuse(
          res,
          connection,
          text,
          noAscii,
          'is not ASCII; set CodePage=65001 for UTF-8 or pass a Uint8Array',
        );
      return Buffer.from(text, 'latin1');
    default:
      if (noByte.test(text)) return refuseNoByte(res, connection, text);
      return Buffer.from(text, 'latin1');
  }
}

/** Bytes as text by a code page. `bytes` has one character per byte. */
export function decode(page: number, bytes: string): string {
  switch (page) {
    case CodePage.UTF8:
      return Buffer.from(bytes, 'latin1').toString('utf8');
    case CodePage.ASCII:
      return bytes.replace(/[\x80-\xff]/g, '\ufffd');
    default:
      return bytes;
  }
}

/** A string with one character per byte as bytes; bytes as they are. */
export function bytesOf(text: string | Uint8Array): Buffer {
  return typeof text === 'string' ? Buffer.from(text, 'latin1') : Buffer.from(text);
}

/** Bytes as a string with one character per byte. */
export function byteText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
