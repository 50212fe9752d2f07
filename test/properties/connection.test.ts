// Behaviour of the properties of one connection.
import { expect, test } from '@jest/globals';
import type { Client } from '../support/client';
import { covers } from '../support/coverage';
import { Code, P } from '../support/ids';
import { behaviour, fill, stays, type TestServer, withServer } from '../support/server';
import { implicit } from '../support/tls';
import { lateness } from '../support/waiting';

behaviour(covers('property', 'AcceptData'), (kind) => {
  test('false keeps input back, true delivers all of it in order', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      const other = await server.connect();
      server.must(server.set(P.AcceptData, id, false));
      expect(server.get(P.AcceptData, id)).toBe(false);
      client.write('first ');
      other.client.write('x');
      await server.event('DataIn', other.id);
      client.write('second');
      await stays(() => server.count('DataIn', id) > 0, 'DataIn while AcceptData is false');
      server.must(server.set(P.AcceptData, id, true));
      await server.until(() => server.input(id) === 'first second', 'the input that was kept back');
    }));

  test('false inside DataIn holds from the very next line on', () =>
    withServer(
      kind,
      {
        before: (server) => {
          server.set(P.DefaultEOL, '\n');
          server.on('DataIn', ({ connectionid, text }) => {
            if (text === 'stop') {
              server.set(P.AcceptData, connectionid, false);
            }
          });
        },
      },
      async (server) => {
        const { client, id } = await server.connect();
        client.write('a\nstop\nb\nc\n');
        await server.event('DataIn', id, 2);
        await stays(() => server.count('DataIn', id) > 2, 'a line after "stop"');
        server.set(P.AcceptData, id, true);
        await server.event('DataIn', id, 4);
        expect(server.pieces(id).map((piece) => piece.text)).toEqual(['a', 'stop', 'b', 'c']);
      },
    ));

  test.each<[string, string, (server: TestServer) => void]>([
    ['as it came', 'question', () => undefined],
    ['with EOL', 'question\n', (server) => server.set(P.DefaultEOL, '\n')],
    ['that has no end of its line', 'question', (server) => server.set(P.DefaultEOL, '\n')],
    ['in TLS', 'question', implicit()],
  ])(
    'false keeps the connection of a client that ended its side behind its input %s, for a late answer',
    (_, text, before) =>
      withServer(kind, { before }, async (server) => {
        server.on('DataIn', ({ connectionid }) => void server.set(P.AcceptData, connectionid, false));
        const options = { allowHalfOpen: true };
        const { client, id } = server.get(P.SSLEnabled)
          ? await server.connectTls(options)
          : await server.connect(options);
        client.write(text);
        client.end();
        await server.event('DataIn', id);
        await server.until(() => client.socket.writableFinished, 'the client to end its side');
        const other = server.client();
        await other.isConnected();
        await stays(() => client.ended || server.count('Disconnected', id) > 0, 'the end of the connection');
        server.must(server.send(id, 'a late answer'));
        server.must(server.set(P.AcceptData, id, true));
        await client.receives('a late answer');
        expect((await server.event('Disconnected', id)).statuscode).toBe(0);
        await client.isGone();
        other.destroy();
      }),
  );

  test('false pushes back on the peer, so that nothing piles up in the server', () =>
    withServer(kind, { smallBuffers: true }, async (server) => {
      const { client, id } = await server.connect({ record: false });
      server.set(P.AcceptData, id, false);
      const block = Buffer.alloc(1 << 20);
      for (let i = 0; i < 32; i += 1) {
        client.write(block);
      }
      await stays(() => server.count('DataIn', id) > 0, 'DataIn while AcceptData is false', 50);
      expect(client.socket.writableLength).toBeGreaterThan(16 << 20);
      client.reset();
      server.set(P.AcceptData, id, true);
      await server.event('Disconnected', id);
    }));

  test('false leaves a reset of the peer visible', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      server.set(P.AcceptData, id, false);
      client.reset();
      expect((await server.event('Disconnected', id)).statuscode).toBe(Code.ResetByPeer);
    }));
});

