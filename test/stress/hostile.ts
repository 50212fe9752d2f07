// The hostile clients in their long version, with figures: 2,000 connects per second for 20 seconds and the
// other attacks for 10 seconds each, while a polite client is served. Not part of the default tests:
//   npm run stress -- hostile      all of it
//   npm run stress -- hostile 5    seconds for each attack
// The server is a program of its own, so that its memory is its own; the attackers are another.
import { readFileSync } from 'node:fs';
import * as net from 'node:net';
import * as path from 'node:path';
import { Program, root } from '../support/program';

const attacks: [name: string, count: number][] = [
  ['silent', 5_000],
  ['endless', 20],
  ['bytes', 500],
  ['unread', 100],
  ['resets', 50],
  ['storm', 1_000],
  ['connects', 2_000],
];

const attacker = path.join(root, 'test', 'programs', 'attacker.js');
const serverProgram = path.join(root, 'test', 'programs', 'line-server.js');
const seconds = Number(process.argv[2] ?? 0);

function residentKiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** Lines there and back, one after the other, until the time is over; gives the round trips in milliseconds. */
async function polite(port: number, until: number): Promise<number[]> {
  const times: number[] = [];
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
  let answered: (() => void) | undefined;
  let text = '';
  let failure: Error | undefined;
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    answered?.();
  });
  const fail = (error: Error) => {
    failure = error;
    answered?.();
  };
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the polite client was disconnected')));
  for (let round = 0; performance.now() < until; round += 1) {
    const line = `polite ${round}\n`;
    const start = performance.now();
    text = '';
    socket.write(line);
    while (text.length < line.length) {
      if (failure) {
        throw failure;
      }
      await new Promise<void>((resolve) => {
        answered = resolve;
      });
    }
    if (text !== line) {
      throw new Error(`the polite client got ${text} for ${line}`);
    }
    times.push(performance.now() - start);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  socket.removeAllListeners('close');
  socket.destroy();
  return times.sort((a, b) => a - b);
}

async function main(): Promise<void> {
  console.log(
    '| attack | connections | polite round trips | median ms | worst ms | server KiB before | most | after |',
  );
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const [name, count] of attacks) {
    const server = new Program([serverProgram]);
    const port = await server.port();
    const pid = server.child.pid as number;
    const long = seconds > 0 ? seconds : name === 'connects' ? 20 : 10;
    await polite(port, performance.now() + 500);
    const before = residentKiB(pid);
    const attack = new Program([attacker, name, String(port), String(count)]);
    await attack.says(/attacking/);
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, residentKiB(pid));
    }, 50);
    const times = await polite(port, performance.now() + long * 1000);
    clearInterval(watch);
    const opened = await report(attack);
    attack.signal('SIGKILL');
    await attack.ends();
    await polite(port, performance.now() + 1000);
    const after = residentKiB(pid);
    const middle = times[times.length >> 1] ?? Number.NaN;
    const worst = times.at(-1) ?? Number.NaN;
    console.log(
      `| ${name} | ${opened} | ${times.length} | ${middle.toFixed(2)} | ${worst.toFixed(1)} | ${before} | ${most} | ${after} |`,
    );
    server.signal('SIGKILL');
    await server.ends();
    if (times.length < long) {
      throw new Error(`under ${name} the polite client got only ${times.length} answers in ${long} seconds`);
    }
  }
}

/** How many connections the attackers have made: they print it on request. */
async function report(attack: Program): Promise<number> {
  attack.write('report\n');
  return Number((await attack.says(/opened (\d+)/))[1]);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
