// Data through TLS: the same promises as in clear, and how a connection ends.
import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { writeTemporary } from '../support/certificates';
import { Code, P } from '../support/ids';
import { withThreadPeer } from '../support/peer';
import { content, Random } from '../support/random';
import { behaviour, fill, stays, withServer } from '../support/server';
import { configure, expectCrowd, implicit, statuses } from '../support/tls';
import { RecordType } from '../support/tls-client';

const versions = ['TLSv1.2', 'TLSv1.3'] as const;

const sha = (text: string) => createHash('sha256').update(text, 'latin1').digest('hex');

behaviour('data through TLS', (kind) => {
  test.each(versions)('%s: every byte value arrives as it is, both ways', (version) =>
    withServer(kind, { before: implicit() }, async (server) => {
      const every = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join('');
      const { client, id } = await server.connectTls({ version });
      client.write(every);
      await server.until(() => server.input(id) === every, 'every byte value');
      server.must(server.send(id, every));
      await client.receives(every);
      expect(server.get(P.BytesSent, id)).toBe(256);
    }),
  );

  test('is cut at EOL wherever the records end', () =>
    withServer(
      kind,
      { before: implicit('p256', (server) => server.must(server.set(P.DefaultEOL, '\r\n'))) },
      async (server) => {
        const { client, id } = await server.connectTls();
        for (const piece of ['first\r\nsec', 'ond\r', '\nthird\r\n\r\nlast', ' one\r\n']) {
          const before = client.socket.bytesWritten;
          client.write(piece);
          await server.until(() => client.socket.bytesWritten > before, 'the record to be written');
        }
        await server.event('DataIn', id, 5);
        expect(server.pieces(id).map((piece) => piece.text)).toEqual(['first', 'second', 'third', '', 'last one']);
      },
    ));

  test('is cut into records of RecordLength, and a change inside DataIn counts from the next byte', () =>
    withServer(kind, { before: implicit() }, async (server) => {
      server.on('DataIn', ({ connectionid, text }) => {
        server.set(P.RecordLength, connectionid, text.length === 4 ? Number(text) : 4);
      });
      server.on('Connected', ({ connectionid }) => void server.set(P.RecordLength, connectionid, 4));
      const { client, id } = await server.connectTls();
      client.write('0003abc0010abcdefghij0001x');
      await server.event('DataIn', id, 6);
      expect(server.pieces(id).map((piece) => piece.text)).toEqual(['0003', 'abc', '0010', 'abcdefghij', '0001', 'x']);
    }));

  test('of many sizes comes back from an echo', () =>
    withServer(kind, { before: implicit() }, async (server) => {
      server.on('DataIn', ({ connectionid, text }) => server.must(server.send(connectionid, text)));
      const { client } = await server.connectTls();
      let expected = '';
      for (const size of [1, 2, 1000, 16_383, 16_384, 16_385, 40_000, 65_536]) {
        const text = content(size);
        expected += text;
        client.write(text);
        await client.receives(expected);
      }
    }));

  test('several megabytes in one send arrive whole', () =>
    withServer(kind, { before: implicit() }, async (server) => {
      const text = content(5_000_000);
      const { client, id } = await server.connectTls();
      server.must(server.send(id, text));
      expect(server.get(P.BytesSent, id)).toBe(text.length);
      await client.receives(text);
    }));

  test('several megabytes from the client arrive whole', () =>
    withServer(kind, { before: implicit() }, async (server) => {
      const text = content(5_000_000);
      const { client, id } = await server.connectTls();
      client.write(text);
      let count = 0;
      server.on('DataIn', ({ text: piece }) => {
        count += piece.length;
      });
      await server.until(() => count === text.length, 'all bytes');
      expect(sha(server.input(id))).toBe(sha(text));
    }));

  test('is refused whole with 10035 when the queue is full, then ReadyToSend fires once', () =>
    withServer(kind, { before: implicit() }, async (server) => {
      const { client, id } = await server.connectTls({ paused: true });
      const accepted = fill(server, id);
      expect(server.get(P.ReadyToSend, id)).toBe(false);
      expect(server.get(P.BytesSent, id)).toBe(0);
      client.socket.resume();
      await server.event('ReadyToSend', id, 2);
      server.must(server.send(id, 'the end'));
      await client.receives(`${accepted}the end`);
      expect(server.count('ReadyToSend', id)).toBe(2);
    }));

  test('waits while AcceptData is False', () =>
    withServer(kind, { before: implicit() }, async (server) => {
      const { client, id } = await server.connectTls();
      client.write('first');
      await server.event('DataIn', id);
      server.must(server.set(P.AcceptData, id, false));
      client.write('second');
      const other = await server.connectTls();
      other.client.write('of another');
      await server.event('DataIn', other.id);
      await stays(() => server.count('DataIn', id) > 1, 'data while AcceptData is False');
      server.must(server.set(P.AcceptData, id, true));
      await server.until(() => server.input(id) === 'firstsecond', 'the data that waited');
    }));

  test('inside a DataIn handler that sets AcceptData False, the rest of the same record waits', () =>
    withServer(
      kind,
      { before: implicit('p256', (server) => server.must(server.set(P.DefaultEOL, '\n'))) },
      async (server) => {
        server.on('DataIn', ({ connectionid }) => void server.set(P.AcceptData, connectionid, false));
        const { client, id } = await server.connectTls();
        client.write('1\n2\n3\n');
        for (let n = 1; n <= 3; n += 1) {
          await server.event('DataIn', id, n);
          await stays(() => server.count('DataIn', id) > n, 'data while AcceptData is False');
          server.must(server.set(P.AcceptData, id, true));
        }
        expect(server.pieces(id).map((piece) => piece.text)).toEqual(['1', '2', '3']);
      },
    ));

  test('of sends in a handler is gathered, in order, and many connections do not mix', () =>
    withServer(kind, { before: implicit('p256', expectCrowd) }, async (server) => {
      server.on('DataIn', ({ connectionid, text }) => {
        for (const part of ['<', text, '>', '\n']) {
          server.must(server.send(connectionid, part));
        }
      });
      const peers = await Promise.all(Array.from({ length: 20 }, () => server.connectTls()));
      const numbers = new Random(4711);
      const expected = new Map(peers.map(({ id }) => [id, '']));
      for (let round = 0; round < 10; round += 1) {
        for (const { client, id } of peers) {
          const text = `${id}:${numbers.between(0, 999)}`;
          client.write(text);
          expected.set(id, `${expected.get(id)}<${text}>\n`);
        }
        await Promise.all(peers.map(({ client, id }) => client.receives(expected.get(id) as string)));
      }
    }));

  test('with Timeout blocks until the system has it, and BytesSent is exact', () =>
    withServer(kind, { before: implicit() }, (server) =>
      withThreadPeer(server, { secure: true }, async (peer, id) => {
        const text = content(6_000_000);
        server.must(server.set(P.Timeout, id, 60));
        server.must(server.send(id, text));
        expect(server.get(P.BytesSent, id)).toBe(text.length);
        server.must(server.disconnect(id));
        await peer.until('end');
        expect(sha(peer.text)).toBe(sha(text));
      }),
    ));

  test('with Timeout that runs out fails with 301; what BytesSent tells arrives, and no more', () =>
    withServer(kind, { smallBuffers: true, before: implicit() }, (server) =>
      withThreadPeer(server, { secure: true, paused: true }, async (peer, id) => {
        const text = content(12_000_000);
        server.must(server.set(P.Timeout, id, 1));
        expect(server.send(id, text)).toBe(Code.TimedOut);
        const sent = server.get(P.BytesSent, id) as number;
        expect(sent).toBeGreaterThan(0);
        expect(sent).toBeLessThan(text.length);
        peer.command({ op: 'resume' });
        server.must(server.set(P.Timeout, id, 60));
        server.must(server.send(id, 'the end'));
        server.must(server.disconnect(id));
        await peer.until('end');
        expect(peer.text.length).toBe(sent + 7);
        expect(sha(peer.text)).toBe(sha(`${text.slice(0, sent)}the end`));
      }),
    ));

  test('idle for IdleTimeout ends the connection with 10060', () =>
    withServer(
      kind,
      { before: implicit('p256', (server) => server.must(server.set(P.DefaultIdleTimeout, 1))) },
      async (server) => {
        const { client, id } = await server.connectTls();
        await server.event('Disconnected', id);
        expect(server.events('Disconnected', id)).toMatchObject([{ statuscode: Code.ConnectionTimedOut }]);
        await client.isGone();
      },
    ));
});

