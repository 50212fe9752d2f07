// Each event: when it fires, what it carries, what its handler may change.
import { expect, test } from '@jest/globals';
import { covers } from '../support/coverage';
import { Code, E, P } from '../support/ids';
import { behaviour, fill, type Param, stays, withServer } from '../support/server';

behaviour(covers('event', 'ConnectionRequest'), (kind) => {
  test('carries the address and the port of the peer, and accept true', () =>
    withServer(kind, {}, async (server) => {
      const { client } = await server.connect();
      expect(Object.keys(server.events('ConnectionRequest')[0] ?? {})).toEqual(['address', 'port', 'accept']);
      expect(server.events('ConnectionRequest')).toMatchObject([
        { address: '127.0.0.1', port: client.localPort, accept: true },
      ]);
    }));

  test.each([
    [
      'changed in place',
      (param: Param) => {
        param.accept = false;
      },
    ],
    ['in a returned object', (param: Param) => ({ ...param, accept: false })],
    ['alone in a returned object', () => ({ accept: false })],
    ['as another false value', (param: Param) => ({ ...param, accept: 0 })],
  ])('accept false %s refuses the peer without a further event', (_way, handler) =>
    withServer(kind, { on: { ConnectionRequest: handler as (param: Param) => unknown } }, async (server) => {
      const client = server.client();
      await server.until(() => client.ended || client.closed, 'the peer to be refused');
      expect(client.bytesReceived).toBe(0);
      expect(server.seen.map((event) => event.name)).toEqual(['ConnectionRequest']);
      expect(server.get(P.ConnectionCount)).toBe(0);
    }),
  );

  test.each([
    ['nothing', () => undefined],
    ['true', () => true],
    ['a string', () => 'no'],
    ['a promise', () => Promise.resolve({ accept: false })],
    ['an object without the key', () => ({ address: '192.0.2.1' })],
  ])('returning %s changes nothing', (_what, handler) =>
    withServer(kind, { on: { ConnectionRequest: handler } }, async (server) => {
      await server.connect();
    }),
  );

  test('without a handler lets everybody in', () =>
    withServer(kind, { without: ['ConnectionRequest'] }, async (server) => {
      await server.connect();
    }));
});

behaviour(covers('event', 'Connected'), (kind) => {
  test('fires once per connection, with status 0 and OK, before anything else of it', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      client.write('x');
      client.end();
      await server.event('Disconnected', id);
      expect(server.story(id)).toEqual(['Connected', 'ReadyToSend', 'DataIn', 'Disconnected']);
      expect(server.events('Connected', id)).toMatchObject([{ connectionid: id, statuscode: 0, description: 'OK' }]);
      expect(Object.keys(server.events('Connected', id)[0] ?? {})).toEqual([
        'connectionid',
        'statuscode',
        'description',
      ]);
    }));

  test('may set EOL, Timeout and UserData for what follows', () =>
    withServer(
      kind,
      {
        before: (server) => {
          server.on('Connected', ({ connectionid }) => {
            server.set(P.EOL, connectionid, '\n');
            server.set(P.Timeout, connectionid, 5);
            server.set(P.UserData, connectionid, 'set early');
          });
        },
      },
      async (server) => {
        const { client, id } = await server.connect();
        client.write('a\nb\n');
        await server.event('DataIn', id, 2);
        expect([server.get(P.Timeout, id), server.get(P.UserData, id)]).toEqual([5, 'set early']);
      },
    ));

  test('may send, before any ReadyToSend', () =>
    withServer(
      kind,
      {
        before: (server) => server.on('Connected', ({ connectionid }) => server.must(server.send(connectionid, 'hi'))),
      },
      async (server) => {
        const { client } = await server.connect();
        await client.receives('hi');
      },
    ));
});

