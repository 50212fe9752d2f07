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

test.each(eachServer())('leaves the call that pumped, and none that a later handler makes in it ($name)', (kind) =>
  withServer(kind, {}, async (server) => {
    const first = await server.connect();
    await server.connect();
    await server.connect();
    const elsewhere: unknown[] = [];
    const calls: Record<string, (id: number) => unknown> = {
      set: () => server.set(P.DefaultEOL, '\n'),
      'set of DataToSend': (id) => server.setDataToSend(id, 'x'),
      get: (id) => server.get(P.RemotePort, id),
      do_config: () => server.config('TcpNoDelay=True'),
      do_interrupt: (id) => server.api.ipworks_ipdaemon_do_interrupt(server.res, id),
      do_send: (id) => server.send(id, 'x'),
      do_sendline: (id) => server.sendLine(id, 'x'),
      do_sendfile: (id) => server.sendFile(id, __filename),
      do_disconnect: (id) => server.disconnect(id),
      do_startssl: (id) => server.startSsl(id),
      do_doevents: () => server.doEvents(),
      do_shutdown: () => server.shutdown(),
      register_callback: () => server.api.ipworks_ipdaemon_register_callback(server.res, 9, null),
    };
    server.on('Disconnected', ({ connectionid }) => {
      if (connectionid === first.id) throw new Error('of the first');
      for (const [name, call] of Object.entries(calls)) {
        try {
          call(connectionid);
        } catch (error) {
          elsewhere.push([name, error]);
        }
      }
    });
    expect(() => server.shutdown()).toThrow('of the first');
    expect(elsewhere).toEqual([]);
    expect(server.get(P.ConnectionCount)).toBe(0);
    expect(server.count('Disconnected')).toBe(3);
  }),
);

test.each(eachServer())('of several handlers in one call leave it together ($name)', (kind) =>
  withServer(kind, {}, async (server) => {
    const ids = [await server.connect(), await server.connect(), await server.connect()].map(({ id }) => id);
    server.on('Disconnected', ({ connectionid }) => {
      if (connectionid !== ids[1]) throw new Error(`of ${connectionid}`);
    });
    let thrown: unknown;
    try {
      server.shutdown();
    } catch (error) {
      thrown = error;
    }
    // The addon makes it of another realm than the one of the tests.
    expect((thrown as Error).name).toBe('AggregateError');
    expect((thrown as AggregateError).errors.map(({ message }) => message).sort()).toEqual(
      [`of ${ids[0]}`, `of ${ids[2]}`].sort(),
    );
  }),
);

test.each(pumped)('inside a pump in a handler leaves that pump alone, whichever server it is of ($name)', (kind) =>
  withServer(kind, {}, (one) =>
    withServer(kind, {}, async (two) => {
      const first = await one.connect();
      const second = await one.connect();
      const other = await two.connect();
      const story: string[] = [];
      const attempt = (name: string, call: () => unknown) => {
        try {
          call();
          story.push(`${name} returns`);
        } catch (error) {
          story.push(`${name} throws ${(error as Error).message}`);
        }
      };
      one.on('Disconnected', ({ connectionid }) => {
        if (connectionid === first.id) throw new Error('outer');
        attempt('a call of the other server', () => two.set(P.DefaultEOL, '\n'));
        other.client.reset();
        attempt('a pump of the other server', () => {
          const deadline = performance.now() + patience;
          while (two.count('Disconnected') === 0 && performance.now() < deadline) two.doEvents();
        });
        attempt('the same server', () => one.doEvents());
      });
      two.on('Disconnected', () => {
        throw new Error('inner');
      });
      expect(first.id).toBeLessThan(second.id);
      attempt('the shutdown', () => one.shutdown());
      expect(story).toEqual([
        'a call of the other server returns',
        'a pump of the other server throws inner',
        'the same server returns',
        'the shutdown throws outer',
      ]);
      two.on('Disconnected', () => undefined);
    }),
  ),
);

test.each(pumped)(
  'leaves what had sent a gathered line, too: the line is sent, and nothing else throws ($name)',
  (kind) =>
    withServer(kind, { before: (server) => server.set(P.DefaultEOL, '\n') }, async (server) => {
      const { client } = await server.connect();
      const codes: number[] = [];
      server.on('DataIn', ({ connectionid, text }) => {
        codes.push(server.send(connectionid, `${text}.`));
        if (text === '1') throw new Error('by the first line');
        codes.push(server.set(P.DefaultEOL, '\n'));
      });
      client.write('1\n2\n3\n');
      expect(await thrownBy(server)).toEqual(new Error('by the first line'));
      await client.receives('1.2.3.');
      expect([codes, server.thrown]).toEqual([[0, 0, 0, 0, 0], []]);
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
