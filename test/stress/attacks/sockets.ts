// What the clients of several attacks need.
import * as net from 'node:net';
import { Duplex } from 'node:stream';
import * as tls from 'node:tls';
import type { Crowd } from './attack';

/** Connections in clear that keep their end open, whatever the server does. */
export class Sockets implements Crowd {
  readonly list: net.Socket[] = [];
  private readonly live = new Set<net.Socket>();

  /** Those that do not read hear of a server's end only when the connection is reset. */
  constructor(
    private readonly port: number,
    private readonly reads: boolean,
  ) {}

  /** Resolves when one more connection stands, or is refused. */
  private connect(): Promise<net.Socket> {
    return new Promise((resolve) => {
      const socket = net.connect({ port: this.port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
      const over = () => {
        this.live.delete(socket);
        resolve(socket);
      };
      this.list.push(socket);
      this.live.add(socket);
      socket.on('connect', () => resolve(socket));
      socket.on('error', over);
      socket.on('end', over);
      socket.on('close', over);
      if (this.reads) socket.resume();
    });
  }

  /** Opens many, a hundred at a time; `each` is called for every one that stands. */
  async add(count: number, each: (socket: net.Socket) => void = () => {}): Promise<this> {
    const wanted = this.list.length + count;
    const some = async () => {
      while (this.list.length < wanted) each(await this.connect());
    };
    await Promise.all(Array.from({ length: Math.min(count, 100) }, some));
    return this;
  }

  write(bytes: string | Buffer): void {
    for (const socket of this.list) socket.write(bytes);
  }

  open(): number {
    return this.live.size;
  }
}

/** The first bytes of a TLS client, recorded. */
export function clientHello(): Promise<Buffer> {
  return new Promise((resolve) => {
    const nowhere = new Duplex({
      read() {},
      write(chunk: Buffer) {
        resolve(chunk);
      },
    });
    tls.connect({ socket: nowhere as net.Socket, servername: 'localhost' }).on('error', () => {});
  });
}
