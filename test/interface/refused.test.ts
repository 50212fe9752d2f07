// Calls that are refused before they do anything: for what is no server, no connection and no text, and what BytesSent
// is afterwards.
import * as path from 'node:path';
import { expect, test } from '@jest/globals';
import { Code, E, P } from '../support/ids';
import { behaviour, fill, type TestServer, withServer } from '../support/server';
import { patience } from '../support/waiting';

type Call = (server: TestServer, id: number) => number;

const noByte = 'a character of none: \u20ac';
const send: Record<string, (text: unknown) => Call> = {
  do_send: (text) => (server, id) => server.api.ipworks_ipdaemon_do_send(server.res, id, text as string),
  do_sendline: (text) => (server, id) => server.api.ipworks_ipdaemon_do_sendline(server.res, id, text as string),
  DataToSend: (text) => (server, id) => server.api.ipworks_ipdaemon_set(server.res, P.DataToSend, id, text as string),
};
const sendFile =
  (name: unknown): Call =>
  (server, id) =>
    server.api.ipworks_ipdaemon_do_sendfile(server.res, id, name as string);

const refused: [string, number, Call][] = [
  ...Object.entries(send).flatMap(([name, of]): [string, number, Call][] => [
    [`${name} of a character that does not fit a byte`, Code.TextNotConvertible, of(noByte)],
    [`${name} of a long text with such a character`, Code.TextNotConvertible, of('x'.repeat(5000) + noByte)],
    [`${name} of null`, Code.InvalidValue, of(null)],
    [`${name} of undefined`, Code.InvalidValue, of(undefined)],
    [`${name} of an object`, Code.InvalidValue, of({})],
    [`${name} of a bare object`, Code.InvalidValue, of(Object.create(null))],
    [`${name} of a symbol`, Code.InvalidValue, of(Symbol('text'))],
  ]),
  ['do_sendfile of a file that is missing', Code.FileUnusable, sendFile(path.join(__dirname, 'no such file'))],
  ['do_sendfile of a folder', Code.FileUnusable, sendFile(__dirname)],
  ['do_sendfile of no name', Code.FileUnusable, sendFile('')],
  ['do_sendfile of a name with NUL', Code.FileUnusable, sendFile('a\0b')],
  ['do_sendfile of a bare object', Code.FileUnusable, sendFile(Object.create(null))],
  ['do_sendfile of a symbol', Code.FileUnusable, sendFile(Symbol('name'))],
];

behaviour('BytesSent after a send that failed whole', (kind) => {
  test.each(refused)('is 0: %s', (_what, code, call) =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      for (const codePage of ['28591', '20127']) {
        server.config(`CodePage=${codePage}`);
        server.must(server.send(id, 'twelve bytes'));
        expect(server.get(P.BytesSent, id)).toBe(12);
        expect(call(server, id)).toBe(code);
        expect(server.api.ipworks_ipdaemon_get_last_error_code(server.res)).toBe(code);
        expect(server.get(P.BytesSent, id)).toBe(0);
        server.must(server.send(id, 'x'));
        expect(server.get(P.BytesSent, id)).toBe(1);
      }
      await client.receives('twelve bytesxtwelve bytesx');
    }),
  );

  test('is 0 when it was refused for now, and behind a broken connection', () =>
    withServer(kind, { smallBuffers: true, check: { bytes: false } }, async (server) => {
      const { client, id } = await server.connect({ paused: true });
      fill(server, id);
      expect(server.get(P.BytesSent, id)).toBe(0);
      const { client: other, id: otherId } = await server.connect();
      const seen: unknown[] = [];
      server.on('DataIn', ({ connectionid }) => {
        server.must(server.send(connectionid, 'sent'));
        other.reset();
        const deadline = performance.now() + patience;
        const { api, res } = server;
        while (api.ipworks_ipdaemon_get(res, P.Connected, connectionid) && performance.now() < deadline)
          server.doEvents();
        seen.push(server.sendFile(connectionid, __filename) !== 0, server.get(P.BytesSent, connectionid));
      });
      other.write('go');
      await server.event('Disconnected', otherId);
      expect(seen).toEqual([true, 0]);
      client.reset();
      await server.event('Disconnected', id);
    }));

  test('is 0 within the lines of a batch, too', () =>
    withServer(kind, { before: (server) => server.set(P.DefaultEOL, '\n'), record: false }, async (server) => {
      const { api, res } = server;
      const seen: unknown[] = [];
      server.on('DataIn', ({ connectionid, text }) => {
        seen.push(api.ipworks_ipdaemon_do_send(res, connectionid, text));
        seen.push(api.ipworks_ipdaemon_do_send(res, connectionid, noByte));
        seen.push(api.ipworks_ipdaemon_get(res, P.BytesSent, connectionid));
      });
      const { client } = await server.connect();
      client.write('one\ntwo\n');
      await client.receives('onetwo');
      await server.until(() => seen.length === 6, 'both lines');
      expect(seen).toEqual([0, Code.TextNotConvertible, 0, 0, Code.TextNotConvertible, 0]);
    }));
});