behaviour(covers('event', 'ReadyToSend'), (kind) => {
  test('fires exactly once right after Connected, without any send', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      client.write('something');
      await server.event('DataIn', id);
      await stays(() => server.count('ReadyToSend', id) > 1, 'a second ReadyToSend');
      expect(server.story(id)).toEqual(['Connected', 'ReadyToSend', 'DataIn']);
    }));

  test('does not fire after a send that was accepted', () =>
    withServer(kind, { smallBuffers: true }, async (server) => {
      const { client, id } = await server.connect({ paused: true });
      server.must(server.send(id, 'r'.repeat(5_000_000)));
      client.socket.resume();
      await client.receives('r'.repeat(5_000_000));
      await stays(() => server.count('ReadyToSend', id) > 1, 'a ReadyToSend nobody waits for');
    }));

  test('of a refusal inside Connected and of the beginning are one, before any DataIn', () =>
    withServer(kind, { smallBuffers: true }, async (server) => {
      let accepted = '';
      server.on('Connected', ({ connectionid }) => {
        // In large pieces: the system may take some more a moment later, and it is still full.
        accepted = fill(server, connectionid, 4_000_000);
      });
      const client = server.client({ paused: true });
      await client.isConnected();
      client.write('input');
      const { connectionid: id } = await server.event('Connected');
      await stays(() => server.count('ReadyToSend', id) + server.count('DataIn', id) > 0, 'an event while it is full');
      client.socket.resume();
      await server.event('DataIn', id);
      expect(server.story(id)).toEqual(['Connected', 'ReadyToSend', 'DataIn']);
      await client.receives(accepted);
    }));

  test('fires again for each time that the queue was full', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect({ paused: true });
      let accepted = '';
      for (let round = 1; round <= 3; round += 1) {
        client.socket.pause();
        accepted += fill(server, id);
        expect(server.count('ReadyToSend', id)).toBe(round);
        client.socket.resume();
        await server.event('ReadyToSend', id, round + 1);
      }
      await client.receives(accepted);
    }));

  test('may send, and a refusal there fires it again later', () =>
    withServer(kind, {}, async (server) => {
      let accepted = '';
      let rounds = 0;
      server.on('ReadyToSend', ({ connectionid }) => {
        rounds += 1;
        if (rounds <= 4) {
          accepted += fill(server, connectionid);
        }
      });
      const client = server.client();
      await server.until(() => rounds === 5, 'five rounds');
      await client.receives(accepted);
    }));
});

behaviour(covers('event', 'DataIn'), (kind) => {
  test('carries the connection, the text and eol', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      client.write('payload');
      await server.event('DataIn', id);
      const param = server.events('DataIn', id)[0] as Param;
      expect(Object.keys(param)).toEqual(['connectionid', 'text', 'eol']);
      expect(param).toMatchObject({ connectionid: id, text: 'payload', eol: true });
    }));

  test('has the same bytes as textB, also after the handler has returned', () =>
    withServer(kind, { before: (server) => server.set(P.DefaultEOL, '\n') }, async (server) => {
      const { client, id } = await server.connect();
      client.write('\u0000\u007f\u0080\u00ff\nnext\n');
      await server.event('DataIn', id, 2);
      const params = server.events('DataIn', id);
      expect([...(params[0]?.textB ?? [])]).toEqual([0, 127, 128, 255]);
      expect(Buffer.from(params[1]?.textB ?? []).toString()).toBe('next');
    }));

  test('delivers every byte of a large stream once and in order', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      const text = Array.from({ length: 500_000 }, (_, i) => String.fromCharCode((i * 31 + (i >> 8)) & 255)).join('');
      for (let at = 0; at < text.length; at += 77_777) {
        client.write(text.slice(at, at + 77_777));
      }
      client.end();
      await server.event('Disconnected', id);
      expect(server.input(id) === text).toBe(true);
    }));

  test('is not fired again for a connection whose handler is running', () =>
    withServer(kind, { before: (server) => server.set(P.DefaultEOL, '\n') }, async (server) => {
      let depth = 0;
      let deepest = 0;
      server.on('DataIn', () => {
        depth += 1;
        deepest = Math.max(deepest, depth);
        for (let i = 0; i < 3; i += 1) {
          server.must(server.doEvents());
        }
        depth -= 1;
      });
      const { client, id } = await server.connect();
      client.write('1\n2\n3\n');
      await server.event('DataIn', id, 3);
      expect(deepest).toBe(1);
      expect(server.pieces(id).map((piece) => piece.text)).toEqual(['1', '2', '3']);
    }));

  test('without a handler input is read and let go, and the connection still ends in order', () =>
    withServer(kind, { without: ['DataIn'], check: { bytes: false } }, async (server) => {
      const { client, id } = await server.connect({ record: false });
      client.write(Buffer.alloc(4 << 20));
      client.end();
      expect((await server.event('Disconnected', id)).statuscode).toBe(0);
    }));

  test('ends when null is registered, and begins again with a function', () =>
    withServer(kind, { check: { bytes: false } }, async (server) => {
      const { client, id } = await server.connect();
      const got: string[] = [];
      const { api, res } = server;
      api.ipworks_ipdaemon_register_callback(res, E.DataIn, null);
      client.write('lost');
      await stays(() => server.count('DataIn', id) > 0, 'an event that nobody registered for', 20);
      api.ipworks_ipdaemon_register_callback(res, E.DataIn, (param: unknown) => void got.push((param as Param).text));
      client.write('found');
      await server.until(() => got.join('').endsWith('found'), 'DataIn at the second function');
      expect(server.count('DataIn', id)).toBe(0);
    }));
});

