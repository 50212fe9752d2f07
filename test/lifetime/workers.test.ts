// Servers in worker threads and in the workers of node:cluster: each thread has its servers, and ends without harm to others.
import { Worker } from 'node:worker_threads';
import { expect, test } from '@jest/globals';
import { forEachBinding } from '../support/bindings';
import { writeTemporary } from '../support/certificates';
import { Client } from '../support/client';
import { root, script, withProgram } from '../support/program';
import { lateness, waitFor } from '../support/waiting';

forEachBinding('worker threads', () => {
  const source = `
    const ipdaemon = require(${JSON.stringify(root)});
    const { parentPort, workerData } = require('node:worker_threads');
    const res = ipdaemon.ipworks_ipdaemon_open();
    ipdaemon.ipworks_ipdaemon_register_callback(res, 3, (param) => {
      ipdaemon.ipworks_ipdaemon_do_send(res, param.connectionid, param.text);
      if (workerData.block) {
        ipdaemon.ipworks_ipdaemon_set(res, 16, param.connectionid, 60);
        ipdaemon.ipworks_ipdaemon_do_send(res, param.connectionid, 'x'.repeat(50e6));
      }
    });
    ipdaemon.ipworks_ipdaemon_set(res, 26, 0, '127.0.0.1');
    ipdaemon.ipworks_ipdaemon_set(res, 25, 0, true);
    parentPort.postMessage(ipdaemon.ipworks_ipdaemon_get(res, 27, 0));
    if (workerData.pump) while (true) ipdaemon.ipworks_ipdaemon_do_doevents(res);
  `;

  async function start(
    workerData: Record<string, boolean>,
    program = source,
  ): Promise<{ worker: Worker; port: number }> {
    const worker = new Worker(program, { eval: true, workerData, env: { ...process.env } });
    const port = await new Promise<number>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    return { worker, port };
  }

  test('50 that open, serve and are terminated abruptly leave no descriptor behind', async () => {
    const { readdirSync } = require('node:fs') as typeof import('node:fs');
    const sockets = () =>
      readdirSync('/proc/self/fd').filter((fd) => {
        const { readlinkSync } = require('node:fs') as typeof import('node:fs');
        try {
          return /socket|eventpoll|pipe/.test(readlinkSync(`/proc/self/fd/${fd}`));
        } catch {
          return false;
        }
      }).length;
    const round = async (count: number) => {
      const started = await Promise.all(
        Array.from({ length: count }, (_, i) => start({ pump: i % 3 === 1, block: i % 5 === 2 })),
      );
      const clients = started.map(({ port }) => new Client(port, { paused: false }));
      for (const client of clients) {
        client.write('serve');
      }
      await waitFor(() => clients.every((client) => client.bytesReceived >= 5), 'every worker to serve');
      await Promise.all(started.map(({ worker }) => worker.terminate()));
      for (const client of clients) {
        await client.isGone();
        client.destroy();
      }
      await waitFor(() => clients.every((client) => client.closed), 'the clients to close');
    };
    await round(2);
    const before = sockets();
    for (let i = 0; i < 5; i += 1) {
      await round(10);
    }
    await waitFor(
      () => sockets() <= before,
      () => `the descriptors to be ${before} again; there are ${sockets()}`,
    );
  });

  test('terminated inside a blocking send ends soon', async () => {
    const { worker, port } = await start({ block: true, pump: false });
    const client = new Client(port);
    client.write('x');
    await waitFor(() => client.bytesReceived > 1, 'the worker to send');
    client.socket.pause();
    const begin = performance.now();
    await worker.terminate();
    expect(performance.now() - begin).toBeLessThan(lateness);
    client.destroy();
  });

  // The first line of a read has more behind it, which nobody can be given any more.
  const talkative = `
    const ipdaemon = require(${JSON.stringify(root)});
    const { parentPort, workerData } = require('node:worker_threads');
    const res = ipdaemon.ipworks_ipdaemon_open();
    ipdaemon.ipworks_ipdaemon_set(res, 18, 0, '\\n');
    let lines = 0;
    ipdaemon.ipworks_ipdaemon_register_callback(res, 3, ({ text }) => {
      if (workerData.exit && text === 'exit') process.exit(7);
      lines += 1;
      if (lines === 1000) parentPort.postMessage('busy');
    });
    ipdaemon.ipworks_ipdaemon_set(res, 26, 0, '127.0.0.1');
    ipdaemon.ipworks_ipdaemon_set(res, 25, 0, true);
    parentPort.postMessage(ipdaemon.ipworks_ipdaemon_get(res, 27, 0));
    if (workerData.pump) while (true) ipdaemon.ipworks_ipdaemon_do_doevents(res);
  `;

  test.each([false, true])('end while further lines wait: by process.exit inside DataIn (pumps: %s)', async (pump) => {
    const { worker, port } = await start({ exit: true, pump }, talkative);
    let code: number | undefined;
    worker.once('exit', (ended) => {
      code = ended;
    });
    const client = new Client(port);
    client.write(`one\nexit\n${'more\n'.repeat(1000)}`);
    await waitFor(() => code !== undefined, 'the worker to end');
    expect(code).toBe(7);
    await client.isGone();
    client.destroy();
  });

  test.each([false, true])('end while further lines wait: by terminate (pumps: %s)', async (pump) => {
    const { worker, port } = await start({ exit: false, pump }, talkative);
    let busy = false;
    worker.once('message', () => {
      busy = true;
    });
    const client = new Client(port, { record: false });
    let ended = false;
    client.socket.on('close', () => {
      ended = true;
    });
    const lines = Buffer.from('more\n'.repeat(20_000));
    const pour = () => {
      if (!ended) client.socket.write(lines, () => setImmediate(pour));
    };
    await client.isConnected();
    pour();
    await waitFor(() => busy, 'the worker to be busy');
    let gone = false;
    void worker.terminate().then(() => {
      gone = true;
    });
    await waitFor(() => gone, 'the worker to end');
    ended = true;
    client.destroy();
  });

  test('may share a port with BindExclusively=False, and each serves clients of its own', async () => {
    const shared = `
      const ipdaemon = require(${JSON.stringify(root)});
      const { parentPort, workerData, threadId } = require('node:worker_threads');
      const res = ipdaemon.ipworks_ipdaemon_open();
      ipdaemon.ipworks_ipdaemon_do_config(res, 'BindExclusively=False');
      ipdaemon.ipworks_ipdaemon_register_callback(res, 1, (param) => {
        ipdaemon.ipworks_ipdaemon_do_send(res, param.connectionid, 'thread ' + threadId + ';');
      });
      ipdaemon.ipworks_ipdaemon_set(res, 26, 0, '127.0.0.1');
      ipdaemon.ipworks_ipdaemon_set(res, 27, 0, workerData.port);
      const code = ipdaemon.ipworks_ipdaemon_set(res, 25, 0, true);
      parentPort.postMessage(code === 0 ? ipdaemon.ipworks_ipdaemon_get(res, 27, 0) : -code);
    `;
    const begin = async (port: number) => {
      const worker = new Worker(shared, { eval: true, workerData: { port }, env: { ...process.env } });
      return { worker, port: await new Promise<number>((resolve) => worker.once('message', resolve)) };
    };
    const first = await begin(0);
    const second = await begin(first.port);
    expect(second.port).toBe(first.port);
    const answers = new Set<string>();
    const clients: Client[] = [];
    while (answers.size < 2 && clients.length < 200) {
      const client = new Client(first.port);
      clients.push(client);
      await waitFor(() => client.text.endsWith(';'), 'a greeting');
      answers.add(client.text);
    }
    expect(answers.size).toBe(2);
    await Promise.all([first.worker.terminate(), second.worker.terminate()]);
    for (const client of clients) {
      client.destroy();
    }
  });
});

