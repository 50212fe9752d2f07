// Types, JSON, serialize and the like, quoting, dates.
const { add, list, map, ones, pairs, scalars, some, texts } = require('./calls.js');

const values = [...some, ...scalars];
add(
  'is_int is_string is_bool is_null is_array is_numeric is_scalar is_object is_callable gettype get_debug_type boolval',
  ones(values.filter((one) => typeof one !== 'object' || one === null || 'a' in one)),
);
add('is_numeric intval floatval strval', ones(values.filter((one) => typeof one !== 'object' || one === null)));
add(
  'intval',
  pairs(
    ['42', '0x1A', '0b11', '012', '1e3', 'z', '', '-0x1A', ' 12', '0o17', '12abc', '9223372036854775808'],
    [0, 8, 16, 2, 36, 10],
  ),
);
add(
  'ctype_alnum ctype_alpha ctype_cntrl ctype_digit ctype_graph ctype_lower ctype_print ctype_punct ctype_space ctype_upper ctype_xdigit',
  ones([...texts, '!?', 'abc1', ' \t', 'FF', '\x7f']),
);
const nested = [
  list(1, 'a', null, true, 1.5),
  map(['a', 1], ['b', list(1, list())]),
  list(),
  map([1, 'x']),
  map(['k"\'\\', 'v/é']),
  list(map(['x', null]), 'y'),
];
add('json_encode', [
  ...ones([...values, ...nested]),
  ...pairs(
    ['\xe2\x80\xa8', 'a/b', "<a href='x'>&\"", '\xff', '\xc3\xa9\xe2\x82\xac', '\xf0\x9f\x98\x80', '\x00\x1f\x7f'],
    [64, 128, 256, 15, 1048576, 2097152, 2304, 0],
  ),
  ...pairs(nested, [128, 16, 32]),
  [list('12', '1.5', 'x'), 32],
]);
add(
  'json_decode',
  [
    '1',
    '-0',
    '1.5',
    '1e2',
    '"a"',
    '"\\u00e9\\ud83d\\ude00"',
    '[1,[2,{}]]',
    '{"a":{"b":[]},"5":1}',
    '',
    ' ',
    'nul',
    'TRUE',
    '[1,]',
    '{"a":1,}',
    "{'a':1}",
    '[1',
    '"a',
    '01',
    '1.',
    '.5',
    ' [ 1 , 2 ] ',
    '{"":1}',
    '"\\x"',
    '"\n"',
    '\xff',
    '"\xff"',
    '123456789012345678901',
    '{"a":1,"a":2}',
    'true x',
    '[]]',
    '"\\u00"',
    '-',
    '"é"',
  ].map((s) => [s, true]),
);
add('json_decode', [
  ['[[1]]', true, 1],
  ['[[1]]', true, 2],
  ['[[1]]', true, 3],
  ['[]', true, 1],
  ['{}', true, 1],
  ['1', true, 1],
  ['{"a":1}', null, 512, 1],
  ['12345678901234567890', true, 512, 2],
  ['bad', true, 512, 4194304],
]);
add('json_encode', [
  ['\xff', 4194304],
  [list(list(1)), 0, 1],
]);
add('serialize', ones([...values, ...nested]));
add(
  'unserialize',
  ones([
    'N;',
    'b:1;',
    'b:2;',
    'i:5;',
    'i:-5;',
    'd:1.5;',
    'd:INF;',
    's:3:"abc";',
    's:4:"abc";',
    's:2:"\xc3\xa9";',
    'a:2:{i:0;i:1;s:1:"k";a:0:{}}',
    'a:1:{i:0;i:1;',
    'a:1:{a:0:{}i:1;}',
    '',
    'x',
    'i:5;rest',
    's:0:"";',
    'i:5',
    'a:0:{}',
    'd:1e3;',
    'b:1',
    'a:1:{s:1:"5";i:1;}',
  ]),
);
add(
  'var_export print_r',
  [...values, ...nested].map((value) => [value, true]),
);
add(
  'addslashes stripslashes stripcslashes quotemeta htmlspecialchars htmlspecialchars_decode strip_tags nl2br soundex utf8_encode utf8_decode str_word_count',
  ones([
    ...texts,
    'O\'Re"il\\ly\0',
    'a\\0b\\\\c\\n\\x41\\101',
    '<a href="x">T\'&amp;</a>',
    '&lt;&gt;&quot;&#039;&amp;&#39;&apos;',
    'Robert',
    'Tymczak',
    "it's a well-known -fact-",
    '1+1=2?',
  ]),
);
add('addcslashes', [
  ['foo[bar]z', 'A..Z'],
  ['abc\n\t\x01\xff', '\0..\x1f!@\x7f..\xff'],
  ['abc', 'a..c'],
  ['z.A', '.'],
  ['', 'a'],
]);
add('htmlspecialchars', [
  ['"\'', 0],
  ['"\'', 2],
  ['"\'', 3],
  ['\xff', 3],
  ['\xffa', 8],
  ['\xffa', 4],
  ["'", 51],
  ['&amp;&', 3, 'UTF-8', false],
]);
add('htmlspecialchars_decode', [
  ['&quot;&#039;', 0],
  ['&quot;&#039;', 2],
]);
add('levenshtein', [
  ['kitten', 'sitting'],
  ['', 'abc'],
  ['abc', ''],
  ['a', 'a'],
  ['abc', 'acb', 2, 3, 4],
]);
add('similar_text', [
  ['World', 'Word', 0],
  ['', '', 0],
  ['abc', 'xyz', 0],
  ['Hello', 'yellow', 0],
]);
add('count_chars', [
  ['abca', 1],
  ['abca', 3],
  ['', 1],
]);
add('str_word_count', [
  ["Hello fri3nd, you're ok", 1],
  ["Hello fri3nd, you're ok", 2],
  ['Hello fri3nd', 1, '3'],
]);
const times = [
  0,
  1,
  -1,
  951782400,
  1709210096,
  1721520000,
  1735689599,
  2147483647,
  2147483648,
  4102444800,
  -86400 * 365 * 100,
  1704067200,
  1230768000,
];
add(
  'gmdate date',
  pairs(
    [
      'Y-m-d H:i:s',
      'D, d M Y H:i:s',
      'c',
      'r',
      'N jS z W t L o y',
      'a A g G h H B',
      'U e I O P p T Z',
      '\\Y\\\\Y l F n',
      'u v',
    ],
    times,
  ),
);
add('gmmktime mktime', [
  [0, 0, 0, 1, 1, 2000],
  [12, 30, 45, 2, 30, 2024],
  [0, 0, 0, 13, 1, 2023],
  [25, 61, 61, 1, 1, 2000],
  [0, 0, 0, 0, 0, 2000],
  [-1, 0, 0, 1, 1, 2000],
  [0, 0, 0, 1, 1, 70],
  [0, 0, 0, 1, 1, 69],
  [0, 0, 0, 1, 1, 99],
]);
add('checkdate', [
  [2, 29, 2024],
  [2, 29, 2023],
  [12, 31, 0],
  [13, 1, 2000],
  [1, 0, 2000],
  [2, 29, 1900],
  [4, 31, 2000],
]);
const base = 1709210096;
add(
  'strtotime',
  [
    '2024-05-17',
    '2024-05-17 12:34:56',
    '2024-05-17T12:34:56Z',
    '2024-05-17T12:34:56+02:00',
    '@86400',
    '12:30',
    'now',
    'today',
    'midnight',
    'noon',
    'tomorrow',
    'yesterday',
    '+1 day',
    '-1 week',
    '+2 weeks 3 days',
    'next month',
    'last year',
    '1 hour ago',
    'next monday',
    'last friday',
    'monday',
    'first day of next month',
    'last day of february',
    '17 May 2024',
    'May 17, 2024',
    '17.05.2024',
    '05/17/2024',
    '20240517',
    'Fri, 17 May 2024 10:00:00 +0000',
    '2024-13-01',
    'nonsense',
    '',
    '3pm',
    '3:15 pm',
    '2024-02-31',
    'tomorrow noon',
    '17-May-2024',
    '2024/05/17 08:00',
    '+1 month',
    'Thursday',
  ]
    .filter((s) => s !== 'last day of february')
    .map((s) => [s, base]),
);
add('getdate', ones([0, base]));
add('version_compare', [
  ['1.0', '1.0.1'],
  ['8.1.0', '8.0.99'],
  ['1.0rc1', '1.0'],
  ['1.0', '1.0pl1'],
  ['5.2', '5.10'],
  ['1.0-dev', '1.0alpha'],
  ['1', '1.0', '>='],
  ['8.2', '8.1', '<'],
]);
add('basename dirname', ones(['/a/b.txt', '/a/', 'a', '', '/', '//', 'a/b/', '.', '..', '/a', 'a//b', '/a/b//']));
add('basename', [
  ['/a/b.txt', '.txt'],
  ['.txt', '.txt'],
  ['b.tar.gz', '.gz'],
]);
add('dirname', [
  ['/a/b/c', 2],
  ['/a', 3],
  ['a/b', 2],
]);
add('pathinfo', [['/a/b.tar.gz'], ['a'], ['.x'], ['/a.b/c'], [''], ['/a/b.txt', 4], ['/a/b', 4], ['a.', 1]]);
add('escapeshellarg', ones(['a', "it's", '']));
add('function_exists', ones(['strlen', 'STRLEN', 'nothing', 'add', 'array_map']));
add('call_user_func', [
  ['strlen', 'abc'],
  ['strtoupper', 'a'],
  ['no_such', 1],
]);
add('call_user_func_array', [['max', list(1, 5, 3)]]);
add('is_callable', ones(['strlen', 'nope', '']));
