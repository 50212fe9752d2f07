// do_disconnect, do_doevents, do_interrupt, do_reset, do_shutdown, do_startssl.
import { expect, test } from '@jest/globals';
import { covers } from '../support/coverage';
import { Code, P } from '../support/ids';
import { withThreadPeer } from '../support/peer';
import { behaviour, type Peer, stays, withServer } from '../support/server';
import { patience } from '../support/waiting';

behaviour(covers('method', 'Disconnect'), (kind) => {
  test('fires Disconnected 0 before it returns when nothing is queued', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      server.must(server.disconnect(id));
      expect(server.events('Disconnected', id)).toMatchObject([{ statuscode: 0, description: 'OK' }]);
      await client.isGone();
      expect(client.error).toBeUndefined();
    }));

  test('of an id that does not exist fails with 126', () =>
    withServer(kind, {}, async (server) => {
      const { id } = await server.connect();
      expect(server.disconnect(id + 1)).toBe(Code.UnknownConnection);
      server.must(server.disconnect(id));
      expect(server.disconnect(id)).toBe(Code.UnknownConnection);
    }));

  test('inside a handler ends the connection after the handler', () => {
    const inside: number[] = [];
    return withServer(kind, {}, async (server) => {
      server.on('DataIn', ({ connectionid }) => {
        server.must(server.disconnect(connectionid));
        inside.push(server.count('Disconnected', connectionid));
      });
      const { client, id } = await server.connect();
      client.write('bye');
      await server.event('Disconnected', id);
      expect(inside).toEqual([0]);
      await client.isGone();
    });
  });

  test('inside a handler delivers nothing more of that connection', () =>
    withServer(
      kind,
      {
        before: (server) => {
          server.set(P.DefaultEOL, '\n');
          server.on('DataIn', ({ connectionid }) => server.must(server.disconnect(connectionid)));
        },
      },
      async (server) => {
        const { client, id } = await server.connect();
        client.write('1\n2\n3\n');
        await server.event('Disconnected', id);
        expect(server.pieces(id).map((piece) => piece.text)).toEqual(['1']);
      },
    ));

  test('of another connection from inside a handler works too', () =>
    withServer(kind, {}, async (server) => {
      const first = await server.connect();
      const second = await server.connect();
      server.on('DataIn', () => server.must(server.disconnect(second.id)));
      first.client.write('x');
      await server.event('Disconnected', second.id);
      await second.client.isGone();
      expect(server.get(P.Connected, first.id)).toBe(true);
    }));

  test('lets the "bye" through although the peer is still sending', () =>
    withServer(kind, {}, async (server) => {
      server.on('DataIn', ({ connectionid }) => {
        server.send(connectionid, 'bye\r\n');
        server.disconnect(connectionid);
      });
      const { client } = await server.connect();
      for (let i = 0; i < 20; i += 1) {
        client.write('talking and talking '.repeat(50));
      }
      await client.receives('bye\r\n');
    }));
});

