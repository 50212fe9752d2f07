// Handlers that wait inside of each other, as ported loops do, for more peers than pumps may be nested: nobody loses a
// byte, and everything goes on when those who did not read have read or left. The server is a program of its own.
import { expect, test } from '@jest/globals';
import { forEachBinding } from '../support/bindings';
import { Client } from '../support/client';
import { type Program, script, withProgram } from '../support/program';
import { waitFor } from '../support/waiting';

/** More than may be nested. */
const many = 100;

/** How much is sent to each who asks for it: much more than the system keeps for a peer that does not read. */
const large = 600_000;

/**
 * A server for lines. "large" is answered with much, by the loop of PORTING.md; "timed" likewise, with a Timeout and
 * one send; others are echoed. It prints the codes of timed sends, and how deeply handlers are nested when that grows.
 */
const server = (pump: string) =>
  script(`
  const ipd = ipdaemon;
  const res = ipd.ipworks_ipdaemon_open();
  ipd.ipworks_ipdaemon_do_config(res, 'OutBufferSize=65536');
  ipd.ipworks_ipdaemon_do_config(res, 'InBufferSize=65536');
  ipd.ipworks_ipdaemon_set(res, P.ConnectionBacklog, 1000);
  ipd.ipworks_ipdaemon_set(res, P.DefaultEOL, '\\n');
  const say = (text) => require('node:fs').writeSync(1, text + '\\n');
  let depth = 0;
  let deepest = 0;
  const piece = 'x'.repeat(50_000);
  function sendAll(id, text) {
    while (ipd.ipworks_ipdaemon_do_send(res, id, text) === 10035) {
      while (ipd.ipworks_ipdaemon_get(res, P.ReadyToSend, id) === false) ipd.ipworks_ipdaemon_do_doevents(res);
    }
  }
  ipd.ipworks_ipdaemon_register_callback(res, E.DataIn, ({ connectionid, text }) => {
    depth += 1;
    if (depth > deepest) say('depth ' + (deepest = depth));
    if (text === 'large') {
      for (let sent = 0; sent < ${large}; sent += piece.length) sendAll(connectionid, piece);
    } else if (text === 'timed') {
      ipd.ipworks_ipdaemon_set(res, P.Timeout, connectionid, 600);
      say('code ' + ipd.ipworks_ipdaemon_do_send(res, connectionid, 'x'.repeat(${large})) + ' ' +
        ipd.ipworks_ipdaemon_get(res, P.BytesSent, connectionid));
    } else {
      sendAll(connectionid, text + '\\n');
    }
    depth -= 1;
  });
  ipd.ipworks_ipdaemon_set(res, P.LocalHost, '127.0.0.1');
  ipd.ipworks_ipdaemon_set(res, P.Listening, true);
  say('listening ' + ipd.ipworks_ipdaemon_get(res, P.LocalPort));
  ${pump}
`);

const pumps: [string, string][] = [
  ["Node's loop", ''],
  ['do_doevents', 'for (;;) ipd.ipworks_ipdaemon_do_doevents(res);'],
];

/** Clients that have asked, and do not read. */
async function stalled(program: Program, port: number, count: number, ask: string): Promise<Client[]> {
  const clients: Client[] = [];
  for (let i = 0; i < count; i += 1) {
    const client = new Client(port, { paused: true, record: false });
    await client.isConnected();
    client.write(`${ask}\n`);
    clients.push(client);
  }
  await program.says(/depth 6[0-9]\n/);
  return clients;
}

async function isServed(port: number): Promise<void> {
  const polite = new Client(port);
  polite.write('polite\n');
  await polite.receives('polite\n');
  polite.destroy();
}

forEachBinding('with more waiting handlers than pumps may be nested, the server', () => {
  test.each(pumps)('goes on when those who did not read do so, %s', (_name, pump) =>
    withProgram(server(pump), async (program) => {
      const port = await program.port();
      const clients = await stalled(program, port, many, 'large');
      for (const client of clients) client.socket.resume();
      await waitFor(
        () => clients.every((client) => client.bytesReceived === large),
        () => `everybody to get everything; ${clients.map((client) => client.bytesReceived)}`,
      );
      await isServed(port);
      for (const client of clients) client.destroy();
    }),
  );

  test.each(pumps)('goes on when those who did not read leave, %s', (_name, pump) =>
    withProgram(server(pump), async (program) => {
      const port = await program.port();
      const clients = await stalled(program, port, many, 'large');
      for (const client of clients) client.destroy();
      await isServed(port);
    }),
  );

  test.each(pumps)('cuts no send with a Timeout, %s', (_name, pump) =>
    withProgram(server(pump), async (program) => {
      const port = await program.port();
      const honest = new Client(port, { record: false });
      await honest.isConnected();
      honest.write('timed\n');
      const clients = await stalled(program, port, many, 'timed');
      const late = new Client(port, { record: false });
      late.write('timed\n');
      for (const client of clients) client.socket.resume();
      const all = [honest, ...clients, late];
      await waitFor(
        () => all.every((client) => client.bytesReceived === large),
        () => `everybody to get everything; ${all.map((client) => client.bytesReceived)}`,
      );
      await waitFor(() => program.output.match(/code/g)?.length === all.length, 'every send to return');
      expect(program.output.match(/code .*/g)).toEqual(all.map(() => `code 0 ${large}`));
      for (const client of all) client.destroy();
    }),
  );
});
