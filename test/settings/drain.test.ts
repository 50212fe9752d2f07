// Drain: no new peers, those who wait in the backlog and those who are connected go on, and what is left at the
// deadline is ended.
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { Drained, DrainOptions } from '../../lib/drain';
import { forEachBinding } from '../support/bindings';
import { Client } from '../support/client';
import { covers } from '../support/coverage';
import { Code, P } from '../support/ids';
import { withThreadPeer } from '../support/peer';
import { script, withProgram } from '../support/program';
import { content } from '../support/random';
import { behaviour, type TestServer, withServer } from '../support/server';
import { implicit } from '../support/tls';
import { lateness } from '../support/waiting';

const large = content(8_000_000);

async function refused(server: TestServer): Promise<void> {
  const late = server.client();
  await server.until(() => late.closed, 'a late client to be refused');
  expect(server.idOf(late)).toBe(0);
}

behaviour(covers('setting', 'Drain'), (kind) => {
  test('takes no new peers, lets the others go on, and is over when they have ended', () =>
    withServer(kind, {}, async (server) => {
      expect(server.config('Drain')).toBe('-1');
      const { client, id } = await server.connect();
      server.must(server.configCode('Drain=600'));
      expect(Number(server.config('Drain'))).toBeGreaterThan(500);
      await server.until(() => server.get(P.Listening) === false, 'Listening to read False');
      await refused(server);
      client.write('still here');
      await server.event('DataIn', id);
      server.must(server.send(id, 'and served'));
      await client.receives('and served');
      client.end();
      await server.event('Disconnected', id);
      await server.until(() => server.config('Drain') === '-1', 'the drain to be over');
    }));

  test('ends what is left at the deadline like do_disconnect, and not before', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      const began = performance.now();
      server.must(server.configCode('Drain=1'));
      server.must(server.send(id, 'goodbye'));
      const ended = await server.event('Disconnected', id);
      const took = performance.now() - began;
      expect(ended.statuscode).toBe(0);
      expect(took).toBeGreaterThanOrEqual(1000);
      expect(took).toBeLessThan(1000 + lateness);
      await client.isGone();
      expect([client.text, client.error]).toEqual(['goodbye', undefined]);
      await server.until(() => server.config('Drain') === '-1', 'the drain to be over');
    }));

  test('0 ends everybody at once, and resets after two seconds who does not take what is queued', () =>
    withServer(kind, { smallBuffers: true }, async (server) => {
      const stuck = await server.connect({ paused: true });
      server.must(server.send(stuck.id, large));
      const quick = await server.connect();
      const began = performance.now();
      server.must(server.configCode('Drain=0'));
      expect((await server.event('Disconnected', quick.id)).statuscode).toBe(0);
      const ended = await server.event('Disconnected', stuck.id);
      const took = performance.now() - began;
      expect(ended.statuscode).toBe(Code.ConnectionTimedOut);
      expect(took).toBeGreaterThanOrEqual(2000);
      expect(took).toBeLessThan(2000 + lateness);
      stuck.client.socket.resume();
      await stuck.client.isGone();
    }));

  test('may get another deadline while it goes on', () =>
    withServer(kind, {}, async (server) => {
      const { id } = await server.connect();
      server.must(server.configCode('Drain=600'));
      server.must(server.configCode('Drain=0'));
      await server.event('Disconnected', id);
    }));

  test('is over when the server listens again, and ends nobody then', () =>
    withServer(kind, {}, async (server) => {
      const kept = await server.connect();
      server.must(server.configCode('Drain=600'));
      server.listen();
      expect(server.config('Drain')).toBe('-1');
      const other = await server.connect();
      for (const { id } of [kept, other]) expect(server.count('Disconnected', id)).toBe(0);
    }));

  test('is over with do_reset', () =>
    withServer(kind, {}, async (server) => {
      await server.connect();
      server.must(server.configCode('Drain=600'));
      server.must(server.reset());
      expect(server.config('Drain')).toBe('-1');
    }));

  test('without peers is over at once, before listening, too', () =>
    withServer(kind, { listen: false }, (server) => {
      server.must(server.configCode('Drain=600'));
      expect(server.config('Drain')).toBe('-1');
      server.listen();
      server.must(server.configCode('Drain=600'));
      expect([server.config('Drain'), server.get(P.Listening)]).toEqual(['-1', false]);
    }));

  test('is 1 in ipdaemon_draining, and counts those whom its deadline has ended', () =>
    withServer(kind, {}, async (server) => {
      const draining = () => server.api.ipdaemon_metrics(server.res).ipdaemon_draining;
      const { id } = await server.connect();
      const reasons: string[] = [];
      server.on('Disconnected', () => void reasons.push(server.config(`CloseReason[${id}]`)));
      expect(draining()).toBe(0);
      server.must(server.configCode('Drain=600'));
      expect(draining()).toBe(1);
      server.must(server.configCode('Drain=0'));
      await server.event('Disconnected', id);
      await server.until(() => draining() === 0, 'the drain to be over');
      expect(reasons).toEqual(['drain']);
      expect(server.api.ipdaemon_metrics(server.res).ipdaemon_closed_total).toMatchObject({ drain: 1 });
    }));

  test('begins inside a handler, too, which goes on', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      const codes: number[] = [];
      server.on('DataIn', () => void codes.push(server.configCode('Drain=0'), server.send(id, 'too late')));
      client.write('stop');
      await server.event('Disconnected', id);
      expect(codes).toEqual([0, Code.NotOpen]);
    }));

  test('lets a blocking send and SendFile finish', () =>
    withServer(kind, { smallBuffers: true }, (server) =>
      withThreadPeer(server, { paused: true }, async (peer, id) => {
        server.must(server.set(P.Timeout, id, 60));
        server.must(server.configCode('Drain=600'));
        peer.command({ op: 'resume', after: 100 });
        server.must(server.send(id, large));
        expect(server.get(P.BytesSent, id)).toBe(large.length);
        const file = join(__dirname, '../interface/fixture.txt');
        server.must(server.sendFile(id, file));
        server.must(server.configCode('Drain=0'));
        await peer.until('end');
        expect(peer.text.startsWith(large)).toBe(true);
        expect(peer.text.length).toBeGreaterThan(large.length);
      }),
    ));

  test('lets handshakes finish', () =>
    withServer(kind, { before: implicit() }, async (server) => {
      const keeper = await server.connectTls();
      const client = server.tlsClient();
      await client.isConnected();
      server.must(server.configCode('Drain=600'));
      await client.isSecure();
      await server.until(() => server.count('ReadyToSend', server.idOf(client)) > 0, 'Connected');
      client.end();
      keeper.client.end();
      await server.until(() => server.config('Drain') === '-1', 'the drain to be over');
    }));
});

