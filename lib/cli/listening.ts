// What Linux tells about TCP sockets without touching them: who listens, and what a peer has not read yet.

import * as fs from 'node:fs';
import * as net from 'node:net';

const listening = '0A';

interface Row {
  localPort: number;
  remotePort: number;
  state: string;
  unread: number;
}

const portOf = (address: string | undefined) => Number.parseInt(address?.split(':')[1] ?? '', 16);

/** The rows of the tables of TCP; undefined where the system has none. */
function rows(pid: number | 'self'): Row[] | undefined {
  let found: Row[] | undefined;
  for (const table of ['tcp', 'tcp6']) {
    let text: string;
    try {
      text = fs.readFileSync(`/proc/${pid}/net/${table}`, 'latin1');
    } catch {
      continue;
    }
    found ??= [];
    for (const line of text.split('\n').slice(1)) {
      const [, local, remote, state = '', queues] = line.trim().split(/\s+/);
      found.push({ localPort: portOf(local), remotePort: portOf(remote), state, unread: portOf(queues) });
    }
  }
  return found;
}

/** Whether a process may be there and a connection is accepted: a look that the server counts, where there is no table. */
function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1' });
    socket.on('connect', () => {
      socket.resetAndDestroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** Whether somebody listens on a port in the network namespace of a process. */
export async function listens(port: number, pid: number): Promise<boolean> {
  const table = process.platform === 'linux' ? (rows(pid) ?? rows('self')) : undefined;
  if (table === undefined) return accepts(port);
  return table.some((row) => row.localPort === port && row.state === listening);
}

/** Whether the server has bytes of a connection that it has not read; false where that cannot be known. */
export function hasUnread(port: number, clientPort: number | undefined, pid: number | undefined): boolean {
  const table = process.platform === 'linux' ? rows(pid ?? 'self') : undefined;
  return table?.some((row) => row.localPort === port && row.remotePort === clientPort && row.unread > 0) ?? false;
}

/** A port that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
