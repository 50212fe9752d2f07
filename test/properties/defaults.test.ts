// The Default... properties: they seed new connections and leave the others alone.
import { expect, test } from '@jest/globals';
import { covers } from '../support/coverage';
import { P } from '../support/ids';
import { behaviour, withServer } from '../support/server';

behaviour(covers('property', 'DefaultEOL', 'DefaultIdleTimeout', 'DefaultSingleLineMode', 'DefaultTimeout'), (kind) => {
  test.each([
    ['DefaultEOL', P.DefaultEOL, P.EOL, '\r\n', ''],
    ['DefaultIdleTimeout', P.DefaultIdleTimeout, P.IdleTimeout, 600, 0],
    ['DefaultSingleLineMode', P.DefaultSingleLineMode, P.SingleLineMode, true, false],
    ['DefaultTimeout', P.DefaultTimeout, P.Timeout, 9, 0],
  ] as const)('%s is what new connections start with, and changes no other', (_name, seed, own, value, before) =>
    withServer(kind, {}, async (server) => {
      const old = await server.connect();
      server.must(server.set(seed, value));
      const fresh = await server.connect();
      expect(server.get(own, old.id)).toBe(before);
      expect(server.get(own, fresh.id)).toBe(value);
      expect(server.get(seed)).toBe(value);
    }),
  );

  test('are in force inside Connected already', () => {
    const read: unknown[] = [];
    return withServer(
      kind,
      {
        before: (server) => {
          server.set(P.DefaultEOL, '|');
          server.on('Connected', ({ connectionid }) => void read.push(server.get(P.EOL, connectionid)));
        },
      },
      async (server) => {
        await server.connect();
        expect(read).toEqual(['|']);
      },
    );
  });
});

behaviour(covers('property', 'DefaultEOL'), (kind) => {
  test('cuts the input of new connections', () =>
    withServer(kind, { before: (server) => server.set(P.DefaultEOL, '\n') }, async (server) => {
      const { client, id } = await server.connect();
      client.write('one\ntwo\nthr');
      client.write('ee\n');
      await server.event('DataIn', id, 3);
      expect(server.pieces(id)).toEqual([
        { text: 'one', eol: true },
        { text: 'two', eol: true },
        { text: 'three', eol: true },
      ]);
    }));

  test('may be given as bytes and may hold NUL', () =>
    withServer(
      kind,
      { before: (server) => server.must(server.set(P.DefaultEOL, Uint8Array.of(0, 255))) },
      async (server) => {
        expect(server.get(P.DefaultEOL)).toBe('\u0000\u00ff');
        const { client, id } = await server.connect();
        client.write('a\u0000b\u0000\u00ffc\u0000\u00ff');
        await server.event('DataIn', id, 2);
        expect(server.pieces(id)).toEqual([
          { text: 'a\u0000b', eol: true },
          { text: 'c', eol: true },
        ]);
      },
    ));
});

behaviour(covers('property', 'DefaultMaxLineLength'), (kind) => {
  test('cuts a longer line into pieces with eol false', () =>
    withServer(
      kind,
      {
        before: (server) => {
          server.set(P.DefaultEOL, '\n');
          server.set(P.DefaultMaxLineLength, 300);
        },
      },
      async (server) => {
        const { client, id } = await server.connect();
        client.write(`${'a'.repeat(700)}\nshort\n`);
        await server.event('DataIn', id, 4);
        expect(server.pieces(id)).toEqual([
          { text: 'a'.repeat(300), eol: false },
          { text: 'a'.repeat(300), eol: false },
          { text: 'a'.repeat(100), eol: true },
          { text: 'short', eol: true },
        ]);
      },
    ));

  test.each([255, 256, 257])('delivers a line of %d bytes with a limit of 256 as its rule says', (length) =>
    withServer(
      kind,
      {
        before: (server) => {
          server.set(P.DefaultEOL, '\r\n');
          server.set(P.DefaultMaxLineLength, 256);
        },
      },
      async (server) => {
        const { client, id } = await server.connect();
        const line = 'b'.repeat(length);
        client.write(`${line}\r\nend\r\n`);
        await server.until(() => server.input(id).endsWith('end'), 'both lines');
        const expected =
          length <= 256
            ? [{ text: line, eol: true }]
            : [
                { text: line.slice(0, 256), eol: false },
                { text: line.slice(256), eol: true },
              ];
        expect(server.pieces(id)).toEqual([...expected, { text: 'end', eol: true }]);
      },
    ),
  );

  test('delivers a piece as soon as one more byte proves the line too long, and not before', () =>
    withServer(
      kind,
      {
        before: (server) => {
          server.set(P.DefaultEOL, '\r\n');
          server.set(P.DefaultMaxLineLength, 256);
        },
      },
      async (server) => {
        const { client, id } = await server.connect();
        client.write('p'.repeat(256));
        const other = await server.connect();
        other.client.write('through\r\n');
        await server.event('DataIn', other.id);
        expect(server.count('DataIn', id)).toBe(0);
        client.write('\r');
        other.client.write('again\r\n');
        await server.event('DataIn', other.id, 2);
        expect(server.count('DataIn', id)).toBe(0);
        client.write('p');
        await server.event('DataIn', id);
        expect(server.pieces(id)).toEqual([{ text: 'p'.repeat(256), eol: false }]);
        client.write('\r\n');
        await server.event('DataIn', id, 2);
        expect(server.pieces(id)[1]).toEqual({ text: '\rp', eol: true });
        client.write('q'.repeat(257));
        await server.event('DataIn', id, 3);
        expect(server.pieces(id)[2]).toEqual({ text: 'q'.repeat(256), eol: false });
      },
    ));

  test('counts at least 256', () =>
    withServer(kind, { before: (server) => server.must(server.set(P.DefaultMaxLineLength, 10)) }, async (server) => {
      expect(server.get(P.DefaultMaxLineLength)).toBe(256);
      server.set(P.DefaultEOL, '\n');
      const { client, id } = await server.connect();
      client.write(`${'c'.repeat(200)}\n`);
      await server.event('DataIn', id);
      expect(server.pieces(id)).toEqual([{ text: 'c'.repeat(200), eol: true }]);
    }));
});
