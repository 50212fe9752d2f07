// Whether a text is bytes: one character for each, none above U+00FF.

// V8 knows that a one-byte string cannot match and answers without looking at it.
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is about all bytes.
export const noByte = /[^\x00-\xff]/;

// A character that no bytes have.
const beyondBytes = '\u0100';

/**
 * Whether every character is a byte. Looking for a character first makes one piece of a text that was put together
 * from several, in the cheapest way there is; the expression takes much longer over that.
 */
export function isByteText(text: string): boolean {
  return !text.includes(beyondBytes) && !noByte.test(text);
}
