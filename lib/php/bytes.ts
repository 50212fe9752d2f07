// Letters and sets of bytes. PHP 8 changes and recognises the case of A to Z alone.

export function lower(text: string): string {
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;
}

export function upper(text: string): string {
  return /[a-z]/.test(text) ? text.replace(/[a-z]+/g, (letters) => letters.toUpperCase()) : text;
}

/** The bytes of a list such as 'a..z_', as trim and addcslashes take it. */
export function byteSet(list: string): Set<string> {
  const set = new Set<string>();
  for (let i = 0; i < list.length; i += 1) {
    const [from, to] = [list.charCodeAt(i), list.charCodeAt(i + 3)];
    if (list.startsWith('..', i + 1) && to >= from) {
      for (let code = from; code <= to; code += 1) set.add(String.fromCharCode(code));
      i += 3;
    } else set.add(list[i] as string);
  }
  return set;
}

export const blanks = ' \n\r\t\v\0';
