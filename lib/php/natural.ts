// Natural order: runs of digits are compared as numbers.

const isDigit = (byte: string | undefined) => byte !== undefined && byte >= '0' && byte <= '9';
const isSpace = (byte: string | undefined) => byte !== undefined && /[ \t\n\v\f\r]/.test(byte);

/** Two runs of digits whose longer one is greater. */
function compareRight(a: string, i: number, b: string, j: number): { result: number; i: number; j: number } {
  let [x, y, bias] = [i, j, 0];
  for (; ; x += 1, y += 1) {
    const [p, q] = [isDigit(a[x]), isDigit(b[y])];
    if (!p && !q) return { result: bias, i: x, j: y };
    if (!p) return { result: -1, i: x, j: y };
    if (!q) return { result: 1, i: x, j: y };
    if (bias === 0) bias = (a[x] as string) < (b[y] as string) ? -1 : (a[x] as string) > (b[y] as string) ? 1 : 0;
  }
}

/** Two runs of digits behind zeros: the first difference counts. */
function compareLeft(a: string, i: number, b: string, j: number): { result: number; i: number; j: number } {
  for (let [x, y] = [i, j]; ; x += 1, y += 1) {
    const [p, q] = [isDigit(a[x]), isDigit(b[y])];
    if (!p && !q) return { result: 0, i: x, j: y };
    if (!p) return { result: -1, i: x, j: y };
    if (!q) return { result: 1, i: x, j: y };
    if ((a[x] as string) !== (b[y] as string))
      return { result: (a[x] as string) < (b[y] as string) ? -1 : 1, i: x, j: y };
  }
}

/** Natural order of two texts, as -1, 0 or 1. */
export function naturalOrder(left: string, right: string, foldCase: boolean): number {
  const fold = (text: string) => (foldCase ? text.replace(/[a-z]/g, (letter) => letter.toUpperCase()) : text);
  const [a, b] = [fold(left), fold(right)];
  if (a === '' || b === '') return a === b ? 0 : a === '' ? -1 : 1;
  let [i, j] = [0, 0];
  while (a[i] === '0' && isDigit(a[i + 1])) i += 1;
  while (b[j] === '0' && isDigit(b[j + 1])) j += 1;
  for (;;) {
    while (isSpace(a[i])) i += 1;
    while (isSpace(b[j])) j += 1;
    if (isDigit(a[i]) && isDigit(b[j])) {
      const isFraction = a[i] === '0' || b[j] === '0';
      const found = (isFraction ? compareLeft : compareRight)(a, i, b, j);
      if (found.result !== 0) return found.result;
      i = found.i;
      j = found.j;
      if (i >= a.length || j >= b.length) return i >= a.length ? (j >= b.length ? 0 : -1) : 1;
    }
    const [x, y] = [a[i] ?? '', b[j] ?? ''];
    if (x !== y) return x < y ? -1 : 1;
    i += 1;
    j += 1;
    if (i >= a.length || j >= b.length) return i >= a.length ? (j >= b.length ? 0 : -1) : 1;
  }
}
