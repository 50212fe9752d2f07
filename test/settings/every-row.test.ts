// What every configuration setting has in common, driven by the rows of the table, and the rules of
// do_config itself.
import { expect, test } from '@jest/globals';
import { covers } from '../support/coverage';
import { Code, P } from '../support/ids';
import { behaviour, type TestServer, withServer } from '../support/server';
import { integerMax, type PropertyRow, settings } from '../support/tables';

const each = (rows: PropertyRow[]) => rows.map((row) => [row.name, row] as const);
const server = settings.filter((row) => row.per === 'SERVER');

/** "Until set, the system's default": what such a setting reads before is not in the table. */
const bySystem = (row: PropertyRow) => row.fallback === '0' && row.minimum > 0;

/** Settings whose only allowed value is the one in force, as their summaries say. */
const fixed = new Set([
  'UseIOCP',
  'UseWindowsMessages',
  'SSLEnableRenegotiation',
  'UseInternalSecurityAPI',
  'SSLProvider',
  'TLS13KeyShareGroups',
]);
/** Settings that depend on the host or the system from the beginning; they have tests of their own. */
const byHost = new Set(['ProcessIdleEvents', 'UseIOCP']);
/** Settings whose range in the table is wider than the values with a meaning; they have tests of their own. */
const chosen = new Set(['CodePage', 'SSLEnabledProtocols', 'SSLSecurityFlags', 'SSLCheckCRL']);
const free = server.filter((row) => row.access === 'READ_WRITE' && !fixed.has(row.name));

/** How a value of the table reads through do_config. */
function shown(row: PropertyRow, value: string): string {
  return row.type === 'BOOLEAN' ? (value === '1' ? 'True' : 'False') : value;
}

behaviour('every setting', (kind) => {
  const closed = (body: (server: TestServer) => void) => withServer(kind, { listen: false }, body);

  test('is one of the 48 of the documented interface, or comes after them', () => {
    expect(settings.findIndex((row) => row.name === 'UseInternalSecurityAPI')).toBe(47);
    expect(new Set(settings.map((row) => row.name.toLowerCase())).size).toBe(settings.length);
  });

  test.each(each(server.filter((row) => !bySystem(row) && row.access === 'READ_WRITE' && !byHost.has(row.name))))(
    '%s has its default after open',
    (name, row) =>
      closed((s) => {
        if (kind.pump === 'doevents' && name === 'SelectWaitMillis') {
          s.reset();
        }
        expect([s.config(name), s.code]).toEqual([shown(row, row.fallback), 0]);
      }),
  );

  test.each(each(server.filter(bySystem)))('%s reads what the system does until it is set', (name) =>
    closed((s) => {
      expect(Number(s.config(name))).toBeGreaterThan(0);
    }),
  );

  test.each(each(free.filter((row) => row.type === 'INTEGER' && !chosen.has(row.name))))(
    '%s takes both limits, in decimal and hexadecimal, and refuses one past each',
    (name, row) =>
      closed((s) => {
        const kept = s.config(name);
        expect(s.configCode(`${name}=${row.minimum - 1}`)).toBe(Code.InvalidValue);
        if (row.maximum !== integerMax) {
          expect(s.configCode(`${name}=${row.maximum + 1}`)).toBe(Code.InvalidValue);
        }
        for (const wrong of ['many', '1.5', '12x', '', '99999999999999999999']) {
          expect([wrong, s.configCode(`${name}=${wrong}`)]).toEqual([wrong, Code.InvalidValue]);
        }
        expect(s.config(name)).toBe(kept);
        expect(s.configCode(`${name}=${row.minimum}`)).toBe(0);
        expect(s.configCode(`${name}=0x${row.maximum.toString(16)}`)).toBe(0);
      }),
  );

  test.each(each(free.filter((row) => row.type === 'BOOLEAN')))(
    '%s takes the words for true and false in any case, and refuses others',
    (name) =>
      closed((s) => {
        for (const yes of ['True', 'true', '1', 'YES', 'on']) {
          s.config(`${name}=False`);
          expect([yes, s.config(`${name}=${yes}`), s.code, s.config(name)]).toEqual([yes, 'True', 0, 'True']);
        }
        for (const no of ['False', '0', 'no', 'Off']) {
          s.config(`${name}=True`);
          expect([no, s.config(`${name}=${no}`), s.code, s.config(name)]).toEqual([no, 'False', 0, 'False']);
        }
        expect(s.configCode(`${name}=perhaps`)).toBe(Code.InvalidValue);
        expect(s.config(name)).toBe('False');
      }),
  );

  test.each(each(server.filter((row) => fixed.has(row.name) && row.type === 'BOOLEAN')))(
    '%s takes the value in force and refuses the opposite',
    (name, row) =>
      closed((s) => {
        const now = byHost.has(name) ? s.config(name) : shown(row, row.fallback);
        expect(s.config(name)).toBe(now);
        expect([s.config(`${name}=${now}`), s.code]).toEqual([now, 0]);
        expect(s.configCode(`${name}=${now === 'True' ? 'False' : 'True'}`)).toBe(Code.NotAvailable);
        expect(s.error.length).toBeGreaterThan(40);
        expect(s.config(name)).toBe(now);
      }),
  );

  test.each(each(server.filter((row) => row.access === 'READ_ONLY')))('%s refuses to be set', (name) =>
    closed((s) => {
      expect([s.config(`${name}=x`), s.code]).toEqual(['', Code.ReadOnly]);
      expect(s.config(name)).not.toBe('');
      expect(s.code).toBe(0);
    }),
  );

  test.each(each(settings.filter((row) => row.per === 'CONNECTION')))('%s belongs to a connection', (name, row) =>
    withServer(kind, {}, async (s) => {
      const { id } = await s.connect();
      expect([s.config(name), s.code]).toEqual(['', Code.UnknownName]);
      expect([s.config(`${name}[${id + 1000}]`), s.code]).toEqual(['', Code.UnknownConnection]);
      s.config(`${name}[${id}]`);
      expect(s.code).toBe(0);
      expect(s.configCode(`${name}[${id}]=x`)).toBe(row.access === 'READ_ONLY' ? Code.ReadOnly : Code.InvalidValue);
    }),
  );

  test.each(each(free))('%s has its default again after do_reset', (name, row) =>
    closed((s) => {
      s.reset();
      const kept = s.config(name);
      const other =
        row.type === 'BOOLEAN'
          ? kept === 'True'
            ? 'False'
            : 'True'
          : row.name === 'AllowedClients'
            ? '127.0.0.1'
            : row.name === 'CodePage'
              ? '65001'
              : row.type === 'INTEGER'
                ? String(Math.max(row.minimum, 2))
                : row.name === 'SSLEnabledProtocols'
                  ? '3072'
                  : undefined;
      if (other !== undefined && row.name !== 'SSLCheckCRL') {
        expect([s.config(`${name}=${other}`) === kept, s.code]).toEqual([false, 0]);
        s.reset();
      }
      expect(s.config(name)).toBe(kept);
    }),
  );
});

