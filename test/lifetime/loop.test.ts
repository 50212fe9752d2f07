// Node's loop learns of everything that changes what a server waits for, also where no turn of the loop has changed it:
// in a send that waits, and in one that a handler of another server makes.
import { expect, test } from '@jest/globals';
import { forEachBinding } from '../support/bindings';
import { Client } from '../support/client';
import { Code, P } from '../support/ids';
import { ThreadPeer, withThreadPeer } from '../support/peer';
import { Program, script } from '../support/program';
import { eachServer, type TestServer, withServer } from '../support/server';
import { waitFor } from '../support/waiting';

const looped = eachServer().filter((kind) => kind.pump === 'node');
const large = 'L'.repeat(12_000_000);
const small = { smallBuffers: true, check: { bytes: false, allGone: false } };

/**
 * Sends to a peer that begins to read when another one has been accepted, so the send pumps until then. That one says
 * nothing, and is to be ended by IdleTimeout after a second. `call` makes the send.
 */
async function idlePeerMeetsWaitingSend(
  server: TestServer,
  call: (send: () => void) => Promise<void> | void,
): Promise<void> {
  await withThreadPeer(server, { paused: true }, async (peer, id) => {
    server.must(server.set(P.DefaultIdleTimeout, 1));
    server.must(server.set(P.Timeout, id, 60));
    server.on('Connected', () => peer.command({ op: 'resume' }));
    const idle = new ThreadPeer(server.port);
    let code = -1;
    try {
      await call(() => {
        code = server.send(id, large);
      });
      expect(code).toBe(0);
      const idleId = server.events('Connected')[1]?.connectionid;
      expect(idleId).toBeDefined();
      expect((await server.event('Disconnected', idleId)).statuscode).toBe(Code.ConnectionTimedOut);
      expect(server.get(P.Connected, id)).toBe(true);
    } finally {
      await idle.stop();
    }
  });
}

test.each(looped)('a peer that was accepted during a send that waits is ended by its IdleTimeout ($name)', (kind) =>
  withServer(kind, small, (server) => idlePeerMeetsWaitingSend(server, (send) => send())),
);

test.each(looped)('so it is when a handler of another server makes the send ($name)', (kind) =>
  withServer(kind, small, (server) =>
    withServer(kind, {}, async (other) => {
      const { client, id } = await other.connect();
      await idlePeerMeetsWaitingSend(server, async (send) => {
        other.on('DataIn', send);
        client.write('send');
        await other.until(() => server.count('Connected') === 2 && other.count('DataIn', id) === 1, 'the send');
      });
    }),
  ),
);

forEachBinding('without descriptors during a send that waits', () => {
  test('accepting goes on when some are free', async () => {
    const body = script(`
    const fs = require('node:fs');
    const { ipworks_ipdaemon_set: set, ipworks_ipdaemon_get: get } = ipdaemon;
    const say = (text) => fs.writeSync(1, text + '\\n');
    const res = ipdaemon.ipworks_ipdaemon_open();
    ipdaemon.ipworks_ipdaemon_register_callback(res, E.Error, ({ errorcode }) => say('error ' + errorcode));
    ipdaemon.ipworks_ipdaemon_register_callback(res, E.Connected, ({ connectionid }) => say('connected ' + connectionid));
    ipdaemon.ipworks_ipdaemon_do_config(res, 'OutBufferSize=65536');
    set(res, P.LocalHost, 0, '127.0.0.1');
    set(res, P.Listening, 0, true);
    say('listening ' + get(res, P.LocalPort, 0));
    process.stdin.once('data', () => {
      set(res, P.Timeout, 1, 60);
      const files = [];
      try {
        for (;;) files.push(fs.openSync('/dev/null'));
      } catch {}
      say('full');
      say('sent ' + ipdaemon.ipworks_ipdaemon_do_send(res, 1, 'L'.repeat(${large.length})));
      for (const file of files) fs.closeSync(file);
    });
    process.stdin.on('end', () => process.exit());
  `);
    const program = new Program(body, { descriptors: 64 });
    const clients: Client[] = [];
    try {
      const port = await program.port();
      const first = new Client(port, { paused: true, record: false });
      clients.push(first);
      await program.says(/connected 1\n/);
      program.write('go\n');
      await program.says(/full\n/);
      clients.push(new Client(port));
      await program.says(/error 10024\n/);
      first.socket.resume();
      await program.says(/sent 0\n/);
      await program.says(/connected 2\n/);
    } finally {
      for (const client of clients) client.destroy();
      await waitFor(() => clients.every((client) => client.closed), 'the clients to close');
      program.signal('SIGKILL');
      await program.ends();
    }
  });
});
