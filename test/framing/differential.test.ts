// The framing of the library against a short reference in TypeScript: the same bytes, cut and switched in
// the same places, give the same pieces. A failure prints the seed; IPDAEMON_TEST_SEED repeats it.
import { expect, test } from '@jest/globals';
import { covers } from '../support/coverage';
import { P } from '../support/ids';
import { Random, seedOfRun } from '../support/random';
import { joined, type Piece, ReferenceFramer, type Rules } from '../support/reference-framer';
import { behaviour, type Peer, type ServerKind, type TestServer, withServer } from '../support/server';

const seed = seedOfRun();
const eols = [
  '\n',
  '\r\n',
  '\u0000',
  'ab',
  'aab',
  '\u0000\u0001\u0000',
  'abab',
  '|end|',
  'aaaaaa',
  'xyzxyzx',
  'abcabcab',
];
const lineMax = 256;

/** What the program does after the n-th piece: nothing, or other rules. */
type Plan = (n: number) => Partial<Rules> | undefined;

interface Case {
  stream: string;
  writes: number[];
  start: Rules;
  plan: Plan;
}

const name = (rules: Rules) =>
  rules.recordLength > 0 || rules.singleLine || rules.eol !== '' ? JSON.stringify(rules) : 'none';

function apply(server: TestServer, id: number, rules: Partial<Rules>): void {
  if (rules.eol !== undefined) {
    server.must(server.set(P.EOL, id, rules.eol));
  }
  if (rules.recordLength !== undefined) {
    server.must(server.set(P.RecordLength, id, rules.recordLength));
  }
  if (rules.singleLine !== undefined) {
    server.must(server.set(P.SingleLineMode, id, rules.singleLine));
  }
}

/** The pieces of the reference; unframed stretches count as one piece, as the stream may be cut anywhere. */
function reference(c: Case): Piece[] {
  const framer = new ReferenceFramer(lineMax);
  framer.rules = { ...c.start };
  framer.feed(c.stream);
  const pieces: (Piece & { rules: string })[] = [];
  for (;;) {
    const rules = name(framer.rules);
    const piece = framer.next() ?? framer.end();
    if (piece === undefined) {
      return joined(pieces);
    }
    pieces.push({ ...piece, rules });
    framer.rules = { ...framer.rules, ...c.plan(pieces.length) };
  }
}

/** The pieces of the library, over a socket. */
async function library(kind: ServerKind, c: Case, suspend?: (n: number) => boolean): Promise<Piece[]> {
  const pieces: (Piece & { rules: string })[] = [];
  await withServer(
    kind,
    {
      before: (server) => {
        server.must(server.set(P.DefaultMaxLineLength, lineMax));
        let rules = { ...c.start };
        server.on('Connected', ({ connectionid }) => apply(server, connectionid, c.start));
        server.on('DataIn', ({ connectionid, text, eol }) => {
          pieces.push({ text, eol, rules: name(rules) });
          const change = c.plan(pieces.length);
          if (change) {
            rules = { ...rules, ...change };
            apply(server, connectionid, change);
          }
          if (suspend?.(pieces.length)) {
            server.must(server.set(P.AcceptData, connectionid, false));
            setImmediate(() => {
              if (!server.closed) {
                server.set(P.AcceptData, connectionid, true);
              }
            });
          }
        });
      },
    },
    async (server) => {
      const { client, id } = await server.connect();
      let at = 0;
      for (const length of c.writes) {
        client.write(c.stream.slice(at, at + length));
        at += length;
        // Lets the server see this piece of the stream by itself.
        await new Promise((resolve) => setImmediate(resolve));
        if (kind.pump === 'doevents') {
          server.pump();
        }
      }
      client.write(c.stream.slice(at));
      client.end();
      await server.event('Disconnected', id);
    },
  );
  return joined(pieces);
}

const never: Plan = () => undefined;
const rules = (change: Partial<Rules>): Rules => ({ eol: '', recordLength: 0, singleLine: false, ...change });

