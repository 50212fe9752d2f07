// The waits of ported programs: loops over one property and do_doevents that look at no error. Each comes to its end
// when the connection is gone, whoever ended it and wherever the loop runs.
import { expect, test } from '@jest/globals';
import { Client } from '../support/client';
import { Code, P } from '../support/ids';
import { withThreadPeer } from '../support/peer';
import { behaviour, fill, type Peer, type TestServer, withServer } from '../support/server';
import { patience } from '../support/waiting';

const most = 2_147_483_647;

/** `while (condition()) do_doevents(res)`, as programs write it; fails where that would never end. */
function pumpWhile(server: TestServer, condition: () => boolean): void {
  const deadline = performance.now() + patience;
  while (condition()) {
    server.doEvents();
    if (performance.now() > deadline) throw new Error(`the wait never ends; ${server.tail()}`);
  }
}

/** `while (!get(res, 11, id)) do_doevents(res)` */
function waitForReady(server: TestServer, id: number): void {
  const { api, res } = server;
  pumpWhile(server, () => !api.ipworks_ipdaemon_get(res, P.ReadyToSend, id));
}

/** The loop of PORTING.md; the code that ends it. */
function sendAtLast(server: TestServer, id: number, text: string): number {
  const { api, res } = server;
  for (;;) {
    const code = api.ipworks_ipdaemon_do_send(res, id, text);
    if (code !== Code.WouldBlock) return code;
    waitForReady(server, id);
  }
}

/** A client that takes nothing, and to which a send was just refused. */
async function fullPeer(server: TestServer): Promise<Peer> {
  const peer = await server.connect({ paused: true });
  fill(server, peer.id);
  expect(server.get(P.ReadyToSend, peer.id)).toBe(false);
  return peer;
}

const small = { smallBuffers: true, check: { bytes: false } };

behaviour('a wait for ReadyToSend', (kind) => {
  test('ends when the client was gone before it', () =>
    withServer(kind, small, async (server) => {
      const { client, id } = await fullPeer(server);
      client.reset();
      await server.event('Disconnected', id);
      waitForReady(server, id);
      expect(sendAtLast(server, id, 'x')).toBe(Code.UnknownConnection);
      expect(server.get(P.ReadyToSend, id)).toBe(true);
      expect([server.code, server.error]).toEqual([
        Code.UnknownConnection,
        expect.stringContaining(`connection ${id} has ended`),
      ]);
    }));

  test('ends when the client leaves meanwhile', () =>
    withServer(kind, small, async (server) => {
      const { client, id } = await fullPeer(server);
      // Its reset is on the way, and nobody has looked yet.
      client.reset();
      waitForReady(server, id);
      await server.event('Disconnected', id);
    }));

  test('ends when the client leaves while the thread does nothing else', () =>
    withServer(kind, small, (server) =>
      withThreadPeer(server, { paused: true }, async (peer, id) => {
        fill(server, id);
        peer.command({ op: 'reset' });
        expect(sendAtLast(server, id, 'x'.repeat(65_536))).not.toBe(0);
        await server.event('Disconnected', id);
      }),
    ));

  test('ends inside DataIn of the connection itself, whose Disconnected waits for the handler', () =>
    withServer(kind, small, async (server) => {
      const { client, id } = await server.connect({ paused: true });
      const codes: number[] = [];
      server.on('DataIn', () => {
        fill(server, id);
        client.reset();
        codes.push(sendAtLast(server, id, 'x'.repeat(65_536)), server.count('Disconnected'));
      });
      client.write('go');
      await server.event('Disconnected', id);
      expect(codes).toEqual([expect.any(Number), 0]);
      expect([Code.ResetByPeer, Code.Aborted]).toContain(codes[0]);
    }));

  test('ends inside DataIn of another connection', () =>
    withServer(kind, small, async (server) => {
      const { client, id } = await fullPeer(server);
      const other = await server.connect();
      let code = 0;
      server.on('DataIn', () => {
        client.reset();
        code = sendAtLast(server, id, 'x'.repeat(65_536));
      });
      other.client.write('go');
      await server.event('Disconnected', id);
      await server.until(() => code !== 0, 'the wait to end');
    }));

  test('ends when a handler inside it disconnects the client, and when one resets the server', () =>
    withServer(kind, { ...small, before: (server) => server.set(P.Linger, false) }, async (server) => {
      const one = await fullPeer(server);
      const two = await fullPeer(server);
      const other = await server.connect();
      let waits = 0;
      server.on('DataIn', () => void server.disconnect(one.id));
      other.client.write('disconnect');
      waitForReady(server, one.id);
      server.on('Disconnected', () => undefined);
      await server.event('DataIn', other.id);

      const third = await server.connect();
      server.on('DataIn', ({ text }) => {
        if (text === 'reset') {
          server.reset();
          return;
        }
        third.client.write('reset');
        expect(sendAtLast(server, two.id, 'x'.repeat(65_536))).toBe(Code.NotOpen);
        pumpWhile(server, () => server.get(P.Connected, two.id) === true);
        pumpWhile(server, () => Number(server.get(P.ConnectionCount)) > 0);
        waits += 1;
      });
      other.client.write('wait');
      await server.until(() => waits === 1, 'the waits of the handler to end');
    }));

  test('throws when a handler inside it closes the server', () =>
    withServer(kind, { ...small, check: { bytes: false, allGone: false } }, async (server) => {
      const { id } = await fullPeer(server);
      const other = await server.connect();
      server.on('DataIn', () => server.close());
      other.client.write('close');
      expect(() => waitForReady(server, id)).toThrow(TypeError);
    }));
});

