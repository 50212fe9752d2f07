// Handlers of the events that they decide. Nobody waits for a promise, so an async handler decides before its first
// await or not at all, which is told.
import { expect, jest, test } from '@jest/globals';
import type { ConnectionRequestParam } from '../../lib/index';
import { forEachBinding } from '../support/bindings';
import { Client } from '../support/client';
import { Code, E, P } from '../support/ids';
import { script, withProgram } from '../support/program';
import { behaviour, withServer } from '../support/server';
import { implicit, serve } from '../support/tls';

/** What `body` makes the process warn of. */
async function warningsOf(body: () => Promise<void>): Promise<{ code?: string | undefined; message: string }[]> {
  const warnings: { code?: string | undefined; message: string }[] = [];
  // The tests' process is not the one that emits: a program of its own shows that, below.
  const emit = jest.spyOn(process, 'emitWarning').mockImplementation(((message: string, options: { code?: string }) => {
    warnings.push({ message, code: options.code });
  }) as typeof process.emitWarning);
  try {
    await body();
  } finally {
    emit.mockRestore();
  }
  return warnings;
}

behaviour('an async handler', (kind) => {
  test('of ConnectionRequest that refuses too late admits, and is reported once with the name of the event', async () => {
    const warnings = await warningsOf(() =>
      withServer(kind, {}, async (server) => {
        server.on('ConnectionRequest', async (param) => {
          await undefined;
          param.accept = false;
        });
        await server.connect();
        await server.connect();
      }),
    );
    expect(warnings).toEqual([
      expect.objectContaining({
        code: 'IPDAEMON_ASYNC_HANDLER',
        message: expect.stringContaining('ConnectionRequest'),
      }),
    ]);
    expect(warnings[0]?.message).toContain('accept');
  });

  test('that has decided before its first await is obeyed, and nothing is reported', async () => {
    const warnings = await warningsOf(() =>
      withServer(kind, {}, async (server) => {
        server.on('ConnectionRequest', async (param) => {
          param.accept = false;
          await undefined;
        });
        const client = server.client();
        await client.isGone();
        expect(server.count('Connected')).toBe(0);
      }),
    );
    expect(warnings).toEqual([]);
  });

  test('that decides by a promise of the answer refuses, and is reported once', async () => {
    const warnings = await warningsOf(() =>
      withServer(kind, {}, async (server) => {
        const isAllowed = async () => true;
        server.on('ConnectionRequest', (param) => {
          param.accept = isAllowed() as never;
        });
        await server.client().isGone();
        server.on('ConnectionRequest', () => ({ accept: isAllowed() }));
        await server.client().isGone();
        expect(server.count('Connected')).toBe(0);
      }),
    );
    expect(warnings).toEqual([
      expect.objectContaining({
        code: 'IPDAEMON_ASYNC_HANDLER',
        message: expect.stringMatching(/ConnectionRequest set accept to a promise/),
      }),
    ]);
  });

  test('that admits a client of TLS by a promise does not overrule the recommendation', async () => {
    const warnings = await warningsOf(() =>
      withServer(
        kind,
        {
          before: (server) => {
            implicit()(server);
            server.must(server.set(P.SSLAuthenticateClients, true));
          },
        },
        async (server) => {
          server.on('SSLClientAuthentication', (param) => {
            param.accept = Promise.resolve(false) as never;
          });
          const client = server.tlsClient();
          await client.isGone();
          expect((await server.event('Connected')).statuscode).not.toBe(0);
        },
      ),
    );
    expect(warnings.map(({ message }) => /handler of (\w+)/.exec(message)?.[1])).toEqual(['SSLClientAuthentication']);
  });

  test('of another server is reported again, and one of an event that it does not decide is not', async () => {
    const warnings = await warningsOf(async () => {
      for (let i = 0; i < 2; i += 1) {
        await withServer(kind, {}, async (server) => {
          server.on('ConnectionRequest', async () => undefined);
          server.on('Connected', async () => undefined);
          server.on('DataIn', async () => undefined);
          const { client, id } = await server.connect();
          client.write('x');
          await server.event('DataIn', id);
        });
      }
    });
    expect(warnings.map(({ message }) => /handler of (\w+)/.exec(message)?.[1])).toEqual([
      'ConnectionRequest',
      'ConnectionRequest',
    ]);
  });

  test('of events of TLS is reported, and the recommendation stands', async () => {
    const warnings = await warningsOf(() =>
      withServer(
        kind,
        {
          before: (server) => {
            implicit()(server);
            server.must(server.set(P.SSLAuthenticateClients, true));
          },
        },
        async (server) => {
          server.on('SSLConnectionRequest', async () => undefined);
          server.on('SSLClientAuthentication', async (param) => {
            await undefined;
            param.accept = true;
          });
          // Without a certificate the recommendation is to refuse.
          const client = server.tlsClient();
          await client.isGone();
          expect((await server.event('Connected')).statuscode).not.toBe(0);
        },
      ),
    );
    expect(warnings.map(({ message }) => /handler of (\w+)/.exec(message)?.[1])).toEqual([
      'SSLConnectionRequest',
      'SSLClientAuthentication',
    ]);
  });
});

