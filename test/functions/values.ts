// Values of PHP as the table of calls has them, and calls of the library with them.
import * as php from '../../lib/php';

/** Callbacks by name; answer.php has the same. */
// biome-ignore lint/suspicious/noExplicitAny: values of PHP have any type
const callbacks: Record<string, (...values: any[]) => unknown> = {
  crooked: (a, b) => php.sub(php.mod(php.mul(a, 7), 13), php.mod(php.mul(b, 5), 11)),
  isLess: (a, b) => php.gt(a, b),
  byLength: (a, b) => php.strlen(a) - php.strlen(b),
  twice: (a) => php.cat(a, a),
  isOdd: (a) => php.mod(a, 2),
  join: (...a) => php.implode('-', php.fromList(a)),
  first: (m) => php.cat('<', php.item(m, 0), '>'),
  addTo: (carry, a) => php.add(carry, a),
};

type Json = null | boolean | number | string | { [name: string]: Json } | Json[];
export type Call = [name: string, args: Json[], result?: Json, after?: Json[]];

function decode(value: Json): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { f, c, a } = value as { f?: string; c?: string; a?: [Json, Json][] };
  if (f !== undefined) return f === 'NAN' ? Number.NaN : f === 'INF' ? Infinity : -Infinity;
  if (c !== undefined) return callbacks[c];
  return php.PhpArray.from((a ?? []).map(([key, one]) => [decode(key), decode(one)] as const));
}

function encode(value: unknown): Json {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return { f: Number.isNaN(value) ? 'NAN' : value > 0 ? 'INF' : '-INF' };
    return value + 0;
  }
  if (value instanceof php.PhpArray) return { a: value.entryList().map(([key, one]) => [key, encode(one)]) };
  if (value instanceof php.Ref) return encode(value.v);
  if (typeof value === 'object') return { o: php.className(value), p: encode(php.toArray(value)) };
  return value as Json;
}

// biome-ignore lint/suspicious/noExplicitAny: values of PHP have any type
const library = php as unknown as Record<string, (...values: any[]) => unknown>;

// biome-ignore lint/suspicious/noExplicitAny: values of PHP have any type
function seeded(seed: unknown, name: string, ...args: any[]): php.PhpArray {
  php.mt_srand(seed);
  return php.fromList(Array.from({ length: 5 }, () => library[name]?.(...args)));
}

/** What PHP says about an argument of a wrong type; the class is compared, the words are not. */
const isAboutArguments = /must be (of type|a valid callback|an? \w+)|expects /;

/** Makes a call as the table has it; gives the row as PHP would have answered it. */
export function answer([name, args, expected, after]: Call): Call {
  const given = args.map(decode);
  // Where PHP has a reference to something else than an array, the library takes a box.
  const passed =
    after === undefined ? given : given.map((one, i) => (needsBox(one, after[i]) ? new php.Ref(one) : one));
  let result: Json;
  try {
    const call = name === 'seeded' ? seeded : library[name];
    if (call === undefined) throw new Error(`${name} is not in the library`);
    result = encode((call as (...values: unknown[]) => unknown)(...passed));
  } catch (error) {
    if (!(error instanceof php.Throwable)) throw error;
    result = { x: php.className(error), m: error.message };
    const { x, m } = (expected ?? {}) as { x?: string; m?: string };
    if (x === result.x && m !== undefined && x === 'TypeError' && isAboutArguments.test(m)) result.m = m;
  }
  return after === undefined
    ? [name, args, result]
    : [name, args, result, passed.map((one, i) => (typeof one === 'function' ? (after[i] as Json) : encode(one)))];
}

function needsBox(value: unknown, after: Json | undefined): boolean {
  return (
    !(value instanceof php.PhpArray) &&
    JSON.stringify(encode(value)) !== JSON.stringify(after) &&
    typeof value !== 'function'
  );
}
