// Timeout: whether sends block, and for how long. The peers live in a thread of their own, because the
// test's thread is inside the send.
import { expect, test } from '@jest/globals';
import { covers } from '../support/coverage';
import { Code, P } from '../support/ids';
import { withThreadPeer } from '../support/peer';
import { behaviour, withServer } from '../support/server';
import { lateness } from '../support/waiting';

const large = 'L'.repeat(12_000_000);

behaviour(covers('property', 'Timeout', 'DefaultTimeout'), (kind) => {
  test('0 lets a send return at once', () =>
    withServer(kind, { smallBuffers: true }, (server) =>
      withThreadPeer(server, { paused: true }, (peer, id) => {
        // The peer never reads: a send that waited for it would not be accepted.
        server.must(server.send(id, large));
        expect(server.get(P.BytesSent, id)).toBe(large.length);
        expect(server.send(id, 'more')).toBe(Code.WouldBlock);
        peer.command({ op: 'reset' });
      }),
    ));

  test('positive lets a send return when the system has all bytes', () =>
    withServer(kind, { smallBuffers: true, before: (server) => server.set(P.DefaultTimeout, 60) }, (server) =>
      withThreadPeer(server, { paused: true }, async (peer, id) => {
        peer.command({ op: 'resume', after: 100 });
        server.must(server.send(id, large));
        expect(server.get(P.BytesSent, id)).toBe(large.length);
        server.must(server.disconnect(id));
        await peer.until('end');
        expect(peer.text).toBe(large);
      }),
    ));

  test('ends a send that makes no progress with 301, and BytesSent is what the peer will get', () =>
    withServer(kind, { smallBuffers: true }, (server) =>
      withThreadPeer(server, { paused: true }, async (peer, id) => {
        server.must(server.set(P.Timeout, id, 1));
        const start = performance.now();
        expect(server.send(id, large)).toBe(Code.TimedOut);
        const waited = performance.now() - start;
        expect(waited).toBeGreaterThanOrEqual(1000);
        expect(waited).toBeLessThan(1000 + lateness);
        const sent = server.get(P.BytesSent, id) as number;
        expect(sent).toBeGreaterThan(0);
        expect(sent).toBeLessThan(large.length);
        expect(server.get(P.Connected, id)).toBe(true);
        peer.command({ op: 'resume' });
        server.must(server.send(id, 'after'));
        server.must(server.disconnect(id));
        await peer.until('end');
        expect(peer.text.length).toBe(sent + 5);
        expect(peer.text.endsWith('Lafter')).toBe(true);
      }),
    ));

  test('starts again with every progress', () =>
    withServer(kind, { smallBuffers: true }, async (server) => {
      // Each step reads more than the buffers of the system hold, so that each is progress.
      const step = 9_000_000;
      for (let stoodStill = true; stoodStill; ) {
        await withThreadPeer(server, { paused: true }, async (peer, id) => {
          server.must(server.set(P.Timeout, id, 3));
          for (let i = 1; i <= 3; i += 1) {
            peer.command({ op: 'resume', atMost: i * step, after: i * 1000 });
          }
          peer.command({ op: 'resume', after: 4000 });
          const start = Date.now();
          const code = server.send(id, 'P'.repeat(5 * step));
          const end = Date.now();
          server.disconnect(id);
          await peer.until('end');
          // Where a step came that late, the machine stood still, and the time was over indeed.
          const resumed = peer.reports.filter(({ what }) => what === 'resumed').map(({ at }) => at ?? 0);
          const steps = [start, ...resumed.filter((at) => at < end), end];
          stoodStill = code === Code.TimedOut && steps.some((at, i) => at - (steps[i - 1] ?? at) > 2900);
          if (stoodStill) return;
          server.must(code);
          expect(end - start).toBeGreaterThan(3500);
          expect(peer.text.length).toBe(5 * step);
        });
      }
    }));

  test('positive delivers events of other connections inside the send', () =>
    withServer(kind, { smallBuffers: true }, async (server) => {
      const other = await server.connect();
      await withThreadPeer(server, { paused: true }, (peer, id) => {
        server.must(server.set(P.Timeout, id, 60));
        const inside: string[] = [];
        server.on('DataIn', ({ text }) => {
          inside.push(text);
          peer.command({ op: 'resume' });
        });
        other.client.write('go on');
        server.must(server.send(id, large));
        expect(inside).toEqual(['go on']);
      });
    }));

  test('lets a send fail when the peer resets meanwhile', () =>
    withServer(kind, { smallBuffers: true }, (server) =>
      withThreadPeer(server, { paused: true }, async (peer, id) => {
        server.must(server.set(P.Timeout, id, 60));
        peer.command({ op: 'reset', after: 100 });
        expect(server.send(id, large)).toBe(Code.ResetByPeer);
        expect((await server.event('Disconnected', id)).statuscode).toBe(Code.ResetByPeer);
      }),
    ));
});