forEachBinding('the workers of node:cluster', () => {
  /** Three workers, one after the other, say how listening went; the later ones take the port of the first, or 0. */
  const cluster = (exclusively: 'True' | 'False', taken: 'the same port' | 'port 0') => {
    const [, source = ''] = script(`
      const cluster = require('node:cluster');
      if (cluster.isPrimary) {
        const begin = (count, port) => {
          if (count === 0) return console.log('all', port);
          const worker = cluster.fork({ WORKER: count, PORT: port });
          worker.once('message', ([code, own]) => {
            console.log('worker', code, own);
            begin(count - 1, ${taken === 'port 0' ? '0' : 'own'});
          });
        };
        begin(3, 0);
      } else {
        const res = ipdaemon.ipworks_ipdaemon_open();
        ipdaemon.ipworks_ipdaemon_do_config(res, 'BindExclusively=${exclusively}');
        ipdaemon.ipworks_ipdaemon_register_callback(res, E.Connected, ({ connectionid }) => {
          ipdaemon.ipworks_ipdaemon_do_send(res, connectionid, process.env.WORKER);
          ipdaemon.ipworks_ipdaemon_do_disconnect(res, connectionid);
        });
        ipdaemon.ipworks_ipdaemon_set(res, P.LocalHost, '127.0.0.1');
        ipdaemon.ipworks_ipdaemon_set(res, P.LocalPort, Number(process.env.PORT));
        const code = ipdaemon.ipworks_ipdaemon_set(res, P.Listening, true);
        process.send([code, ipdaemon.ipworks_ipdaemon_get(res, P.LocalPort)]);
        process.on('disconnect', () => process.exit());
      }
    `);
    return [writeTemporary('cluster.js', source)];
  };

  test('cannot share a port without BindExclusively=False', () =>
    withProgram(cluster('True', 'the same port'), async (program) => {
      const [, port] = await program.says(/all (\d+)/);
      expect(program.output).toBe(`worker 0 ${port}\nworker 10048 ${port}\nworker 10048 ${port}\nall ${port}\n`);
    }));

  test('share a port with BindExclusively=False, and each has clients', () =>
    withProgram(cluster('False', 'the same port'), async (program) => {
      const [, port] = await program.says(/all (\d+)/);
      expect(program.output).toBe(`${`worker 0 ${port}\n`.repeat(3)}all ${port}\n`);
      const answers = new Set<string>();
      for (let i = 0; i < 500 && answers.size < 3; i += 1) {
        const client = new Client(Number(port));
        await client.isGone();
        answers.add(client.text);
      }
      expect([...answers].sort()).toEqual(['1', '2', '3']);
    }));

  test('have a port each with LocalPort 0', () =>
    withProgram(cluster('False', 'port 0'), async (program) => {
      await program.says(/all/);
      expect(new Set(program.output.match(/^worker 0 \d+$/gm)).size).toBe(3);
    }));
});
