// The calls of the table: edges of each subject, alone and in pairs.
const texts = [
  '',
  '0',
  '1e3',
  ' 1',
  '1 ',
  'abc',
  'ABC',
  '\x80\xff',
  'ä\xc3\xa9',
  'a b  c',
  '-1',
  '.5',
  '5 apples',
  '0x1A',
  'a\0b',
  '\n',
  '10',
  '9a',
  'Zz',
  'héllo Wörld',
];
const numbers = [
  0, 1, -1, 7, 1.5, -2.5, 0.1, 255, 256, 2147483647, 2147483648, 4294967296, 9007199254740991, 1e15, 1e22, 1e-7,
];
const list = (...values) => ({ a: values.map((value, i) => [i, value]) });
const map = (...pairs) => ({ a: pairs });
const callback = (c) => ({ c });
const nan = { f: 'NAN' };
const infinite = { f: 'INF' };
const arrays = [
  list(),
  list(1, 2, 3),
  list('b', 'a', 'c'),
  list('10', 9, '9a', 1.5, 'abc', null, true),
  map([5, 'x'], ['k', 'y'], [-3, 'z']),
  list(list(1, 2), list(3)),
  list('1', '01', '1e0', 'a', 'A', 'a'),
];
const scalars = [null, true, false, ...numbers, ...texts];
const some = [
  null,
  true,
  false,
  0,
  1,
  -1,
  1.5,
  '',
  '0',
  '1',
  '1.0',
  '1e0',
  'abc',
  ' 1',
  '1 ',
  '1a',
  'ABC',
  '\x80',
  list(),
  list(1),
  list('1'),
  map(['a', 1]),
  infinite,
  nan,
  100,
  '1e2',
  '0x64',
  '9223372036854775807',
  '9223372036854775808',
];
const pairs = (left, right = left) => left.flatMap((a) => right.map((b) => [a, b]));
const ones = (values) => values.map((value) => [value]);

const rows = [];
/** Adds a call of each of some functions for each of some lists of arguments. */
function add(names, lists) {
  for (const name of names.split(/\s+/)) for (const args of lists) rows.push([name, args]);
}

module.exports = { add, arrays, callback, infinite, list, map, nan, numbers, ones, pairs, rows, scalars, some, texts };
require('./calls-operators.js');
require('./calls-strings.js');
require('./calls-arrays.js');
require('./calls-format.js');
require('./calls-patterns.js');
require('./calls-values.js');
