// Nobody waits for what another one does: a client whose lines make the handler throw, a handler that computes, many
// handshakes or time-outs at once. What counts is the order of events, never how long they took.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { expect, test } from '@jest/globals';
import { forEachBinding } from '../support/bindings';
import { Client } from '../support/client';
import { script, withProgram } from '../support/program';
import { waitFor } from '../support/waiting';

const pumps: [string, string][] = [
  ["Node's loop", "process.on('uncaughtException', () => undefined);"],
  [
    'do_doevents',
    `for (;;) {
      try {
        ipd.ipworks_ipdaemon_do_doevents(res);
      } catch {}
    }`,
  ],
];

/** A server for lines with handlers of its own; `say` prints a line at once. */
const server = (handlers: string, pump = '') =>
  script(`
  const ipd = ipdaemon;
  const fs = require('node:fs');
  const res = ipd.ipworks_ipdaemon_open();
  ipd.ipworks_ipdaemon_set(res, P.ConnectionBacklog, 10000);
  ipd.ipworks_ipdaemon_do_config(res, 'MaxConnections=5000');
  ipd.ipworks_ipdaemon_set(res, P.DefaultEOL, '\\n');
  const say = (text) => fs.writeSync(1, text + '\\n');
  // Computes until the file is there, and for longer than a second.
  const compute = (file) => {
    const begin = performance.now();
    while (performance.now() - begin < 1500 || !fs.existsSync(file));
  };
  ${handlers}
  ipd.ipworks_ipdaemon_set(res, P.LocalHost, '127.0.0.1');
  ipd.ipworks_ipdaemon_set(res, P.Listening, true);
  say('listening ' + ipd.ipworks_ipdaemon_get(res, P.LocalPort));
  ${pump}
`);

async function connected(port: number, count: number, options = {}): Promise<Client[]> {
  const clients = Array.from({ length: count }, () => new Client(port, options));
  for (const client of clients) {
    await client.isConnected();
  }
  return clients;
}

