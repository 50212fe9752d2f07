// A drain by IPDAEMON_DRAIN_FD: whoever has started the process closes its end of the descriptor.
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { expect, test } from '@jest/globals';
import { forEachBinding } from '../support/bindings';
import { Client } from '../support/client';
import { root, script, withProgram } from '../support/program';
import { somethingHappened, waitFor } from '../support/waiting';

interface Started {
  child: ChildProcess;
  /** The parent's end of descriptor 3. */
  line: Duplex;
  printed: string;
  told: string;
  code: number | null | undefined;
}

/** Runs a program whose descriptor 3 is a socket of its parent. */
async function withParent(
  body: string,
  env: NodeJS.ProcessEnv,
  use: (started: Started) => Promise<void>,
): Promise<void> {
  const child = spawn(process.execPath, script(body), {
    cwd: root,
    env: { ...process.env, IPDAEMON_DRAIN_FD: '3', ...env },
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  });
  const line = child.stdio[3] as Duplex;
  const started: Started = { child, line, printed: '', told: '', code: undefined };
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    started.printed += text;
    somethingHappened();
  });
  line.setEncoding('utf8').on('data', (text) => {
    started.told += text;
    somethingHappened();
  });
  line.on('error', () => undefined);
  child.on('close', (code) => {
    started.code = code;
    somethingHappened();
  });
  try {
    await use(started);
  } finally {
    if (started.code === undefined) {
      child.kill('SIGKILL');
      await waitFor(() => started.code !== undefined, 'the program to end');
    }
  }
}

const until = (started: Started, condition: () => boolean, what: string) =>
  waitFor(condition, () => `${what}; it printed ${started.printed}, told ${started.told}`);

const listening = (count: number) => `
  const ipd = ipdaemon;
  const servers = Array.from({ length: ${count} }, () => {
    const res = ipd.ipdaemon_open();
    ipd.ipdaemon_register_callback(res, E.DataIn, ({ connectionid, text }) => ipd.ipdaemon_do_send(res, connectionid, text));
    ipd.ipdaemon_set(res, P.LocalHost, '127.0.0.1');
    ipd.ipdaemon_set(res, P.Listening, true);
    console.log('port ' + ipd.ipdaemon_get(res, P.LocalPort) + '.');
    return res;
  });
`;
const pumping = `
  ipd.ipdaemon_do_config(servers[0], 'ProcessIdleEvents=False');
  while (ipd.ipdaemon_get(servers[0], P.Listening) || ipd.ipdaemon_get(servers[0], P.ConnectionCount) > 0) {
    ipd.ipdaemon_do_doevents(servers[0]);
  }
`;

async function connected(started: Started, index = 0): Promise<Client> {
  const ports = () => [...started.printed.matchAll(/port (\d+)\./g)].map(([, port]) => Number(port));
  await until(started, () => ports().length > index, 'the program to listen');
  const client = new Client(ports()[index] as number);
  client.write('hello');
  await client.receives('hello');
  return client;
}

/** Windows has no such descriptors; there, only the refusals are tested. */
const tested = process.platform === 'win32' ? test.skip : test;

forEachBinding('a drain by descriptor', () => {
  tested.each([
    ["Node's loop", ''],
    ['a loop of do_doevents', pumping],
  ])('begins when the other end closes, and the process ends, %s', (_name, loop) =>
    withParent(listening(1) + loop, {}, async (started) => {
      const client = await connected(started);
      expect(started.told).toBe('L');
      started.line.end();
      client.write(', still here');
      await client.receives('hello, still here');
      client.end();
      await until(started, () => started.code !== undefined, 'the program to end');
      expect([started.code, started.told]).toEqual([0, 'LD']);
    }),
  );

  tested('cuts who is left after IPDAEMON_DRAIN_SECONDS, in every server of the process', () =>
    withParent(listening(2), { IPDAEMON_DRAIN_SECONDS: '0' }, async (started) => {
      const clients = [await connected(started, 0), await connected(started, 1)];
      started.line.end();
      for (const client of clients) await client.isGone();
      await until(started, () => started.code !== undefined, 'the program to end');
      expect([started.code, started.told]).toEqual([0, 'LDD']);
    }),
  );

  tested('begins in a worker, too', () =>
    withParent(
      `const { Worker } = require('node:worker_threads');
      new Worker(${JSON.stringify(script(listening(1))[1])}, { eval: true });`,
      {},
      async (started) => {
        const client = await connected(started);
        started.line.end();
        client.end();
        await until(started, () => started.code !== undefined, 'the program to end');
        expect([started.code, started.told]).toEqual([0, 'LD']);
      },
    ),
  );

  tested('works with a pipe, which is told nothing', () =>
    withProgram(
      ['-c', 'cat | "$0" "$@" 3<&0', process.execPath, ...script(listening(1) + pumping)],
      async (program) => {
        const [, port] = await program.says(/port (\d+)\./);
        const client = new Client(Number(port));
        client.write('hello');
        await client.receives('hello');
        program.child.stdin?.end();
        await client.isGone();
        expect(await program.ends()).toEqual({ code: 0, signal: null });
      },
      { host: '/bin/sh', env: { IPDAEMON_DRAIN_FD: '3', IPDAEMON_DRAIN_SECONDS: '0' } },
    ),
  );

  test.each([
    ['IPDAEMON_DRAIN_FD', 'three'],
    ['IPDAEMON_DRAIN_FD', '-1'],
    ['IPDAEMON_DRAIN_FD', '999'],
    ['IPDAEMON_DRAIN_SECONDS', '1.5'],
    ['IPDAEMON_DRAIN_SECONDS', '-1'],
  ])('is refused by Listening for %s=%s', (name, value) =>
    withParent(
      `const res = ipdaemon.ipdaemon_open();
      console.log(ipdaemon.ipdaemon_set(res, P.Listening, true), ipdaemon.ipdaemon_get_last_error(res));`,
      { [name]: value },
      async (started) => {
        await until(started, () => started.code !== undefined, 'the program to end');
        expect(started.printed).toMatch(/^2002 /);
        expect(started.printed).toContain(`${name} is '${value}'`);
      },
    ),
  );

  test('does not exist without the variable', () =>
    withProgram(
      script(`
      const res = ipdaemon.ipdaemon_open();
      console.log(ipdaemon.ipdaemon_set(res, P.Listening, true));
      ipdaemon.ipdaemon_close(res);`),
      async (program) => {
        expect(await program.ends()).toEqual({ code: 0, signal: null });
        expect(program.output).toBe('0\n');
      },
      { env: { IPDAEMON_DRAIN_FD: '' } },
    ));
});
