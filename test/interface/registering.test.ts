// Registering for events: the documented interface, and when a function or null takes effect.
import { expect, test } from '@jest/globals';
import { Code, E, P } from '../support/ids';
import { behaviour, type Param, withServer } from '../support/server';
import { events, parameters } from '../support/tables';

behaviour('registering', (kind) => {
  test('has the events and parameters of the documented interface', () => {
    expect(Object.fromEntries(events.map((row) => [row.name, row.id]))).toEqual(E);
    const keys = (id: number) => parameters.filter((row) => row.id === id).map((row) => row.name);
    expect(keys(E.SSLClientAuthentication)).toEqual([
      'connectionid',
      'certencoded',
      'certsubject',
      'certissuer',
      'status',
      'accept',
    ]);
    expect(keys(E.SSLConnectionRequest)).toEqual([
      'connectionid',
      'supportedciphersuites',
      'supportedsignaturealgs',
      'certstoretype',
      'certstore',
      'certpassword',
      'certsubject',
      'servername',
    ]);
    expect(parameters.filter((row) => row.direction === 'INOUT').map((row) => row.name)).toEqual([
      'accept',
      'accept',
      'certstoretype',
      'certstore',
      'certpassword',
      'certsubject',
    ]);
  });

  test.each([-1, 0, 10, 2000])('for event %d fails', (event) =>
    withServer(kind, { listen: false }, ({ api, res }) => {
      expect(api.ipworks_ipdaemon_register_callback(res, event, () => undefined)).toBe(Code.UnknownName);
    }),
  );

  test('a second function replaces the first', () =>
    withServer(kind, { check: { bytes: false } }, async (server) => {
      const calls: string[] = [];
      const { api, res } = server;
      api.ipworks_ipdaemon_register_callback(res, E.DataIn, () => void calls.push('first'));
      api.ipworks_ipdaemon_register_callback(res, E.DataIn, () => void calls.push('second'));
      const { client } = await server.connect();
      client.write('x');
      await server.until(() => calls.length > 0, 'DataIn');
      expect(calls).toEqual(['second']);
    }));

  test('inside the running handler applies from the next event on', () =>
    withServer(kind, { check: { bytes: false }, before: (s) => s.set(P.DefaultEOL, '\n') }, async (server) => {
      const calls: string[] = [];
      const { api, res } = server;
      api.ipworks_ipdaemon_register_callback(res, E.DataIn, (param: unknown) => {
        calls.push(`first ${(param as Param).text}`);
        api.ipworks_ipdaemon_register_callback(res, E.DataIn, (next: unknown) => {
          calls.push(`second ${(next as Param).text}`);
        });
      });
      const { client } = await server.connect();
      client.write('1\n2\n3\n');
      await server.until(() => calls.length === 3, 'three lines');
      expect(calls).toEqual(['first 1', 'second 2', 'second 3']);
    }));

  test('Compat: changes to keys that are not writable are ignored', () =>
    withServer(
      kind,
      {
        on: {
          DataIn: (param) => {
            param.connectionid = 999;
            param.text = 'changed';
            return { connectionid: 1, text: '', eol: false };
          },
        },
        record: false,
      },
      async (server) => {
        const client = server.client();
        await server.event('ReadyToSend');
        client.write('a');
        await server.event('DataIn');
        client.write('b');
        await server.event('DataIn', undefined, 2);
        expect(server.get(P.ConnectionCount)).toBe(1);
      },
    ));
});
