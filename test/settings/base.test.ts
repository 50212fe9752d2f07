// Settings of the library itself.
import { expect, test } from '@jest/globals';
import { covers } from '../support/coverage';
import { Code, P } from '../support/ids';
import { script, withProgram } from '../support/program';
import { behaviour, stays, withServer } from '../support/server';

behaviour(covers('setting', 'BuildInfo', 'LicenseInfo'), (kind) => {
  test('say what this is and under which licence, and name nobody else', () =>
    withServer(kind, { listen: false }, (server) => {
      const build = server.config('BuildInfo');
      const { version } = require('../../package.json') as { version: string };
      expect(build).toMatch(/ipdaemon/i);
      expect(build).toContain(version);
      expect(build).toContain(`${process.platform}-${process.arch}`);
      expect(server.config('LicenseInfo')).toContain('MIT');
    }));
});

behaviour(covers('setting', 'CodePage'), (kind) => {
  test('28591 is one character per byte in both directions', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      const all = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte));
      client.write(all);
      await server.until(() => server.input(id) === all, 'all 256 bytes');
      server.must(server.send(id, all));
      await client.receives(all);
    }));

  test('28591 refuses to send a character above U+00FF and names the two ways out', () =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      for (const text of ['price: 5 \u20ac', `${'x'.repeat(5000)}\u20ac`, '\u{1f600}']) {
        expect(server.send(id, text)).toBe(Code.TextNotConvertible);
        expect(server.error).toContain('CodePage=65001');
        expect(server.error).toContain('Uint8Array');
      }
      expect(server.sendLine(id, '\u20ac')).toBe(Code.TextNotConvertible);
      expect(server.setDataToSend(id, '\u20ac')).toBe(Code.TextNotConvertible);
      expect(server.set(P.UserData, id, '\u20ac')).toBe(Code.TextNotConvertible);
      expect(server.set(P.EOL, id, '\u20ac')).toBe(Code.TextNotConvertible);
      server.must(server.send(id, 'fine'));
      await client.receives('fine');
    }));

  test('65001 is UTF-8 in both directions, for the binary properties too', () =>
    withServer(
      kind,
      { before: (server) => server.config('CodePage=65001'), check: { bytes: false } },
      async (server) => {
        const { client, id } = await server.connect();
        server.must(server.set(P.EOL, id, '\u20ac'));
        expect(server.get(P.EOL, id)).toBe('\u20ac');
        client.write(Buffer.from('caf\u00e9\u20acna\u00efve\u20ac'));
        await server.event('DataIn', id, 2);
        expect(server.pieces(id).map((piece) => piece.text)).toEqual(['caf\u00e9', 'na\u00efve']);
        server.must(server.send(id, '\u00fcber \u{1f600}'));
        await client.receives(Buffer.from('\u00fcber \u{1f600}').toString('latin1'));
        expect(server.get(P.BytesSent, id)).toBe(Buffer.byteLength('\u00fcber \u{1f600}'));
        expect([...(server.events('DataIn', id)[0]?.textB ?? [])]).toEqual([...Buffer.from('caf\u00e9')]);
      },
    ));

  test('65001 decodes bytes that are no UTF-8 lossily, and textB stays exact', () =>
    withServer(
      kind,
      { before: (server) => server.config('CodePage=65001'), check: { bytes: false } },
      async (server) => {
        const { client, id } = await server.connect();
        client.write(Uint8Array.of(0x41, 0xff, 0x42));
        await server.event('DataIn', id);
        const param = server.events('DataIn', id)[0];
        expect(param?.text).toBe('A\ufffdB');
        expect([...(param?.textB ?? [])]).toEqual([0x41, 0xff, 0x42]);
      },
    ));

  test('20127 refuses characters above U+007F and reads such bytes as U+FFFD', () =>
    withServer(
      kind,
      { before: (server) => server.config('CodePage=20127'), check: { bytes: false } },
      async (server) => {
        const { client, id } = await server.connect();
        expect(server.send(id, 'caf\u00e9')).toBe(Code.TextNotConvertible);
        client.write(Uint8Array.of(0x41, 0xe9));
        await server.event('DataIn', id);
        expect(server.events('DataIn', id)[0]?.text).toBe('A\ufffd');
        server.must(server.send(id, 'plain'));
        await client.receives('plain');
      },
    ));

  test('0 means the default, and other numbers are refused', () =>
    withServer(kind, { listen: false }, (server) => {
      expect(server.config('CodePage=65001')).toBe('65001');
      expect(server.config('CodePage=0')).toBe('28591');
      expect(server.configCode('CodePage=1252')).toBe(Code.NotAvailable);
      expect(server.config('CodePage')).toBe('28591');
    }));

  test('belongs to one server and not to the process', () =>
    withServer(kind, { before: (server) => server.config('CodePage=65001') }, () =>
      withServer(kind, {}, async (server) => {
        const { client, id } = await server.connect();
        client.write('\u00e9');
        await server.event('DataIn', id);
        expect(server.input(id)).toBe('\u00e9');
      }),
    ));

  test('says nothing for names: paths and messages are always Unicode', () =>
    withServer(kind, {}, async (server) => {
      const { id } = await server.connect();
      expect(server.sendFile(id, '/no/such/\u20ac')).toBe(Code.FileUnusable);
      expect(server.error).toContain('\u20ac');
    }));
});

