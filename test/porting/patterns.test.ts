// What legacy programs do and rely on, one test each, with bare numbers as ported code has them.
import { expect, test } from '@jest/globals';
import { forEachBinding } from '../support/bindings';
import { Client } from '../support/client';
import { Code, P } from '../support/ids';
import { withThreadPeer } from '../support/peer';
import { script, withProgram } from '../support/program';
import { behaviour, type Param, type Peer, withServer } from '../support/server';
import { patience } from '../support/waiting';

behaviour('a ported program', (kind) => {
  test('greets from ReadyToSend exactly once per connection, before any DataIn', () =>
    withServer(
      kind,
      {
        before: (server) =>
          server.on('ReadyToSend', ({ connectionid }) => server.must(server.sendLine(connectionid, '220 ready'))),
      },
      async (server) => {
        const impatient = server.client();
        await impatient.isConnected();
        impatient.write('data right away');
        const { client, id } = await server.connect();
        await client.receives('220 ready\r\n');
        await impatient.receives('220 ready\r\n');
        const first = server.idOf(impatient);
        await server.event('DataIn', first);
        expect(server.story(first).slice(0, 3)).toEqual(['Connected', 'ReadyToSend', 'DataIn']);
        client.write('hello');
        await server.event('DataIn', id);
        expect(server.count('ReadyToSend')).toBe(2);
      },
    ));

  test('disconnects inside Connected', () =>
    withServer(kind, {}, async (server) => {
      server.on('Connected', ({ connectionid }) => server.must(server.disconnect(connectionid)));
      for (let i = 0; i < 3; i += 1) {
        const client = server.client();
        await client.isConnected();
        client.write('too late');
        await client.isGone();
      }
      await server.event('Disconnected', undefined, 3);
      for (const { connectionid } of server.events('Connected')) {
        expect(server.story(connectionid)).toEqual(['Connected', 'Disconnected']);
      }
    }));

  test('sends a bye and disconnects inside Connected, and the bye arrives', () =>
    withServer(kind, {}, async (server) => {
      server.on('Connected', ({ connectionid }) => {
        server.must(server.send(connectionid, 'full, bye\r\n'));
        server.must(server.disconnect(connectionid));
      });
      const client = server.client();
      await client.receives('full, bye\r\n');
      await client.isGone();
      expect(client.error).toBeUndefined();
      await server.event('Disconnected');
    }));

  test('pumps DoEvents after 10035 until ReadyToSend and sends the same text again, and nothing is lost or doubled', () =>
    withServer(kind, { smallBuffers: true }, (server) =>
      withThreadPeer(server, { paused: true }, async (peer, id) => {
        let ready = false;
        let refusals = 0;
        let sent = '';
        server.on('ReadyToSend', () => {
          ready = true;
        });
        peer.command({ op: 'resume', atMost: 2_000_000, after: 100 });
        peer.command({ op: 'resume', after: 300 });
        const deadline = performance.now() + 2 * patience;
        for (let block = 0; block < 200; block += 1) {
          const text = `${String(block).padStart(8, '0')}${'.'.repeat(65_528)}`;
          while (server.send(id, text) === Code.WouldBlock) {
            refusals += 1;
            ready = false;
            // The legacy loop: pump until the event has fired, then send the whole text again.
            while (!ready) {
              server.must(server.doEvents());
              if (performance.now() > deadline) {
                throw new Error(`ReadyToSend does not fire; ${server.tail()}`);
              }
            }
          }
          server.must(server.code);
          sent += text;
        }
        server.must(server.disconnect(id));
        await peer.until('end');
        expect(refusals).toBeGreaterThan(0);
        expect(peer.text.length).toBe(sent.length);
        expect(peer.text === sent).toBe(true);
      }),
    ));

  test('pumps inside DataIn until ReadyToSend, and goes on when the peer breaks meanwhile', () =>
    withServer(kind, { smallBuffers: true }, (server) =>
      withThreadPeer(server, { paused: true }, async (peer, id) => {
        let ready = 0;
        let outcome = -1;
        server.on('ReadyToSend', () => {
          ready += 1;
        });
        server.on('DataIn', () => {
          const text = 'p'.repeat(4_000_000);
          while (server.send(id, text) === 0) {}
          const before = ready;
          peer.command({ op: 'reset', after: 50 });
          const deadline = performance.now() + patience;
          while (ready === before && performance.now() < deadline) {
            server.must(server.doEvents());
          }
          expect(ready).toBe(before + 1);
          outcome = server.send(id, text);
        });
        peer.command({ op: 'write', text: 'request' });
        await server.event('Disconnected', id);
        expect([Code.ResetByPeer, Code.NotOpen]).toContain(outcome);
        expect(server.story(id).at(-1)).toBe('Disconnected');
      }),
    ));

  test('reads RemoteHost and RemotePort inside Disconnected', () =>
    withServer(kind, {}, async (server) => {
      const gone: string[] = [];
      server.on('Disconnected', ({ connectionid: id }) => {
        gone.push(`${String(server.get(P.RemoteHost, id))}:${String(server.get(P.RemotePort, id))}`);
      });
      const orderly = await server.connect();
      const broken = await server.connect();
      orderly.client.end();
      await server.event('Disconnected', orderly.id);
      broken.client.reset();
      await server.event('Disconnected', broken.id);
      expect(gone).toEqual([`127.0.0.1:${orderly.client.localPort}`, `127.0.0.1:${broken.client.localPort}`]);
    }));

  test('keeps a table of its clients by id and sends to all of them from one handler', () =>
    withServer(kind, {}, async (server) => {
      const present = new Set<number>();
      server.on('Connected', ({ connectionid }) => void present.add(connectionid));
      server.on('Disconnected', ({ connectionid }) => void present.delete(connectionid));
      server.on('DataIn', ({ text }) => {
        for (const id of present) {
          server.must(server.send(id, text));
        }
      });
      const peers = [await server.connect(), await server.connect(), await server.connect()];
      peers[0]?.client.write('to everybody');
      for (const { client } of peers) {
        await client.receives('to everybody');
      }
      peers[1]?.client.end();
      await server.event('Disconnected', peers[1]?.id);
      peers[2]?.client.write('!');
      await peers[0]?.client.receives('to everybody!');
      await peers[2]?.client.receives('to everybody!');
    }));

  test('serves several handles in one process, each with its own clients and handlers', () =>
    withServer(kind, {}, (one) =>
      withServer(kind, {}, (two) =>
        withServer(kind, {}, async (three) => {
          const servers = [one, two, three];
          for (const [index, server] of servers.entries()) {
            server.on('DataIn', ({ connectionid, text }) => server.must(server.send(connectionid, `${index}:${text}`)));
          }
          const peers: Peer[] = [];
          for (const server of servers) {
            peers.push(await server.connect());
          }
          for (const { client } of peers) {
            client.write('who');
          }
          for (const [index, { client }] of peers.entries()) {
            await client.receives(`${index}:who`);
          }
          // A handler of one may use another.
          one.on('DataIn', () => two.must(two.send(peers[1]?.id ?? 0, ' from one')));
          peers[0]?.client.write('x');
          await peers[1]?.client.receives('1:who from one');
        }),
      ),
    ));

  test('closes its handle inside a callback and opens another', () =>
    withServer(kind, {}, async (server) => {
      const { client } = await server.connect();
      let next: number | undefined;
      server.on('DataIn', () => {
        server.close();
        next = server.api.ipworks_ipdaemon_open() as unknown as number;
      });
      client.write('close');
      await client.isGone();
      expect(next).toBeGreaterThan(0);
      server.api.ipworks_ipdaemon_close(next as never);
    }));

  test('probes a port by Listening true, catching the error, and false', () =>
    withServer(kind, {}, (taken) =>
      withServer(kind, { listen: false }, (server) => {
        const { api, res } = server;
        api.ipworks_ipdaemon_set(res, 26, 0, '127.0.0.1');
        api.ipworks_ipdaemon_set(res, 27, 0, taken.port);
        expect(api.ipworks_ipdaemon_set(res, 25, 0, true)).toBe(10048);
        api.ipworks_ipdaemon_set(res, 27, 0, 0);
        expect(api.ipworks_ipdaemon_set(res, 25, 0, true)).toBe(0);
        expect(api.ipworks_ipdaemon_set(res, 25, 0, false)).toBe(0);
      }),
    ));
});

