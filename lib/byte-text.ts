// Whether a text is bytes: one character for each, none above U+00FF; and whether bytes are there.

import { types } from 'node:util';
import * as v8 from 'node:v8';
import { byteLengthOf } from '../bindings/byte-length';
import { binding } from '../bindings/choose';

// V8 knows that a one-byte string cannot match and answers without looking at it.
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is about all bytes.
export const noByte = /[^\x00-\xff]/;

type TellsBytes = (text: string) => boolean;

// Node has it from 22.15 and 23.10 on, and calls it faster than anything of ours. It is believed after a look, since
// other hosts have functions of this name, too.
function findTellsBytes(): TellsBytes | undefined {
  const { isStringOneByteRepresentation: isOneByte } = v8 as { isStringOneByteRepresentation?: TellsBytes };
  if (typeof isOneByte !== 'function') return undefined;
  const bytes = 'every character is a byte';
  return isOneByte(bytes) && !isOneByte(`${bytes}, \u0100 is none`) ? isOneByte : undefined;
}

const tellsBytes = findTellsBytes();
const { mayBeWide: nativeMayBeWide } = binding;

/** Whether a text may hold a character above U+00FF, told without looking at it. */
export const mayBeWide: TellsBytes =
  tellsBytes !== undefined
    ? (text) => !tellsBytes(text)
    : nativeMayBeWide !== undefined
      ? (text) => nativeMayBeWide(text) === true
      : () => true;

// A character that no bytes have.
const beyondBytes = '\u0100';

/**
 * Whether every character is a byte. Looking for a character first makes one piece of a text that was put together
 * from several, in the cheapest way there is; the expression takes much longer over that.
 */
export function isByteText(text: string): boolean {
  return !text.includes(beyondBytes) && !noByte.test(text);
}

const { keys } = Uint8Array.prototype;

/** What is said of bytes that `bytesIn` does not find. */
export const bytesAreGone = 'the bytes are gone: their ArrayBuffer was detached or shrunk';

/**
 * The bytes of a view or a buffer as they are. Undefined when they are gone: such a view has no bytes, but is not the
 * same as an empty one.
 */
export function bytesIn(value: ArrayBufferView | ArrayBufferLike): Uint8Array | undefined {
  try {
    if (types.isAnyArrayBuffer(value)) return new Uint8Array(value);
    const view = value as ArrayBufferView;
    if (types.isTypedArray(view) && byteLengthOf(view) === 0) keys.call(view);
    return types.isUint8Array(view) ? view : new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  } catch {
    return undefined;
  }
}
