// The examples in clear, with nc and socat. What they print may be bytes: it is compared as files.
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { expect, test } from '@jest/globals';
import { temporaryFolder } from '../support/certificates';
import { withExample } from '../support/examples';
import { withTools } from '../support/tools';
import { host, run } from './tools';

// socat ends its side after the input and still takes the answer; nc ends after two seconds without anything.
const commands = {
  nc: (port: number) => `nc -w 2 ${host} ${port}`,
  socat: (port: number) => `socat -t 2 - TCP4:${host}:${port}`,
};

/** What a client gets when it has sent that. */
async function talk(client: keyof typeof commands, port: number, input: string | Uint8Array): Promise<Buffer> {
  const folder = temporaryFolder();
  writeFileSync(path.join(folder, 'input'), input);
  await run('/bin/sh', ['-c', `${commands[client](port)} <input >answer`], { cwd: folder });
  return readFileSync(path.join(folder, 'answer'));
}

for (const client of ['nc', 'socat'] as const) {
  withTools(client, [client], () => {
    // An answer is compared as bytes, without printing megabytes where it differs.
    const gets = async (example: string, args: string[], input: string | Uint8Array, expected: string | Uint8Array) =>
      withExample(example, args, async (port) => {
        const answer = await talk(client, port, input);
        const wanted = Buffer.from(expected);
        expect([answer.equals(wanted), answer.length, answer.subarray(0, 300).toString('latin1')]).toEqual([
          true,
          wanted.length,
          wanted.subarray(0, 300).toString('latin1'),
        ]);
      });

    test('echo sends everything back', () => {
      const input = client === 'socat' ? randomBytes(300_000) : 'hello from nc\n';
      return gets('echo', [], input, input);
    });

    test('echo-class sends lines back', () => gets('echo-class', [], 'one\ntwo\n', 'one\ntwo\n'));

    test('lines answers commands', () =>
      gets('lines', [], 'ADD 2 3\r\nQUIT\r\n', '220 ready; TIME, ADD numbers, QUIT\r\n5\r\n221 bye\r\n'));

    test('device answers a record', () =>
      gets(
        'device',
        [],
        Buffer.from('\x00\x01\x00\x03abc', 'latin1'),
        Buffer.from('\x80\x01\x00\x0estored 3 bytes', 'latin1'),
      ));

    test('files sends two megabytes', () => {
      const folder = path.join(temporaryFolder(), 'public');
      mkdirSync(folder);
      const content = randomBytes(2_000_000);
      writeFileSync(path.join(folder, 'file.bin'), content);
      return gets('files', ['--folder', folder], 'file.bin\n', content);
    });

    test('chat welcomes', () =>
      withExample('chat', [], async (port) => {
        // The input stays open until the welcome is there, for who has left is welcomed no more.
        const script = `( echo me; until grep -q welcome answer; do sleep 0.05; done ) | ${commands[client](port)} >answer`;
        const folder = temporaryFolder();
        writeFileSync(path.join(folder, 'answer'), '');
        await run('/bin/sh', ['-c', script], { cwd: folder });
        expect(readFileSync(path.join(folder, 'answer'), 'latin1')).toBe(
          'your name?\r\nwelcome, me; 1 in the room\r\n',
        );
      }));
  });
}
