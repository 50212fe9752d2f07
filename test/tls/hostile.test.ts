// Clients that break off, shout or crowd in during a handshake. A polite client is served meanwhile, and
// the log of all events keeps the promises.
import * as net from 'node:net';
import * as tls from 'node:tls';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { P } from '../support/ids';
import { behaviour, type TestServer, withServer } from '../support/server';
import { configure, connectInTime, implicit } from '../support/tls';
import { patience } from '../support/waiting';

/** What a relay does to the server once the client has sent so many bytes. */
type Fault = 'end' | 'reset' | 'alert' | 'garbage' | 'flip';

/** Carries a client's bytes to the server up to a point, and then does something else. */
class Relay {
  /** After how many bytes, for each client to come. */
  cuts: number[] = [];
  fault: Fault = 'end';
  target = 0;
  done = 0;
  private readonly server = net.createServer((client) => this.carry(client));

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  }

  get port(): number {
    return (this.server.address() as net.AddressInfo).port;
  }

  close(): void {
    this.server.close();
  }

  private carry(client: net.Socket): void {
    const { fault } = this;
    const cut = this.cuts.shift() ?? 0;
    const out = net.connect(this.target, '127.0.0.1');
    let sent = 0;
    let over = false;
    out.setNoDelay(true);
    client.on('data', (chunk) => {
      if (over) return;
      if (sent + chunk.length <= cut) {
        sent += chunk.length;
        out.write(chunk);
        return;
      }
      over = true;
      const good = chunk.subarray(0, cut - sent);
      out.write(good);
      this.harm(out, fault, chunk.subarray(cut - sent));
    });
    client.on('error', () => out.destroy());
    client.on('close', () => out.end());
    out.on('data', (chunk) => client.write(chunk));
    out.on('error', () => client.destroy());
    out.on('close', () => {
      this.done += 1;
      client.destroy();
    });
  }

  private harm(out: net.Socket, fault: Fault, rest: Buffer): void {
    switch (fault) {
      case 'end':
        out.end();
        return;
      case 'reset':
        out.resetAndDestroy();
        return;
      case 'alert':
        out.write(Buffer.from([21, 3, 3, 0, 2, 2, 40]));
        return;
      case 'garbage':
        out.write(Buffer.alloc(600, 0x5a));
        return;
      default: {
        const changed = Buffer.from(rest);
        changed[0] = (changed[0] as number) ^ 0x55;
        out.write(changed);
      }
    }
  }
}

const relay = new Relay();
beforeAll(() => relay.open());
afterAll(() => relay.close());

async function polite(server: TestServer): Promise<void> {
  const { client, id } = await connectInTime(server);
  client.write('polite');
  await server.until(() => server.input(id) === 'polite', 'the data of a polite client');
  server.must(server.send(id, 'thanks'));
  await client.receives('thanks');
  client.end();
  await server.event('Disconnected', id);
}

/** How many bytes a client of this version sends for a whole handshake. */
const length = { 'TLSv1.2': 500, 'TLSv1.3': 700 } as const;
const steps = 24;

behaviour('a client that breaks off in its handshake', (kind) => {
  const faults: Fault[] = ['end', 'reset', 'alert', 'garbage', 'flip'];
  const versions = ['TLSv1.2', 'TLSv1.3'] as const;

  test.each(versions.flatMap((version) => faults.map((fault) => [version, fault] as const)))(
    '%s: with %s at any step fails alone',
    (version, fault) =>
      withServer(
        kind,
        // What a client alters or adds behind its handshake is not what the server delivers.
        { before: implicit('p256', (s) => configure(s, 'DefaultConnectionTimeout=3')), check: { bytes: false } },
        async (server) => {
          relay.target = server.port;
          relay.fault = fault;
          relay.cuts = Array.from({ length: steps }, (_, step) => Math.floor((step * length[version]) / steps));
          const goal = relay.done + steps;
          const clients = relay.cuts.map(() => {
            const client = tls.connect({
              port: relay.port,
              host: '127.0.0.1',
              minVersion: version,
              maxVersion: version,
              rejectUnauthorized: false,
            });
            // Those that get through all the same leave in order.
            client.on('secureConnect', () => client.end('x'));
            client.on('error', () => client.destroy());
            return client;
          });
          await polite(server);
          await server.until(
            () => relay.done >= goal,
            () => `all to end; ${server.tail()}`,
          );
          for (const client of clients) client.destroy();
          await polite(server);
          const ended = server.events('Connected').length;
          expect(server.events('Connected').filter((param) => param.statuscode !== 0)).not.toHaveLength(0);
          expect(server.events('Error').length + server.events('Disconnected').length).toBeGreaterThanOrEqual(ended);
        },
      ),
  );
});

behaviour('a thousand handshakes at once', (kind) => {
  test('are all done, and each client is served', () =>
    withServer(
      kind,
      {
        before: implicit('p256', (s) => {
          configure(s, 'MaxConnections=2000');
          s.must(s.set(P.ConnectionBacklog, 1024));
        }),
        check: { bytes: false, maxConnections: 2000 },
        record: false,
      },
      async (server) => {
        server.on('DataIn', ({ connectionid, text }) => void server.send(connectionid, text));
        // Fewer where a run is slow.
        const count = process.env.IPDAEMON_TEST_PUMP === undefined ? 1000 : 300;
        let answered = 0;
        const failures: string[] = [];
        const clients = Array.from({ length: count }, () => {
          const client = tls.connect({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false });
          client.on('secureConnect', () => client.write('hello'));
          client.on('data', (chunk) => {
            answered += chunk.toString() === 'hello' ? 1 : 0;
            client.end();
          });
          client.on('error', (error) => failures.push(error.message));
          return client;
        });
        await server.until(
          () => answered + failures.length >= count,
          () => `${answered} of ${count} answers`,
          3 * patience,
        );
        expect(failures).toEqual([]);
        expect(answered).toBe(count);
        for (const client of clients) client.destroy();
      },
    ));
});
