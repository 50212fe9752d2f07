// Patterns.
const { add, callback, list, map, pairs } = require('./calls.js');

const patterns = [
  '/a/',
  '/(a)(b)?(c)?/',
  '/(a)|(b)/',
  '/^\\s*(\\w+)\\s*=\\s*(.*?)\\s*$/',
  '/x*/',
  '/\\d+/',
  '/[^a-z]+/i',
  '/É/i',
  '/\\w+/',
  '/\\bfoo\\b/i',
  '/(?<year>\\d{4})-(?<mon>\\d\\d)/',
  "/(?P<a>.)(?'b'.)/",
  '/./s',
  '/./',
  '/a$/',
  '/a$/m',
  '/a$/D',
  '/^./m',
  '/a\\z/',
  '/a\\Z/',
  '#/(\\w+)#',
  '~[/]~',
  '{a}',
  '(a)',
  '/[]a]/',
  '/[^]a]/',
  '/[[:alpha:]]+/',
  '/[[:punct:]]/',
  '/\\x41|\\x{42}/',
  '/a b # c\n/x',
  '/(?i)A/',
  '/a(?i)B/',
  '/(?:a|ab)(?:c|bcd)/',
  '/a{2}/',
  '/a{,2}/',
  '/a{2,}?/',
  '/a+/U',
  '/\\h+/',
  '/\\R/',
  '/\\Qa.b\\E/',
  '/(\\w)\\1/',
  '/(?<!a)b/',
  '/(?=b)/',
  '/\\xff/',
  '/[\\x80-\\xff]+/',
  '/ü/u',
  '/\\p{L}+/u',
  '/./u',
  '/\\S+@\\S+/',
  '/[\\w.]+/',
  '/[a\\-z]/',
  '/[\\d-x]/',
  '/\\//',
  '/|b/',
  '/\\s/',
  '/\\N+/',
  '/[\\s\\S]/',
  'no',
  '/a',
  '/(a/',
  '/a/k',
  '',
  '/a)/',
  '/[a/',
  '/*/',
  '/\\0/',
  '/\\e/',
  '/(a)(?:(b)|c)/',
  '/^(\\w+)(?:\\s+(.*))?$/',
  '/^([A-Z]+) (\\S+)(?: HTTP\\/(\\d\\.\\d))?\\r?$/',
  '/(?#comment)a/',
  '/a|/',
  '/\\G/',
  '/(?>a)/',
  '/a++/',
  '/(?R)/',
  '/\\Ka/',
].filter((p) => !['/\\G/', '/(?>a)/', '/a++/', '/(?R)/', '/\\Ka/'].includes(p));
const subjects = [
  '',
  'abc',
  'aab\na\n',
  ' key = some value ',
  '2024-05-17 FOO foo.bar',
  'a.b/c\\d',
  '\xc3\xbc\xff\x80 \xe9',
  '\xc3\xbc\xc3\x9f a',
  'GET /x HTTP/1.1\r',
  'A B\tC\r\n\0\x1b]',
  'bcaaa',
];
add(
  'preg_match',
  pairs(patterns, subjects).map(([p, s]) => [p, s, list()]),
);
add(
  'preg_match_all',
  pairs(patterns, subjects.slice(1))
    .filter((_, i) => i % 3 === 0)
    .map(([p, s]) => [p, s, list()]),
);
add(
  'preg_match_all',
  pairs(['/(a)|(b)/', '/x*/', '/|a/', '/(?<n>a)(b)?/', '/(?=a)/', '/./u'], ['aab', '', 'xaxb', '\xc3\xbca']).flatMap(
    ([p, s]) => [
      [p, s, list(), 2],
      [p, s, list(), 1],
      [p, s, list(), 256],
      [p, s, list(), 258],
      [p, s, list(), 512],
      [p, s, list(), 514],
    ],
  ),
);
add(
  'preg_match',
  pairs(['/(a)|(b)/', '/b(x)?(c)?/', '/^b/'], ['abc', 'bbb']).flatMap(([p, s]) => [
    [p, s, list(), 256],
    [p, s, list(), 512],
    [p, s, list(), 768],
    [p, s, list(), 0, 1],
    [p, s, list(), 0, -1],
    [p, s, list(), 0, 9],
  ]),
);
add(
  'preg_replace',
  pairs(
    ['/a/', '/(a)(b)?/', '/x*/', '/\\s+/', '/(?<w>\\w+)/', '/\\d/u', '/$/', '/^/m', '/[^a-z]/i', 'bad'],
    ['abc aab', '', 'a  b', '1\xc3\xbc2'],
  ).flatMap(([p, s]) => [
    [p, '<$1>', s],
    [p, '[\\0]', s],
    [p, '', s, 1],
  ]),
);
add('preg_replace', [
  [list('/a/', '/b/'), list('b', 'c'), 'ab'],
  [list('/a/', '/b/'), 'x', 'ab'],
  [list('/a/', '/b/'), list('1'), 'ab'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: PHP's reference to a group
  ['/(.)/', '${1}1', 'ab'],
  ['/(.)/', '\\\\1', 'ab'],
  ['/(.)/', '\\$1', 'ab'],
  ['/(.)/', '$2|$10|$', 'ab'],
  ['/a/', 'b', list('a', 'b')],
  ['/a/', 'b', map(['k', 'a'])],
  ['/(.)/', '\\\\$1', 'a'],
]);
add('preg_filter', [
  ['/a/', 'b', list('a', 'x')],
  ['/a/', 'b', 'x'],
  ['/a/', 'b', 'a'],
]);
add('preg_replace_callback', [
  ['/\\w+/', callback('first'), 'ab cd'],
  ['/x*/', callback('first'), 'axb'],
  ['/(a)(b)?/', callback('first'), 'ab a', 1],
  ['/./u', callback('first'), '\xc3\xbc'],
]);
add(
  'preg_split',
  pairs(
    ['/[\\s,;]+/', '/,/', '//', '/(-)/', '/(a)|(b)/', '/\\d*/', '//u', '/x/', '/(,)(;)?/'],
    ['a b,c', '', ',a,,b,', 'abc', 'a-b-', '1a2', '\xc3\xbc', ',;,'],
  ).flatMap(([p, s]) => [
    [p, s],
    [p, s, 2],
    [p, s, -1, 1],
    [p, s, -1, 2],
    [p, s, -1, 3],
    [p, s, -1, 4],
    [p, s, 2, 1],
  ]),
);
add('preg_quote', [['Hello.World?[]{}()*+^$|\\/#-=!<>:'], ['a/b', '/'], ['a#b@', '@'], ['\0'], ['']]);
add('preg_grep', [
  ['/^a/', list('abc', 'b', 'a')],
  ['/^a/', map(['x', 'abc'], ['y', 'b']), 1],
  ['/a/', list()],
]);