behaviour('a text of no length', (kind) => {
  test('is refused to a connection that has gone inside a batch of its lines', () =>
    withServer(kind, { before: (server) => server.set(P.DefaultEOL, '\n'), record: false }, async (server) => {
      const { api, res } = server;
      const codes: number[] = [];
      server.on('DataIn', ({ connectionid, text }) => {
        if (text !== '1') return;
        codes.push(api.ipworks_ipdaemon_do_send(res, connectionid, ''));
        api.ipworks_ipdaemon_do_disconnect(res, connectionid);
        codes.push(api.ipworks_ipdaemon_do_send(res, connectionid, ''));
        codes.push(api.ipworks_ipdaemon_do_sendline(res, connectionid, ''));
      });
      const { client } = await server.connect();
      client.write('1\n2\n3\n');
      await client.isGone();
      expect(codes).toEqual([0, Code.NotOpen, Code.NotOpen]);
    }));
});

behaviour('a number that is no handle', (kind) => {
  const calls = (server: TestServer): Record<string, (res: never) => unknown> => ({
    close: (res) => server.api.ipworks_ipdaemon_close(res),
    set: (res) => server.api.ipworks_ipdaemon_set(res, P.DefaultEOL, 0, 'x'),
    'set of bytes': (res) => server.api.ipworks_ipdaemon_set(res, P.DataToSend, 0, noByte),
    get: (res) => server.api.ipworks_ipdaemon_get(res, P.DefaultEOL),
    get_bytes: (res) => server.api.ipworks_ipdaemon_get_bytes(res, P.DefaultEOL),
    register_callback: (res) => server.api.ipworks_ipdaemon_register_callback(res, E.DataIn, null),
    'register_callback of nothing': (res) =>
      server.api.ipworks_ipdaemon_register_callback(res, E.DataIn, undefined as unknown as null),
    get_last_error: (res) => server.api.ipworks_ipdaemon_get_last_error(res),
    get_last_error_code: (res) => server.api.ipworks_ipdaemon_get_last_error_code(res),
    do_config: (res) => server.api.ipworks_ipdaemon_do_config(res, 'TcpNoDelay'),
    do_disconnect: (res) => server.api.ipworks_ipdaemon_do_disconnect(res, 1),
    do_doevents: (res) => server.api.ipworks_ipdaemon_do_doevents(res),
    do_interrupt: (res) => server.api.ipworks_ipdaemon_do_interrupt(res, 1),
    do_reset: (res) => server.api.ipworks_ipdaemon_do_reset(res),
    do_send: (res) => server.api.ipworks_ipdaemon_do_send(res, 1, 'x'),
    'do_send of nothing': (res) => server.api.ipworks_ipdaemon_do_send(res, 0, ''),
    'do_send of a long text': (res) => server.api.ipworks_ipdaemon_do_send(res, 1, `${'x'.repeat(5000)}\u20ac`),
    do_sendline: (res) => server.api.ipworks_ipdaemon_do_sendline(res, 0, ''),
    do_sendfile: (res) => server.api.ipworks_ipdaemon_do_sendfile(res, 1, __filename),
    do_shutdown: (res) => server.api.ipworks_ipdaemon_do_shutdown(res),
    do_startssl: (res) => server.api.ipworks_ipdaemon_do_startssl(res, 1),
    ipdaemon_counter: (res) => server.api.ipdaemon_counter(res, server.api.Counter.Accepted),
  });

  test('is refused by every function with its name', () =>
    withServer(kind, { listen: false }, (server) => {
      const { res } = server;
      const others: unknown[] = [
        0,
        -1,
        res + 2 ** 32,
        res - 2 ** 32,
        res + 0.5,
        Number.NaN,
        Number.POSITIVE_INFINITY,
        String(res),
        BigInt(res),
        Symbol('res'),
        Object.create(null),
        null,
        undefined,
        { valueOf: () => res },
      ];
      for (const [name, call] of Object.entries(calls(server))) {
        const [own] = name.split(' ') as [string];
        const expected = own.startsWith('ipdaemon') ? own : `ipworks_ipdaemon_${own}`;
        for (const other of others) {
          let thrown: unknown;
          try {
            call(other as never);
          } catch (error) {
            thrown = error;
          }
          expect([name, other, (thrown as Error)?.name, (thrown as Error)?.message]).toEqual([
            name,
            other,
            'TypeError',
            expect.stringContaining(`${expected}: `),
          ]);
        }
      }
      expect(server.get(P.DefaultEOL)).toBe('');
    }));
});

