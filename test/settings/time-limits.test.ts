// PieceTimeout, SendTimeout and MaxConnectionTime: who is ended, with what, and who is not. The simulator looks at
// exact times, test/native/time_limits.test.cpp at what begins and stops each of them.
import { expect, test } from '@jest/globals';
import { covers } from '../support/coverage';
import { Code, P } from '../support/ids';
import { content } from '../support/random';
import { behaviour, type TestServer, withServer } from '../support/server';
import { lateness } from '../support/waiting';

/** Writes a byte now and then, like a peer that wants to be busy and to come to no end. */
function drip(write: () => void): () => void {
  const timer = setInterval(write, 150);
  return () => clearInterval(timer);
}

const lines = (server: TestServer) => {
  server.set(P.DefaultEOL, '\n');
  server.config('PieceTimeout=1');
};

behaviour(covers('setting', 'PieceTimeout'), (kind) => {
  test('ends a peer whose line does not end, whatever it keeps sending, not before its time', () =>
    withServer(kind, { before: lines }, async (server) => {
      const { client, id } = await server.connect();
      const began = performance.now();
      client.write('whole\nunfin');
      const stop = drip(() => client.write('.'));
      const ended = await server.event('Disconnected', id);
      const took = performance.now() - began;
      stop();
      expect(ended.statuscode).toBe(Code.ConnectionTimedOut);
      expect(ended.description).toContain('PieceTimeout');
      expect(server.pieces(id)).toEqual([{ text: 'whole', eol: true }]);
      expect(took).toBeGreaterThanOrEqual(1000);
      expect(took).toBeLessThan(1000 + lateness);
    }));

  test('leaves peers alone whose lines end, that are silent, or that have no framing', () =>
    withServer(kind, { before: lines }, async (server) => {
      const polite = await server.connect();
      const silent = await server.connect();
      const free = await server.connect();
      server.must(server.set(P.EOL, free.id, ''));
      free.client.write('unfinished, if there was a line');
      const dropper = await server.connect();
      dropper.client.write('unfinished');
      const stop = drip(() => polite.client.write('a line\n'));
      await server.event('Disconnected', dropper.id);
      stop();
      for (const { id } of [polite, silent, free]) expect(server.count('Disconnected', id)).toBe(0);
    }));

  test.each([
    ['records', (server: TestServer, id: number) => server.set(P.RecordLength, id, 100)],
    ['lines of any kind', (server: TestServer, id: number) => server.set(P.SingleLineMode, id, true)],
  ])('counts for %s', (_name, choose) =>
    withServer(kind, { before: (server) => server.config('PieceTimeout=1') }, async (server) => {
      const { client, id } = await server.connect();
      server.must(choose(server, id));
      client.write('unfinished');
      const ended = await server.event('Disconnected', id);
      expect([ended.statuscode, server.count('DataIn', id)]).toEqual([Code.ConnectionTimedOut, 0]);
    }),
  );

  test('stands still while AcceptData is False, and goes on behind it', () =>
    withServer(kind, { before: lines }, async (server) => {
      const held = await server.connect();
      held.client.write('whole\nunfinished');
      await server.event('DataIn', held.id);
      server.must(server.set(P.AcceptData, held.id, false));
      const dropper = await server.connect();
      dropper.client.write('unfinished');
      await server.event('Disconnected', dropper.id);
      expect(server.count('Disconnected', held.id)).toBe(0);
      server.must(server.set(P.AcceptData, held.id, true));
      const ended = await server.event('Disconnected', held.id);
      expect(ended.description).toContain('PieceTimeout');
    }));

  test('may be set while peers are connected, and counts for the pieces that begin then', () =>
    withServer(kind, { before: (server) => server.set(P.DefaultEOL, '\n') }, async (server) => {
      const { client, id } = await server.connect();
      server.must(server.configCode('PieceTimeout=1'));
      client.write('unfinished');
      const ended = await server.event('Disconnected', id);
      expect(ended.description).toContain('PieceTimeout');
    }));
});

behaviour(covers('setting', 'SendTimeout'), (kind) => {
  const large = content(12_000_000);

  test('resets a peer that takes nothing, although it sends, not before its time', () =>
    withServer(kind, { smallBuffers: true, before: (server) => server.config('SendTimeout=1') }, async (server) => {
      server.set(P.DefaultIdleTimeout, 60);
      const { client, id } = await server.connect({ paused: true });
      const stop = drip(() => client.write('still here'));
      const began = performance.now();
      server.must(server.send(id, large));
      const ended = await server.event('Disconnected', id);
      const took = performance.now() - began;
      stop();
      expect(ended.statuscode).toBe(Code.ConnectionTimedOut);
      expect(ended.description).toContain('SendTimeout');
      expect(took).toBeGreaterThanOrEqual(1000);
      expect(took).toBeLessThan(1000 + lateness);
      client.socket.resume();
      await client.isGone();
    }));

  test('leaves peers alone that read, or for whom nothing is queued', () =>
    withServer(kind, { smallBuffers: true, before: (server) => server.config('SendTimeout=1') }, async (server) => {
      const silent = await server.connect({ paused: true });
      const reader = await server.connect();
      const stuck = await server.connect({ paused: true });
      server.must(server.send(reader.id, large));
      server.must(server.send(stuck.id, large));
      await reader.client.receives(large);
      await server.event('Disconnected', stuck.id);
      for (const { id } of [silent, reader]) expect(server.count('Disconnected', id)).toBe(0);
    }));
});

behaviour(covers('setting', 'MaxConnectionTime'), (kind) => {
  test('ends a connection in order, with 0, not before its time', () =>
    withServer(kind, { before: (server) => server.config('MaxConnectionTime=1') }, async (server) => {
      const began = performance.now();
      const { client, id } = await server.connect();
      server.must(server.send(id, 'until then'));
      const stop = drip(() => client.write('busy'));
      const ended = await server.event('Disconnected', id);
      const took = performance.now() - began;
      stop();
      expect([ended.statuscode, ended.description]).toEqual([0, 'OK']);
      expect(took).toBeGreaterThanOrEqual(900);
      expect(took).toBeLessThan(1100 + lateness);
      await client.isGone();
      expect([client.text, client.error]).toEqual(['until then', undefined]);
    }));

  test('counts for connections that begin later', () =>
    withServer(kind, {}, async (server) => {
      const before = await server.connect();
      server.must(server.configCode('MaxConnectionTime=1'));
      const after = await server.connect();
      await server.event('Disconnected', after.id);
      expect(server.count('Disconnected', before.id)).toBe(0);
    }));
});