behaviour(covers('method', 'DoEvents'), (kind) => {
  test('delivers what is ready and returns 0', () =>
    withServer({ ...kind, pump: 'doevents' }, {}, async (server) => {
      const client = server.client();
      await server.until(() => server.count('ReadyToSend') === 1, 'the client to get in');
      client.write('data');
      await server.until(() => server.doEvents() === 0 && server.input() === 'data', 'DataIn');
    }));

  test('serves every ready connection once before any a second time', () =>
    withServer({ ...kind, pump: 'doevents' }, {}, async (server) => {
      const peers: Peer[] = [];
      for (let i = 0; i < 5; i += 1) {
        peers.push(await server.connect({ record: false }));
      }
      const greedy = peers[0];
      const block = Buffer.alloc(8 << 20);
      greedy?.client.write(block);
      for (const { client } of peers.slice(1)) {
        client.write('polite');
      }
      const before = server.seen.length;
      await server.until(() => peers.every(({ id }) => server.count('DataIn', id) > 0), 'DataIn of every connection');
      const order = server.seen.slice(before).filter((event) => event.name === 'DataIn');
      const lastFirst = Math.max(...peers.map(({ id }) => order.findIndex((event) => event.param.connectionid === id)));
      // Before the last of them is served the first time, the greedy one has had its turn a few times at most.
      expect(order.slice(0, lastFirst).filter((event) => event.param.connectionid === greedy?.id).length).toBeLessThan(
        20,
      );
    }));

  test('inside a handler serves the others, and never the connection whose handler is running', () =>
    withServer(kind, {}, async (server) => {
      const first = await server.connect();
      const second = await server.connect();
      let nested = 0;
      server.on('DataIn', ({ connectionid, text }) => {
        if (connectionid === first.id && text === 'outer') {
          first.client.write('inner');
          second.client.write('other');
          const deadline = performance.now() + patience;
          while (server.count('DataIn', second.id) === 0 && performance.now() < deadline) {
            server.must(server.doEvents());
            nested += 1;
          }
          expect(server.count('DataIn', first.id)).toBe(1);
        }
      });
      first.client.write('outer');
      await server.event('DataIn', second.id);
      await server.until(() => server.input(first.id) === 'outerinner', 'the input that waited');
      expect(nested).toBeGreaterThan(0);
    }));

  test('nested deeper than 64 begins no DataIn, but moves everything else', () =>
    withServer(kind, {}, async (server) => {
      const peers: Peer[] = [];
      for (let i = 0; i < 70; i += 1) {
        peers.push(await server.connect());
      }
      let depth = 0;
      let deepest = 0;
      server.on('DataIn', () => {
        depth += 1;
        deepest = Math.max(deepest, depth);
        expect(server.doEvents()).toBe(0);
        depth -= 1;
      });
      for (const { client } of peers) {
        client.write('.');
      }
      await server.until(() => server.count('DataIn') >= peers.length, 'all input');
      expect(deepest).toBeGreaterThan(1);
      expect(deepest).toBeLessThanOrEqual(64);
    }));
});

behaviour(covers('method', 'Interrupt'), (kind) => {
  test('ends a blocking send with 301 and leaves the connection up', () =>
    withServer(kind, { smallBuffers: true }, async (server) => {
      const other = await server.connect();
      await withThreadPeer(server, { paused: true }, async (peer, id) => {
        server.must(server.set(P.Timeout, id, 600));
        server.on('DataIn', () => {
          expect(server.api.ipworks_ipdaemon_do_interrupt(server.res, id)).toBe(0);
        });
        other.client.write('stop it');
        const start = performance.now();
        expect(server.send(id, 'i'.repeat(12_000_000))).toBe(Code.TimedOut);
        expect(performance.now() - start).toBeLessThan(500_000);
        const sent = server.get(P.BytesSent, id) as number;
        expect(sent).toBeLessThan(12_000_000);
        expect(server.get(P.Connected, id)).toBe(true);
        server.must(server.disconnect(id));
        peer.command({ op: 'resume' });
        await peer.until('end');
        expect(peer.text.length).toBe(sent);
      });
    }));

  test('without a blocking send does nothing, and fails for an unknown id', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      expect(server.api.ipworks_ipdaemon_do_interrupt(server.res, id)).toBe(0);
      expect(server.api.ipworks_ipdaemon_do_interrupt(server.res, id + 1)).toBe(Code.UnknownConnection);
      server.must(server.send(id, 'not interrupted'));
      await client.receives('not interrupted');
    }));
});

