// What the tests wait with. A busy machine makes everything late; it must not make a test fail, or cost more than what is
// tested.
import * as net from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { Client } from './client';
import { ThreadPeer } from './peer';
import { Pieces } from './pieces';
import { content } from './random';
import { backstop, patience, waitFor } from './waiting';

/** Runs a body with a server that sends so many pieces, each when the one before has left. */
async function withPieces(pieces: string[], body: (port: number) => Promise<void>): Promise<void> {
  const server = net.createServer((socket) => {
    const left = [...pieces];
    const next = () => {
      const piece = left.shift();
      if (piece === undefined) socket.end();
      else socket.write(piece, 'latin1', () => setImmediate(next));
    };
    socket.on('error', () => undefined);
    next();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await body((server.address() as net.AddressInfo).port);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

const pieces = Array.from({ length: 200 }, (_, i) => content(10_000).slice(i));

describe('a client', () => {
  test('that waits for many pieces puts them together once', () =>
    withPieces(pieces, async (port) => {
      let looks = 0;
      class Counting extends Client {
        override get text(): string {
          looks += 1;
          return super.text;
        }
      }
      const client = new Counting(port);
      await client.receives(pieces.join(''));
      await client.isGone();
      expect(looks).toBe(1);
    }));

  test('in a thread reports each byte once', () =>
    withPieces(pieces, async (port) => {
      const peer = new ThreadPeer(port, { paused: true });
      for (const atMost of [100_000, 500_000, 1_000_000]) {
        const before = peer.reports.filter(({ what }) => what === 'read').length;
        peer.command({ op: 'resume', atMost });
        await waitFor(() => peer.reports.filter(({ what }) => what === 'read').length > before, 'the peer to read');
      }
      peer.command({ op: 'resume' });
      await peer.until('end');
      expect(peer.reports.map(({ fresh }) => fresh.length).reduce((a, b) => a + b)).toBe(pieces.join('').length);
      expect(peer.text === pieces.join('')).toBe(true);
      await peer.stop();
    }));
});

describe('pieces', () => {
  test('are one text whenever it is asked for', () => {
    const all = new Pieces();
    expect([all.length, all.text]).toEqual([0, '']);
    all.push('one');
    all.push('');
    all.push(' two');
    expect([all.length, all.text, all.text]).toEqual([7, 'one two', 'one two']);
    all.push('!');
    expect([all.length, all.text]).toEqual([8, 'one two!']);
    all.clear();
    all.push('anew');
    expect([all.length, all.text]).toEqual([4, 'anew']);
  });
});

describe('the limits', () => {
  test('of whole tests are far beyond those of their waits', () => {
    const { testTimeout } = require('../../jest.config.js') as { testTimeout: number };
    expect(testTimeout).toBe(backstop);
    expect(backstop).toBeGreaterThanOrEqual(10 * patience);
  });
});

describe('content', () => {
  test('has no two words that are alike, and any length', () => {
    const bytes = Buffer.from(content(400_000), 'latin1');
    expect(new Set(new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))).size).toBe(
      100_000,
    );
    expect([content(0), content(5)]).toEqual(['', content(8).slice(0, 5)]);
  });
});
