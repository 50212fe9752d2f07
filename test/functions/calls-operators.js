// Operators and conversions.
const { add, list, map, numbers, ones, pairs, scalars, some, texts } = require('./calls.js');

add('eq cmp', pairs(some));
add(
  'lt',
  pairs(some).filter((_, i) => i % 5 === 0),
);
add(
  'identical le gt ge',
  pairs(some.slice(0, 20)).filter((_, i) => i % 3 === 0),
);
add('truthy str int float', ones([...scalars, ...some]));
const operands = [null, true, 0, 1, -1, 2.5, '3', '1e1', ' 7', '5 apples', '', 'abc', list(), 2147483648];
add(
  'add sub mul div mod pow',
  pairs(operands)
    .filter(([a, b]) => Math.abs(Number(a) ** Number(b)) < 1e15 || typeof a !== 'number')
    .filter(([, b]) => b !== 2.5),
);
add('add sub mul div mod', pairs(operands, [2.5]));
add(
  'bitAnd bitOr bitXor shiftLeft shiftRight',
  pairs([0, 1, -1, 255, 4294967295, 2147483648, -2147483649, '12', 'a', 40, 64, null, 1.9]),
);
add('bitAnd bitOr bitXor', pairs(['', 'abc', '\xff\x0f', 'AB']));
add(
  'bitNot neg plus inc dec',
  ones(
    [
      0,
      1,
      -1,
      255,
      1.5,
      null,
      true,
      '',
      '5',
      '5.5',
      'a',
      'z',
      'Az',
      'zZ9',
      'a9',
      'Zz',
      '9z',
      'a-z',
      '1e2',
      ' 5',
      '5 ',
      list(),
    ].filter((_, i) => i > -1),
  ),
);
add('cat xor', pairs([null, true, 0, 1.5, -0.1, '', '0', 'a'], [false, 1e25, 'b', 1e-10]));
add('item itemQuiet', pairs(['abc', list(1, 2), map(['a', 1], [-1, 2]), null, 5], [0, 1, -1, 5, '1', true]));
add('add', [
  [list(1, 2), list(3, 4, 5)],
  [map(['a', 1]), map(['a', 2], ['b', 3])],
]);
add('setByte', [
  ['abc', 1, 'X'],
  ['abc', -1, 'X'],
  ['abc', 5, 'X'],
  ['abc', 3, 'XY'],
]);
add('intdiv', pairs([7, -7, 0, 9007199254740991], [2, -2, 3, 0]));
add(
  'str float',
  ones([
    0.1,
    1 / 3,
    2 / 3,
    123456.789,
    1e14 + 0.5,
    1.00000000000005,
    0.00001,
    123456789012345.67,
    99999999999999.9,
    999999999999999.9,
    1e100,
    1.5e-7,
    -0.5,
    0.5e-4,
    1234567.8901234567,
  ]),
);
add('seeded', [
  [1, 'mt_rand'],
  [42, 'mt_rand', 1, 6],
  [42, 'rand', 1, 100],
  [7, 'mt_rand', 0, 4294967295],
  [7, 'mt_rand', 1, 5000000000],
  [3, 'mt_rand', -5, 5],
  [9, 'str_shuffle', 'abcdefgh'],
  [9, 'array_rand', list(1, 2, 3, 4, 5)],
  [9, 'array_rand', list(1, 2, 3, 4, 5), 2],
  [9, 'array_rand', list(1, 2, 3, 4, 5), 4],
  [2147483648, 'mt_rand'],
  [-1, 'rand'],
  [5, 'rand', 10, 1],
]);
add('mt_getrandmax getrandmax', [[]]);
void numbers;
void texts;