behaviour(covers('property', 'BytesSent'), (kind) => {
  test('is the length after a send that was accepted, and 0 after one that was refused', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect({ paused: true });
      expect(server.get(P.BytesSent, id)).toBe(0);
      server.must(server.send(id, 'hello'));
      expect(server.get(P.BytesSent, id)).toBe(5);
      fill(server, id);
      expect(server.get(P.BytesSent, id)).toBe(0);
      client.socket.resume();
      await server.event('ReadyToSend', id, 2);
      server.must(server.send(id, 'abc'));
      expect(server.get(P.BytesSent, id)).toBe(3);
    }));
});

behaviour(covers('property', 'Connected'), (kind) => {
  test('is true while the connection is up, and setting it false disconnects', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      expect(server.get(P.Connected, id)).toBe(true);
      server.must(server.set(P.Connected, id, true));
      server.must(server.set(P.Connected, id, false));
      expect((await server.event('Disconnected', id)).statuscode).toBe(0);
      await client.isGone();
      expect(server.get(P.Connected, id)).toBe(false);
      expect(server.code).toBe(Code.UnknownConnection);
    }));

  test('reads false inside Disconnected', () => {
    const read: unknown[] = [];
    return withServer(kind, {}, async (server) => {
      server.on('Disconnected', ({ connectionid }) => void read.push(server.get(P.Connected, connectionid)));
      const { client, id } = await server.connect();
      client.end();
      await server.event('Disconnected', id);
      expect(read).toEqual([false]);
    });
  });
});

behaviour(covers('property', 'ConnectionId'), (kind) => {
  test('is the id of the events as decimal text', () =>
    withServer(kind, {}, async (server) => {
      const { id } = await server.connect();
      expect(server.get(P.ConnectionId, id)).toBe(String(id));
    }));

  test('rises from connection to connection and is not used again', () =>
    withServer(kind, {}, async (server) => {
      const ids: number[] = [];
      for (let i = 0; i < 5; i += 1) {
        const { client, id } = await server.connect();
        ids.push(id);
        client.end();
        await server.event('Disconnected', id);
      }
      expect(new Set(ids).size).toBe(5);
      expect([...ids].sort((a, b) => a - b)).toEqual(ids);
    }));
});

behaviour(covers('property', 'DataToSend'), (kind) => {
  test('set to text sends it', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      server.must(server.setDataToSend(id, 'by assignment'));
      expect(server.get(P.BytesSent, id)).toBe(13);
      server.must(server.setDataToSend(id, Uint8Array.of(0, 1, 255)));
      await client.receives('by assignment\u0000\u0001\u00ff');
    }));

  test('is refused whole when too much is queued', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect({ paused: true });
      const accepted = fill(server, id);
      expect(server.setDataToSend(id, 'refused')).toBe(Code.WouldBlock);
      client.socket.resume();
      await client.receives(accepted);
    }));
});

behaviour(covers('property', 'IdleTimeout', 'DefaultIdleTimeout'), (kind) => {
  test('ends a silent connection with 10060 not before its limit and soon after', () =>
    withServer(kind, { before: (server) => server.set(P.DefaultIdleTimeout, 1) }, async (server) => {
      for (let spoke = false; !spoke; ) {
        const { client, id } = await server.connect();
        const before = performance.now();
        client.write('last words');
        const ended = await server.event('Disconnected', id);
        const idle = performance.now() - before;
        expect(ended.statuscode).toBe(Code.ConnectionTimedOut);
        expect(ended.description).toMatch(/idle/i);
        await client.isGone();
        // Where the machine stood still before the last words, the connection was idle indeed.
        spoke = server.count('DataIn', id) > 0;
        if (!spoke) continue;
        expect(idle).toBeGreaterThanOrEqual(1000);
        expect(idle).toBeLessThan(1000 + lateness);
      }
    }));

  /** Five pieces of payload, in turn from either side; gives the longest silence between them. */
  async function talk(server: TestServer, client: Client, id: number, began: number): Promise<number> {
    let before = began;
    let silence = 0;
    for (let said = 0; said < 5; said += 1) {
      await server.until(() => performance.now() - before > 400, 'the next piece of payload');
      silence = Math.max(silence, performance.now() - before);
      before = performance.now();
      if (said % 2 === 0) client.write('.');
      else server.send(id, '.');
    }
    return silence;
  }

  test('counts from the last payload in either direction', () =>
    withServer(kind, {}, async (server) => {
      for (;;) {
        const began = performance.now();
        const { client, id } = await server.connect();
        server.must(server.set(P.IdleTimeout, id, 1));
        const silence = await talk(server, client, id, began);
        const last = performance.now();
        // Where the machine stood still for so long, the connection was idle indeed.
        if (silence > 900) continue;
        expect(server.count('Disconnected', id)).toBe(0);
        await server.event('Disconnected', id);
        expect(performance.now() - last).toBeGreaterThan(990);
        return;
      }
    }));

  test('0 never ends a connection, and may be set on a running one', () =>
    withServer(kind, { before: (server) => server.set(P.DefaultIdleTimeout, 1) }, async (server) => {
      let kept = await server.connect();
      // Where the machine stood still before this, it was idle indeed.
      while (server.set(P.IdleTimeout, kept.id, 0) !== 0) kept = await server.connect();
      const dropped = await server.connect();
      await server.event('Disconnected', dropped.id);
      await stays(() => server.count('Disconnected', kept.id) > 0, 'the other connection to end');
    }));
});

