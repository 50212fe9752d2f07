// Values of every size on their way through a binding, and what has to stay apart when calls nest.
import { AsyncLocalStorage } from 'node:async_hooks';
import { expect, test } from '@jest/globals';
import { forEachBinding } from '../support/bindings';
import { serverPem } from '../support/certificates';
import { Client } from '../support/client';
import { Code, E, P } from '../support/ids';
import { withThreadPeer } from '../support/peer';
import { behaviour, waitFor, withServer } from '../support/server';
import { implicit } from '../support/tls';
import { patience } from '../support/waiting';

const everyByte = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i));

/** A text of a length that begins with every byte, NUL first. */
const bytes = (length: number) => everyByte.repeat(Math.ceil(length / 256)).slice(0, length);

// The shared memory of koffi has 128 KiB for either direction.
const lengths = [0, 1, 255, 65_536, 131_071, 131_072, 131_073, 500_000];

behaviour('values', (kind) => {
  test.each(lengths)('a text and a Uint8Array of %d bytes arrive as they were sent', (length) =>
    withServer(kind, {}, (server) =>
      withThreadPeer(server, {}, async (peer, id) => {
        server.must(server.set(P.Timeout, id, 60));
        server.must(server.send(id, bytes(length)));
        server.must(server.send(id, Buffer.from(`${bytes(length)}end`, 'latin1')));
        server.must(server.disconnect(id));
        await peer.until('end');
        expect(peer.text === `${bytes(length)}${bytes(length)}end`).toBe(true);
      }),
    ),
  );

  test.each(lengths.slice(1))('a record of %d bytes is delivered as it was sent', (length) =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      server.must(server.set(P.RecordLength, id, length));
      client.write(bytes(length));
      expect((await server.event('DataIn', id)).text === bytes(length)).toBe(true);
    }),
  );

  test.each(lengths)('UserData of %d bytes is read as it was set', (length) =>
    withServer(kind, {}, async (server) => {
      const { id } = await server.connect();
      server.must(server.set(P.UserData, id, bytes(length)));
      expect(server.get(P.UserData, id) === bytes(length)).toBe(true);
      server.must(server.set(P.UserData, id, Buffer.from(bytes(length), 'latin1')));
      expect(server.get(P.UserData, id) === bytes(length)).toBe(true);
    }),
  );

  test('in a batch of lines a text with a character that does not fit a byte is refused in whatever way it was made', () =>
    withServer(kind, { record: false }, async (server) => {
      const { client, id } = await server.connect();
      server.must(server.set(P.EOL, id, '\n'));
      const { api, res } = server;
      const line = 'x'.repeat(40);
      const codes: number[][] = [];
      server.on('DataIn', ({ text }) => {
        // In one piece, put together, and cut out of another one.
        const refused = [`${line}\u0100`, `${text}\u20ac`, `${line}${line}\u0100`.slice(40)];
        // The last one is bytes, but was cut out of a text that is not.
        const sent = [
          text,
          `${text}\u00ff`,
          `${text}\u0100\n`.replace('\u0100', ''),
          `${text}.${line}\u0100`.slice(40, 60),
        ];
        codes.push([...refused, ...sent].map((each) => api.ipworks_ipdaemon_do_send(res, id, each)));
      });
      client.write(`${line}\n`.repeat(3));
      await client.receives(`${line}${line}\u00ff${line}\n.${line.slice(0, 19)}`.repeat(3));
      const refused = Code.TextNotConvertible;
      expect(codes).toEqual([1, 2, 3].map(() => [refused, refused, refused, 0, 0, 0, 0]));
    }));

  test('a text of several bytes for a character is read as it was set, and one with NUL is refused, not cut', () =>
    withServer(kind, { listen: false }, (server) => {
      const text = '\u00e4\u20ac\u{1f600}'.repeat(7_000);
      server.must(server.set(P.RuntimeLicense, text));
      expect(server.set(P.RuntimeLicense, 'cut\0here')).toBe(Code.InvalidValue);
      expect(server.get(P.RuntimeLicense) === text).toBe(true);
    }));

  test('a certificate store of 300 KB goes into SSLConnectionRequest, and another one out of it', () => {
    const comment = `${'# nothing\n'.repeat(30_000)}`;
    return withServer(
      kind,
      {
        before: implicit('p256', (server) => {
          server.must(server.set(P.SSLCertStore, comment + serverPem('p256')));
          server.on('SSLConnectionRequest', (param) => {
            expect(param.certstore === comment + serverPem('p256')).toBe(true);
            param.certstore = comment + serverPem('other');
            param.certsubject = '*';
          });
        }),
      },
      async (server) => {
        expect((await server.connectTls()).client.served).toBe('other.example');
      },
    );
  });

  test('what a blocking send still has to send is left alone by sends of handlers that run meanwhile', () =>
    withServer(kind, { smallBuffers: true }, (server) =>
      withThreadPeer(server, { paused: true }, async (peer, id) => {
        const other = await server.connect();
        server.set(P.Timeout, id, 60);
        // Fills the buffers of the system; what they do not take is withdrawn.
        server.on('DataIn', () => server.api.ipworks_ipdaemon_do_interrupt(server.res, id));
        other.client.write('stop');
        expect(server.send(id, 'a'.repeat(30_000_000))).toBe(Code.TimedOut);
        const filled = server.get(P.BytesSent, id) as number;
        server.on('DataIn', () => {
          for (let i = 0; i < 5; i += 1) server.must(server.send(other.id, 'b'.repeat(10_000)));
          peer.command({ op: 'resume', atMost: filled + 100_000 });
        });
        other.client.write('go');
        server.must(server.send(id, bytes(100_000)));
        await other.client.receives('b'.repeat(50_000));
        await peer.until('read');
        expect(peer.text === 'a'.repeat(filled) + bytes(100_000)).toBe(true);
      }),
    ));

  test('a handler that pumps has the parameters it was given, and its changes count', () =>
    withServer(kind, {}, async (server) => {
      const first = await server.connect();
      server.on('ConnectionRequest', (param) => {
        const before = { ...param };
        const inner = server.count('DataIn');
        first.client.write('inner');
        const deadline = performance.now() + patience;
        while (server.count('DataIn') === inner && performance.now() < deadline) server.doEvents();
        expect(server.count('DataIn')).toBe(inner + 1);
        expect({ ...param }).toEqual(before);
        param.accept = false;
      });
      const refused = server.client();
      await refused.isGone();
      expect(server.count('Connected')).toBe(1);
    }));
});

