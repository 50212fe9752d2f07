// Sockets that replay one recorded ClientHello, reset the connection as soon as the server has computed its answer, and
// come back at once: how much does the server do before it answers a client whose TLS connection stands? That is counted
// in processor time of the server. It includes what the server does until the client has noticed the answer, so use a
// quiet machine.
import * as net from 'node:net';
import * as tls from 'node:tls';
import type { Attack, Crowd } from './attack';
import { type Certificates, type Server, withAttackers, withKey, withServer } from './hosts';
import { observe, Polite } from './polite';
import { clientHello } from './sockets';

/** Sockets that never stop, each with one connection at a time. */
class Replay implements Crowd {
  constructor(
    private readonly port: number,
    private readonly count: number,
    private readonly hello: Buffer,
  ) {}

  attack(): void {
    for (let i = 0; i < this.count; i += 1) this.begin();
  }

  private begin(): void {
    const socket = net.connect({ port: this.port, host: '127.0.0.1', noDelay: true });
    socket.on('connect', () => socket.write(this.hello));
    socket.once('data', () => socket.resetAndDestroy());
    socket.on('error', () => {});
    // A server that refuses at once must not turn this into a loop that starves our own process.
    socket.on('close', () => setImmediate(() => this.begin()));
  }

  open(): number {
    return this.count;
  }
}

/** One whole handshake, without a ticket; resolves when the server has answered on it. */
function shakeHands(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => socket.write('echo\n'));
    socket.on('error', reject);
    socket.once('data', () => {
      socket.destroy();
      resolve();
    });
  });
}

/** Processor time of the server for one handshake, in milliseconds. */
async function costOfHandshake(server: Server, count: number): Promise<number> {
  await shakeHands(server.tls);
  const before = server.cpuTime;
  for (let i = 0; i < count; i += 1) await shakeHands(server.tls);
  return (server.cpuTime - before) / count;
}

function helloFlood(kind: keyof Certificates, title: string): Attack {
  const name = `hello-flood-${kind}`;
  return {
    name,
    title: `64 sockets replay a ClientHello, ${title}`,
    figures: [
      { key: 'cost', title: 'processor time of one handshake', unit: 'us' },
      { key: 'quiet', title: 'of one answer, before', unit: 'us' },
      { key: 'median', title: 'of one answer, meanwhile', unit: 'us' },
      { key: 'times', title: 'that is so many handshakes', unit: 'times' },
      { key: 'wait', title: 'half of the answers came within', unit: 'us' },
    ],

    async crowd(port, count) {
      return new Replay(port, count, await clientHello());
    },

    measure: (host, { count, duration }) =>
      withServer(host, withKey(kind), async (server) => {
        const cost = await costOfHandshake(server, count(500));
        const client = await Polite.meet(server.tls, true);
        try {
          client.serverTime = () => server.cpuTime;
          await observe([client], duration / 5);
          const quiet = client.medianSpent;
          return await withAttackers(name, server.tls, count(64), async (attackers) => {
            await attackers.attack();
            await observe([client], duration);
            const { medianSpent: median, medianWait: wait } = client;
            return { cost, quiet, median, times: median / cost, wait };
          });
        } finally {
          client.leave();
        }
      }),
  };
}

export const helloFloodP256 = helloFlood('p256', 'P-256 certificate');
export const helloFloodRsa = helloFlood('rsa', 'RSA-2048 certificate');
