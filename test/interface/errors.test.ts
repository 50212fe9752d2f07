// How errors reach the program: codes, the pair of the last error, invalid handles, the sentences.
import { expect, test } from '@jest/globals';
import { covers } from '../support/coverage';
import { Code, P } from '../support/ids';
import { behaviour, withServer } from '../support/server';
import { errors } from '../support/tables';

behaviour('the last error', (kind) => {
  test('is 0 and empty after open and after every call that succeeds', () =>
    withServer(kind, { listen: false }, ({ api, res }) => {
      const pair = () => [api.ipworks_ipdaemon_get_last_error_code(res), api.ipworks_ipdaemon_get_last_error(res)];
      expect(pair()).toEqual([0, '']);
      expect(api.ipworks_ipdaemon_set(res, P.LocalPort, 0, -1)).toBe(Code.InvalidValue);
      expect(pair()[0]).toBe(Code.InvalidValue);
      expect(pair()[1]).toContain('LocalPort');
      expect(pair()).toEqual(pair());
      api.ipworks_ipdaemon_get(res, P.LocalPort, 0);
      expect(pair()).toEqual([0, '']);
      api.ipworks_ipdaemon_do_disconnect(res, 5);
      expect(pair()[0]).toBe(Code.UnknownConnection);
      api.ipworks_ipdaemon_do_doevents(res);
      expect(pair()).toEqual([0, '']);
    }));

  test('of the outer call is not disturbed by calls inside a handler', () =>
    withServer(kind, {}, async (server) => {
      const { api, res } = server;
      const { id } = await server.connect();
      const inner: number[] = [];
      server.on('Disconnected', () => {
        api.ipworks_ipdaemon_do_send(res, 424242, 'x');
        inner.push(api.ipworks_ipdaemon_get_last_error_code(res));
      });
      expect(api.ipworks_ipdaemon_do_disconnect(res, id)).toBe(0);
      expect(inner).toEqual([Code.UnknownConnection]);
      expect(api.ipworks_ipdaemon_get_last_error_code(res)).toBe(0);
      expect(api.ipworks_ipdaemon_get_last_error(res)).toBe('');
    }));

  test('belongs to its server', () =>
    withServer(kind, { listen: false }, (one) =>
      withServer(kind, { listen: false }, (two) => {
        one.api.ipworks_ipdaemon_do_config(one.res, 'Nonsense');
        two.api.ipworks_ipdaemon_do_config(two.res, 'SelectWaitMillis');
        expect(one.api.ipworks_ipdaemon_get_last_error_code(one.res)).toBe(Code.UnknownName);
        expect(two.api.ipworks_ipdaemon_get_last_error_code(two.res)).toBe(0);
      }),
    ));

  test('has the number in brackets in front for socket errors, and the sentence for others', () =>
    withServer(kind, {}, (first) =>
      withServer(kind, { listen: false }, (server) => {
        server.set(P.LocalHost, '127.0.0.1');
        server.set(P.LocalPort, first.port);
        server.set(P.Listening, true);
        expect(server.error).toMatch(/^\[10048\] Address already in use/);
        server.disconnect(9);
        expect(server.error).toMatch(/^There is no connection with this id/);
      }),
    ));
});

