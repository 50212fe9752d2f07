// Processes, threads and descriptors: what keeps a process alive, how it ends, and what is left.
import { Worker } from 'node:worker_threads';
import { expect, test } from '@jest/globals';
import { forEachBinding } from '../support/bindings';
import { writeTemporary } from '../support/certificates';
import { Client } from '../support/client';
import { E, P } from '../support/ids';
import { Program, root, script, withProgram } from '../support/program';
import { lateness, patience, waitFor } from '../support/waiting';

/** A server that echoes, in a program; `port` is printed. */
const echo = `
  const res = ipdaemon.ipworks_ipdaemon_open();
  ipdaemon.ipworks_ipdaemon_register_callback(res, E.DataIn, (param) => {
    ipdaemon.ipworks_ipdaemon_do_send(res, param.connectionid, param.text);
  });
  ipdaemon.ipworks_ipdaemon_set(res, P.LocalHost, 0, '127.0.0.1');
  ipdaemon.ipworks_ipdaemon_set(res, P.Listening, 0, true);
  require('node:fs').writeSync(1, 'listening ' + ipdaemon.ipworks_ipdaemon_get(res, P.LocalPort, 0) + '\\n');
`;

forEachBinding('a process', () => {
  test('ends by itself when a server is open that neither listens nor has connections', async () => {
    await withProgram(script('ipdaemon.ipworks_ipdaemon_open();'), async (program) => {
      expect(await program.ends()).toEqual({ code: 0, signal: null });
    });
  });

  test.each([
    ['close', 'ipdaemon.ipworks_ipdaemon_close(res)'],
    ['shutdown', 'ipdaemon.ipworks_ipdaemon_do_shutdown(res)'],
    ['reset', 'ipdaemon.ipworks_ipdaemon_do_reset(res)'],
  ])('stays while its server listens, and ends after %s', async (_name, end) => {
    await withProgram(
      script(`${echo} process.stdin.once('data', () => { ${end}; process.stdin.destroy(); });`),
      async (program) => {
        const client = new Client(await program.port());
        client.write('alive');
        await client.receives('alive');
        expect(program.exit).toBeUndefined();
        program.write('end\n');
        expect(await program.ends()).toEqual({ code: 0, signal: null });
        await client.isGone();
      },
    );
  });

  test('stays while a connection is up although nobody listens any more, and ends with it', async () => {
    await withProgram(
      script(`${echo}
        ipdaemon.ipworks_ipdaemon_register_callback(res, E.Connected, () => {
          ipdaemon.ipworks_ipdaemon_set(res, P.Listening, 0, false);
        });`),
      async (program) => {
        const client = new Client(await program.port());
        for (const text of ['one', 'onetwo', 'onetwothree']) {
          client.write(text.slice(client.text.length));
          await client.receives(text);
        }
        expect(program.exit).toBeUndefined();
        client.end();
        expect(await program.ends()).toEqual({ code: 0, signal: null });
      },
    );
  });

  test.each([
    'open',
    'listening',
    'ConnectionRequest',
    'Connected',
    'ReadyToSend',
    'DataIn',
    'Disconnected',
    'pumped DataIn',
    'blocking send',
  ])('may call process.exit at the step %s', async (step) => {
    await withProgram(
      script(`
        const res = ipdaemon.ipworks_ipdaemon_open();
        const step = ${JSON.stringify(step)};
        const leave = (now) => { if (now === step) process.exit(7); };
        leave('open');
        for (const name of ['ConnectionRequest', 'Connected', 'ReadyToSend', 'DataIn', 'Disconnected']) {
          ipdaemon.ipworks_ipdaemon_register_callback(res, E[name], (param) => {
            leave(name);
            if (name === 'DataIn') {
              leave('pumped DataIn');
              if (step === 'blocking send') {
                ipdaemon.ipworks_ipdaemon_set(res, P.Timeout, param.connectionid, 60);
                ipdaemon.ipworks_ipdaemon_register_callback(res, E.ConnectionRequest, () => process.exit(7));
                const other = net.connect(ipdaemon.ipworks_ipdaemon_get(res, P.LocalPort, 0), '127.0.0.1');
                setImmediate(() => {
                  ipdaemon.ipworks_ipdaemon_do_send(res, param.connectionid, 'x'.repeat(50e6));
                });
              }
            }
          });
        }
        ipdaemon.ipworks_ipdaemon_set(res, P.LocalHost, 0, '127.0.0.1');
        ipdaemon.ipworks_ipdaemon_set(res, P.Listening, 0, true);
        require('node:fs').writeSync(1, 'listening ' + ipdaemon.ipworks_ipdaemon_get(res, P.LocalPort, 0) + '\\n');
        leave('listening');
        if (step === 'pumped DataIn') while (true) ipdaemon.ipworks_ipdaemon_do_doevents(res);
      `),
      async (program) => {
        if (step !== 'open' && step !== 'listening') {
          const client = new Client(await program.port(), { paused: true });
          client.write('x');
          if (step === 'Disconnected') {
            client.end();
          }
          await program.ends();
          client.destroy();
        }
        expect(await program.ends()).toEqual({ code: 7, signal: null });
      },
    );
  });

  test('ends on Ctrl-C out of an endless pump loop', async () => {
    await withProgram(script(`${echo} while (true) ipdaemon.ipworks_ipdaemon_do_doevents(res);`), async (program) => {
      await program.port();
      program.signal('SIGINT');
      expect((await program.ends()).signal).toBe('SIGINT');
    });
  });

  test('is not ended by a send to a peer that is gone (SIGPIPE stays inside)', async () => {
    await withProgram(
      script(`${echo}
        ipdaemon.ipworks_ipdaemon_do_config(res, 'SelectWaitMillis=1');
        ipdaemon.ipworks_ipdaemon_register_callback(res, E.DataIn, (param) => {
          for (let i = 0; i < 200; i += 1) {
            ipdaemon.ipworks_ipdaemon_do_send(res, param.connectionid, 'x'.repeat(1000));
            ipdaemon.ipworks_ipdaemon_do_doevents(res);
          }
          console.log('survived');
        });`),
      async (program) => {
        const client = new Client(await program.port());
        client.write('go');
        client.socket.once('data', () => client.reset());
        await program.says(/survived/);
        expect(program.exit).toBeUndefined();
      },
    );
  });

  test("ends an idle connection although nothing else happens in Node's loop", async () => {
    await withProgram(
      script(`
        const res = ipdaemon.ipworks_ipdaemon_open();
        ipdaemon.ipworks_ipdaemon_set(res, P.DefaultIdleTimeout, 0, 1);
        ipdaemon.ipworks_ipdaemon_register_callback(res, E.Disconnected, (param) => console.log('status', param.statuscode));
        ipdaemon.ipworks_ipdaemon_set(res, P.LocalHost, 0, '127.0.0.1');
        ipdaemon.ipworks_ipdaemon_set(res, P.Listening, 0, true);
        console.log('listening', ipdaemon.ipworks_ipdaemon_get(res, P.LocalPort, 0));
      `),
      async (program) => {
        const port = await program.port();
        const start = performance.now();
        await new Client(port).isGone();
        expect(performance.now() - start).toBeGreaterThanOrEqual(1000);
        await program.says(/status 10060/);
      },
    );
  });

  test('needs no processor time while its connections wait: idle, full, and with AcceptData false', async () => {
    await withProgram(
      script(`${echo}
        ipdaemon.ipworks_ipdaemon_register_callback(res, E.DataIn, (param) => {
          const id = param.connectionid;
          if (param.text.startsWith('suspend')) ipdaemon.ipworks_ipdaemon_set(res, P.AcceptData, id, false);
          if (param.text.startsWith('fill')) while (ipdaemon.ipworks_ipdaemon_do_send(res, id, 'x'.repeat(100000)) === 0);
          ipdaemon.ipworks_ipdaemon_set(res, P.UserData, id, 'done');
          console.log('done', id);
        });
        process.stdin.once('data', () => {
          const before = process.cpuUsage();
          setTimeout(() => {
            const used = process.cpuUsage(before);
            console.log('used', used.user + used.system);
          }, 1000);
        });`),
      async (program) => {
        const port = await program.port();
        const idle = new Client(port);
        await idle.isConnected();
        const full = new Client(port, { paused: true });
        full.write('fill');
        await program.says(/done/);
        const suspended = new Client(port);
        suspended.write('suspend');
        await program.says(/done \d+\ndone/);
        suspended.write('and this waits in the system');
        program.write('measure\n');
        const [, microseconds] = await program.says(/used (\d+)/);
        expect(Number(microseconds)).toBeLessThan(250_000);
        for (const client of [idle, full, suspended]) {
          client.destroy();
        }
      },
    );
  });

  test('has as many descriptors as before after many servers were opened, used and closed', async () => {
    await withProgram(
      script(`
        const fs = require('node:fs');
        const count = () => fs.readdirSync('/proc/self/fd').length;
        const round = () => new Promise((resolve, reject) => {
          const res = ipdaemon.ipworks_ipdaemon_open();
          ipdaemon.ipworks_ipdaemon_register_callback(res, E.DataIn, (param) => {
            ipdaemon.ipworks_ipdaemon_do_send(res, param.connectionid, param.text);
          });
          ipdaemon.ipworks_ipdaemon_set(res, P.LocalHost, 0, '127.0.0.1');
          ipdaemon.ipworks_ipdaemon_set(res, P.Listening, 0, true);
          const socket = net.connect(ipdaemon.ipworks_ipdaemon_get(res, P.LocalPort, 0), '127.0.0.1');
          socket.on('error', reject);
          socket.on('close', resolve);
          socket.on('connect', () => socket.write('x'));
          socket.on('data', () => ipdaemon.ipworks_ipdaemon_close(res));
          socket.on('end', () => socket.end());
        });
        (async () => {
          await round();
          const before = count();
          for (let i = 0; i < 300; i += 1) await round();
          for (let i = 0; i < 2000; i += 1) ipdaemon.ipworks_ipdaemon_close(ipdaemon.ipworks_ipdaemon_open());
          await new Promise((resolve) => setImmediate(resolve));
          console.log('descriptors', before, count());
        })();
      `),
      async (program) => {
        const [, before, after] = await program.says(/descriptors (\d+) (\d+)/, 2 * patience);
        expect(Number(after)).toBe(Number(before));
        expect((await program.ends()).code).toBe(0);
      },
    );
  });

  test('keeps no memory of servers and connections that are gone', async () => {
    await withProgram(
      [
        '--expose-gc',
        ...script(`
        const rounds = async (count) => {
          for (let i = 0; i < count; i += 1) {
            const res = ipdaemon.ipworks_ipdaemon_open();
            const big = { data: new Array(10000).fill(i) };
            ipdaemon.ipworks_ipdaemon_register_callback(res, E.DataIn, () => big.data.length);
            ipdaemon.ipworks_ipdaemon_close(res);
            if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
          }
          await new Promise((resolve) => setImmediate(resolve));
          gc();
          return process.memoryUsage().heapUsed;
        };
        (async () => {
          await rounds(200);
          const before = await rounds(200);
          const after = await rounds(1000);
          console.log('heap', before, after);
        })();
      `),
      ],
      async (program) => {
        const [, before, after] = await program.says(/heap (\d+) (\d+)/, 2 * patience);
        // A thousand leaked handlers would be 80 MB.
        expect(Number(after) - Number(before)).toBeLessThan(8_000_000);
      },
    );
  });
});

