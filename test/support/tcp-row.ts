// What Linux says of the server's end of a connection, from /proc/net/tcp.
import { readFileSync } from 'node:fs';

export interface TcpRow {
  /** Bytes that wait for the server to read them. */
  readonly unread: number;
  /** Which timer runs: 2 is keep-alive. */
  readonly timer: number;
  /** When that timer goes off. */
  readonly timerSeconds: number;
}

/** The row of a connection by the ports of both ends: the client's alone may be that of another server's connection. */
export function tcpRow(server: { port: number }, client: { localPort: number }): TcpRow {
  const [local, remote] = [server.port, client.localPort].map(
    (port) => `:${port.toString(16).toUpperCase().padStart(4, '0')}`,
  ) as [string, string];
  const row = readFileSync('/proc/net/tcp', 'latin1')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .find((columns) => columns[1]?.endsWith(local) && columns[2]?.endsWith(remote));
  const [, , , , queues, timers] = row ?? [];
  if (queues === undefined || timers === undefined) {
    throw new Error(`no connection between the ports ${server.port} and ${client.localPort}`);
  }
  const last = (pair: string) => Number.parseInt(pair.split(':')[1] ?? '', 16);
  return { unread: last(queues), timer: Number.parseInt(timers, 16), timerSeconds: last(timers) / 100 };
}
