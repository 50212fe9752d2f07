// Each example server, exercised by a foreign client on node:net, as a program of its own.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Client } from '../support/client';
import { type Program, root, withProgram } from '../support/program';
import { waitFor } from '../support/waiting';

async function withExample(
  name: string,
  args: string[],
  body: (program: Program, port: number) => Promise<void>,
): Promise<void> {
  const file = path.join(root, 'dist', 'examples', `${name}.js`);
  await withProgram([file, '--port', '0', ...args], async (program) => {
    const match = await program.says(/listening on \S+:(\d+)/);
    await body(program, Number(match[1]));
    program.signal('SIGINT');
    const { code, signal } = await program.ends();
    // A pump loop ends by the signal itself, Node's own loop by a handler.
    expect(signal ?? code).toBe(signal === null ? 0 : 'SIGINT');
    expect(program.errors).toBe('');
  });
}

describe('the example', () => {
  test('echo sends back what it gets, and says how to talk to it', () =>
    withExample('echo', [], async (program, port) => {
      await program.says(new RegExp(`nc 127\\.0\\.0\\.1 ${port}\\n`));
      const client = new Client(port);
      client.write('hello\n');
      await client.receives('hello\n');
      const binary = Array.from({ length: 4096 }, (_, i) => String.fromCharCode((i * 7) & 255)).join('');
      client.write(binary);
      await client.receives(`hello\n${binary}`);
      client.end();
      await client.isGone();
    }));

  test('echo sends everything back to a client that reads late', () =>
    withExample('echo', [], async (_program, port) => {
      const client = new Client(port, { paused: true });
      const text = 'late '.repeat(1_000_000);
      client.write(text);
      client.socket.resume();
      await client.receives(text);
      client.destroy();
    }));

  test('echo listens where it is told', () =>
    withExample('echo', ['--host', '127.0.0.2'], async (program, port) => {
      expect(program.output).toContain('127.0.0.2');
      const client = new Client(port, { host: '127.0.0.2' });
      client.write('x');
      await client.receives('x');
      client.destroy();
    }));

  test('echo explains itself when the port is taken or an option is unknown', async () => {
    await withExample('echo', [], (_program, port) =>
      withProgram([path.join(root, 'dist', 'examples', 'echo.js'), '--port', String(port)], async (second) => {
        expect((await second.ends()).code).toBe(1);
        expect(second.errors).toContain('10048');
      }),
    );
    await withProgram([path.join(root, 'dist', 'examples', 'echo.js'), '--prot', '1'], async (program) => {
      expect((await program.ends()).code).not.toBe(0);
      expect(program.errors).toContain('--prot');
    });
  });

  test('echo-class answers line by line', () =>
    withExample('echo-class', [], async (_program, port) => {
      const client = new Client(port);
      client.write('one\ntwo\n');
      await client.receives('one\ntwo\n');
      client.end();
      await client.isGone();
    }));

  test('lines greets, answers commands and says goodbye', () =>
    withExample('lines', [], async (_program, port) => {
      const client = new Client(port);
      await waitFor(() => /^220 .*\r\n$/.test(client.text), 'the greeting');
      const greeting = client.text;
      client.write('ADD 2 40\r\nadd 1.5 2\nADD x\r\nNONSENSE\r\n');
      const answers = `${greeting}42\r\n3.5\r\n500 ADD takes numbers\r\n500 unknown command\r\n`;
      await client.receives(answers);
      client.write('TIME\r\n');
      await waitFor(() => /\d{4}-\d\d-\d\dT[\d:.]+Z\r\n$/.test(client.text), 'the time');
      client.write('QUIT\r\nTIME\r\n');
      await client.isGone();
      expect(client.text.endsWith('221 bye\r\n')).toBe(true);
      expect(client.error).toBeUndefined();
    }));

  test('chat passes lines on to everybody else', () =>
    withExample('chat', [], async (_program, port) => {
      const alice = new Client(port);
      alice.write('alice\n');
      await waitFor(() => alice.text.includes('welcome, alice'), 'the welcome');
      const bob = new Client(port);
      bob.write('bob\n');
      await waitFor(() => alice.text.includes('bob has joined'), 'the news of bob');
      bob.write('hello there\n');
      await waitFor(() => alice.text.includes('bob: hello there'), 'the line of bob');
      expect(bob.text).not.toContain('bob: hello there');
      bob.end();
      await waitFor(() => alice.text.includes('bob has left'), 'the news that bob left');
      alice.destroy();
    }));

  test('device reads header and body of its records, however they are cut', () =>
    withExample('device', [], async (_program, port) => {
      const record = (kind: number, body: string) => {
        const header = Buffer.alloc(4);
        header.writeUInt16BE(kind, 0);
        header.writeUInt16BE(body.length, 2);
        return Buffer.concat([header, Buffer.from(body, 'latin1')]).toString('latin1');
      };
      const client = new Client(port);
      const stream = record(1, 'temperature=21') + record(2, '') + record(1, 'x'.repeat(60_000)) + record(9, '?');
      for (let at = 0; at < stream.length; at += at < 30 ? 1 : 7919) {
        client.write(stream.slice(at, at + (at < 30 ? 1 : 7919)));
      }
      const reply = (kind: number, text: string) => record(kind | 0x8000, text);
      await client.receives(
        reply(1, 'stored 14 bytes') +
          reply(2, '1 readings') +
          reply(1, 'stored 60000 bytes') +
          reply(9, 'unknown kind'),
      );
      client.end();
      await client.isGone();
    }));

  test('files sends the file that a client names, and nothing from outside its folder', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'ipdaemon-'));
    mkdirSync(path.join(folder, 'public', 'sub'), { recursive: true });
    writeFileSync(path.join(folder, 'secret'), 'secret');
    writeFileSync(path.join(folder, 'public', 'a.txt'), 'content of a\n');
    writeFileSync(path.join(folder, 'public', 'sub', 'b.bin'), Buffer.alloc(3_000_000, 'b'));
    try {
      await withExample('files', ['--folder', path.join(folder, 'public')], async (_program, port) => {
        const ask = async (name: string) => {
          const client = new Client(port);
          client.write(`${name}\n`);
          await client.isGone(20_000);
          return client.text;
        };
        expect(await ask('a.txt')).toBe('content of a\n');
        expect((await ask('sub/b.bin')).length).toBe(3_000_000);
        for (const name of ['../secret', 'sub/../../secret', path.join(folder, 'secret'), '..', '', 'no-such', 'sub']) {
          expect([name, await ask(name)]).toEqual([name, 'ERROR no such file\r\n']);
        }
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
