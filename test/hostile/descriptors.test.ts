// Descriptors used up: the server keeps serving, says so once, and accepts again when some are free.
import { expect, test } from '@jest/globals';
import { forEachBinding } from '../support/bindings';
import { Client } from '../support/client';
import { Program, script } from '../support/program';
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
