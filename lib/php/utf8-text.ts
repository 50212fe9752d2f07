// UTF-8 as PHP's HTML functions read it: how many bytes each broken character takes.

const isLead = (byte: number) => byte < 0x80 || (byte >= 0xc2 && byte <= 0xf4);
const isTrail = (byte: number) => byte >= 0x80 && byte <= 0xbf;

/** The length of what is broken at a place: up to the first byte that could begin a character. */
function brokenLength(bytes: Buffer, at: number, size: number): number {
  for (let i = 1; i < size; i += 1) if (at + i >= bytes.length || isLead(bytes[at + i] as number)) return i;
  return size;
}

/** The characters of a text, broken ones as U+FFFD. */
export function charactersOf(text: string): string {
  const bytes = Buffer.from(text, 'latin1');
  let result = '';
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at] as number;
    const size = byte < 0x80 ? 1 : byte < 0xc2 || byte > 0xf4 ? 0 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    const part = bytes.subarray(at, at + size);
    const isWhole = size > 0 && part.length === size && part.subarray(1).every(isTrail);
    const character = isWhole ? part.toString('utf8') : '\ufffd';
    result += isWhole && [...character].length > 1 ? '\ufffd' : character;
    at += isWhole ? size : size === 0 ? 1 : brokenLength(bytes, at, size);
  }
  return result;
}
