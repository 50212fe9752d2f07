// `ipdaemon replay`: what it takes for the same, and what it says about a difference.
import { describe, expect, test } from '@jest/globals';
import { writeTemporary } from '../support/certificates';
import { content } from '../support/random';
import { echo, replayed, type Steps, serverFile, sessionFile } from './sessions';
import { outcome } from './tool';

const line = 'The quick brown fox jumps over the lazy dog\r\n';
const talk: Steps = [
  ['open', 'a'],
  ['send', 'a', line],
  ['expect', 'a', line],
  ['shut', 'a'],
  ['eof', 'a'],
];

describe('ipdaemon replay', () => {
  test('plays a session against a server that it starts and ends', async () => {
    const file = sessionFile(talk);
    expect(await replayed(file, echo)).toEqual({
      code: 0,
      output: `ok      ${file}: 5 steps\n1 passed, 0 failed\n`,
      errors: '',
    });
  });

  test('opens no connection but those of the session', async () => {
    const file = sessionFile([
      ['open', 'a'],
      ['expect', 'a', '1'],
      ['shut', 'a'],
      ['eof', 'a'],
    ]);
    expect((await replayed(file, "s.write(String(seen.connections)); s.on('end', () => s.end()).resume();")).code).toBe(
      0,
    );
  });

  test('finds one changed byte: step, offset and both sides as text and in hexadecimal', async () => {
    const changed = "s.on('data', (d) => { d[20] ^= 1; s.write(d); });";
    const { code, output } = await replayed(sessionFile(talk), `console.log('hello'); ${changed}`);
    expect(code).toBe(1);
    expect(output).toContain('step 3 of 5 (line 5), expect a: the answer differs at byte 20\n');
    expect(output).toContain(
      'recorded from byte 12: own fox jumps ov  6f 77 6e 20 66 6f 78 20 6a 75 6d 70 73 20 6f 76\n',
    );
    expect(output).toContain(
      'received from byte 12: own fox kumps ov  6f 77 6e 20 66 6f 78 20 6b 75 6d 70 73 20 6f 76\n',
    );
    expect(output).toMatch(/the server printed:\n {4}listening on \d+\n {4}hello\n0 passed, 1 failed\n$/);
  });

  test('takes answers of a megabyte, and finds a byte in them', async () => {
    const text = content(1_000_000);
    const file = sessionFile([
      ['open', 'a'],
      ['send', 'a', text],
      ['expect', 'a', text],
      ['shut', 'a'],
      ['eof', 'a'],
    ]);
    expect((await replayed(file, echo)).code).toBe(0);
    const late =
      "let n = 0; s.on('data', (d) => { if (n <= 777777 && n + d.length > 777777) d[777777 - n] ^= 255; n += d.length; s.write(d); });";
    const { code, output } = await replayed(file, late);
    expect([code, output]).toEqual([1, expect.stringContaining('differs at byte 777777\n')]);
  });

  test('keeps 50 connections apart', async () => {
    const names = Array.from({ length: 50 }, (_, i) => `c${i}`);
    const each = (step: (name: string) => (string | number)[]) => names.map(step);
    const steps = [
      ...each((name) => ['open', name]),
      ...each((name) => ['send', name, `I am ${name}`]),
      ...each((name) => ['expect', name, `I am ${name}`]).reverse(),
      ...each((name) => ['shut', name]),
      ...each((name) => ['eof', name]),
    ];
    expect((await replayed(sessionFile(steps), echo)).output).toContain('1 passed, 0 failed');
  });

  test('says that the server died, how, and what it printed', async () => {
    const dies = "s.on('data', () => { console.error('out of ink'); process.exit(7); });";
    const { code, output } = await replayed(sessionFile(talk), dies);
    expect(code).toBe(1);
    expect(output).toMatch(/step 3 of 5 .*\n/);
    expect(output).toMatch(/the server printed to standard error:\n {4}out of ink/);
    const early = await outcome([
      'replay',
      sessionFile(talk),
      '--',
      process.execPath,
      '-e',
      'process.exit(3)',
      '{port}',
    ]);
    expect(early.output).toContain('the server ended before it listened: exit code 3');
  });

  test.each([
    ['reset', "s.on('data', () => s.resetAndDestroy());", 0],
    ['eof', "s.on('data', () => s.resetAndDestroy());", 1],
    ['eof', "s.on('data', () => s.end());", 0],
    ['reset', "s.on('data', () => s.end());", 1],
  ])('tells a reset from an orderly end: %s, %s', async (verb, body, code) => {
    const result = await replayed(
      sessionFile([
        ['open', 'a'],
        ['send', 'a', 'x'],
        [verb, 'a'],
      ]),
      body,
    );
    expect(result.code).toBe(code);
    if (code === 1) expect(result.output).toMatch(/gets (a reset|an orderly end) and not (a reset|an orderly end)/);
  });

  test('causes a reset', async () => {
    const file = sessionFile([
      ['open', 'a'],
      ['close', 'a', 'reset'],
      ['open', 'b'],
      ['expect', 'b', 'ECONNRESET'],
    ]);
    const tells = `
      if (seen.connections === 1) s.on('error', (e) => { seen.code = e.code; seen.tell?.(); }).resume();
      else { seen.tell = () => seen.code && s.write(seen.code); seen.tell(); }`;
    expect((await replayed(file, tells)).output).toContain('1 passed');
  });

  test('takes bytes that no step expects for a difference', async () => {
    const chatty = "s.on('data', (d) => s.write(d + 'more')); s.on('end', () => s.end());";
    const { code, output } = await replayed(sessionFile(talk), chatty);
    expect([code, output]).toEqual([1, expect.stringContaining('client a has received 4 bytes more than recorded')]);
  });

  test('takes what masks match for the same, of another length, too', async () => {
    const file = sessionFile(
      [
        ['open', 'a'],
        ['expect', 'a', 'it is 9:59, number 99\n'],
        ['expect', 'a', 'next\n'],
      ],
      { masks: [['\\d+:\\d+', 'TIME']] },
    );
    const body = "s.write('it is 10:00, number 100\\nnext\\n');";
    expect((await replayed(file, body, '--mask', 'number \\d+=>number N')).code).toBe(0);
    const strict = await outcome([
      'replay',
      file,
      '--patience',
      '300',
      '--',
      process.execPath,
      serverFile(body),
      '{port}',
    ]);
    expect([strict.code, strict.output]).toEqual([1, expect.stringContaining('the answer differs at byte 19')]);
  });

  test.each([
    ['["open", "a"]', '["shout", "a"]', '"shout" is no step; use open, send,'],
    ['["open", "a"]', '["send", "b", "x"]', 'there is no client b; an open step has to come first'],
    ['["open", "a"]', '["send", "a", "\u20ac"]', 'write the bytes of UTF-8, \\u00e2\\u0082\\u00ac'],
    ['["open", "a"]', '["open", "a"]', 'client a is open already'],
    ['["open", "a"]', '["expect", "a"]', 'expect needs client and text'],
    ['["open", "a"]', '["wait", "long"]', 'wait takes milliseconds'],
    ['["open", "a"]', '["file", "../x", ""]', 'stays in its folder'],
    ['["open", "a"]', '"send"', 'a step is a list'],
    ['["open", "a"]', '["eof", "a",]', 'not valid JSON'],
  ])('refuses a bad step with file and line: %s, %s', async (first, second, reason) => {
    const file = writeTemporary('bad.json', `{\n  "steps": [\n    ${first},\n\n    ${second}\n  ]\n}\n`);
    const { code, output, errors } = await outcome(['replay', file, '--to', '127.0.0.1:9']);
    expect([code, output]).toEqual([2, '']);
    expect(errors).toContain(reason);
    if (!reason.includes('JSON')) expect(errors).toContain(`${file}:5: step 2: `);
  });

  test.each([
    [['replay'], 'replay takes FILE'],
    [['replay', 'x.json'], 'either --to HOST:PORT or -- COMMAND'],
    [['replay', 'x.json', '--to', '127.0.0.1'], '--to is HOST:PORT'],
    [['replay', 'x.json', '--to', 'h:1', '--patience', 'long'], 'not "long"'],
    [['replay', 'x.json', '--to', 'h:1', '--mask', '('], '--mask "("'],
    [['record', '--listen', '1'], 'record needs --listen PORT, --to HOST:PORT and --out FILE'],
    [['record', '--listen', 'x', '--to', 'h:1', '--out', 'x'], '--listen must be a number'],
  ])('refuses %j', async (args, reason) => {
    const { code, errors } = await outcome(args);
    expect([code, errors]).toEqual([2, expect.stringContaining(reason)]);
  });
});
