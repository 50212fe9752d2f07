// Functions for arrays.
const { add, arrays, callback, list, map, ones, pairs } = require('./calls.js');

const pair = [list(1, 2, 3, 'a'), map(['a', 1], ['b', '2'], [0, 'a'])];
add(
  'count array_keys array_values array_reverse array_sum array_product array_key_first array_key_last array_is_list array_unique array_filter current key end reset array_pop array_shift',
  ones(arrays.slice(0, 5)),
);
add('count array_keys array_values array_reverse array_is_list current end array_pop', ones(arrays.slice(5)));
add('count', [[list(list(1, 2), 3), 1], ['a'], [null]]);
add('array_flip array_count_values', ones([list(1, 'a', '1', 'b'), list(), map(['x', 'y'])]));
add(
  'in_array array_search',
  [null, 0, 1, '1', 'a', '', '1e0', true, 'abc', 1.5].flatMap((n) => [
    [n, list(0, 1, 'a', '1', null, 'abc')],
    [n, list('a', 'b'), false],
    [n, list(0, 1, 'a', '1', null), true],
    [n, list()],
  ]),
);
add('array_key_exists', pairs([0, '0', 'a', null, 1.7, true, '01', -1], [list(1, 2), map(['a', null], ['', 1])]));
add('array_push array_unshift', [
  [list(), 1],
  [list(1), 2, 3],
  [map(['a', 1], [5, 2]), 3],
  [list(1, 2), list(3)],
]);
add(
  'array_slice',
  pairs([list(1, 2, 3, 4), map(['a', 1], [5, 2], ['b', 3])], [0, 1, -1, -2, 5, -9]).flatMap(([a, at]) => [
    [a, at],
    [a, at, 1],
    [a, at, -1],
    [a, at, 2, true],
    [a, at, 0],
    [a, at, 99],
  ]),
);
add('array_splice', [
  [list(1, 2, 3, 4), 1],
  [list(1, 2, 3, 4), 1, 2],
  [list(1, 2, 3, 4), -1, 1, 'x'],
  [list(1, 2, 3), 1, 0, list('a', 'b')],
  [map(['a', 1], [5, 2], ['b', 3]), 1, 1, list('x')],
  [list(1, 2), 5, 1, 'z'],
  [list(1, 2, 3), 0, -1],
]);
add(
  'array_merge array_replace array_merge_recursive array_diff array_diff_key array_diff_assoc array_intersect array_intersect_key array_intersect_assoc array_replace_recursive',
  [
    pair,
    [...pair].reverse(),
    [list(1, 1, 2), list(1)],
    [list('1', 1, '01'), list(1)],
    [map(['k', list(1)], ['x', 'y']), map(['k', list(2)], ['x', 'z'])],
    [list()],
  ],
);
add('array_merge', [[]]);
add('array_fill', [
  [0, 3, 'x'],
  [5, 2, null],
  [-5, 3, 0],
  [0, 0, 1],
  [0, -1, 1],
]);
add('array_fill_keys', [[list('a', 5, '7', true, null, 1.5), 0]]);
add('array_combine', [
  [list('a', 'b'), list(1, 2)],
  [list('a'), list()],
  [list(1.5, true), list(1, 2)],
  [list(), list()],
]);
add('array_pad', [
  [list(1), 3, 0],
  [list(1), -3, 0],
  [list(1, 2), 1, 0],
  [map(['a', 1], [7, 2]), 4, 'x'],
]);
add('array_chunk', [
  [list(1, 2, 3, 4, 5), 2],
  [map(['a', 1], ['b', 2], ['c', 3]), 2, true],
  [list(), 2],
  [list(1), 0],
]);
add('array_column', [
  [list(map(['id', 1], ['n', 'a']), map(['id', 2], ['n', 'b'])), 'n'],
  [list(map(['id', 1], ['n', 'a']), map(['id', 2])), 'n', 'id'],
  [list(map(['id', 5], ['n', 'a'])), null, 'id'],
  [list(map(['n', 'a'])), 'n', 'x'],
]);
add('array_change_key_case', [[map(['Ab', 1], ['aB', 2], [3, 4])], [map(['Ab', 1]), 1]]);
add('range', [
  [1, 5],
  [5, 1],
  [0, 10, 3],
  [0, 1, 0.25],
  ['a', 'e'],
  ['e', 'a', 2],
  ['1', '3'],
  ['a', 5],
  [1, 1],
  [1, 2, 5],
  ['A', 'z', 20],
  [0, -4, 2],
  [1, 3, -1],
  ['', 2],
  [0.1, 0.5, 0.1],
  ['1.5', '3'],
]);
add('array_map', [
  [callback('twice'), list('a', 1)],
  [callback('twice'), map(['x', 'a'], ['y', 'b'])],
  [callback('join'), list(1, 2), list('a')],
  [null, list(1, 2), list('a', 'b')],
  ['strtoupper', list('a', 'b')],
  [callback('twice'), list()],
]);
add('array_filter', [
  [list(1, 2, 3), callback('isOdd')],
  [map(['a', 1], [2, 3]), callback('isOdd'), 2],
  [list(0, '0', '', null, 'a', list(), 1)],
]);
add('array_reduce', [
  [list(1, 2, 3), callback('addTo'), 0],
  [list(), callback('addTo'), 'x'],
  [list(1), callback('addTo')],
]);
add('array_unique', [
  [list('a', 'A', 'a', 1, '1', 1.5, '01')],
  [list(4, '4', 'a', '04', 'b', 'a'), 0],
  [list(3, '3', 3.5, 'x', 0), 1],
]);
const toSort = [
  list(2, 1),
  list(4, 3, 2, 1),
  list(5, 4, 3, 2, 1),
  ...arrays.slice(1, 5),
  list('10', '9', '2', '1'),
  list('10', '9a', 'b', 'B', '2', 'abc', '1e1'),
  list('img12', 'img10', 'IMG2', 'img1', 'img01'),
  list(3, '3', 'x', 3, 2.5, '03', true, null, 'X', '', 7, 8, 9, 10, 11, '12', 'y', 5, 4),
  map(['b', 1], ['a', 3], [10, 2], [9, 2], ['1a', 0]),
];
add(
  'sort rsort asort arsort ksort krsort',
  toSort.flatMap((a) => [[a], [a, 1], [a, 2], [a, 6], [a, 10], [a, 14]]),
);
add('natsort natcasesort', ones(toSort));
const long = list(...Array.from({ length: 40 }, (_, i) => (i * 37) % 41));
add(
  'usort uasort',
  ones([long, list(3, 1, 2), list(5, 5, 1, 5)]).map(([a]) => [a, callback('isLess')]),
);
// Beyond 16 elements a comparison without an order makes PHP leave the array.
add('usort uasort', [[list(...long.a.slice(0, 16).map(([, value]) => value)), callback('crooked')]]);
add('usort uasort', [[list('bbb', 'a', 'cc', 'b', 'aaa'), callback('byLength')]]);
add('uksort', [[map([3, 'c'], [1, 'a'], [2, 'b']), callback('crooked')]]);
add('sort', [
  [
    list(
      ...Array.from({ length: 50 }, (_, i) => ['10', '9a', 'x', 5, '1e1', null, 'abc', 7.5, '', true][(i * 7) % 10]),
    ),
  ],
]);
add('array_multisort', [
  [list(3, 1, 2), list('c', 'a', 'b')],
  [list(1, 1, 0), list(2, 1, 3)],
  [list(3, 1, 2), 3],
]);
add('array_udiff array_uintersect', [[list('a', 'bb', 'ccc'), list('xx'), callback('byLength')]]);