behaviour('do_sendfile through TLS', (kind) => {
  const large = content(8_000_000);

  test.each(versions)('%s: sends several megabytes, between sends in order', (version) =>
    withServer(kind, { before: implicit() }, async (server) => {
      const file = writeTemporary('large', Buffer.from(large, 'latin1'));
      const { client, id } = await server.connectTls({ version });
      server.must(server.send(id, 'before '));
      server.must(server.sendFile(id, file));
      await server.until(() => server.send(id, ' after') === 0, 'the send behind the file to be accepted');
      await client.receives(`before ${large} after`);
    }),
  );

  test('with Timeout returns when the system has the whole file', () =>
    withServer(kind, { before: implicit() }, (server) =>
      withThreadPeer(server, { secure: true }, async (peer, id) => {
        server.must(server.set(P.Timeout, id, 60));
        server.must(server.sendFile(id, writeTemporary('large', Buffer.from(large, 'latin1'))));
        expect(server.get(P.BytesSent, id)).toBe(large.length);
        server.must(server.disconnect(id));
        await peer.until('end');
        expect(sha(peer.text)).toBe(sha(large));
      }),
    ));

  test('of an empty and of a missing file does what it does in clear', () =>
    withServer(kind, { before: implicit() }, async (server) => {
      const { client, id } = await server.connectTls();
      server.must(server.sendFile(id, writeTemporary('empty', '')));
      expect(server.sendFile(id, '/no/such/file')).toBe(Code.FileUnusable);
      await server.until(() => server.send(id, 'still up') === 0, 'the connection to take data');
      await client.receives('still up');
    }));
});