behaviour('what is not a connection id', (kind) => {
  test('is answered with 126, and the text tells what it was', () =>
    withServer(kind, { check: { bytes: false } }, async (server) => {
      const { id } = await server.connect();
      const { api, res } = server;
      const others: [unknown, string][] = [
        [Symbol('one'), 'Symbol(one)'],
        [Object.create(null), 'an object'],
        [{ valueOf: () => id }, 'an object'],
        [() => id, 'a function'],
        [null, 'null'],
        [undefined, 'undefined'],
        ['first', '"first"'],
        [id + 0.5, String(id + 0.5)],
        [id + 2 ** 32, String(id + 2 ** 32)],
        [BigInt(id) + 2n ** 64n, `${BigInt(id) + 2n ** 64n}n`],
        [[id], 'an array'],
        [Number.NaN, 'NaN'],
      ];
      const calls: ((other: never) => unknown)[] = [
        (other) => api.ipworks_ipdaemon_do_send(res, other, 'x'),
        (other) => api.ipworks_ipdaemon_do_send(res, other, Buffer.from('x')),
        (other) => api.ipworks_ipdaemon_do_sendline(res, other, ''),
        (other) => api.ipworks_ipdaemon_do_sendfile(res, other, __filename),
        (other) => api.ipworks_ipdaemon_do_disconnect(res, other),
        (other) => api.ipworks_ipdaemon_do_interrupt(res, other),
        (other) => api.ipworks_ipdaemon_do_startssl(res, other),
        (other) => api.ipworks_ipdaemon_set(res, P.EOL, other, '\n'),
        (other) => api.ipworks_ipdaemon_set(res, P.DataToSend, other, 'x'),
        (other) => api.ipworks_ipdaemon_get_bytes(res, P.RemoteHost, other) ?? Code.UnknownConnection,
        // The index of `get` may be left out.
        (other) => (other === undefined ? 126 : (api.ipworks_ipdaemon_get(res, P.ReadyToSend, other) ?? 126)),
      ];
      for (const [other, text] of others) {
        for (const call of calls) {
          expect(call(other as never)).toBe(Code.UnknownConnection);
          if (other === undefined) continue;
          expect(api.ipworks_ipdaemon_get_last_error(res)).toContain(`${text} is not a connection id`);
        }
      }
      // Like numeric strings, integers of that type are as good as numbers.
      expect(api.ipworks_ipdaemon_do_send(res, BigInt(id) as unknown as number, 'x')).toBe(0);
    }));
});
