// Letters and sets of bytes. PHP 8 changes and recognises the case of A to Z alone.

const beyondAscii = /[\x80-\xff]/;

export function lower(text: string): string {
  if (!beyondAscii.test(text)) return text.toLowerCase();
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

export function upper(text: string): string {
  if (!beyondAscii.test(text)) return text.toUpperCase();
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

let lastList = '';
let lastSet: ReadonlySet<string> = new Set();

/** The bytes of a list such as 'a..z_', as trim and addcslashes take it. */
export function byteSet(list: string): ReadonlySet<string> {
  // One statement of a program asks for the same list again and again.
  if (list === lastList) return lastSet;
  const set = new Set<string>();
  for (let i = 0; i < list.length; i += 1) {
    const [from, to] = [list.charCodeAt(i), list.charCodeAt(i + 3)];
    if (list.startsWith('..', i + 1) && to >= from) {
      for (let code = from; code <= to; code += 1) set.add(String.fromCharCode(code));
      i += 3;
    } else set.add(list[i] as string);
  }
  [lastList, lastSet] = [list, set];
  return set;
}

export const blanks = ' \n\r\t\v\0';
