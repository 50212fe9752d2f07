// Hostile clients, in short versions: a polite client is served all the while, and memory stays bounded.
// The server and the polite client run in this process, the attackers in a process of their own.
import * as path from 'node:path';
import { expect, test } from '@jest/globals';
import { P } from '../support/ids';
import { counter } from '../support/native';
import { Program, root } from '../support/program';
import { behaviour, type TestServer, withServer } from '../support/server';
import { patience } from '../support/waiting';

const attacker = path.join(root, 'test', 'programs', 'attacker.js');

/** Bytes that wait in the server, in both directions. */
const waiting = (server: TestServer) => counter(server, 'memory');

/** Runs an attack of the program while a polite client exchanges lines, and checks that it is answered. */
async function underAttack(
  server: TestServer,
  attack: string[],
  check: { rounds: number; memory: number; connections: number },
): Promise<void> {
  const program = new Program([attacker, attack[0] ?? '', String(server.port), ...attack.slice(1)]);
  try {
    const { client, id } = await server.connect();
    await program.says(/attacking/);
    let expected = '';
    let slowest = 0;
    let most = 0;
    const deadline = performance.now() + patience;
    // Longer where the attackers are slow to come.
    const came = () => server.count('Connected') > check.connections;
    for (let round = 0; round < check.rounds || (!came() && performance.now() < deadline); round += 1) {
      const start = performance.now();
      client.write(`polite ${round}\n`);
      expected += `polite ${round}\n`;
      await client.receives(expected);
      slowest = Math.max(slowest, performance.now() - start);
      most = Math.max(most, waiting(server));
    }
    expect(most).toBeLessThan(check.memory);
    expect(slowest).toBeLessThan(patience / 2);
    expect(server.get(P.Connected, id)).toBe(true);
    expect(server.count('Connected')).toBeGreaterThan(check.connections);
  } finally {
    // Wine keeps the sockets of a process that is ended while it sends, whatever the server is; so they end themselves.
    if (process.platform === 'win32') {
      program.write('end\n');
    } else {
      program.signal('SIGKILL');
    }
    await program.ends();
  }
  // Everything that the attackers left goes away.
  await server.until(() => server.get(P.ConnectionCount) === 1, 'the connections of the attackers to end');
}

/** An echo server for lines. What a send to an attacker comes to is the attacker's business. */
const lines = (server: TestServer) => {
  server.must(server.set(P.DefaultEOL, '\n'));
  server.must(server.set(P.ConnectionBacklog, 1000));
  server.on('DataIn', ({ connectionid, text, eol }) => {
    if (eol) {
      server.send(connectionid, `${text}\n`);
    }
  });
};

behaviour('under attack the server', (kind) => {
  test('serves others while many connect and say nothing', () =>
    withServer(kind, { before: lines, record: false }, (server) =>
      underAttack(server, ['silent', '300'], { rounds: 30, memory: 1 << 20, connections: 200 }),
    ));

  test('serves others while lines never end, and keeps no more of them than the limit', () =>
    withServer(kind, { before: lines, record: false }, (server) =>
      underAttack(server, ['endless', '5'], { rounds: 30, memory: 8 << 20, connections: 4 }),
    ));

  test('serves others while some send byte by byte', () =>
    withServer(kind, { before: lines, record: false }, (server) =>
      underAttack(server, ['bytes', '50'], { rounds: 30, memory: 1 << 20, connections: 40 }),
    ));

  test('serves others while readers never read, and queues no more than the mark for each', () =>
    withServer(kind, { before: lines, record: false }, (server) =>
      underAttack(server, ['unread', '4'], { rounds: 10, memory: 16 << 20, connections: 4 }),
    ));

  test('serves others while peers reset at every step', () =>
    withServer(kind, { before: lines, record: false }, (server) =>
      underAttack(server, ['resets', '5'], { rounds: 30, memory: 8 << 20, connections: 20 }),
    ));

  test('serves others during a storm of connects, within MaxConnections', () =>
    withServer(
      kind,
      {
        before: (server) => {
          lines(server);
          server.config('MaxConnections=100');
        },
        record: false,
      },
      async (server) => {
        server.on('Connected', () => {
          expect(server.get(P.ConnectionCount)).toBeLessThanOrEqual(100);
        });
        // A server that is slower than the storm finds each peer gone already and has to refuse nobody.
        await underAttack(server, ['storm', '400'], { rounds: 20, memory: 1 << 20, connections: 90 });
        const before = counter(server, 'refusedFull');
        for (let i = 0; i < 110; i += 1) server.client();
        await server.until(() => counter(server, 'refusedFull') > before, 'MaxConnections to turn somebody away');
      },
    ));
});
