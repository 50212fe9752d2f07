// Formats, numbers, encodings, pack.
const { add, infinite, list, map, nan, ones, pairs, scalars, texts } = require('./calls.js');

const reals = [
  0, 1, -1, 0.5, 1.5, 2.5, -0.5, -2.5, 1.005, 1.955, 5.055, 5.045, 12345678.125, 12345678.375, 0.285, 1234567.891,
  -1234.567, 1e15, 1e-7, 123456789.98765433, 0.1, 9.995, 99.995, 1e22, 1.45, -1.55, 3.0000001, 1000000.5,
  2251799813685249.5, 2147483648, 9007199254740991,
];
add(
  'sprintf',
  pairs(
    [
      '%d',
      '%5d|',
      '%-5d|',
      '%05d',
      '%+d',
      '%x',
      '%X',
      '%o',
      '%b',
      '%c',
      '%u',
      '%e',
      '%.2e',
      '%E',
      '%f',
      '%.0f',
      '%.1f',
      '%.2f',
      '%F',
      '%g',
      '%G',
      '%.3g',
      '%10.2f|',
      '%-10.2f|',
      '%010.2f',
      "%'*10s|",
      '%s',
    ],
    [...reals.slice(0, 22), 'abc', '12abc', null, true],
  ).filter((_, i) => i % 2 === 0),
);
add('sprintf', pairs(['%.2f', '%.3f', '%.1f', '%5.1e', '%.10g', '%.15g', '%.17g'], reals));
add('sprintf', [
  ['%s'],
  ['%%'],
  ['%2$s %1$s', 'a', 'b'],
  ['%1$s %1$s', 'a'],
  ['%5s|%-5s|', 'ab', 'cd'],
  ['%.2s', 'abc'],
  ['%05s', 'ab'],
  ['%-05d', 12],
  ["%'010d", 42],
  ['%+05d', 7],
  ['%z', 1],
  ['%', 1],
  ['%d %d', 1],
  ['%0$s', 1],
  ['%s', list()],
  ['%f', nan],
  ['%f', infinite],
  ['%+d', infinite],
  ['%8.2f|', { f: '-INF' }],
  ['%08.2f|', { f: '-INF' }],
  ['%8e', nan],
  ['%10.4f', 3.24159],
  ['%*d', 5, 42],
  ['%.*f', 2, 1.23456],
  ['%ld', 5],
  ['% d', 5],
  ['%x', -1],
  ['%b', -1],
  ['%c%c', 65, 256],
  ['%5c', 65],
  ['%-10s|', 'é'],
  ['%e', 0],
  ['%.0e', 15],
  ['%G', 0.00001],
  ['%g', 1e15],
  ['%g', 123456],
  ['%g', 1234567],
  ['abc'],
  ['%1$s %s', 'a', 'b'],
  ['%d', '9223372036854775807'],
  ['%d', 1.9],
  ['%d', '1e3'],
  ['%u', -1],
]);
add('vsprintf', [
  ['%s-%s', list('a', 'b')],
  ['%s-%s', list('a')],
  ['%04d', list(7)],
  ['%s', map(['x', 'y'])],
]);
add('number_format', [
  ...ones(reals),
  ...pairs(reals, [2, 1]),
  ...pairs(reals.slice(9, 20), [3]),
  [1234.5, 2, ',', '.'],
  [1234.5, 2, '', ''],
  [1234567.891, 2, '.', ' '],
  [0.5],
  [-0.4],
  [-0.5],
  [-1234.567, 2],
  [1234.5678, -2],
  ['1234.5', 1],
  [1e15, 2],
  [-0.01, 1],
]);
add('round', [
  ...ones(reals),
  ...pairs(reals, [1, 2, 3, -1, -2]),
  ...pairs([1.5, 2.5, -1.5, 1.55, 5.5, 0.5, 1.4], [0, 1]).flatMap(([v, p]) => [
    [v, p, 2],
    [v, p, 3],
    [v, p, 4],
  ]),
]);
add('floor ceil abs', ones([...reals, '1.5', null, true, 'abc', -0.2]));
add('sqrt', ones([4, 2, 0, 0.25, -1]));
add('fmod', pairs([10, -10, 5.5, 1e10], [3, -3, 0.7, 0]));
add('min max', [
  [1, 2],
  ['a', 'b'],
  [1, '1'],
  ['10', 9],
  ['abc', 0],
  [list(1, 5, 3)],
  [list('b', 'a')],
  [list(1, 2), list(1, 3)],
  [list()],
  [null, -1],
  [true, 2],
  ['10', '9'],
  [1.5, 1],
  [list(), 5],
  ['x', list()],
]);
add('dechex decbin decoct', ones([0, 1, 255, 256, -1, 2147483648, '10', 4294967295, null]));
add('hexdec bindec octdec', ones(['ff', 'FF', '0x1F', '', 'zz', '101', '777', '1g1', 'ffffffff', '0b11', '0o17']));
add('base_convert', [
  ['ff', 16, 2],
  ['zz', 36, 10],
  ['1010', 2, 16],
  ['', 10, 2],
  ['8', 8, 10],
  ['ff', 1, 2],
  ['ff', 16, 40],
  ['FF', 16, 10],
]);
add('bin2hex crc32 md5 sha1 base64_encode urlencode rawurlencode', ones(texts));
add('hex2bin', ones(['', '00ff', 'abc', 'zz', 'FF', '6162']));
add('base64_decode', [
  ['YWJj'],
  ['YWJj\n'],
  ['YW=Jj'],
  ['YQ=='],
  ['YQ'],
  ['Y'],
  ['!!YQ=='],
  ['YQ==', true],
  ['YQ', true],
  ['Y', true],
  ['Y!Q=', true],
  ['', true],
  ['YWJj YWJj', true],
  ['YQ=', true],
  ['YQ===', true],
]);
add('urldecode rawurldecode', ones(['a%20b+c', '%zz', '%4', '%41%ff', '']));
add('http_build_query', [
  [map(['a', 1], ['b', list('x', 'y')], ['c d', 'é&'], ['n', null], ['t', true], ['f', false])],
  [list('x', 'y'), 'p_'],
  [map(['a', 1], ['b', 2]), '', ';'],
  [list()],
]);
add(
  'hash',
  pairs(
    [
      'md5',
      'sha256',
      'sha512',
      'crc32b',
      'adler32',
      'sha1',
      'fnv132',
      'fnv1a32',
      'fnv164',
      'fnv1a64',
      'sha512/256',
      'sha3-256',
      'SHA256',
      'nothing',
    ],
    ['', 'abc', '\x80\xff'],
  ),
);
add('hash_hmac', [
  ['sha256', 'data', 'key'],
  ['md5', '', ''],
  ['sha1', 'a', 'k', true],
  ['crc32b', 'a', 'b'],
]);
add('hash_equals', [
  ['a', 'a'],
  ['a', 'b'],
  ['a', 'ab'],
]);
add('hash_pbkdf2', [
  ['sha256', 'p', 's', 2, 20],
  ['sha256', 'p', 's', 2],
  ['sha1', 'p', 's', 1, 5, true],
]);