behaviour('the end of a connection of TLS', (kind) => {
  test.each(versions)('%s: do_disconnect sends what is queued, then the notice of TLS, then the end', (version) =>
    withServer(kind, { smallBuffers: true, before: implicit() }, async (server) => {
      const { client, id } = await server.connectTls({ version, tap: true });
      const text = content(2_000_000);
      server.must(server.send(id, text));
      server.must(server.disconnect(id));
      await client.isGone();
      await server.until(() => client.closed, 'the client to be closed');
      expect(sha(client.text)).toBe(sha(text));
      expect(client.error).toBeUndefined();
      expect(server.events('Disconnected', id)).toMatchObject([{ statuscode: 0, description: 'OK' }]);
      const last = client.recordsReceived.at(-1);
      // In TLS 1.3 a notice looks like data of two bytes; its length gives it away.
      expect(last).toEqual(
        version === 'TLSv1.2' ? { type: RecordType.alert, length: 26 } : { type: RecordType.data, length: 19 },
      );
    }),
  );

  test('with Linger False comes at once, and data that is queued may be lost', () =>
    withServer(
      kind,
      {
        smallBuffers: true,
        before: implicit('p256', (server) => server.must(server.set(P.Linger, false))),
        check: { bytes: false },
      },
      async (server) => {
        const { client, id } = await server.connectTls({ paused: true });
        const accepted = fill(server, id);
        server.must(server.disconnect(id));
        expect(server.events('Disconnected', id)).toMatchObject([{ statuscode: 0 }]);
        client.socket.resume();
        await client.isGone();
        await server.until(() => client.closed, 'the client to be closed');
        expect(client.bytesReceived).toBeLessThan(accepted.length);
      },
    ));

  test.each(versions)('%s: of a client that ends in order is Disconnected 0, after its last data', (version) =>
    withServer(kind, { before: implicit() }, async (server) => {
      const { client, id } = await server.connectTls({ version });
      client.write('last words');
      client.end();
      await server.event('Disconnected', id);
      expect(server.input(id)).toBe('last words');
      expect(server.events('Disconnected', id)).toMatchObject([{ statuscode: 0, description: 'OK' }]);
      expect(statuses(server, id).filter((line) => /without/.test(line))).toEqual([]);
    }),
  );

  test.each(versions)('%s: without the notice delivers the data and says so', (version) =>
    withServer(kind, { before: implicit() }, async (server) => {
      const { client, id } = await server.connectTls({ version });
      client.write('maybe not all');
      await server.event('DataIn', id);
      // The client has to have read everything, or its end is a reset.
      server.must(server.send(id, 'answer'));
      await client.receives('answer');
      client.truncate();
      await server.event('Disconnected', id);
      expect(server.input(id)).toBe('maybe not all');
      const [gone] = server.events('Disconnected', id);
      expect(gone?.statuscode).toBe(0);
      expect(gone?.description).toMatch(/close_notify|TLS notification/);
      expect(statuses(server, id).at(-1)).toMatch(/closed without TLS notification/);
    }),
  );

  test('by a reset is Disconnected 10054', () =>
    withServer(kind, { before: implicit() }, async (server) => {
      const { client, id } = await server.connectTls();
      client.reset();
      await server.event('Disconnected', id);
      expect(server.events('Disconnected', id)).toMatchObject([{ statuscode: Code.ResetByPeer }]);
    }));

  test('by a record that was tampered with is Disconnected 284, and nothing of it is delivered', () =>
    withServer(kind, { before: implicit(), check: { bytes: false } }, async (server) => {
      const { client, id } = await server.connectTls({ version: 'TLSv1.3', tap: true });
      client.write('good');
      await server.event('DataIn', id);
      client.raw.write(Buffer.concat([Buffer.from([0x17, 3, 3, 0, 40]), Buffer.alloc(40, 7)]));
      await server.event('Disconnected', id);
      expect(server.events('Disconnected', id)).toMatchObject([{ statuscode: 284 }]);
      expect(server.input(id)).toBe('good');
    }));

  test('by plain text in the middle is Disconnected 284', () =>
    withServer(kind, { before: implicit(), check: { bytes: false } }, async (server) => {
      const { client, id } = await server.connectTls({ version: 'TLSv1.2', tap: true });
      client.raw.write('plain text in the middle');
      await server.event('Disconnected', id);
      expect(server.events('Disconnected', id)).toMatchObject([{ statuscode: 284 }]);
      expect(server.input(id)).toBe('');
    }));

  test('by a client that asks for another handshake in TLS 1.2 refuses that', () =>
    withServer(kind, { before: implicit() }, async (server) => {
      const { client, id } = await server.connectTls({ version: 'TLSv1.2' });
      let refused: Error | null | undefined;
      client.tls.renegotiate({ rejectUnauthorized: false }, (error) => {
        refused = error;
      });
      await server.until(() => refused !== undefined || client.closed, 'an answer to the wish for another handshake');
      expect(refused === null).toBe(false);
      expect(server.events('Connected', id)).toHaveLength(1);
      expect(server.count('SSLConnectionRequest', id)).toBe(1);
    }));

  test('by do_shutdown tells every client with the notice', () =>
    withServer(
      kind,
      { before: implicit('p256', (server) => configure(server, 'MaxConnections=10')) },
      async (server) => {
        const peers = await Promise.all(
          Array.from({ length: 3 }, () => server.connectTls({ version: 'TLSv1.2', tap: true })),
        );
        server.must(server.shutdown());
        for (const { client, id } of peers) {
          await client.isGone();
          expect(server.events('Disconnected', id)).toMatchObject([{ statuscode: 0 }]);
          expect(client.recordsReceived.at(-1)?.type).toBe(RecordType.alert);
        }
      },
    ));
});
