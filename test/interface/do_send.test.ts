// do_send, do_sendline: accepted whole or refused whole.
import * as path from 'node:path';
import { expect, test } from '@jest/globals';
import { covers } from '../support/coverage';
import { Code, P } from '../support/ids';
import { withThreadPeer } from '../support/peer';
import { behaviour, fill, stays, withServer } from '../support/server';

behaviour(covers('method', 'Send'), (kind) => {
  test('sends text and bytes in order', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      server.must(server.send(id, 'text '));
      server.must(server.send(id, Uint8Array.of(0, 128, 255)));
      server.must(server.send(id, Buffer.from(' buffer')));
      await client.receives('text \u0000\u0080\u00ff buffer');
    }));

  test.each([1023, 1024, 1025, 65_535, 65_536, 1_048_576])('sends %d bytes as they are', (length) =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      const text = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte))
        .join('')
        .repeat(Math.ceil(length / 256))
        .slice(0, length);
      server.must(server.send(id, text));
      await client.receives(text);
    }),
  );

  test('of nothing succeeds and sends nothing', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      server.must(server.send(id, ''));
      expect(server.get(P.BytesSent, id)).toBe(0);
      server.must(server.send(id, new Uint8Array(0)));
      server.must(server.send(id, 'x'));
      await client.receives('x');
    }));

  test('takes a slice of a larger buffer as the slice', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      const whole = Buffer.from('0123456789');
      server.must(server.send(id, whole.subarray(3, 6)));
      server.must(server.send(id, new Uint8Array(whole.buffer, whole.byteOffset + 7, 2)));
      await client.receives('34578');
    }));

  test('copies the bytes, so that the program may change them afterwards', () =>
    withServer(kind, { smallBuffers: true }, async (server) => {
      const { client, id } = await server.connect({ paused: true });
      const bytes = Buffer.alloc(4_000_000, 'a');
      expect(server.send(id, bytes)).toBe(0);
      bytes.fill('z');
      client.socket.resume();
      await client.receives('a'.repeat(4_000_000));
    }));

  test('is refused whole above the high-water mark, with one ReadyToSend when the queue is empty', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect({ paused: true });
      const accepted = fill(server, id, 100_000);
      for (let i = 0; i < 3; i += 1) {
        expect(server.send(id, 'again')).toBe(Code.WouldBlock);
        expect(server.error).toMatch(/^\[10035\] /);
        expect(server.get(P.BytesSent, id)).toBe(0);
      }
      client.socket.resume();
      await server.event('ReadyToSend', id, 2);
      await client.receives(accepted);
      await stays(() => server.count('ReadyToSend', id) > 2, 'a second ReadyToSend');
      server.must(server.send(id, 'again'));
      await client.receives(`${accepted}again`);
    }));

  test('below the mark is appended whole although something is queued', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect({ paused: true });
      const big = 'b'.repeat(1_000);
      let accepted = '';
      // One send larger than what the system takes leaves a queue; small ones follow until it is too much.
      while (server.send(id, big) === 0) {
        accepted += big;
      }
      client.socket.resume();
      await client.receives(accepted);
    }));

  test('keeps what waits in memory to the mark plus one send', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect({ paused: true });
      const accepted = fill(server, id, 10_000);
      const systemTakes = Number(server.config('OutBufferSize'));
      expect(accepted.length).toBeLessThan(systemTakes * 64 + 8_000_000);
      for (let i = 0; i < 1000; i += 1) {
        expect(server.send(id, 'n'.repeat(10_000))).toBe(Code.WouldBlock);
      }
      client.socket.resume();
      await client.receives(accepted);
    }));

  test.each([0, 7, 999_999, -1])('to connection %d, which does not exist, fails with 126', (id) =>
    withServer(kind, {}, (server) => {
      expect(server.send(id, 'x')).toBe(Code.UnknownConnection);
      expect(server.sendLine(id, 'x')).toBe(Code.UnknownConnection);
    }),
  );

  test('takes the id as a numeric string, and no other text', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      const send = server.api.ipworks_ipdaemon_do_send as (res: unknown, id: unknown, text: string) => number;
      expect(send(server.res, String(id), '')).toBe(0);
      expect(send(server.res, 'first', 'x')).toBe(Code.UnknownConnection);
      server.must(server.send(id, 'y'));
      await client.receives('y');
    }));

  test('fails inside Disconnected, and with 126 afterwards', () => {
    const codes: number[] = [];
    return withServer(kind, {}, async (server) => {
      server.on('Disconnected', ({ connectionid }) => void codes.push(server.send(connectionid, 'late')));
      const { client, id } = await server.connect();
      client.end();
      await server.event('Disconnected', id);
      expect(codes).toEqual([Code.NotOpen]);
      expect(server.send(id, 'later')).toBe(Code.UnknownConnection);
    });
  });

  test('after do_disconnect, while the queue is still being sent, fails with 1117', () =>
    withServer(kind, { smallBuffers: true }, async (server) => {
      const { client, id } = await server.connect({ paused: true });
      const text = 'q'.repeat(4_000_000);
      server.must(server.send(id, text));
      server.must(server.disconnect(id));
      expect(server.send(id, 'more')).toBe(Code.NotOpen);
      client.socket.resume();
      await client.receives(text);
      await server.event('Disconnected', id);
    }));

  test('small pieces inside a handler arrive in order, also around other calls', () =>
    withServer(kind, {}, async (server) => {
      server.on('DataIn', ({ connectionid }) => {
        let mark = 0;
        const piece = () => {
          mark += 1;
          server.must(server.send(connectionid, `${mark},`));
        };
        piece();
        piece();
        server.must(server.sendLine(connectionid, 'line'));
        server.must(server.sendFile(connectionid, path.join(__dirname, 'fixture.txt')));
        server.doEvents();
        piece();
      });
      const { client, id } = await server.connect();
      client.write('go');
      await server.event('DataIn', id);
      await server.until(() => client.text.includes('3,'), 'the last piece');
      expect(client.text).toBe('1,2,line\r\nfixture\n3,');
    }));

  test('a second blocking send on the same connection answers 10036', () => {
    const codes: number[] = [];
    return withServer(kind, { smallBuffers: true }, async (server) => {
      const other = await server.connect();
      await withThreadPeer(server, { paused: true }, async (peer, id) => {
        server.must(server.set(P.Timeout, id, 60));
        server.on('DataIn', () => {
          codes.push(server.send(id, 'nested'));
          peer.command({ op: 'resume' });
        });
        other.client.write('now');
        server.must(server.send(id, 's'.repeat(12_000_000)));
        expect(codes).toEqual([Code.InProgress]);
      });
    });
  });

  test('refuses values that are neither text nor bytes', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      const send = server.api.ipworks_ipdaemon_do_send as (res: unknown, id: unknown, text: unknown) => number;
      for (const value of [undefined, null, {}, [1, 2], Symbol('s'), () => 1]) {
        let code: unknown;
        try {
          code = send(server.res, id, value);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
          code = 'TypeError';
        }
        expect([Code.InvalidValue, Code.TextNotConvertible, 'TypeError']).toContain(code);
      }
      server.must(server.send(id, '.'));
      await client.receives('.');
    }));
});