behaviour('of a connection that has ended', (kind) => {
  test('ReadyToSend is true, Connected false and BytesSent the most it can be, with error 126', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      server.must(server.send(id, 'x'));
      client.end();
      await server.event('Disconnected', id);
      const values: [number, unknown, string][] = [
        [P.ReadyToSend, true, '1'],
        [P.Connected, false, '0'],
        [P.BytesSent, most, String(most)],
      ];
      for (const [property, value, bytes] of values) {
        expect(server.get(property, id)).toBe(value);
        expect(server.code).toBe(Code.UnknownConnection);
        expect(server.api.ipworks_ipdaemon_get_bytes(server.res, property, id)?.toString()).toBe(bytes);
        expect(server.api.ipworks_ipdaemon_get(server.res, property as typeof P.BytesSent, `${id}`)).toBe(value);
      }
      for (const property of [P.AcceptData, P.EOL, P.RemoteHost, P.RemotePort, P.UserData]) {
        expect([server.get(property, id), server.code]).toEqual([null, Code.UnknownConnection]);
      }
      // The loops of programs that go on from what was sent.
      pumpWhile(server, () => Number(server.api.ipworks_ipdaemon_get(server.res, P.BytesSent, id)) < 100);
      pumpWhile(server, () => server.api.ipworks_ipdaemon_get(server.res, P.Connected, id) !== false);
    }));

  test('and of one that never was, the values are null', () =>
    withServer(kind, {}, async (server) => {
      const { id } = await server.connect();
      for (const never of [id + 1, 0, -1, 2_147_483_647]) {
        for (const property of [P.ReadyToSend, P.Connected, P.BytesSent]) {
          expect([server.get(property, never), server.code]).toEqual([null, Code.UnknownConnection]);
        }
      }
      server.get(P.RemotePort, id + 1);
      expect(server.error).toContain(`there has never been a connection ${id + 1}`);
      server.config(`ConnectionUID[${id + 1}]`);
      expect(server.error).toContain(`there has never been a connection ${id + 1}`);
    }));

  test('they stay when the server was reset', () =>
    withServer(kind, {}, async (server) => {
      const { id } = await server.connect();
      server.must(server.reset());
      expect(server.get(P.ReadyToSend, id)).toBe(true);
      expect(server.get(P.BytesSent, id)).toBe(most);
      waitForReady(server, id);
    }));

  test('the getters of the class give them, too', () =>
    withServer(kind, { listen: false }, async () => {
      const server = new kind.api.IPWorks_IPDaemon();
      try {
        let gone = 0;
        server.fireDisconnected = ({ connectionid }) => {
          gone = connectionid;
        };
        kind.api.ipworks_ipdaemon_register_callback(server.handle, 4, (param) => server.fireDisconnected(param));
        server.setListening(true);
        const client = new Client(server.getLocalPort());
        await client.isConnected();
        client.end();
        const deadline = performance.now() + patience;
        while (gone === 0 && performance.now() < deadline) {
          server.doEvents();
          await new Promise((resolve) => setImmediate(resolve));
        }
        expect([server.getReadyToSend(gone), server.getConnected(gone), server.getBytesSent(gone)]).toEqual([
          true,
          false,
          most,
        ]);
        expect(server.getReadyToSend(gone + 1)).toBeNull();
        client.destroy();
      } finally {
        server[Symbol.dispose]();
      }
    }));
});

behaviour('a wait for Connected', (kind) => {
  test('ends inside DataIn of a connection that was reset, which takes no send any more', () =>
    withServer(kind, { check: { bytes: false } }, async (server) => {
      const { client, id } = await server.connect();
      let seen = 0;
      server.on('DataIn', () => {
        client.reset();
        pumpWhile(server, () => server.get(P.Connected, id) === true);
        seen += 1;
      });
      client.write('go');
      await server.event('Disconnected', id);
      expect(seen).toBe(1);
    }));
});
