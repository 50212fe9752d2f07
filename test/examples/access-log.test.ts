// The example that logs connections and lets them finish: who has ended, who may finish, who is cut off.
import { expect, test } from '@jest/globals';
import { Client } from '../support/client';
import { withExample } from '../support/examples';

test('the example access-log tells of each connection that has ended, and lets connections finish when it is stopped', () =>
  withExample('access-log', [], async (port, program) => {
    const first = new Client(port);
    first.write('hello\n');
    await first.receives('hello\r\n');
    first.end();
    const [line] = await program.says(/\{.*\}/);
    expect(JSON.parse(line)).toMatchObject({
      peer: '127.0.0.1',
      port: first.localPort,
      code: 0,
      reason: 'peer',
      received: 6,
      sent: 7,
    });
    const cut = new Client(port);
    const finishing = new Client(port);
    for (const client of [cut, finishing]) {
      client.write('a\n');
      await client.receives('a\r\n');
    }
    program.forget();
    program.signal('SIGINT');
    await program.says(/stopping/);
    const late = new Client(port);
    await late.isGone();
    expect(late.error?.message).toContain('ECONNREFUSED');
    finishing.write('b\n');
    await finishing.receives('a\r\nb\r\n');
    finishing.end();
    await program.says(/"reason":"peer"/);
    program.signal('SIGINT');
    await program.says(/"reason":"drain"/);
    await program.says(/stopped: 1 connections have ended, 1 were cut off/);
    expect(await program.ends()).toEqual({ code: 0, signal: null });
  }));
