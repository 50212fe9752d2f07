// Random calls are answered by PHP and by ipdaemon/php: no difference. IPDAEMON_TEST_SEED repeats a run.
import { spawnSync } from 'node:child_process';
import * as path from 'node:path';
import { expect, test } from '@jest/globals';
import { Random, seedOfRun } from '../support/random';
import { withTools } from '../support/tools';
import { answer, type Call } from './values';

type Json = Call[1][number];
const letters = 'aBz019 \n.,-+ex\0\x7f\x80\xc3\xa9\xff/%$\\\'"<&';
const patterns = [
  '/a/',
  '/\\d+/',
  '/(\\w)(\\W)?/',
  '/[^a-z]/i',
  '/x*/',
  '/(e)|(\\d)/',
  '/\\s+$/',
  '/^./',
  '/[\\x80-\\xff]+/',
  '/b|/i',
  '/./s',
  '/-?\\d+\\.?/',
];
const formats = ['%d', '%5.1f', '%s|', '%x', '%e', '%-8s|', '%08.3f', '%G', '%u', "%'#10s"];
const codes = ['n', 'N', 'v', 'V', 'C', 'c', 'J', 'q', 'a5', 'A5', 'H*', 'd', 'E', 'f'];

/** Gives arguments of a kind: t text, n number, s scalar, a list, p pattern, and single values. */
function argument(random: Random, kind: string): Json {
  switch (kind) {
    case 't':
      return random.text(random.between(0, 12), letters);
    case 'i':
      return random.between(-8, 12);
    case 'n': {
      const size = 10 ** random.between(-3, 12);
      const value = (random.between(-1000000, 1000000) / 1000000) * size;
      return random.chance(2) ? Math.trunc(value) + 0 : value + 0;
    }
    case 's':
      return random.pick([
        () => argument(random, 't'),
        () => argument(random, 'n'),
        () => random.pick([null, true, false, '', '0', '10', '1e1', ' 7', 'abc']),
      ])();
    case 'a':
      return { a: Array.from({ length: random.between(0, 14) }, (_, i): Json => [i, argument(random, 's')]) };
    case 'p':
      return random.pick(patterns);
    case 'f':
      return random.pick(formats);
    case 'c':
      return random.pick(codes);
    default:
      return kind === '[]' ? { a: [] } : kind === '0' ? 0 : kind === 'true' ? true : ',';
  }
}

/** Functions, and the kinds of their arguments. */
const kinds: Record<string, string[]> = {
  eq: ['s', 's'],
  cmp: ['s', 's'],
  lt: ['s', 's'],
  str: ['s'],
  int: ['s'],
  float: ['s'],
  inc: ['t'],
  add: ['n', 'n'],
  mul: ['n', 'n'],
  mod: ['i', 'i'],
  bitAnd: ['n', 'i'],
  bitXor: ['t', 't'],
  shiftLeft: ['i', 'i'],
  substr: ['t', 'i', 'i'],
  strpos: ['t', 't'],
  strrpos: ['t', 't', 'i'],
  trim: ['t'],
  explode: [',', 't', 'i'],
  str_pad: ['t', 'i', 't'],
  str_replace: ['t', 't', 't', '0'],
  ucwords: ['t'],
  wordwrap: ['t', 'i', ',', 'true'],
  strcmp: ['t', 't'],
  strnatcmp: ['t', 't'],
  strcasecmp: ['t', 't'],
  substr_replace: ['t', 't', 'i', 'i'],
  strtr: ['t', 't', 't'],
  similar_text: ['t', 't', '0'],
  levenshtein: ['t', 't'],
  addslashes: ['t'],
  htmlspecialchars: ['t'],
  base64_encode: ['t'],
  base64_decode: ['t'],
  urlencode: ['t'],
  rawurldecode: ['t'],
  crc32: ['t'],
  md5: ['t'],
  sort: ['a'],
  rsort: ['a'],
  asort: ['a'],
  array_unique: ['a'],
  array_slice: ['a', 'i', 'i'],
  array_splice: ['a', 'i', 'i', 'a'],
  array_diff: ['a', 'a'],
  array_sum: ['a'],
  in_array: ['s', 'a'],
  array_reverse: ['a'],
  array_flip: ['a'],
  implode: [',', 'a'],
  max: ['s', 's'],
  min: ['s', 's'],
  round: ['n', 'i'],
  number_format: ['n', 'i'],
  sprintf: ['f', 's'],
  floor: ['n'],
  dechex: ['i'],
  intval: ['t', 'i'],
  is_numeric: ['t'],
  json_encode: ['a'],
  json_decode: ['t', 'true'],
  serialize: ['a'],
  unserialize: ['t'],
  var_export: ['a', 'true'],
  print_r: ['a', 'true'],
  preg_match: ['p', 't', '[]'],
  preg_match_all: ['p', 't', '[]'],
  preg_replace: ['p', 't', 't'],
  preg_split: ['p', 't', 'i'],
  preg_quote: ['t'],
  pack: ['c', 'n'],
  unpack: ['c', 't'],
  nl2br: ['t'],
  chunk_split: ['t', 'i'],
  stripslashes: ['t'],
  basename: ['t'],
  dirname: ['t'],
};

withTools('ipdaemon/php beside PHP', ['php'], () => {
  test('random calls give the same', () => {
    const seed = seedOfRun();
    const random = new Random(seed);
    const calls = Array.from({ length: 4000 }, (): Call => {
      const name = random.pick(Object.keys(kinds));
      return [name, (kinds[name] as string[]).map((kind) => argument(random, kind))];
    });
    const input = `${calls.map((call) => JSON.stringify(call)).join('\n')}\n`;
    const script = path.join(__dirname, 'answer.php');
    const { stdout, status } = spawnSync('php', ['-d', 'memory_limit=200M', script], { input, maxBuffer: 2 ** 28 });
    expect({ seed, status }).toEqual({ seed, status: 0 });
    const answers = stdout.toString().trimEnd().split('\n');
    const differences = answers.filter(
      (line) => JSON.stringify(answer(JSON.parse(line) as Call)) !== JSON.stringify(JSON.parse(line)),
    );
    expect({ seed, asked: calls.length, answered: answers.length, differences }).toEqual({
      seed,
      asked: 4000,
      answered: 4000,
      differences: [],
    });
  });
});