behaviour('register_callback', (kind) => {
  test('refuses undefined with 2002, and keeps the handler', () =>
    withServer(kind, { without: ['DataIn'] }, async (server) => {
      const { api, res } = server;
      const seen: string[] = [];
      expect(api.ipworks_ipdaemon_register_callback(res, E.DataIn, ({ text }) => seen.push(text))).toBe(0);
      for (const handler of [undefined, 0, '', false, {}, 'on_data']) {
        expect(api.ipworks_ipdaemon_register_callback(res, E.DataIn, handler as never)).toBe(Code.InvalidValue);
        expect(api.ipworks_ipdaemon_get_last_error(res)).toContain('null');
      }
      const { client } = await server.connect({ record: false });
      client.write('x');
      await server.until(() => seen.length === 1, 'the handler to be called');
      expect(api.ipworks_ipdaemon_register_callback(res, E.DataIn, null)).toBe(0);
    }));
});

behaviour('a certificate without TLS', (kind) => {
  const unused = 'listens unencrypted';
  const told = (server: Parameters<Parameters<typeof withServer>[2]>[0]) =>
    server.events('SSLStatus', 0).filter(({ message }) => message.includes(unused));

  test('is told by SSLStatus with connectionid 0 when listening begins, once', () =>
    withServer(
      kind,
      {
        before: (server) => {
          implicit()(server);
          server.must(server.set(P.SSLStartMode, 3));
        },
      },
      async (server) => {
        await server.until(() => told(server).length === 1, 'the notice');
        await server.connect();
        expect(told(server)[0]?.message).toContain('SSLStartMode');
        expect(told(server).length).toBe(1);
      },
    ));

  test('is told when it is set while listening, and not where TLS is used or no certificate is set', () =>
    withServer(kind, {}, async (server) => {
      await server.connect();
      expect(told(server)).toEqual([]);
      serve(server, 'p256');
      await server.until(() => told(server).length === 1, 'the notice');
      // A certificate and TLS at once are no news.
      server.must(server.set(P.Listening, false));
      server.listen();
      implicit()(server);
      await server.connectTls();
      expect(told(server).length).toBe(1);
    }));
});

test('the types refuse async handlers of deciding events, and no others', () => {
  const typed = (api: typeof import('../../lib/index'), res: import('../../lib/index').Resource) => {
    const { EventId, ipworks_ipdaemon_register_callback: register } = api;
    register(res, EventId.ConnectionRequest, (param) => {
      param.accept = false;
    });
    register(res, EventId.ConnectionRequest, (param) => ({ ...param, accept: false }));
    register(res, EventId.ConnectionRequest, () => ({ accept: false }));
    register(res, EventId.ConnectionRequest, (param) => param);
    register(res, 2, ({ address }) => console.log(address));
    register(res, EventId.DataIn, async () => undefined);
    register(res, EventId.Disconnected, async ({ statuscode }) => statuscode);
    // @ts-expect-error nobody waits for it
    register(res, EventId.ConnectionRequest, async () => undefined);
    // @ts-expect-error nobody waits for it
    register(res, 2, async (param) => ({ ...param, accept: false }));
    // @ts-expect-error nobody waits for it
    register(res, EventId.SSLClientAuthentication, () => Promise.resolve());
    // @ts-expect-error nobody waits for it
    register(res, EventId.SSLConnectionRequest, async () => ({ certstore: '' }));
    class Good extends api.IPWorks_IPDaemon {
      override fireConnectionRequest(param: ConnectionRequestParam) {
        param.accept = false;
        return param;
      }
      override async fireDataIn() {
        await undefined;
      }
    }
    class Bad extends api.IPWorks_IPDaemon {
      // @ts-expect-error nobody waits for it
      override async fireConnectionRequest() {
        await undefined;
      }
    }
    return [Good, Bad];
  };
  expect(typeof typed).toBe('function');
});

forEachBinding('a promise that is rejected', () => {
  test('stays an unhandledRejection, whatever event it is of', () =>
    withProgram(
      script(`
      const res = ipdaemon.ipworks_ipdaemon_open();
      process.on('unhandledRejection', (error) => console.log('unhandled', error.message));
      process.on('warning', (warning) => console.log('warning', warning.code, warning.name));
      for (const event of [E.ConnectionRequest, E.DataIn]) {
        ipdaemon.ipworks_ipdaemon_register_callback(res, event, async () => { throw new Error('of event ' + event); });
      }
      ipdaemon.ipworks_ipdaemon_set(res, P.Listening, 0, true);
      console.log('listening', ipdaemon.ipworks_ipdaemon_get(res, P.LocalPort, 0));
    `),
      async (program) => {
        const client = new Client(await program.port());
        client.write('x');
        await program.says(/unhandled of event 3/);
        expect(program.output).toContain('unhandled of event 2');
        expect(program.output).toContain('warning IPDAEMON_ASYNC_HANDLER Warning');
        client.destroy();
      },
    ));
});
