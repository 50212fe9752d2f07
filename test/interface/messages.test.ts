// What error texts say: what was given, as it was given, and what would do.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import * as net from 'node:net';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { expect, test } from '@jest/globals';
import { forEachBinding } from '../support/bindings';
import { Code, E, P } from '../support/ids';
import { root } from '../support/program';
import type { Api } from '../support/server';

type Call = (api: Api, res: never) => unknown;

const call: Record<string, [number, string[], Call]> = {
  'a name in place of a property id': [
    Code.UnknownName,
    ['"LocalPort"', 'Property.LocalPort is 27'],
    (api, res) => api.ipworks_ipdaemon_set(res, 'LocalPort' as never, 1 as never),
  ],
  'such a name when reading': [
    Code.UnknownName,
    ['"listening"', 'Property.Listening is 25'],
    (api, res) => api.ipworks_ipdaemon_get(res, 'listening' as never),
  ],
  'a property that is undefined': [
    Code.UnknownName,
    ['undefined is not a property id'],
    (api, res) => api.ipworks_ipdaemon_set(res, undefined as never, 1 as never),
  ],
  'the index behind the value': [
    Code.UnknownConnection,
    ['"\\n" is not a connection id', 'pass (resource, property, connection, value)'],
    (api, res) => api.ipworks_ipdaemon_set(res, P.EOL, '\n', 5 as never),
  ],
  'EOL without connection': [
    Code.UnknownConnection,
    ['EOL belongs to a connection', 'DefaultEOL'],
    (api, res) => api.ipworks_ipdaemon_set(res, P.EOL, '\n'),
  ],
  'reading RemoteHost without connection': [
    Code.UnknownConnection,
    ['RemoteHost belongs to a connection'],
    (api, res) => api.ipworks_ipdaemon_get(res, P.RemoteHost),
  ],
  'DataToSend without connection': [
    Code.UnknownConnection,
    ['DataToSend belongs to a connection'],
    (api, res) => api.ipworks_ipdaemon_set(res, P.DataToSend, 'x'),
  ],
  'a connection that never was': [
    Code.UnknownConnection,
    ['there has never been a connection 5'],
    (api, res) => api.ipworks_ipdaemon_do_send(res, 5, 'x'),
  ],
  'a name in place of an event id': [
    Code.UnknownName,
    ['"DataIn"', 'EventId.DataIn is 3'],
    (api, res) => api.ipworks_ipdaemon_register_callback(res, 'DataIn' as never, null),
  ],
  'the name of a handler': [
    Code.InvalidValue,
    ['"on_data"', 'function'],
    (api, res) => api.ipworks_ipdaemon_register_callback(res, E.DataIn, 'on_data' as never),
  ],
  'a fraction for an integer': [
    Code.InvalidValue,
    ['1.5', 'integer'],
    (api, res) => api.ipworks_ipdaemon_set(res, P.LocalPort, 1.5),
  ],
  'a value that is null': [
    Code.InvalidValue,
    ['null', 'a number'],
    (api, res) => api.ipworks_ipdaemon_set(res, P.LocalPort, null as never),
  ],
  'a text that is an object': [
    Code.InvalidValue,
    ['an object', 'a string'],
    (api, res) => api.ipworks_ipdaemon_set(res, P.DefaultEOL, {} as never),
  ],
  'a setting that is an object': [
    Code.InvalidValue,
    ['an object', "'Name=value'"],
    (api, res) => api.ipworks_ipdaemon_do_config(res, Object.create(null) as never),
  ],
  'the connection of a setting that is none': [
    Code.UnknownConnection,
    ["'x' is not a connection id"],
    (api, res) => api.ipworks_ipdaemon_do_config(res, 'ConnectionUID[x]'),
  ],
};

forEachBinding('the text of an error', ({ api }) => {
  test.each(Object.entries(call))('tells what was given and what would do: %s', (_what, [code, words, body]) => {
    const res = api.ipworks_ipdaemon_open();
    try {
      body(api, res as never);
      expect(api.ipworks_ipdaemon_get_last_error_code(res)).toBe(code);
      const text = api.ipworks_ipdaemon_get_last_error(res);
      for (const word of words) expect(text).toContain(word);
      // What stands for no number inside.
      expect(text).not.toContain('-1');
    } finally {
      api.ipworks_ipdaemon_close(res);
    }
  });

  test('of the class has the code once', async () => {
    const taken = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const server = new api.IPWorks_IPDaemon();
    try {
      server.setLocalHost('127.0.0.1');
      server.setLocalPort((taken.address() as net.AddressInfo).port);
      let error: unknown;
      try {
        server.setListening(true);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(api.IPDaemonError);
      expect((error as Error).message).toMatch(/^10048: Address already in use/);
      expect((error as { code: number }).code).toBe(10048);
    } finally {
      server[Symbol.dispose]();
      taken.close();
    }
  });

  test.each<[string, unknown, unknown, RegExp]>([
    ['a string for the names', 'localhost', 30, /^2002: names must be an array of strings.*"localhost"/],
    ['a number among them', [1], 30, /^2002: names must be an array of strings/],
    ['nothing for the names', null, 30, /^2002: names must be an array of strings.*null/],
    ['a string for the days', ['localhost'], '30', /^2002: .* and "30" days.*1 to 36500/],
    ['no days', ['localhost'], 0, /^2002: .*\["localhost"\] and 0 days.*1 to 36500/],
    ['days without end', ['localhost'], 2 ** 32 + 1, /^2002: .*4294967297 days/],
    ['no names', [], 30, /^2002: .*\[\] and 30 days/],
  ])('of selfSignedCertificate tells: %s', (_what, names, days, expected) => {
    let error: unknown;
    try {
      api.selfSignedCertificate(names as string[], days as number);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(api.IPDaemonError);
    expect((error as Error).message).toMatch(expected);
  });
});

test.each([
  ['with nothing built', [], /nothing was measured.*npm run build/],
  [
    'with servers that are not of the rows',
    ['--rows', 'ping64', '--servers', 'net-lines'],
    /nothing was measured.*net-lines.*ping64/,
  ],
])('the bench %s fails and says so, without an empty table', (_what, more, expected) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'ipdaemon-bench-'));
  try {
    const run = path.join(root, 'native', 'bench', 'run.js');
    const { status, stdout, stderr } = spawnSync(process.execPath, [run, '--bin', folder, '--out', folder, ...more], {
      encoding: 'utf8',
    });
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(expected);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
