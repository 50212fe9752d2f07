// Processes, threads and descriptors: what keeps a process alive, how it ends, and what is left.
import { expect, test } from '@jest/globals';
import { forEachBinding } from '../support/bindings';
import { Client } from '../support/client';
import { E, P } from '../support/ids';
import { Program, root, script, withProgram } from '../support/program';
import { patience } from '../support/waiting';

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