behaviour('drain', (kind) => {
  /** Begins, and gives what it resolves to as soon as it does. */
  function begin(server: TestServer, options: DrainOptions): { result?: Drained } {
    const state: { result?: Drained } = {};
    server.api.drain(server.res, options).then((result) => {
      state.result = result;
    });
    return state;
  }

  test('resolves when all have ended, and tells how many the deadline ended', () =>
    withServer(kind, {}, async (server) => {
      const first = await server.connect();
      await server.connect();
      const state = begin(server, { seconds: 1 });
      first.client.end();
      await server.until(() => state.result !== undefined, 'the promise');
      expect(state.result).toEqual({ ended: 1, cut: 1 });
      expect([server.config('Drain'), server.get(P.Listening)]).toEqual(['-1', false]);
    }));

  test.each(['before', 'meanwhile'])('ends what is left when its signal is aborted %s', (when) =>
    withServer(kind, {}, async (server) => {
      await server.connect();
      const controller = new AbortController();
      if (when === 'before') controller.abort();
      const state = begin(server, { seconds: 600, signal: controller.signal });
      controller.abort();
      await server.until(() => state.result !== undefined, 'the promise');
      expect(state.result).toEqual({ ended: 0, cut: 1 });
    }),
  );

  test('resolves when the server listens again, and then ends nobody', () =>
    withServer(kind, {}, async (server) => {
      await server.connect();
      const state = begin(server, { seconds: 600 });
      server.listen();
      await server.until(() => state.result !== undefined, 'the promise');
      expect(state.result).toEqual({ ended: 0, cut: 0 });
    }));

  test.each([-1, 1.5, 2147484, Number.NaN])('refuses %p seconds, and nothing happens', (seconds) =>
    withServer(kind, {}, async (server) => {
      await expect(server.api.drain(server.res, { seconds })).rejects.toMatchObject({
        name: 'IPDaemonError',
        code: Code.InvalidValue,
        message: expect.stringContaining('Drain'),
      });
      expect(server.get(P.Listening)).toBe(true);
    }),
  );
});

