// Exceptions thrown by handlers: never swallowed, and harmless to everybody else.
import { expect, test } from '@jest/globals';
import { forEachBinding } from '../support/bindings';
import { Client } from '../support/client';
import { Code, P } from '../support/ids';
import { script, withProgram } from '../support/program';
import { eachServer, stays, withServer } from '../support/server';
import { patience } from '../support/waiting';

const pumped = eachServer().filter((kind) => kind.pump === 'doevents');

/** Pumps until an exception leaves do_doevents. */
async function thrownBy(server: Parameters<Parameters<typeof withServer>[2]>[0]): Promise<unknown> {
  await server.until(() => server.thrown.length > 0, 'the exception to leave do_doevents');
  return server.thrown.shift();
}

test.each(pumped)('leaves do_doevents as it was thrown, and the rest goes on ($name)', (kind) =>
  withServer(kind, { before: (server) => server.set(P.DefaultEOL, '\n') }, async (server) => {
    const one = await server.connect();
    const two = await server.connect();
    const error = new Error('thrown by a handler');
    server.on('DataIn', ({ text }) => {
      if (text === 'throw') {
        throw error;
      }
    });
    one.client.write('before\nthrow\nafter\n');
    two.client.write('other\n');
    expect(await thrownBy(server)).toBe(error);
    await server.event('DataIn', one.id, 3);
    await server.event('DataIn', two.id);
    expect(server.pieces(one.id).map((piece) => piece.text)).toEqual(['before', 'throw', 'after']);
    expect(server.thrown).toEqual([]);
  }),
);

test.each(pumped)('each of several exceptions leaves a call of its own ($name)', (kind) =>
  withServer(kind, { before: (server) => server.set(P.DefaultEOL, '\n') }, async (server) => {
    const { client, id } = await server.connect();
    server.on('DataIn', ({ text }) => {
      throw new Error(text);
    });
    client.write('1\n2\n3\n');
    await server.until(() => server.thrown.length === 3, 'three exceptions');
    expect(server.thrown.map((error) => (error as Error).message)).toEqual(['1', '2', '3']);
    expect(server.count('DataIn', id)).toBe(3);
  }),
);

test.each(pumped)('in ConnectionRequest refuses the peer and then leaves ($name)', (kind) =>
  withServer(kind, {}, async (server) => {
    server.on('ConnectionRequest', () => {
      throw new Error('no');
    });
    const client = server.client();
    expect(await thrownBy(server)).toEqual(new Error('no'));
    await server.until(() => client.ended || client.closed, 'the peer to be refused');
    expect(server.count('Connected')).toBe(0);
    server.on('ConnectionRequest', () => undefined);
    await server.connect();
  }),
);

test.each(eachServer())('in Disconnected leaves do_disconnect after it has completed ($name)', (kind) =>
  withServer(kind, {}, async (server) => {
    const { client, id } = await server.connect();
    server.on('Disconnected', () => {
      throw new Error('on leaving');
    });
    expect(() => server.disconnect(id)).toThrow('on leaving');
    expect([server.get(P.Connected, id), server.code]).toEqual([false, Code.UnknownConnection]);
    expect(server.count('Disconnected', id)).toBe(1);
    await client.isGone();
    server.on('Disconnected', () => undefined);
  }),
);

test.each(eachServer())('in Disconnected leaves do_shutdown after it has completed ($name)', (kind) =>
  withServer(kind, {}, async (server) => {
    const first = await server.connect();
    await server.connect();
    server.on('Disconnected', ({ connectionid }) => {
      if (connectionid === first.id) {
        throw new Error('first');
      }
    });
    expect(() => server.shutdown()).toThrow('first');
    expect(server.get(P.Listening)).toBe(false);
    expect(server.get(P.ConnectionCount)).toBe(0);
    expect(server.count('Disconnected')).toBe(2);
  }),
);

test.each(pumped)('may be anything, not only an Error ($name)', (kind) =>
  withServer(kind, {}, async (server) => {
    const { client } = await server.connect();
    const things: unknown[] = [undefined, null, 0, 'text', { own: true }];
    let next = 0;
    server.on('DataIn', () => {
      throw things[next++];
    });
    for (let i = 0; i < things.length; i += 1) {
      client.write('x');
      await server.until(() => server.thrown.length === i + 1, 'the exception');
    }
    expect(server.thrown).toEqual(things);
    server.on('DataIn', () => undefined);
  }),
);

test.each(pumped)('thrown in a handler inside a handler passes through both ($name)', (kind) =>
  withServer(kind, {}, async (server) => {
    const outer = await server.connect();
    const inner = await server.connect();
    const seen: string[] = [];
    server.on('DataIn', ({ connectionid }) => {
      if (connectionid === inner.id) {
        throw new Error('inner');
      }
      inner.client.write('x');
      const deadline = performance.now() + patience;
      try {
        while (performance.now() < deadline) {
          server.doEvents();
        }
      } catch (error) {
        seen.push((error as Error).message);
        throw new Error('outer');
      }
    });
    outer.client.write('go');
    expect(await thrownBy(server)).toEqual(new Error('outer'));
    expect(seen).toEqual(['inner']);
    await stays(() => server.thrown.length > 0, 'a second exception');
  }),
);

forEachBinding('in a program', () => {
  test("becomes an uncaughtException when Node's loop delivered the event", async () => {
    await withProgram(
      script(`
      const res = ipdaemon.ipworks_ipdaemon_open();
      process.on('uncaughtException', (error) => console.log('uncaught', error.message));
      ipdaemon.ipworks_ipdaemon_set(res, P.DefaultEOL, 0, '\\n');
      ipdaemon.ipworks_ipdaemon_register_callback(res, E.DataIn, (param) => {
        if (param.text === 'throw') throw new Error('by the handler');
        ipdaemon.ipworks_ipdaemon_do_send(res, param.connectionid, param.text + '\\n');
      });
      ipdaemon.ipworks_ipdaemon_set(res, P.Listening, 0, true);
      console.log('listening', ipdaemon.ipworks_ipdaemon_get(res, P.LocalPort, 0));
    `),
      async (program) => {
        const client = new Client(await program.port());
        client.write('one\nthrow\ntwo\nthrow\nthree\n');
        await client.receives('one\ntwo\nthree\n');
        await program.says(/uncaught by the handler\nuncaught by the handler\n/);
        client.destroy();
      },
    );
  });

  test('ends the process without an uncaughtException handler', async () => {
    await withProgram(
      script(`
      const res = ipdaemon.ipworks_ipdaemon_open();
      ipdaemon.ipworks_ipdaemon_register_callback(res, E.DataIn, () => { throw new Error('nobody catches this'); });
      ipdaemon.ipworks_ipdaemon_set(res, P.Listening, 0, true);
      console.log('listening', ipdaemon.ipworks_ipdaemon_get(res, P.LocalPort, 0));
    `),
      async (program) => {
        const client = new Client(await program.port());
        client.write('x');
        expect((await program.ends()).code).toBe(1);
        expect(program.errors).toContain('nobody catches this');
        client.destroy();
      },
    );
  });
});
