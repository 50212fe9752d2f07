// Every client in every combination of test/tls/matrix.json, which has the outcomes, and the combinations that a
// client is not capable of, with the reason. The servers are in this process, so what they saw is compared, too.
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { expect, test } from '@jest/globals';
import { testsUse } from '../support/bindings';
import type { ServerName } from '../support/certificates';
import { eachServer, type ServerKind, type TestServer, withServer } from '../support/server';
import { checkingRevocation, configure, serve } from '../support/tls';
import type { Version } from '../support/tls-client';
import { withTools } from '../support/tools';
import { type Client, clients, everyAuthority, identityOf, type Seen } from './clients';

type Row = { title: string; certificate: string | null; in: boolean; accept: boolean; server: number; status: string };
interface Matrix {
  versions: Version[];
  serverKeys: ServerName[];
  sessions: ('fresh' | 'resumed')[];
  names: string[];
  clients: Row[];
  exceptions: ({ reason: string } & Record<string, string>)[];
}
const matrix = JSON.parse(readFileSync(path.join(__dirname, '..', 'tls', 'matrix.json'), 'utf8')) as Matrix;

/** The combinations for one client and one key of the server. */
function combinations(client: Client, serverKey: ServerName) {
  const all = matrix.versions.flatMap((version) =>
    matrix.clients.flatMap((outcome) =>
      matrix.names.flatMap((name) => matrix.sessions.map((session) => ({ version, outcome, name, session }))),
    ),
  );
  return all.filter(({ version, outcome, name, session }) => {
    const one = { client: client.title, version, serverKey, session, name, certificate: outcome.title };
    const fits = ({ reason: _reason, ...when }: Record<string, string>) =>
      Object.entries(when).every(([key, value]) => one[key as keyof typeof one] === value);
    const excepted = matrix.exceptions.find(fits);
    if (excepted !== undefined) used.add(excepted.reason);
    return excepted === undefined;
  });
}
const used = new Set<string>();

type Combination = ReturnType<typeof combinations>[number];

/** What the server and its client saw, in the form of `expected`. `ids` are of those whose ClientHello has come. */
function story(server: TestServer, connections: number, ids: number[], seen: Seen) {
  const last = ids.at(-1) ?? 0;
  const judged = server.events('SSLClientAuthentication', last);
  return {
    connections,
    hellos: ids.length,
    statuscode: server.events('Connected', last)[0]?.statuscode,
    status: judged.map(({ status }) => status),
    errors: server.events('Error', last).map(({ errorcode }) => errorcode),
    names: server.events('SSLConnectionRequest', last).map(({ servername }) => servername),
    // Only a full handshake sends it.
    resumed: !server.events('SSLStatus', last).some(({ message }) => /^sent \S+ Certificate,/.test(message)),
    answered: seen.output.includes(`answer ${ids.length}\n`),
  };
}

const expected = ({ outcome, name, session }: Combination) => ({
  connections: session === 'resumed' ? 2 : 1,
  hellos: session === 'resumed' ? 2 : 1,
  statuscode: outcome.server,
  status: [expect.stringMatching(outcome.status)],
  errors: outcome.in ? [] : [outcome.server],
  names: [name],
  resumed: session === 'resumed',
  answered: outcome.in,
});

async function visitAll(kind: ServerKind, client: Client, serverKey: ServerName): Promise<void> {
  const before = checkingRevocation('revoked', 1, (server) => configure(server, 'LogSSLPackets=True'));
  await withServer(kind, { before }, async (server) => {
    serve(server, serverKey);
    let connections = 0;
    let ids: number[] = [];
    let times = 1;
    let recommended: boolean | undefined;
    const answered = new Set<number>();
    // Also of a client that leaves before its ClientHello.
    server.on('ConnectionRequest', () => void connections++);
    server.on('SSLConnectionRequest', ({ connectionid }) => void ids.push(connectionid));
    server.on('SSLClientAuthentication', (param) => {
      recommended = param.accept;
      // The first of two is there for the session only.
      if (ids.length < times) param.accept = true;
    });
    server.on('DataIn', ({ connectionid }) => {
      if (answered.has(connectionid)) return;
      answered.add(connectionid);
      server.send(connectionid, `HTTP/1.0 200 OK\r\n\r\nanswer ${ids.indexOf(connectionid) + 1}\n`);
      server.disconnect(connectionid);
    });
    const all = combinations(client, serverKey);
    const visits = all.map(({ version, name, session, outcome }) => ({
      ...{ port: server.port, version, name, times: session === 'resumed' ? 2 : 1 },
      ...{ authority: everyAuthority(), ...identityOf(outcome.certificate) },
    }));
    const prepared = await client.prepare(visits);
    for (const [index, visit] of visits.entries()) {
      const one = all[index] as Combination;
      [connections, ids, times, recommended] = [0, [], visit.times, undefined];
      const seen = await prepared.visit(visit, index);
      const title = `${one.version}, ${serverKey}, ${one.session}, name "${one.name}", ${one.outcome.title}`;
      const found = { title, ...story(server, connections, ids, seen), recommended };
      expect([found, seen.output]).toEqual([{ title, ...expected(one), recommended: one.outcome.accept }, seen.output]);
      if (one.outcome.in && seen.resumed !== null)
        expect([title, seen.resumed]).toEqual([title, one.session === 'resumed']);
    }
    await prepared.end();
  });
}

const kind = eachServer()[0] as ServerKind;
testsUse(kind);
for (const client of clients) {
  withTools(`${client.title} in the matrix`, client.tools, () => {
    // So that one waits for its client while the other works.
    test('has every outcome', () =>
      Promise.all(matrix.serverKeys.map((serverKey) => visitAll(kind, client, serverKey))).then(() => {
        // An exception is for something.
        const own = matrix.exceptions.filter((exception) => exception.client === client.title);
        expect(own.filter(({ reason }) => !used.has(reason))).toEqual([]);
      }));
  });
}