forEachBinding("Node's loop", ({ api }) => {
  test('runs handlers in the context in which the server was opened, and ticks and promises after them', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: string[] = [];
    const res = storage.run('of the server', () => api.ipworks_ipdaemon_open());
    try {
      api.ipworks_ipdaemon_register_callback(res, E.DataIn, ({ connectionid }) => {
        seen.push(`handler ${storage.getStore()}`);
        process.nextTick(() => seen.push(`tick ${storage.getStore()}`));
        Promise.resolve().then(() => {
          seen.push(`promise ${storage.getStore()}`);
          api.ipworks_ipdaemon_do_send(res, connectionid, 'done');
        });
      });
      api.ipworks_ipdaemon_set(res, P.LocalHost, '127.0.0.1');
      api.ipworks_ipdaemon_set(res, P.Listening, true);
      const client = new Client(Number(api.ipworks_ipdaemon_get(res, P.LocalPort)));
      client.write('go');
      await client.receives('done');
      expect(seen).toEqual(['handler of the server', 'tick of the server', 'promise of the server']);
      client.end();
      await waitFor(() => api.ipworks_ipdaemon_get(res, P.ConnectionCount) === 0, 'the connection to end');
    } finally {
      api.ipworks_ipdaemon_close(res);
    }
  });
});