behaviour(covers('method', 'Reset'), (kind) => {
  test('ends listening and all connections without events and gives every default back', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      server.must(server.set(P.DefaultEOL, '\n'));
      server.config('TcpNoDelay=True');
      server.must(server.reset());
      expect(server.get(P.Listening)).toBe(false);
      expect(server.get(P.ConnectionCount)).toBe(0);
      expect(server.get(P.DefaultEOL)).toBe('');
      expect(server.config('TcpNoDelay')).toBe('False');
      expect([server.get(P.Connected, id), server.code]).toEqual([false, Code.UnknownConnection]);
      expect(server.count('Disconnected')).toBe(0);
      await client.isGone();
    }));

  test('keeps the callbacks, so that the server can be used again', async () => {
    await withServer(kind, { check: { allGone: false } }, async (server) => {
      server.must(server.reset());
      if (kind.pump === 'doevents') {
        server.config('ProcessIdleEvents=False');
      }
      server.log.length = 0;
      server.listen();
      const { client, id } = await server.connect();
      client.write('again');
      await server.until(() => server.input(id) === 'again', 'DataIn after reset');
      client.end();
      await server.event('Disconnected', id);
    });
  });

  test('inside a handler takes effect when the handler has returned', () =>
    withServer(kind, {}, async (server) => {
      let inside: unknown;
      server.on('DataIn', ({ connectionid }) => {
        server.must(server.reset());
        inside = server.get(P.Connected, connectionid);
      });
      const { client } = await server.connect();
      client.write('reset');
      await client.isGone();
      await server.until(() => server.get(P.Listening) === false, 'listening to end');
      expect(inside).not.toBeUndefined();
      expect(server.count('Disconnected')).toBe(0);
    }));
});

behaviour(covers('method', 'Shutdown'), (kind) => {
  test('stops listening, disconnects everybody and has fired each Disconnected when it returns', () =>
    withServer(kind, {}, async (server) => {
      const peers = [await server.connect(), await server.connect(), await server.connect()];
      server.must(server.shutdown());
      expect(server.get(P.Listening)).toBe(false);
      expect(server.get(P.ConnectionCount)).toBe(0);
      expect(server.events('Disconnected').map((param) => param.statuscode)).toEqual([0, 0, 0]);
      for (const { client } of peers) {
        await client.isGone();
        expect(client.error).toBeUndefined();
      }
      const late = server.client();
      await server.until(() => late.closed, 'a late client to be refused');
    }));

  test('of an idle server succeeds', () =>
    withServer(kind, { listen: false }, (server) => {
      server.must(server.shutdown());
      server.must(server.shutdown());
    }));

  test('sends what is queued first', () =>
    withServer(kind, { smallBuffers: true }, (server) =>
      withThreadPeer(server, { paused: true }, async (peer, id) => {
        const text = 'd'.repeat(2_000_000);
        server.must(server.send(id, text));
        peer.command({ op: 'resume', after: 50 });
        server.must(server.shutdown());
        expect(server.events('Disconnected', id)).toMatchObject([{ statuscode: 0 }]);
        await peer.until('end');
        expect(peer.text.length).toBe(text.length);
      }),
    ));

  test('inside a handler ends the connections after it', () =>
    withServer(kind, {}, async (server) => {
      let inside = -1;
      server.on('DataIn', () => {
        server.must(server.shutdown());
        inside = server.count('Disconnected');
      });
      const first = await server.connect();
      const second = await server.connect();
      first.client.write('everybody out');
      await server.event('Disconnected', first.id);
      await server.event('Disconnected', second.id);
      expect(inside).toBe(0);
      expect(server.get(P.Listening)).toBe(false);
    }));

  test('lets the server listen again on the same port', () =>
    withServer(kind, {}, async (server) => {
      const { port } = server;
      await server.connect();
      server.must(server.shutdown());
      server.must(server.set(P.LocalPort, port));
      server.must(server.set(P.Listening, true));
      await server.connect();
    }));
});

behaviour(covers('method', 'StartSSL'), (kind) => {
  test('without a certificate fails with 282 and leaves the connection in clear', () =>
    withServer(kind, { without: ['SSLConnectionRequest'] }, async (server) => {
      const { client, id } = await server.connect();
      expect(server.api.ipworks_ipdaemon_do_startssl(server.res, id)).toBe(Code.NoServerCertificate);
      expect(server.api.ipworks_ipdaemon_get_last_error(server.res)).toMatch(/SSLCertStore/);
      client.write('in clear');
      await server.until(() => server.input(id) === 'in clear', 'input in clear');
      await stays(() => server.count('SSLStatus') > 0, 'an event of TLS');
    }));

  test('of an unknown id fails with 126', () =>
    withServer(kind, {}, (server) => {
      expect(server.api.ipworks_ipdaemon_do_startssl(server.res, 12)).toBe(Code.UnknownConnection);
    }));
});