/** Three clients in a thread connect while the program does not pump; then it drains and goes on by `loop`. */
const backlog = (loop: string) =>
  script(`
  const ipd = ipdaemon;
  const res = ipd.ipworks_ipdaemon_open();
  const say = (text) => require('node:fs').writeSync(1, text + '\\n');
  ipd.ipworks_ipdaemon_register_callback(res, E.DataIn, ({ connectionid, text }) => {
    ipd.ipworks_ipdaemon_do_send(res, connectionid, text);
  });
  ipd.ipworks_ipdaemon_set(res, P.LocalHost, '127.0.0.1');
  ipd.ipworks_ipdaemon_set(res, P.Listening, true);
  const port = ipd.ipworks_ipdaemon_get(res, P.LocalPort);
  const waiting = new Int32Array(new SharedArrayBuffer(4));
  new (require('node:worker_threads').Worker)(
    \`const { workerData } = require('node:worker_threads');
    for (let i = 0; i < 3; i += 1) {
      const socket = require('node:net').connect(workerData.port, '127.0.0.1', () => {
        Atomics.add(workerData.waiting, 0, 1);
        Atomics.notify(workerData.waiting, 0);
        socket.write('hello');
      });
      socket.on('data', () => { require('node:fs').writeSync(1, 'served\\\\n'); socket.end(); });
      socket.on('error', (error) => require('node:fs').writeSync(1, error.code + '\\\\n'));
    }\`,
    { eval: true, workerData: { port, waiting } },
  );
  for (let seen = 0; seen < 3; seen = Atomics.load(waiting, 0)) Atomics.wait(waiting, 0, seen);
  ipd.ipworks_ipdaemon_do_config(res, 'Drain=600');
  ${loop}
`);

forEachBinding('a drain', () => {
  test.each([
    ["Node's loop", ''],
    [
      'a loop of do_doevents',
      `ipd.ipworks_ipdaemon_do_config(res, 'ProcessIdleEvents=False');
      while (ipd.ipworks_ipdaemon_get(res, P.Listening) || ipd.ipworks_ipdaemon_get(res, P.ConnectionCount) > 0) {
        ipd.ipworks_ipdaemon_do_doevents(res);
      }`,
    ],
  ])('accepts who waits in the backlog, and the process ends by itself, %s', (_name, loop) =>
    withProgram(backlog(loop), async (program) => {
      expect(await program.ends()).toEqual({ code: 0, signal: null });
      expect(program.output.match(/served/g)?.length).toBe(3);
    }),
  );

  test('makes its port free at once', () =>
    withProgram(
      script(`
      const ipd = ipdaemon;
      const res = ipd.ipworks_ipdaemon_open();
      const say = (text) => require('node:fs').writeSync(1, text + '\\n');
      ipd.ipworks_ipdaemon_set(res, P.LocalHost, '127.0.0.1');
      ipd.ipworks_ipdaemon_set(res, P.Listening, true);
      const port = ipd.ipworks_ipdaemon_get(res, P.LocalPort);
      ipd.ipworks_ipdaemon_register_callback(res, E.DataIn, () => {
        ipd.ipworks_ipdaemon_do_config(res, 'Drain=600');
        const next = net.createServer().listen(port, '127.0.0.1', () => { say('free'); next.close(); });
      });
      say('listening ' + port);
    `),
      async (program) => {
        const client = new Client(await program.port());
        client.write('drain');
        await program.says(/free/);
        client.end();
        expect(await program.ends()).toEqual({ code: 0, signal: null });
      },
    ));
});
