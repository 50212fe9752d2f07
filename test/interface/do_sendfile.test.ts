// do_sendfile.
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { covers } from '../support/coverage';
import { Code, P } from '../support/ids';
import { withThreadPeer } from '../support/peer';
import { content } from '../support/random';
import { behaviour, stays, withServer } from '../support/server';

let folder = '';
const file = (name: string) => path.join(folder, name);

const large = content(12_000_000);

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ipdaemon-'));
  writeFileSync(file('small'), 'a small file');
  writeFileSync(file('empty'), '');
  writeFileSync(file('large'), large, 'latin1');
});
afterAll(() => rmSync(folder, { recursive: true }));

behaviour(covers('method', 'SendFile'), (kind) => {
  test('sends the content of a file, between sends in order', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      server.must(server.send(id, 'before '));
      server.must(server.sendFile(id, file('small')));
      await server.until(() => server.send(id, ' after') === 0, 'the send behind the file to be accepted');
      await client.receives('before a small file after');
    }));

  test('returns at once without Timeout; sends are refused until the file is through, then ReadyToSend', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect({ paused: true });
      server.must(server.sendFile(id, file('large')));
      expect(server.send(id, 'behind')).toBe(Code.WouldBlock);
      expect(server.sendFile(id, file('small'))).toBe(Code.WouldBlock);
      client.socket.resume();
      await server.event('ReadyToSend', id, 2);
      server.must(server.send(id, 'behind'));
      await client.receives(`${large}behind`);
    }));

  test('with Timeout returns when the system has the whole file', () =>
    withServer(kind, {}, (server) =>
      withThreadPeer(server, {}, async (peer, id) => {
        server.must(server.set(P.Timeout, id, 60));
        server.must(server.sendFile(id, file('large')));
        expect(server.get(P.BytesSent, id)).toBe(large.length);
        server.must(server.disconnect(id));
        await peer.until('end');
        expect(peer.text.length).toBe(large.length);
        expect(peer.text === large).toBe(true);
      }),
    ));

  test('of an empty file sends nothing and succeeds', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      server.must(server.sendFile(id, file('empty')));
      await server.until(() => server.send(id, 'x') === 0, 'the send behind the file');
      await client.receives('x');
    }));

  test.each(['no-such-file', '.', ''])('of "%s" fails with 302 and leaves the connection alone', (name) =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      expect(server.sendFile(id, name === '' ? '' : file(name))).toBe(Code.FileUnusable);
      server.must(server.send(id, 'still here'));
      await client.receives('still here');
    }),
  );

  test('names the file in its error', () =>
    withServer(kind, {}, async (server) => {
      const { id } = await server.connect();
      server.sendFile(id, file('no-such-file'));
      expect(server.error).toContain('no-such-file');
      expect(server.sendFile(id + 1, file('small'))).toBe(Code.UnknownConnection);
    }));

  test('takes a path with any characters', () =>
    withServer(kind, {}, async (server) => {
      const name = file('\u00fcml\u00e4ut \u20ac.txt');
      writeFileSync(name, 'found');
      const { client, id } = await server.connect();
      server.must(server.sendFile(id, name));
      await client.receives('found');
    }));

  test('of a file that shrinks ends the connection with Error 302 and Disconnected 302', () =>
    withServer(kind, {}, async (server) => {
      const name = file(`shrinks-${kind.pump}`);
      writeFileSync(name, large.repeat(2), 'latin1');
      const { client, id } = await server.connect({ paused: true, record: false });
      server.must(server.sendFile(id, name));
      truncateSync(name, 100);
      client.socket.resume();
      const ended = await server.event('Disconnected', id);
      expect(ended.statuscode).toBe(Code.FileUnusable);
      expect(server.events('Error', id).map((param) => param.errorcode)).toEqual([Code.FileUnusable]);
      await server.until(() => client.closed, 'the client to see the end');
      expect(client.bytesReceived).toBeLessThan(2 * large.length);
    }));

  test('whose peer resets ends with one Disconnected, and the descriptor of the file is closed', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect({ paused: true });
      server.must(server.sendFile(id, file('large')));
      client.reset();
      await server.event('Disconnected', id);
      await stays(() => server.count('Disconnected', id) > 1, 'a second Disconnected');
      const { readdirSync, readlinkSync } = require('node:fs') as typeof import('node:fs');
      const open = readdirSync('/proc/self/fd').filter((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`) === file('large');
        } catch {
          return false;
        }
      });
      expect(open).toEqual([]);
    }));
});