forEachBinding('what a handler has sent', () => {
  // Alone, and as lines of one read, of which the last one ends it all.
  const inputs = { 'a record': 'x'.repeat(10), lines: 'one\ntwo\nend\n' };
  const ends = {
    'process.exit': 'process.exit(7);',
    'process.exit in a worker': 'process.exit(7);',
    'an exception that nobody catches': "throw new Error('nobody catches this');",
    'an exit listener that sends, too': `
      process.on('exit', () => ipdaemon.ipworks_ipdaemon_do_send(res, param.connectionid, 'bye'));
      process.exit(7);`,
    'closing the server and process.exit': 'ipdaemon.ipworks_ipdaemon_close(res); process.exit(7);',
  };
  const cases = Object.keys(ends).flatMap((end) => Object.keys(inputs).map((input) => [end, input] as const));

  test.each(cases)('arrives although the program ends by %s (%s)', async (end, input) => {
    const inside = `
      ${echo}
      ipdaemon.ipworks_ipdaemon_register_callback(res, E.Connected, (param) => {
        ipdaemon.ipworks_ipdaemon_set(res, P.EOL, param.connectionid, ${JSON.stringify(input === 'lines' ? '\n' : '')});
      });
      ipdaemon.ipworks_ipdaemon_register_callback(res, E.DataIn, (param) => {
        for (let i = 0; i < 3; i += 1) {
          const code = ipdaemon.ipworks_ipdaemon_do_sendline(res, param.connectionid, param.text);
          if (code !== 0) throw new Error('refused: ' + code);
        }
        if (${JSON.stringify(input)} === 'lines' && param.text !== 'end') return;
        ${ends[end as keyof typeof ends]}
      });`;
    const header = `const P = ${JSON.stringify(P)}; const E = ${JSON.stringify(E)};
      const ipdaemon = require(${JSON.stringify(root)});`;
    const inWorker = `new (require('node:worker_threads').Worker)(${JSON.stringify(`${header}${inside}`)}, { eval: true })
      .on('exit', (code) => process.exit(code));`;
    await withProgram(script(end.endsWith('worker') ? inWorker : inside), async (program) => {
      const client = new Client(await program.port());
      client.write(inputs[input as keyof typeof inputs]);
      await program.ends();
      expect(program.exit?.code).toBe(end.startsWith('an exception') ? 1 : 7);
      await client.isGone();
      const pieces = input === 'lines' ? ['one', 'two', 'end'] : ['x'.repeat(10)];
      const answer = pieces.map((piece) => `${piece}\r\n`.repeat(3)).join('');
      expect(client.text).toBe(end.startsWith('an exit listener') ? `${answer}bye` : answer);
    });
  });
});

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

forEachBinding('the port of a program', () => {
  test('is taken over by a second instance right after the first was killed', async () => {
    const server = (port: number) =>
      script(
        `${echo.replace('ipdaemon.ipworks_ipdaemon_set(res, P.Listening', `ipdaemon.ipworks_ipdaemon_set(res, P.LocalPort, 0, ${port}); ipdaemon.ipworks_ipdaemon_set(res, P.Listening`)}`,
      );
    const first = new Program(server(0));
    const port = await first.port();
    const client = new Client(port);
    client.write('x');
    await client.receives('x');
    first.signal('SIGKILL');
    await first.ends();
    await withProgram(server(port), async (second) => {
      expect(await second.port()).toBe(port);
      const again = new Client(port);
      again.write('y');
      await again.receives('y');
      again.destroy();
    });
    client.destroy();
  });
});
