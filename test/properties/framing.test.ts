// The properties that decide how input is cut: EOL, RecordLength, SingleLineMode.
import { expect, test } from '@jest/globals';
import { covers } from '../support/coverage';
import { P } from '../support/ids';
import { behaviour, withServer } from '../support/server';

behaviour(covers('property', 'EOL'), (kind) => {
  test('splits incoming data into one event per line', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      server.must(server.set(P.EOL, id, '\r\n'));
      client.write('one\r\ntwo\r');
      client.write('\n\r\nthree\r\n');
      await server.event('DataIn', id, 4);
      expect(server.pieces(id)).toEqual(['one', 'two', '', 'three'].map((text) => ({ text, eol: true })));
    }));

  test('empty delivers data as it comes, with eol true', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      client.write('no\nframing');
      await server.until(() => server.input(id) === 'no\nframing', 'the data as it came');
      expect(server.pieces(id).every((piece) => piece.eol)).toBe(true);
    }));

  test('of one connection says nothing for another', () =>
    withServer(kind, {}, async (server) => {
      const lines = await server.connect();
      const plain = await server.connect();
      server.set(P.EOL, lines.id, '\n');
      lines.client.write('a\nb\n');
      plain.client.write('a\nb\n');
      await server.event('DataIn', lines.id, 2);
      await server.until(() => server.input(plain.id) === 'a\nb\n', 'the data of the other connection');
      expect(server.pieces(lines.id).map((piece) => piece.text)).toEqual(['a', 'b']);
    }));

  test('delivers the rest without EOL, eol false, when the peer ends', () =>
    withServer(kind, { before: (server) => server.set(P.DefaultEOL, '\n') }, async (server) => {
      const { client, id } = await server.connect();
      client.write('line\nrest');
      client.end();
      await server.event('Disconnected', id);
      expect(server.pieces(id)).toEqual([
        { text: 'line', eol: true },
        { text: 'rest', eol: false },
      ]);
    }));

  test('applies from the very next byte when changed inside DataIn', () =>
    withServer(
      kind,
      {
        before: (server) => {
          server.set(P.DefaultEOL, '\n');
          server.on('DataIn', ({ connectionid, text }) => {
            if (text === 'semicolons') {
              server.set(P.EOL, connectionid, ';');
            }
          });
        },
      },
      async (server) => {
        const { client, id } = await server.connect();
        client.write('semicolons\na\nb;c;');
        await server.event('DataIn', id, 3);
        expect(server.pieces(id).map((piece) => piece.text)).toEqual(['semicolons', 'a\nb', 'c']);
      },
    ));
});

behaviour(covers('property', 'RecordLength'), (kind) => {
  test('delivers exactly so many bytes each time', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      server.must(server.set(P.RecordLength, id, 4));
      client.write('abc');
      client.write('defghij');
      client.write('kl');
      await server.event('DataIn', id, 3);
      expect(server.pieces(id)).toEqual(['abcd', 'efgh', 'ijkl'].map((text) => ({ text, eol: true })));
    }));

  test('changes inside DataIn for header and body', () =>
    withServer(
      kind,
      {
        before: (server) => {
          let header = true;
          server.on('Connected', ({ connectionid }) => server.set(P.RecordLength, connectionid, 2));
          server.on('DataIn', ({ connectionid, text }) => {
            server.set(P.RecordLength, connectionid, header ? text.charCodeAt(1) : 2);
            header = !header;
          });
        },
      },
      async (server) => {
        const { client, id } = await server.connect();
        client.write('\u0000\u0005hello\u0000\u0003abc\u0000\u0001z');
        await server.event('DataIn', id, 6);
        expect(server.pieces(id).map((piece) => piece.text)).toEqual([
          '\u0000\u0005',
          'hello',
          '\u0000\u0003',
          'abc',
          '\u0000\u0001',
          'z',
        ]);
      },
    ));

  test('wins over EOL and SingleLineMode, and 0 goes back to them', () =>
    withServer(
      kind,
      {
        before: (server) => {
          server.set(P.DefaultEOL, '\n');
          server.on('Connected', ({ connectionid }) => server.set(P.RecordLength, connectionid, 3));
          server.on('DataIn', ({ connectionid }) => server.set(P.RecordLength, connectionid, 0));
        },
      },
      async (server) => {
        const { client, id } = await server.connect();
        client.write('a\nbcd\nef\n');
        await server.event('DataIn', id, 3);
        expect(server.pieces(id).map((piece) => piece.text)).toEqual(['a\nb', 'cd', 'ef']);
      },
    ));

  test('delivers a short record with eol false when the peer ends', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      server.set(P.RecordLength, id, 4);
      client.write('abcdef');
      client.end();
      await server.event('Disconnected', id);
      expect(server.pieces(id)).toEqual([
        { text: 'abcd', eol: true },
        { text: 'ef', eol: false },
      ]);
    }));

  test('may be far longer than a line', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      server.set(P.RecordLength, id, 300_000);
      client.write('r'.repeat(600_000));
      await server.event('DataIn', id, 2);
      expect(server.pieces(id).map((piece) => piece.text.length)).toEqual([300_000, 300_000]);
    }));
});

behaviour(covers('property', 'SingleLineMode', 'DefaultSingleLineMode'), (kind) => {
  test('splits at CR, LF and CR LF and ignores EOL', () =>
    withServer(
      kind,
      {
        before: (server) => {
          server.set(P.DefaultSingleLineMode, true);
          server.set(P.DefaultEOL, ';');
        },
      },
      async (server) => {
        const { client, id } = await server.connect();
        client.write('a;b\rc\nd\r\n\r\n\n\re\r\n');
        await server.event('DataIn', id, 7);
        expect(server.pieces(id).map((piece) => piece.text)).toEqual(['a;b', 'c', 'd', '', '', '', 'e']);
      },
    ));

  test('delivers at CR at once and swallows an LF that comes later', () =>
    withServer(kind, { before: (server) => server.set(P.DefaultSingleLineMode, true) }, async (server) => {
      const { client, id } = await server.connect();
      client.write('first\r');
      await server.event('DataIn', id);
      client.write('\nsecond\n');
      await server.event('DataIn', id, 2);
      expect(server.pieces(id).map((piece) => piece.text)).toEqual(['first', 'second']);
    }));

  test('switched off after CR still swallows the directly following LF', () =>
    withServer(
      kind,
      {
        before: (server) => {
          server.set(P.DefaultSingleLineMode, true);
          server.on('DataIn', ({ connectionid }) => server.set(P.SingleLineMode, connectionid, false));
        },
      },
      async (server) => {
        const { client, id } = await server.connect();
        client.write('line\r');
        await server.event('DataIn', id);
        client.write('\nrest\r\n');
        await server.until(() => server.input(id) === 'linerest\r\n', 'the rest as it came');
      },
    ));
});