behaviour(covers('event', 'Disconnected'), (kind) => {
  test('is 0 and OK after an orderly end of the peer, after all of its data', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      client.write('the end');
      client.end();
      expect(await server.event('Disconnected', id)).toMatchObject({ statuscode: 0, description: 'OK' });
      expect(server.input(id)).toBe('the end');
      expect(Object.keys(server.events('Disconnected', id)[0] ?? {})).toEqual([
        'connectionid',
        'statuscode',
        'description',
      ]);
      await client.isGone();
    }));

  test('is 10054 with a text after a reset by the peer, after what had been received', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      client.write('received');
      await server.event('DataIn', id);
      client.reset();
      const ended = await server.event('Disconnected', id);
      expect(ended.statuscode).toBe(Code.ResetByPeer);
      expect(ended.description).toMatch(/^\[10054\] /);
    }));

  test('flushes what is queued when the peer has ended its side only', () =>
    withServer(kind, { smallBuffers: true }, async (server) => {
      const { client, id } = await server.connect({ paused: true, allowHalfOpen: true });
      const text = 'f'.repeat(4_000_000);
      server.must(server.send(id, text));
      client.end();
      await stays(() => server.count('Error', id) > 0, 'an error', 5);
      client.socket.resume();
      await client.receives(text);
      expect((await server.event('Disconnected', id)).statuscode).toBe(0);
    }));

  test('lets a request be answered that came together with the end of the peer', () =>
    withServer(kind, {}, async (server) => {
      server.on('DataIn', ({ connectionid, text }) => server.must(server.send(connectionid, `answer to ${text}`)));
      const { client, id } = await server.connect({ allowHalfOpen: true });
      client.write('question');
      client.end();
      await client.receives('answer to question');
      await client.isGone();
      expect((await server.event('Disconnected', id)).statuscode).toBe(0);
    }));
});

behaviour(covers('event', 'Error'), (kind) => {
  test('reports what no call can: a file that shrinks while it is sent', () => {
    const fs = require('node:fs') as typeof import('node:fs');
    const path = require('node:path') as typeof import('node:path');
    const folder = fs.mkdtempSync(path.join(require('node:os').tmpdir(), 'ipdaemon-'));
    const name = path.join(folder, 'shrinks');
    fs.writeFileSync(name, Buffer.alloc(20_000_000));
    return withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect({ paused: true, record: false });
      server.must(server.sendFile(id, name));
      fs.truncateSync(name, 1);
      client.socket.resume();
      await server.event('Disconnected', id);
      const [error] = server.events('Error', id);
      expect(Object.keys(error ?? {})).toEqual(['connectionid', 'errorcode', 'description']);
      expect(error).toMatchObject({ connectionid: id, errorcode: Code.FileUnusable });
      expect(error?.description).not.toBe('');
    }).finally(() => fs.rmSync(folder, { recursive: true }));
  });

  test('does not fire for errors that a call returns', () =>
    withServer(kind, {}, async (server) => {
      const { id } = await server.connect();
      server.send(id + 1, 'x');
      server.config('Nonsense');
      server.set(P.LocalPort, 1);
      await stays(() => server.count('Error') > 0, 'an Error event');
    }));
});

behaviour(covers('event', 'SSLClientAuthentication', 'SSLConnectionRequest', 'SSLStatus'), (kind) => {
  test('can be registered for, and never fire for a connection in clear', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      // The beginning of a TLS handshake is input like any other on a connection in clear.
      client.write('\u0016\u0003\u0001\u0000\u0005hello');
      await server.event('DataIn', id);
      client.end();
      await server.event('Disconnected', id);
      const names = server.seen.map((event) => event.name as string).filter((name) => name.startsWith('SSL'));
      expect(names).toEqual([]);
    }));

  test.each([E.SSLClientAuthentication, E.SSLConnectionRequest, E.SSLStatus])(
    'event %d takes a function and null',
    (event) =>
      withServer(kind, { listen: false }, ({ api, res }) => {
        expect(api.ipworks_ipdaemon_register_callback(res, event, () => undefined)).toBe(0);
        expect(api.ipworks_ipdaemon_register_callback(res, event, null)).toBe(0);
      }),
  );
});