behaviour('a handle', (kind) => {
  const names = [
    'set',
    'get',
    'register_callback',
    'get_last_error',
    'get_last_error_code',
    'do_config',
    'do_disconnect',
    'do_doevents',
    'do_interrupt',
    'do_reset',
    'do_send',
    'do_sendfile',
    'do_sendline',
    'do_shutdown',
    'do_startssl',
    'close',
  ] as const;
  const call = (name: string, res: unknown) =>
    (kind.api as unknown as Record<string, (...args: unknown[]) => unknown>)[`ipworks_ipdaemon_${name}`]?.(
      res,
      ...(name === 'set' ? [P.DefaultEOL, 0, ''] : name === 'get' ? [P.LocalPort, 0] : []),
      ...(name === 'register_callback' ? [1, null] : name === 'do_config' ? ['SelectWaitMillis'] : []),
      ...(/send/.test(name) ? [1, ''] : /disconnect|interrupt|startssl/.test(name) ? [1] : []),
    );

  test.each(names)('that is closed makes %s throw a TypeError that names the function', (name) => {
    const res = kind.api.ipworks_ipdaemon_open();
    kind.api.ipworks_ipdaemon_close(res);
    expect(() => call(name, res)).toThrow(TypeError);
    expect(() => call(name, res)).toThrow(`ipworks_ipdaemon_${name}`);
  });

  test.each(names)('that never was makes %s throw a TypeError', (name) => {
    for (const res of [0, -1, 1.5, 123456789, Number.NaN, undefined, null, 'x', {}]) {
      expect(() => call(name, res)).toThrow(TypeError);
    }
  });

  test('of another thread makes every call throw a TypeError', async () => {
    await withServer(kind, { listen: false }, async ({ res }) => {
      const { Worker } = require('node:worker_threads') as typeof import('node:worker_threads');
      const { root } = require('../support/program') as typeof import('../support/program');
      const worker = new Worker(
        `const ipdaemon = require(${JSON.stringify(root)});
         const { parentPort, workerData } = require('node:worker_threads');
         try { ipdaemon.ipworks_ipdaemon_do_doevents(workerData); parentPort.postMessage('no error'); }
         catch (error) { parentPort.postMessage(error.name + ': ' + error.message); }`,
        { eval: true, workerData: res },
      );
      const answer = await new Promise((resolve, reject) => {
        worker.on('message', resolve);
        worker.on('error', reject);
      });
      await worker.terminate();
      expect(answer).toMatch(/^TypeError: ipworks_ipdaemon_do_doevents/);
    });
  });

  test('is not given again after close', () => {
    const seen = new Set<number>();
    for (let i = 0; i < 50; i += 1) {
      const res = kind.api.ipworks_ipdaemon_open() as unknown as number;
      expect(seen.has(res)).toBe(false);
      seen.add(res);
      kind.api.ipworks_ipdaemon_close(res as never);
    }
  });

  test('is given whatever key open gets', () => {
    const open = kind.api.ipworks_ipdaemon_open as (key?: unknown) => never;
    for (const key of [undefined, '', 'KEY', 12]) {
      kind.api.ipworks_ipdaemon_close(open(key));
    }
  });
});

behaviour('set and get', (kind) => {
  test('take the documented number of arguments, and one less without an index', () =>
    withServer(kind, {}, async (server) => {
      const { api, res } = server;
      const { id } = await server.connect();
      const set = api.ipworks_ipdaemon_set as (...args: unknown[]) => number;
      const get = api.ipworks_ipdaemon_get as (...args: unknown[]) => unknown;
      expect(set(res, P.DefaultEOL, 0, '\n')).toBe(0);
      expect(set(res, P.DefaultEOL, '\r\n')).toBe(0);
      expect(get(res, P.DefaultEOL)).toBe('\r\n');
      expect(get(res, P.DefaultEOL, 0)).toBe('\r\n');
      expect(set(res, P.Timeout, id, 10)).toBe(0);
      expect(get(res, P.Timeout, id)).toBe(10);
      expect(set(res, P.Timeout, String(id), 11)).toBe(0);
      expect(get(res, P.Timeout, String(id))).toBe(11);
      expect(set(res, P.Timeout, 3)).toBe(Code.UnknownConnection);
    }));

  test('get_bytes gives the bytes of a binary property', () =>
    withServer(kind, { listen: false }, ({ api, res }) => {
      api.ipworks_ipdaemon_set(res, P.DefaultEOL, 0, '\u0000\u00ff');
      expect([...(api.ipworks_ipdaemon_get_bytes(res, P.DefaultEOL, 0) ?? [])]).toEqual([0, 255]);
    }));
});

behaviour('error rows', (kind) => {
  test('are sentences of their own, in rising order', () => {
    for (const row of errors) {
      if (row.id !== 0) {
        expect([row.id, row.summary]).toEqual([row.id, expect.stringMatching(/^[A-Z].*\.$/)]);
      }
    }
    expect(errors.map((row) => row.id)).toEqual([...errors.map((row) => row.id)].sort((a, b) => a - b));
    expect(kind.name).toBeTruthy();
  });

  test.each([
    [Code.AddressInUse, 'ADDRESS_IN_USE'],
    [Code.WouldBlock, 'WOULD_BLOCK'],
    [Code.UnknownConnection, 'UNKNOWN_CONNECTION'],
    [Code.TimedOut, 'TIMED_OUT'],
    [Code.ResetByPeer, 'RESET_BY_PEER'],
  ])('give %d the name %s', (code, symbol) => {
    expect(errors.find((row) => row.id === code)?.symbol).toBe(symbol);
  });
});

test(`${covers('method', 'Send')} to a peer that is gone reports the reason of its end`, async () => {
  const { eachServer } = require('../support/server') as typeof import('../support/server');
  for (const kind of eachServer()) {
    await withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      client.reset();
      await server.event('Disconnected', id);
      expect(server.send(id, 'x')).toBe(Code.UnknownConnection);
    });
  }
});
