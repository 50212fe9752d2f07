// What the table of calls cannot show: arrays that share their contents, files, and the end of a program.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import * as php from '../../lib/php';
import { root } from '../support/program';

const shown = (value: unknown) => php.json_encode(value);

describe('an array', () => {
  test('is copied when one of two is changed, nested ones as well', () => {
    const a = php.PhpArray.from([['x', php.PhpArray.of(1, 2)]]);
    const b = php.copy(a);
    b.at('x').append(3);
    expect([shown(a), shown(b)]).toEqual(['{"x":[1,2]}', '{"x":[1,2,3]}']);
    a.at('x').append(4);
    expect([shown(a), shown(b)]).toEqual(['{"x":[1,2,4]}', '{"x":[1,2,3]}']);
  });

  test('is gone over as it was when the loop began', () => {
    const a = php.PhpArray.of(1, 2);
    const seen: unknown[] = [];
    for (const value of php.each(a)) {
      seen.push(value);
      a.append(value);
    }
    expect([seen, a.size]).toEqual([[1, 2], 4]);
    for (const box of php.eachRef(a)) box.v = php.mul(box.v, 10);
    expect(shown(a)).toBe('[10,20,10,20]');
  });

  test('is created where a nested element is written', () => {
    const a = php.writable(null);
    php.setItem(php.nested(php.nested(a, 'x'), 5), 'y', 1);
    expect(shown(a)).toBe('{"x":{"5":{"y":1}}}');
    expect(() => php.writable(1)).toThrow('Cannot use a scalar value as an array');
  });
});

test('a file has the bytes that were written', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'ipdaemon-php-'));
  const name = path.join(folder, 'bytes');
  const stream = php.fopen(name, 'w+');
  php.fwrite(stream, 'a\xff\n\0b');
  php.rewind(stream);
  expect([php.fgets(stream), php.fread(stream, 10), php.feof(stream), php.fgets(stream)]).toEqual([
    'a\xff\n',
    '\0b',
    true,
    false,
  ]);
  php.fclose(stream);
  expect(php.file_get_contents(name)).toBe('a\xff\n\0b');
  expect(php.fopen(path.join(folder, 'none'), 'r')).toBe(false);
  rmSync(folder, { recursive: true });
});

// The figures are those of PHP 8.2.
test('a file that is appended to counts from 0 on, and its hashes are those of its bytes', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'ipdaemon-php-'));
  const name = path.join(folder, 'appended');
  php.file_put_contents(name, 'hello world!');
  const stream = php.fopen(name, 'ab+');
  const told = [php.ftell(stream), php.fwrite(stream, 'xyz'), php.ftell(stream), php.fread(stream, 4)];
  expect(told).toEqual([0, 3, 3, '']);
  expect([php.fseek(stream, 2), php.fread(stream, 3), php.ftell(stream)]).toEqual([0, 'llo', 5]);
  expect([php.fwrite(stream, 'Q'), php.ftell(stream)]).toEqual([1, 6]);
  expect([php.fseek(stream, 0, php.SEEK_END), php.ftell(stream)]).toEqual([0, 16]);
  php.fclose(stream);
  expect(php.file_get_contents(name)).toBe('hello world!xyzQ');
  expect(php.md5_file(name)).toBe(php.md5('hello world!xyzQ'));
  expect(php.sha1_file(name)).toBe(php.sha1('hello world!xyzQ'));
  expect(php.hash_file('crc32b', name)).toBe(php.hash('crc32b', 'hello world!xyzQ'));
  expect(php.md5_file(path.join(folder, 'none'))).toBe(false);
  rmSync(folder, { recursive: true });
});

test('exit prints its text, gives its status, and runs shutdown functions once', () => {
  const library = JSON.stringify(path.join(root, 'dist/lib/php/index.js'));
  const run = (end: string) => {
    const script = `const p = require(${library}); p.register_shutdown_function(() => p.echo('\\xff')); ${end}`;
    const { stdout, status } = spawnSync(process.execPath, ['-e', script]);
    return [stdout.toString('latin1'), status];
  };
  expect(run('p.exit(7)')).toEqual(['\xff', 7]);
  expect(run("p.die('x')")).toEqual(['x\xff', 0]);
  expect(run('p.print(1.5)')).toEqual(['1.5\xff', 0]);
});