behaviour(covers('property', 'EOL', 'RecordLength', 'SingleLineMode', 'AcceptData'), (kind) => {
  test('every end of a line of 1 to 8 bytes is found at every cut of a short stream', async () => {
    for (const eol of eols) {
      const stream = `one${eol}${eol}tw${eol.slice(0, -1)}o${eol}rest${eol.slice(0, 1)}`;
      await compareCuts(kind, stream, rules({ eol }));
    }
  });

  test('single lines and records are found at every cut of a short stream', async () => {
    await compareCuts(kind, 'a\rb\nc\r\nd\n\re\r\r\nf\r', rules({ singleLine: true }));
    await compareCuts(kind, 'abcdefghijk', rules({ recordLength: 3 }));
    await compareCuts(kind, 'a\nb\u0000c', rules({}));
  });

  test.each([-1, 0, 1])('lines of the limit %d are cut as the reference cuts them', async (difference) => {
    for (const eol of ['\n', '\r\n', '\u0000\u0000\u0001', 'abcabcab']) {
      const line = 'L'.repeat(lineMax + difference);
      const stream = `${line}${eol}${line}${line}${eol}end${eol}`;
      for (const writes of [[], [lineMax - 1], [lineMax], [lineMax + 1], [lineMax + eol.length - 1], [lineMax, 1, 1]]) {
        const c = { stream, writes, start: rules({ eol }), plan: never };
        expect([eol, writes, await library(kind, c)]).toEqual([eol, writes, reference(c)]);
      }
    }
    const stream = `${'S'.repeat(lineMax + difference)}\r\n${'T'.repeat(lineMax + difference)}\rend\n`;
    for (const writes of [[], [lineMax], [lineMax + 1]]) {
      const c = { stream, writes, start: rules({ singleLine: true }), plan: never };
      expect(await library(kind, c)).toEqual(reference(c));
    }
  });

  test('random streams with rules that change inside DataIn give the pieces of the reference', async () => {
    for (let round = 0; round < 40; round += 1) {
      const random = new Random(seed + round);
      const c = randomCase(random);
      const suspendAt = new Set(Array.from({ length: 4 }, () => random.between(1, 20)));
      try {
        expect(await library(kind, c, (n) => suspendAt.has(n))).toEqual(reference(c));
      } catch (error) {
        (error as Error).message =
          `IPDAEMON_TEST_SEED=${seed} repeats this (round ${round}).\n${(error as Error).message}`;
        throw error;
      }
    }
  });
});

function randomCase(random: Random): Case {
  const eol = random.pick(eols);
  const other = random.pick(eols);
  const alphabet = `${eol}${other}\r\nabx${random.chance(3) ? '' : '\u0000\u00ff'}`;
  let stream = '';
  while (stream.length < 1500) {
    const part = random.between(0, 9);
    if (part < 4) {
      stream += random.text(random.between(0, 30), alphabet);
    } else if (part < 7) {
      stream += random.pick([eol, other, '\r', '\n', '\r\n']);
    } else {
      stream += random.text(random.between(lineMax - 2, lineMax + 2), 'LM');
    }
  }
  const writes: number[] = [];
  for (let at = 0; at < stream.length && writes.length < 12; ) {
    const length = random.chance(3) ? random.between(1, 3) : random.between(1, 400);
    writes.push(length);
    at += length;
  }
  const randomRules = (): Rules =>
    rules(
      random.pick<Partial<Rules>>([
        { eol },
        { eol: other },
        { singleLine: true },
        { recordLength: random.between(1, 300) },
        { eol, recordLength: random.between(1, 20) },
        { eol, singleLine: true },
      ]),
    );
  // The plan is fixed beforehand, so that both sides see the same one; between two rules of the plan nothing
  // changes. Rules without framing are not part of it: where they would begin depends on the arrival of bytes.
  const changes = new Map<number, Rules>();
  for (let n = random.between(1, 5); n < 60; n += random.between(1, 8)) {
    changes.set(n, randomRules());
  }
  return { stream, writes, start: randomRules(), plan: (n) => changes.get(n) };
}

async function compareCuts(kind: ServerKind, stream: string, start: Rules): Promise<void> {
  // One connection for each cut, all on one server: the pieces of each are compared by themselves.
  const expected = reference({ stream, writes: [], start, plan: never });
  await withServer(
    kind,
    {
      before: (server) => {
        server.must(server.set(P.DefaultMaxLineLength, lineMax));
        server.on('Connected', ({ connectionid }) => apply(server, connectionid, start));
      },
    },
    async (server) => {
      const peers: (Peer & { cut: number })[] = [];
      for (let cut = 0; cut < stream.length; cut += 1) {
        peers.push({ cut, ...(await server.connect()) });
      }
      for (const { client, cut } of peers) {
        client.write(stream.slice(0, cut));
      }
      if (start.eol === '' && start.recordLength === 0 && !start.singleLine) {
        await server.until(() => peers.every(({ id, cut }) => server.input(id).length === cut), 'the first parts');
      } else {
        // What the first part completes is delivered before the second part is written.
        const first = peers.map(({ cut }) => {
          const framer = new ReferenceFramer(lineMax);
          framer.rules = start;
          framer.feed(stream.slice(0, cut));
          let count = 0;
          while (framer.next()) {
            count += 1;
          }
          return count;
        });
        await server.until(
          () => peers.every(({ id }, i) => server.count('DataIn', id) === first[i]),
          'the pieces that the first parts complete',
        );
      }
      for (const { client, cut } of peers) {
        client.write(stream.slice(cut));
        client.end();
      }
      for (const { id, cut } of peers) {
        await server.event('Disconnected', id);
        const got = server.pieces(id).map((piece) => ({ ...piece, rules: name(start) }));
        expect([start, cut, joined(got)]).toEqual([start, cut, expected]);
      }
    },
  );
}