const bytes = ['\x01\x02\x03\x04\x05\x06\x07\x08', '\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8', 'abc \0 \0', ''];
for (const code of 'cCsSnvlLNVqJPiI') {
  add('pack', [
    [code, 1],
    [code, -2],
    [code, 255],
    [code, 70000],
    [code, '12'],
    [`${code}2`, 1, 2],
    [`${code}*`, 1, 2, 3],
    [code],
  ]);
  add(
    'unpack',
    bytes.flatMap((data) => [
      [code, data],
      [`${code}2x`, data],
      [`${code}*a`, data],
      [`${code}one/${code}two`, data],
    ]),
  );
}
for (const code of 'fdgGeE') {
  add('pack', [
    [code, 1.5],
    [code, -0.1],
    [`${code}2`, 0, 1e10],
  ]);
  add(
    'unpack',
    bytes.slice(0, 1).flatMap((data) => [[`${code}v`, data]]),
  );
}
for (const code of 'aAZhH') {
  add('pack', [
    [code, 'abc'],
    [`${code}5`, 'ab'],
    [`${code}2`, 'abcd'],
    [`${code}*`, 'abc'],
    [`${code}0`, 'abc'],
    [`${code}*`, ''],
    [code],
  ]);
  add(
    'unpack',
    bytes.flatMap((data) => [
      [code, data],
      [`${code}3x`, data],
      [`${code}*`, data],
      [`${code}0y`, data],
      [`${code}9z`, data],
    ]),
  );
}
add('pack', [
  ['nvC*', 0x1234, 0x5678, 65, 66],
  ['A3xA', 'ab', 'c'],
  ['Cx2C', 1, 2],
  ['C@4C', 1, 2],
  ['CCXC', 1, 2, 3],
  ['z', 1],
  ['N', 4294967295],
  ['H3', 'abc'],
  ['h*', '123'],
  ['H*', 'xyz'],
  ['', 1],
  ['n', null],
  ['C', true],
]);
add('unpack', [
  ['Nlen/a3name/C*rest', '\0\0\0\x05abc\x01\x02'],
  ['x2/Ca', '\x01\x02\x03'],
  ['@1/Ca', '\x01\x02'],
  ['Ca/X/Cb', '\x01\x02'],
  ['z', 'a'],
  ['N', 'abc'],
  ['Ca', 'abc', 1],
  ['Ca', 'abc', 4],
  ['nfirst/nsecond', '\x80\x00\x7f\xff'],
  ['C2', 'ab'],
  ['Ca/Cb/Cc', 'ab'],
  ['', 'abc'],
  ['J', '\x80\0\0\0\0\0\0\0'],
  ['x9/C', 'a'],
]);
void scalars;