forEachBinding('a whole ported program', ({ api }) => {
  test('a procedural echo program ported line by line runs', async () => {
    await withProgram(
      script(`
        // The legacy program, one line of TypeScript for each line of PHP.
        const { ipworks_ipdaemon_open, ipworks_ipdaemon_set, ipworks_ipdaemon_get, ipworks_ipdaemon_register_callback,
          ipworks_ipdaemon_do_send, ipworks_ipdaemon_do_doevents, ipworks_ipdaemon_get_last_error } = ipdaemon;
        function on_connected(param) { console.log(param.connectionid + ': connected ' + param.description); }
        function on_datain(param) {
          ipworks_ipdaemon_do_send(res, param.connectionid, param.text + (param.eol ? '\\n' : ''));
        }
        function on_disconnected(param) { console.log(param.connectionid + ': disconnected ' + param.statuscode); }
        const res = ipworks_ipdaemon_open();
        ipworks_ipdaemon_register_callback(res, 1, on_connected);
        ipworks_ipdaemon_register_callback(res, 3, on_datain);
        ipworks_ipdaemon_register_callback(res, 4, on_disconnected);
        ipworks_ipdaemon_set(res, 18, 0, "\\n");
        ipworks_ipdaemon_set(res, 27, 0, 0);
        if (ipworks_ipdaemon_set(res, 25, 0, true)) throw new Error(ipworks_ipdaemon_get_last_error(res));
        require('node:fs').writeSync(1, 'listening ' + ipworks_ipdaemon_get(res, 27, 0) + '\\n');
        while (true) ipworks_ipdaemon_do_doevents(res);
      `),
      async (program) => {
        const client = new Client(await program.port());
        client.write('first\nsecond\n');
        await client.receives('first\nsecond\n');
        client.end();
        await client.isGone();
        program.signal('SIGINT');
        expect((await program.ends()).signal).toBe('SIGINT');
      },
    );
  });

  test('a class with overridden fire methods, in either spelling, runs', async () => {
    class Echo extends api.IPWorks_IPDaemon {
      FireDataIn(param: Param): Param {
        this.doSend(param.connectionid, `${param.text}!`);
        return param;
      }
      override fireConnected(param: never): never {
        this.setEOL((param as Param).connectionid, '\n');
        return param;
      }
    }
    const server = new Echo();
    try {
      server.setLocalHost('127.0.0.1');
      server.setListening(true);
      const client = new Client(server.getLocalPort());
      client.write('a\nb\n');
      await client.receives('a!b!');
      client.end();
      await client.isGone();
      server.doShutdown();
    } finally {
      server[Symbol.dispose]();
    }
  });
});