behaviour(covers('method', 'SendLine'), (kind) => {
  test('adds CR LF whatever EOL is, as one send', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      server.set(P.EOL, id, ';');
      server.must(server.sendLine(id, 'hello'));
      expect(server.get(P.BytesSent, id)).toBe(7);
      server.must(server.sendLine(id, ''));
      server.must(server.sendLine(id, 'nul \u0000 inside'));
      await client.receives('hello\r\n\r\nnul \u0000 inside\r\n');
    }));

  test('lines and other sends of the handlers of one read arrive in order, more than one crossing takes', () => {
    // V8 keeps it with two bytes for each character, though all of them are bytes.
    const kept = `\u0100${'k'.repeat(20)}`.slice(1);
    const replies = (text: string) => [`${text}\r\n`, '\r\n', `${text},`, `${kept}\r\n`];
    return withServer(kind, { before: (server) => server.set(P.DefaultEOL, '\n') }, async (server) => {
      const { client, id } = await server.connect();
      const codes = new Set<number>();
      const sent: unknown[] = [];
      server.on('DataIn', ({ connectionid, text }) => {
        codes.add(server.sendLine(connectionid, text));
        codes.add(server.sendLine(connectionid, ''));
        codes.add(server.send(connectionid, `${text},`));
        codes.add(server.sendLine(connectionid, kept));
        if (text === 'last') sent.push(server.get(P.BytesSent, connectionid));
      });
      const lines = [...Array.from({ length: 700 }, (_, i) => `line ${i}`), 'last'];
      client.write(`${lines.join('\n')}\n`);
      await server.until(() => sent.length > 0, 'the last line');
      await client.receives(lines.flatMap(replies).join(''));
      expect([...codes]).toEqual([0]);
      expect(sent).toEqual([22]);
      expect(server.get(P.BytesSent, id)).toBe(22);
    });
  });

  test('with a character that does not fit a byte is refused by its own call, whatever the handlers of a read sent before', () =>
    withServer(kind, { before: (server) => server.set(P.DefaultEOL, '\n') }, async (server) => {
      const { client } = await server.connect();
      const codes: number[] = [];
      server.on('DataIn', ({ connectionid, text }) => {
        codes.push(server.sendLine(connectionid, `${text} before the refusal`));
        codes.push(server.sendLine(connectionid, text === '2' ? 'sum \u2211' : 'after it'));
        if (text === '3') codes.push(server.sendLine(connectionid, 'the end'));
      });
      client.write('1\n2\n3\n');
      await client.receives(
        '1 before the refusal\r\nafter it\r\n2 before the refusal\r\n3 before the refusal\r\nafter it\r\nthe end\r\n',
      );
      expect(codes).toEqual([0, 0, 0, Code.TextNotConvertible, 0, 0, 0]);
    }));

  test('is refused whole with its line end', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect({ paused: true });
      const accepted = fill(server, id);
      expect(server.sendLine(id, 'line')).toBe(Code.WouldBlock);
      client.socket.resume();
      await server.event('ReadyToSend', id, 2);
      server.must(server.sendLine(id, 'line'));
      await client.receives(`${accepted}line\r\n`);
    }));

  test('takes bytes', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      server.must(server.sendLine(id, Uint8Array.of(65, 0, 66)));
      await client.receives('A\u0000B\r\n');
    }));
});
