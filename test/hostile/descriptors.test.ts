// Descriptors used up: the server keeps serving, says so once, and accepts again when some are free. And what must not
// use them up: connections that have ended.
import * as path from 'node:path';
import { expect, test } from '@jest/globals';
import { forEachBinding } from '../support/bindings';
import { Client } from '../support/client';
import { Program, root, script } from '../support/program';
import { waitFor } from '../support/waiting';

forEachBinding('without descriptors', () => {
  test('the server serves on, and accepts again later', async () => {
    const body = script(`
    const res = ipdaemon.ipworks_ipdaemon_open();
    ipdaemon.ipworks_ipdaemon_register_callback(res, E.Error, (param) => console.log('error', param.connectionid, param.errorcode));
    ipdaemon.ipworks_ipdaemon_register_callback(res, E.DataIn, (param) => {
      ipdaemon.ipworks_ipdaemon_do_send(res, param.connectionid, param.text);
    });
    ipdaemon.ipworks_ipdaemon_set(res, P.ConnectionBacklog, 0, 100);
    ipdaemon.ipworks_ipdaemon_set(res, P.LocalHost, 0, '127.0.0.1');
    ipdaemon.ipworks_ipdaemon_set(res, P.Listening, 0, true);
    console.log('listening', ipdaemon.ipworks_ipdaemon_get(res, P.LocalPort, 0));
    process.stdin.on('data', () => console.log('count', ipdaemon.ipworks_ipdaemon_get(res, P.ConnectionCount, 0)));
  `);
    const program = new Program(body, { descriptors: 64 });
    const clients: Client[] = [];
    try {
      const port = await program.port();
      const first = new Client(port);
      clients.push(first);
      first.write('1');
      await first.receives('1');
      for (let i = 0; i < 70; i += 1) {
        clients.push(new Client(port));
      }
      await program.says(/error 0 10024/);
      first.write('2');
      await first.receives('12');
      // The newest are the ones that wait; when the older ones go, there is room for them.
      for (const client of clients.slice(1, 40)) {
        client.destroy();
      }
      const last = clients[clients.length - 1] as Client;
      last.write('late');
      await last.receives('late');
      first.write('3');
      await first.receives('123');
      expect(program.output.match(/error/g)?.length).toBe(1);
      expect(program.exit).toBeUndefined();
    } finally {
      for (const client of clients) {
        client.destroy();
      }
      await waitFor(() => clients.every((client) => client.closed), 'the clients to close');
      program.signal('SIGKILL');
      await program.ends();
    }
  });
});

// Where a process can count its descriptors.
const folder = process.platform === 'linux' ? '/proc/self/fd' : '/dev/fd';
const counted = process.platform === 'win32' ? test.skip : test;

forEachBinding('descriptors of ended connections', () => {
  counted('are few, however many clients keep their end open, and each client gets the last words', async () => {
    const body = script(`
    const { readdirSync } = require('node:fs');
    const res = ipdaemon.ipworks_ipdaemon_open();
    let served = 0;
    let most = 0;
    const count = () => readdirSync(${JSON.stringify(folder)}).length;
    ipdaemon.ipworks_ipdaemon_register_callback(res, E.Error, (param) => console.log('error', param.errorcode));
    ipdaemon.ipworks_ipdaemon_register_callback(res, E.Connected, (param) => {
      served += 1;
      ipdaemon.ipworks_ipdaemon_do_send(res, param.connectionid, 'busy\\n');
      ipdaemon.ipworks_ipdaemon_do_disconnect(res, param.connectionid);
      most = Math.max(most, served % 20 === 0 ? count() : 0);
    });
    ipdaemon.ipworks_ipdaemon_set(res, P.ConnectionBacklog, 0, 100);
    ipdaemon.ipworks_ipdaemon_set(res, P.LocalHost, 0, '127.0.0.1');
    ipdaemon.ipworks_ipdaemon_do_config(res, 'MaxConnections=10');
    ipdaemon.ipworks_ipdaemon_set(res, P.Listening, 0, true);
    const before = count();
    console.log('listening', ipdaemon.ipworks_ipdaemon_get(res, P.LocalPort, 0));
    process.stdin.on('data', () => console.log('served', served, 'most', most - before));
  `);
    const program = new Program(body, { descriptors: 400 });
    const clients = new Program([
      path.join(root, 'test', 'programs', 'attacker.js'),
      'stay',
      String(await program.port()),
      '3000',
    ]);
    try {
      const [, answered] = await clients.says(/all over, (\d+) answered/);
      program.write('report\n');
      const [, served, most] = await program.says(/served (\d+) most (\d+)/);
      expect(Number(answered)).toBe(Number(served));
      // Ten connections, and an eighth of what the process may have for those that have ended.
      expect(Number(most)).toBeLessThanOrEqual(10 + 400 / 8);
      expect(program.output).not.toContain('error');
    } finally {
      clients.write('end\n');
      await clients.ends();
      program.signal('SIGKILL');
      await program.ends();
    }
  });
});