/** Runs a body with the path of a file that is not there yet. */
async function withSignal(body: (file: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'ipdaemon-'));
  try {
    await body(path.join(folder, 'go on'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Windows stops no process. */
const withStop = process.platform === 'win32' ? test.skip : test;

forEachBinding('the server', () => {
  test.each(pumps)('serves others while a client makes its handler throw, again and again, %s', (_name, pump) =>
    withProgram(
      server(
        `let thrown = 0;
        ipd.ipworks_ipdaemon_register_callback(res, E.DataIn, ({ connectionid, text }) => {
          if (text === 'throw') {
            thrown += 1;
            if (thrown === 100) say('throwing');
            throw new Error('a fault of the handler');
          }
          ipd.ipworks_ipdaemon_do_sendline(res, connectionid, text);
        });`,
        pump,
      ),
      async (program) => {
        const port = await program.port();
        const [hostile, ...polite] = await connected(port, 21);
        // More lines than the test lasts, at one exception each.
        hostile?.write('throw\n'.repeat(1_000_000));
        await program.says(/throwing/);
        for (let round = 1; round <= 5; round += 1) {
          for (const client of polite) client.write(`polite ${round}\n`);
          for (const client of polite) {
            await client.receives(Array.from({ length: round }, (_, i) => `polite ${i + 1}\r\n`).join(''));
          }
        }
        expect(hostile?.closed).toBe(false);
        for (const client of [hostile, ...polite]) client?.destroy();
      },
    ),
  );

  test('ends nobody as idle whose data came while a handler computed', () =>
    withSignal((file) =>
      withProgram(
        server(`
        const ids = [];
        let heard = 0;
        ipd.ipworks_ipdaemon_register_callback(res, E.Connected, ({ connectionid }) => ids.push(connectionid));
        ipd.ipworks_ipdaemon_register_callback(res, E.Disconnected, ({ statuscode, description }) => {
          say('disconnected ' + statuscode + ' ' + description);
        });
        ipd.ipworks_ipdaemon_register_callback(res, E.DataIn, ({ connectionid, text }) => {
          if (text === 'compute') {
            for (const id of ids) ipd.ipworks_ipdaemon_set(res, P.IdleTimeout, id, 1);
            say('computing');
            compute(${JSON.stringify(file)});
          } else {
            ipd.ipworks_ipdaemon_set(res, P.IdleTimeout, connectionid, 0);
            heard += 1;
            if (heard === 300) say('heard all');
          }
        });`),
        async (program) => {
          const port = await program.port();
          const [first, ...others] = await connected(port, 301);
          first?.write('compute\nnot idle\n');
          await program.says(/computing/);
          for (const client of others) client.write('not idle\n');
          await waitFor(() => others.every((client) => client.socket.writableLength === 0), 'all lines to be sent');
          writeFileSync(file, '');
          await program.says(/heard all|disconnected/);
          expect(program.output).not.toContain('disconnected');
          for (const client of [first, ...others]) client?.destroy();
        },
      ),
    ));

  withStop('ends nobody as idle whose data came while the process was stopped', () =>
    withProgram(
      server(`
        const ids = [];
        let heard = 0;
        ipd.ipworks_ipdaemon_register_callback(res, E.Connected, ({ connectionid }) => ids.push(connectionid));
        ipd.ipworks_ipdaemon_register_callback(res, E.Disconnected, () => say('disconnected'));
        ipd.ipworks_ipdaemon_register_callback(res, E.DataIn, ({ connectionid, text }) => {
          if (text === 'begin') {
            for (const id of ids) ipd.ipworks_ipdaemon_set(res, P.IdleTimeout, id, 1);
            say('begun');
            process.kill(process.pid, 'SIGSTOP');
          } else {
            ipd.ipworks_ipdaemon_set(res, P.IdleTimeout, connectionid, 0);
            heard += 1;
            if (heard === 300) say('heard all');
          }
        });`),
      async (program) => {
        const port = await program.port();
        const [first, ...others] = await connected(port, 301);
        first?.write('begin\nnot idle\n');
        await program.says(/begun/);
        const begin = performance.now();
        for (const client of others) client.write('not idle\n');
        await waitFor(
          () => performance.now() - begin > 1500 && others.every((client) => client.socket.writableLength === 0),
          'all lines to be sent, and the limit to pass',
        );
        // It may not have stopped yet.
        while (program.exit === undefined && !/heard all|disconnected/.test(program.output)) {
          program.signal('SIGCONT');
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        expect(program.output).not.toContain('disconnected');
        for (const client of [first, ...others]) client?.destroy();
      },
    ),
  );

  withStop('cuts no blocking send whose peer has made room while another handler computed', () =>
    withSignal((file) =>
      withProgram(
        server(`
        ipd.ipworks_ipdaemon_do_config(res, 'OutBufferSize=65536');
        ipd.ipworks_ipdaemon_register_callback(res, E.DataIn, ({ connectionid, text }) => {
          if (text === 'compute') {
            say('computing');
            compute(${JSON.stringify(file)});
            return;
          }
          ipd.ipworks_ipdaemon_set(res, P.Timeout, connectionid, 1);
          // The other one makes its line while this waits.
          say('sending');
          const code = ipd.ipworks_ipdaemon_do_send(res, connectionid, 'x'.repeat(20_000_000));
          say('code ' + code + ' ' + ipd.ipworks_ipdaemon_get(res, P.BytesSent, connectionid));
        });`),
        async (program) => {
          const port = await program.port();
          const [reader, other] = (await connected(port, 2, { record: false, paused: true })) as [Client, Client];
          // Both lines are there before the send begins to wait, so that its first turn finds the second.
          program.signal('SIGSTOP');
          for (const [client, line] of [
            [reader, 'send\n'],
            [other, 'compute\n'],
          ] as const) {
            client.write(line);
            await waitFor(() => client.socket.writableLength === 0, 'the line to be sent');
          }
          program.signal('SIGCONT');
          await program.says(/sending\ncomputing/);
          reader.socket.resume();
          await waitFor(() => reader.bytesReceived > 0, 'the reader to make room');
          writeFileSync(file, '');
          expect((await program.says(/code .*/))[0]).toBe('code 0 20000000');
          await waitFor(() => reader.bytesReceived === 20_000_000, 'the reader to get everything');
          reader.destroy();
          other.destroy();
        },
      ),
    ),
  );

  test('delivers what others send between the time-outs of very many', () =>
    withProgram(
      server(`
        let gone = 0;
        let helper;
        ipd.ipworks_ipdaemon_register_callback(res, E.Disconnected, () => {
          gone += 1;
          if (gone === 1) helper.write('polite\\n');
          const begin = performance.now();
          while (performance.now() - begin < 0.2);
          if (gone === 1500) say('all gone');
        });
        const ids = [];
        ipd.ipworks_ipdaemon_register_callback(res, E.Connected, ({ connectionid }) => ids.push(connectionid));
        ipd.ipworks_ipdaemon_register_callback(res, E.DataIn, ({ text }) => {
          if (text === 'polite') return say('served after ' + gone);
          // The same tick for all of them, but for the one that asks and the one that is polite.
          for (const id of ids.slice(0, 1500)) ipd.ipworks_ipdaemon_set(res, P.IdleTimeout, id, 1);
          helper = net.connect(ipd.ipworks_ipdaemon_get(res, P.LocalPort), '127.0.0.1', () => say('helper'));
        });`),
      async (program) => {
        const port = await program.port();
        const idle = await connected(port, 1500);
        const asks = new Client(port);
        await asks.isConnected();
        asks.write('begin\n');
        const [, gone] = await program.says(/served after (\d+)/);
        expect(Number(gone)).toBeLessThan(1000);
        await program.says(/all gone/);
        for (const client of [...idle, asks]) client.destroy();
      },
    ));
});
