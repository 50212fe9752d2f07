// Functions for texts.
const { add, callback, list, map, ones, pairs, texts } = require('./calls.js');

add(
  'strlen strtolower strtoupper ucfirst lcfirst ucwords trim ltrim rtrim chop strrev ord nl2br',
  ones([...texts, 1.5, null, true]),
);
add('strlen trim', ones([list()]));
add('chr', ones([0, 65, 255, 256, -1, -257, 300]));
add('trim ltrim rtrim', [
  ['abcxa', 'a'],
  ['xaz', 'a..z'],
  ['[[a]]', '[]'],
  ['a..b', '.'],
  ['cab', 'c..a'],
  ['--', '-'],
  [' a ', ''],
]);
add(
  'substr',
  pairs(['abcdef', '', 'a'], [0, 1, -1, 6, 7, -7, 3]).flatMap(([s, at]) => [
    [s, at],
    [s, at, 0],
    [s, at, 2],
    [s, at, -2],
    [s, at, 10],
  ]),
);
add('str_pad', [
  ['a', 5],
  ['a', 5, 'xy'],
  ['a', 5, 'xy', 0],
  ['a', 6, 'xy', 2],
  ['a', 5, 'xy', 2],
  ['abc', 2],
  ['a', -1],
  ['a', 5, ''],
  ['a', 5, 'x', 9],
]);
add('str_repeat', [
  ['ab', 3],
  ['ab', 0],
  ['', 5],
  ['ab', -1],
]);
add('implode', [
  [',', list(1, null, true, false, 1.5, 'a')],
  [list('a', 'b')],
  [list('a', 'b'), '-'],
  ['', list()],
  [',', map(['x', 1], ['y', 'z'])],
]);
add(
  'explode',
  pairs(['a,b,,c', '', ',', 'abc', 'a,b'], [undefined, 0, 1, 2, 10, -1, -2, -10]).map(([s, limit]) =>
    limit === undefined ? [',', s] : [',', s, limit],
  ),
);
add('explode', [
  ['', 'a'],
  ['ab', 'xabyab'],
]);
add('str_split', [['abcdef'], ['abcdef', 4], [''], ['ab', 3], ['a', 0], ['\x80\xff']]);
add('chunk_split', [['abcdef', 2, '|'], ['abc'], ['', 2], ['abcde', 10, '-'], ['abc', 0]]);
add('wordwrap', [
  ['The quick brown fox sat over the lazy dog', 15, '\n', true],
  ['A very long woooooooooooord.', 8, '\n', true],
  ['A very long woooooooooooord.', 8, '\n', false],
  ['abc def', 3],
  ['', 5],
  ['a b c', 1, '<br>'],
  ['abc', 0, '-', true],
  ['abc', 2, ''],
  ['aaa bbb\nccc ddd', 5],
  ['x', 0],
  ['longword short', 4, '--', true],
  ['  a  b  ', 2],
]);
add('ucwords', [
  ['hello world-foo', '-'],
  ['hello_world a', '_ '],
]);
add(
  'strcmp strcasecmp strnatcmp strnatcasecmp',
  pairs(['', 'a', 'A', 'abc', 'img12', 'img2', 'IMG10', '1.5', '1.10', '001', 'x 1', 'x1', '\x80']),
);
add(
  'strncmp strncasecmp',
  pairs(['', 'abc', 'ABD', 'ab'], ['abd', 'a']).flatMap(([a, b]) => [
    [a, b, 0],
    [a, b, 2],
    [a, b, 5],
    [a, b, -1],
  ]),
);
add('substr_compare', [
  ['abcde', 'bc', 1, 2],
  ['abcde', 'BC', 1, 2, true],
  ['abcde', 'bcg', 1, 3],
  ['abcde', 'cd', 1, 2],
  ['abcde', 'de', -2],
  ['abc', 'a', 5],
  ['abc', 'a', 0, 0],
  ['abc', 'c', -10],
  ['abc', 'a', 0, -1],
]);
const needles = [
  ['abcabc', 'b'],
  ['abcabc', 'B'],
  ['abcabc', 'x'],
  ['abcabc', ''],
  ['', 'a'],
  ['', ''],
  ['aaa', 'aa'],
  ['\xff\x80', '\x80'],
];
add(
  'strpos stripos strrpos strripos',
  needles.flatMap(([s, n]) => [
    [s, n],
    [s, n, 1],
    [s, n, -1],
    [s, n, -2],
    [s, n, 6],
    [s, n, 9],
    [s, n, -9],
  ]),
);
add(
  'strstr stristr',
  needles.flatMap((pair) => [pair, [...pair, true]]),
);
add('strrchr str_contains str_starts_with str_ends_with substr_count', needles);
add('substr_count', [
  ['hello hello', 'll', 3],
  ['hello hello', 'll', 3, 3],
  ['hello', 'l', 2, 10],
  ['hello', 'l', -3],
  ['hello', 'l', -3, -1],
  ['aaaa', 'aa'],
]);
add('strpbrk', [
  ['This is', 'st'],
  ['abc', 'x'],
  ['abc', ''],
]);
add('strspn strcspn', [
  ['42 is', '0123456789'],
  ['foo', 'o'],
  ['foo', 'o', 1, 2],
  ['foo', 'o', -2],
  ['foo', 'o', -2, 1],
  ['foo', '', 0],
  ['foo', 'f', 5],
  ['foo', 'of', 0, -1],
  ['hello', 'l'],
]);
add('str_replace str_ireplace', [
  ['b', 'X', 'abcB', 0],
  [list('a', 'b'), 'X', 'abcAB', 0],
  [list('a', 'b'), list('b', 'c'), 'ab', 0],
  [list('a', 'b'), list('1'), 'abab', 0],
  ['', 'x', 'abc', 0],
  ['a', '', list('a', 'ba', 5), 0],
  ['a', 'b', map(['k', 'aa']), 0],
  ['a', list('b'), 'a', 0],
  ['aa', 'a', 'aaaa', 0],
]);
add('substr_replace', [
  ['Hello', 'J', 0, 1],
  ['Hello', 'X', 2],
  ['Hello', 'X', -2, 1],
  ['Hello', 'X', 1, -1],
  ['Hello', 'X', 2, 0],
  ['Hello', 'X', 10],
  ['Hello', 'X', -10, 2],
  [list('abc', 'def'), 'X', 1, 1],
  [list('abc', 'def'), list('1', '2'), list(0, 1), list(1, 2)],
  ['Hello', '', 0, -10],
]);
add('strtr', [
  ['Hi all', 'ai', 'eo'],
  ['Hi all, I said', map(['Hi', 'Hello'], ['Hello', 'x'], ['a', 'A'])],
  ['abc', 'abc', 'x'],
  ['abc', map(['', 'x'])],
  ['abc', map(['ab', '1'], ['abc', '2'])],
  ['1 2', map([1, 'one'])],
  ['abc', 'ab', ''],
]);
add('strtok', [['/a//b', '/'], ['/'], ['/'], ['', '/'], ['a b', ' '], ['xy', 'z'], ['z']]);
add('strval', ones([1, 1.5, true, null, 'a', 1e25]));
void callback;