behaviour(covers('property', 'LocalAddress', 'RemoteHost', 'RemotePort'), (kind) => {
  test('tell both ends of the connection, also inside Disconnected', () => {
    const last: unknown[] = [];
    return withServer(kind, {}, async (server) => {
      server.on('Disconnected', ({ connectionid: id }) => {
        last.push(server.get(P.LocalAddress, id), server.get(P.RemoteHost, id), server.get(P.RemotePort, id));
      });
      const { client, id } = await server.connect();
      expect(server.get(P.LocalAddress, id)).toBe('127.0.0.1');
      expect(server.get(P.RemoteHost, id)).toBe('127.0.0.1');
      expect(server.get(P.RemotePort, id)).toBe(client.localPort);
      client.end();
      await server.event('Disconnected', id);
      expect(last).toEqual(['127.0.0.1', '127.0.0.1', client.localPort]);
    });
  });
});

behaviour(covers('property', 'ReadyToSend'), (kind) => {
  test('is true, false from a refused send on, and true again in the event', () => {
    const inside: unknown[] = [];
    return withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect({ paused: true });
      expect(server.get(P.ReadyToSend, id)).toBe(true);
      const accepted = fill(server, id);
      expect(server.get(P.ReadyToSend, id)).toBe(false);
      server.on('ReadyToSend', () => void inside.push(server.get(P.ReadyToSend, id)));
      client.socket.resume();
      await server.event('ReadyToSend', id, 2);
      expect(inside).toEqual([true]);
      await client.receives(accepted);
      expect(server.get(P.ReadyToSend, id)).toBe(true);
    });
  });
});

behaviour(covers('property', 'UserData'), (kind) => {
  test('keeps any bytes with the connection, also inside Disconnected', () => {
    const last: unknown[] = [];
    return withServer(kind, {}, async (server) => {
      server.on('Disconnected', ({ connectionid }) => void last.push(server.get(P.UserData, connectionid)));
      const one = await server.connect();
      const two = await server.connect();
      server.must(server.set(P.UserData, one.id, 'name\u0000\u00ff'));
      server.must(server.set(P.UserData, two.id, Uint8Array.of(1, 2, 3)));
      expect(server.get(P.UserData, one.id)).toBe('name\u0000\u00ff');
      expect(server.get(P.UserData, two.id)).toBe('\u0001\u0002\u0003');
      one.client.end();
      await server.event('Disconnected', one.id);
      expect(last).toEqual(['name\u0000\u00ff']);
    });
  });

  test('takes a large value and gives it back as bytes too', () =>
    withServer(kind, {}, async (server) => {
      const { id } = await server.connect();
      server.must(server.set(P.UserData, id, 'u'.repeat(1_000_000)));
      const bytes = server.api.ipworks_ipdaemon_get_bytes(server.res, P.UserData, id);
      expect(bytes?.length).toBe(1_000_000);
    }));
});