behaviour(covers('method', 'Config'), (kind) => {
  const closed = (body: (server: TestServer) => void) => withServer(kind, { listen: false }, body);

  test('finds names in any case and with blanks around', () =>
    closed((s) => {
      expect(s.config(' selectwaitmillis = 5 ')).toBe('5');
      expect(s.config('SELECTWAITMILLIS')).toBe('5');
    }));

  test('answers a set with the value that is now in force', () =>
    closed((s) => {
      expect(s.config('SelectWaitMillis=0x10')).toBe('16');
      expect(s.config('TcpNoDelay=yes')).toBe('True');
    }));

  test('refuses names that are no setting, and properties', () =>
    closed((s) => {
      for (const text of [
        '',
        '=',
        '=1',
        'NoSuchSetting',
        'NoSuchSetting=1',
        'LocalPort=1',
        'EOL',
        'Select WaitMillis',
      ]) {
        expect([text, s.config(text), s.code]).toEqual([text, '', Code.UnknownName]);
      }
    }));

  test('clears the last error when it succeeds', () =>
    closed((s) => {
      s.config('NoSuchSetting');
      expect(s.error).toContain('NoSuchSetting');
      s.config('SelectWaitMillis');
      expect([s.code, s.error]).toEqual([0, '']);
    }));

  test('splits at the first equals sign and keeps later ones', () =>
    closed((s) => {
      expect(s.config('SSLCACertFilePaths=/a=b;/c')).toBe('/a=b;/c');
    }));

  test('refuses an index for a setting of the server', () =>
    closed((s) => {
      expect(s.configCode('SelectWaitMillis[1]')).not.toBe(0);
      expect(s.configCode('SelectWaitMillis[')).not.toBe(0);
      expect(s.configCode('ConnectionUID[x]')).not.toBe(0);
    }));

  test('says in the error which setting and why', () =>
    closed((s) => {
      s.config('MaxConnections=many');
      expect(s.error).toContain('MaxConnections');
      s.config('UseWindowsMessages=True');
      expect(s.error).toContain('UseWindowsMessages');
    }));

  test('works from inside a handler and does not disturb the error of the outer call', () =>
    withServer(kind, {}, async (server) => {
      const { id } = await server.connect();
      server.on('Disconnected', () => {
        expect(server.api.ipworks_ipdaemon_do_config(server.res, 'Nonsense')).toBe('');
        expect(server.api.ipworks_ipdaemon_get_last_error_code(server.res)).toBe(Code.UnknownName);
      });
      expect(server.api.ipworks_ipdaemon_set(server.res, P.Connected, id, false)).toBe(0);
      expect(server.api.ipworks_ipdaemon_get_last_error_code(server.res)).toBe(0);
      await server.event('Disconnected', id);
    }));
});