behaviour(covers('setting', 'SelectWaitMillis'), (kind) => {
  const wait = (server: Parameters<Parameters<typeof withServer>[2]>[0]) => {
    const start = performance.now();
    server.must(server.doEvents());
    return performance.now() - start;
  };

  test('is how long do_doevents waits when there is nothing to do', () =>
    withServer(kind, {}, (server) => {
      server.config('SelectWaitMillis=200');
      expect(wait(server)).toBeGreaterThanOrEqual(199);
      server.config('SelectWaitMillis=0');
      expect(Math.min(...Array.from({ length: 10 }, () => wait(server)))).toBeLessThan(100);
    }));

  test('is not waited for when there is something to do', () =>
    withServer({ ...kind, pump: 'doevents' }, {}, async (server) => {
      const client = server.client();
      await client.isConnected();
      await server.event('ReadyToSend');
      server.config('SelectWaitMillis=600000');
      client.write('x');
      await new Promise((resolve) => setImmediate(resolve));
      const start = performance.now();
      server.must(server.doEvents());
      expect(performance.now() - start).toBeLessThan(500_000);
      expect(server.input()).toBe('x');
      server.config('SelectWaitMillis=1');
    }));
});

behaviour(covers('setting', 'ProcessIdleEvents'), (kind) => {
  test('True lets Node deliver events without do_doevents, False only do_doevents', () =>
    withServer({ ...kind, pump: 'node' }, {}, async (server) => {
      expect(server.config('ProcessIdleEvents')).toBe('True');
      const { client, id } = await server.connect();
      expect(server.config('ProcessIdleEvents=False')).toBe('False');
      client.write('waits');
      await stays(() => server.count('DataIn', id) > 0, 'an event from the idle loop', 30);
      server.doEvents();
      expect(server.input(id)).toBe('waits');
      client.write(' and flows');
      server.config('ProcessIdleEvents=True');
      await server.until(() => server.input(id) === 'waits and flows', 'an event from the idle loop');
    }));

  test('False lets the process end although the server listens', () =>
    withProgram(
      script(`
        const res = ipdaemon.ipworks_ipdaemon_open();
        ipdaemon.ipworks_ipdaemon_do_config(res, 'ProcessIdleEvents=False');
        ipdaemon.ipworks_ipdaemon_set(res, P.Listening, 0, true);
        console.log('listening', ipdaemon.ipworks_ipdaemon_get(res, P.LocalPort, 0));
      `),
      async (program) => {
        await program.port();
        expect(await program.ends()).toEqual({ code: 0, signal: null });
      },
    ));
});
