// Many connections, with figures: the resident memory of 10,000 idle ones, and 18,000 accepted and echoed at
// the same time. Not part of the default tests: npm run stress -- connections. Needs 20,000 descriptors (see
// docs/operating.md for how to raise the limit); with fewer it says how many it uses.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import * as net from 'node:net';
import * as path from 'node:path';
import { Program, root } from '../support/program';

const serverProgram = path.join(root, 'test', 'programs', 'line-server.js');
const limit = Number(spawnSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).stdout) || 20_000;

function residentKiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

async function open(port: number, count: number): Promise<net.Socket[]> {
  const sockets: net.Socket[] = [];
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      await new Promise<void>((resolve, reject) => {
        const socket = net.connect({ port, host: '127.0.0.1' }, () => resolve());
        socket.on('error', reject);
        sockets.push(socket);
      });
    }
  };
  await Promise.all(Array.from({ length: 100 }, one));
  return sockets;
}

async function reported(server: Program, connections: number): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    server.forget();
    server.write('report\n');
    const [, json = '{}'] = await server.says(/report (\{.*\})/);
    if ((JSON.parse(json) as { connections: number }).connections === connections) {
      return;
    }
    if (performance.now() > deadline) {
      throw new Error(`the server has ${json} and not ${connections} connections`);
    }
  }
}

async function main(): Promise<void> {
  const server = new Program([serverProgram]);
  const port = await server.port();
  const pid = server.child.pid as number;

  // Warm: code and pools of the process are not memory of connections.
  for (const socket of await open(port, 500)) {
    socket.destroy();
  }
  await reported(server, 0);
  const before = residentKiB(pid);
  const idle = Math.min(10_000, limit - 500);
  const sockets = await open(port, idle);
  await reported(server, idle);
  const with10k = residentKiB(pid);
  console.log(
    `${idle} idle connections: ${(((with10k - before) * 1024) / idle).toFixed(0)} bytes each of resident memory`,
  );

  const many = Math.min(18_000, limit - 500);
  const start = performance.now();
  sockets.push(...(await open(port, many - idle)));
  await reported(server, many);
  const opened = performance.now();
  const answers = sockets.map(
    (socket, i) =>
      new Promise<void>((resolve, reject) => {
        const line = `line of ${i}\n`;
        let text = '';
        socket.on('data', (chunk) => {
          text += chunk.toString('latin1');
          if (text === line) {
            resolve();
          } else if (!line.startsWith(text)) {
            reject(new Error(`connection ${i} got ${text}`));
          }
        });
        socket.on('close', () => reject(new Error(`connection ${i} was closed`)));
        socket.write(line);
      }),
  );
  await Promise.all(answers);
  console.log(
    `${many} connections at the same time: opened in ${((opened - start) / 1000).toFixed(1)} s more, ` +
      `all echoed in ${((performance.now() - opened) / 1000).toFixed(1)} s`,
  );
  for (const socket of sockets) {
    socket.removeAllListeners('close');
    socket.destroy();
  }
  await reported(server, 0);
  console.log(`after all are gone the server has ${residentKiB(pid)} KiB, before it had ${before} KiB`);
  server.signal('SIGKILL');
  await server.ends();
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
