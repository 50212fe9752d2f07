// `ipdaemon record`: what stands in the file, and that it can be played again.
import * as path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { temporaryFolder } from '../support/certificates';
import { Client } from '../support/client';
import { withProgram } from '../support/program';
import { waitFor } from '../support/waiting';
import { echo, recording, replayed, type Steps, serverFile, sessionFile, stepsOf } from './sessions';
import { outcome } from './tool';

const target = () => path.join(temporaryFolder(), 'recorded.session.json');

/** Plays a session through a recorder against a server, and gives the recorded steps. */
async function recordedFrom(body: string, file: string, out = target()): Promise<string[][]> {
  await withProgram([serverFile(body), '0'], async (server) => {
    await recording(await server.port(), out, async (port) => {
      const played = await outcome(['replay', file, '--patience', '30000', '--to', `127.0.0.1:${port}`]);
      expect(played).toMatchObject({ code: 0, errors: '' });
    });
  });
  return stepsOf(out);
}

describe('ipdaemon record', () => {
  const talk: Steps = [
    ['open', '1'],
    ['send', '1', 'one\u0000\u00ff"\\'],
    ['expect', '1', 'one\u0000\u00ff"\\'],
    ['open', '2', '127.0.0.2'],
    ['send', '2', 'two'],
    ['expect', '2', 'two'],
    ['send', '1', 'three'],
    ['expect', '1', 'three'],
    ['shut', '1'],
    ['eof', '1'],
    ['close', '2', 'reset'],
  ];

  test('writes what it sees, and played again gives the same file', async () => {
    const first = target();
    expect(await recordedFrom(echo, sessionFile(talk), first)).toEqual(talk);
    expect(await recordedFrom(echo, first)).toEqual(talk);
    expect((await replayed(first, echo)).code).toBe(0);
  });

  test("tells the server's end from its reset", async () => {
    const ends = "s.on('data', (d) => String(d) === 'end' ? s.end() : s.resetAndDestroy());";
    const steps = [
      ['open', '1'],
      ['send', '1', 'end'],
      ['eof', '1'],
      ['open', '2'],
      ['send', '2', 'reset'],
      ['reset', '2'],
    ];
    expect(await recordedFrom(ends, sessionFile(steps))).toEqual(steps);
  });

  test("keeps the client's cuts and joins the server's", async () => {
    const out = target();
    // Answers in two parts, but only when it is told to.
    const body =
      "s.on('data', (d) => { if (/!/.test(d)) { s.write('part '); setImmediate(() => s.write('by part')); } });";
    await withProgram([serverFile(body), '0'], async (server) => {
      await recording(await server.port(), out, async (port) => {
        const client = new Client(port);
        await client.isConnected();
        const has = (text: string) => () => JSON.stringify(stepsOf(out)).includes(text);
        for (const piece of ['a', 'bc']) {
          client.write(piece);
          await waitFor(has(`"${piece}"`), () => piece);
        }
        client.write('d!');
        await client.receives('part by part');
        client.destroy();
      });
    });
    expect(stepsOf(out).slice(0, 3)).toEqual([
      ['open', '1'],
      ['send', '1', 'a', 'bc', 'd!'],
      ['expect', '1', 'part by part'],
    ]);
  });

  test('has written every step when it is killed', async () => {
    const out = target();
    await withProgram([serverFile(echo), '0'], async (server) => {
      const meanwhile = async (port: number) => {
        const client = new Client(port);
        client.write('kept');
        await client.receives('kept');
      };
      await recording(await server.port(), out, meanwhile, 'SIGKILL');
    });
    expect(stepsOf(out)).toEqual([
      ['open', '1'],
      ['send', '1', 'kept'],
      ['expect', '1', 'kept'],
    ]);
  });

  test('joins megabytes of answers to several clients at a time', async () => {
    const parts =
      "const part = Buffer.alloc(300000, s.remotePort); s.on('data', () => { for (let i = 0; i < 5; i += 1) s.write(part); });";
    const out = target();
    await withProgram([serverFile(parts), '0'], async (server) => {
      await recording(await server.port(), out, async (port) => {
        const clients = [new Client(port), new Client(port)];
        for (const client of clients) await client.isConnected();
        for (const client of clients) client.write('go');
        for (const client of clients) {
          await client.awaits(
            () => client.bytesReceived === 1_500_000,
            () => 'all bytes',
          );
        }
        for (const client of clients) client.destroy();
      });
    });
    const received = (name: string) =>
      stepsOf(out)
        .filter(([verb, who]) => verb === 'expect' && who === name)
        .reduce((sum, [, , text]) => sum + (text as string).length, 0);
    expect([received('1'), received('2')]).toEqual([1_500_000, 1_500_000]);
  });

  test('warns when a client begins TLS', async () => {
    await withProgram([serverFile(echo), '0'], async (server) => {
      await recording(await server.port(), target(), async (port, program) => {
        const client = new Client(port);
        client.write(Buffer.from([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0]));
        await waitFor(
          () => program.errors.includes('client 1 begins TLS'),
          () => 'the warning',
        );
        expect(program.errors).toContain('IPDAEMON_RECORD');
        client.destroy();
      });
    });
  });

  test('says when the server does not accept a client', async () => {
    await recording(1, target(), async (port, program) => {
      const client = new Client(port);
      await client.isGone();
      expect(program.errors).toContain('client 1 is not recorded: the server does not accept it');
    });
  });
});
