// Input of several connections that are readable at the same time, which one crossing may deliver together: nobody can
// tell. Both bindings have to pass, whichever way they deliver.
import { expect, test } from '@jest/globals';
import { covers } from '../support/coverage';
import { Code, P } from '../support/ids';
import { behaviour, eachServer, type Peer, type ServerKind, type TestServer, withServer } from '../support/server';
import { patience } from '../support/waiting';

const number = 6;

interface Together {
  server: TestServer;
  peers: Peer[];
  /** What DataIn has delivered, as the number of the peer and its text, in order. */
  story: string[];
  /** A send without anything else, so that it may be gathered. */
  send(to: number, text: string): number;
  /** All peers write in one turn of the loop. */
  write(texts: string[]): void;
}

/** `handler` is called with the number of the peer, 0 to 5. */
function together(
  kind: ServerKind,
  handler: (t: Together, peer: number, text: string) => void,
  body: (t: Together) => Promise<void>,
): Promise<void> {
  // Without a log, for which each handler would call more than a send.
  return withServer(kind, { record: false }, async (server) => {
    const peers: Peer[] = [];
    for (let i = 0; i < number; i += 1) peers.push(await server.connect());
    const t: Together = {
      server,
      peers,
      story: [],
      send: (to, text) => server.api.ipworks_ipdaemon_do_send(server.res, (peers[to] as Peer).id, text),
      write: (texts) => texts.forEach((text, i) => void peers[i]?.client.write(text)),
    };
    server.on('DataIn', ({ connectionid, text }) => {
      const peer = peers.findIndex(({ id }) => id === connectionid);
      t.story.push(`${peer}:${text}`);
      handler(t, peer, text);
    });
    await body(t);
  });
}

const texts = (word: string) => Array.from({ length: number }, (_, i) => `${word}${i}`);
const storyOf = (word: string) => texts(word).map((text, i) => `${i}:${text}`);
const last = number - 1;
const told = async (t: Together, count: number) =>
  t.server.until(() => t.story.length >= count, `${count} pieces, of which came ${t.story.join(' ')}`);

test.each(eachServer().filter(({ pump }) => pump === 'doevents'))(
  'DataIn: after an exception comes what has not been delivered, and replies of before are sent ($name)',
  (kind) =>
    together(
      kind,
      (t, peer, text) => {
        t.send(peer, `${text}!`);
        if (peer === 1) throw new Error('by the second');
        t.send(peer, '.');
      },
      async (t) => {
        t.write(texts('x'));
        await told(t, number);
        await t.server.until(() => t.server.thrown.length > 0, 'the exception');
        expect(t.server.thrown).toEqual([new Error('by the second')]);
        expect([...t.story].sort()).toEqual(storyOf('x'));
        for (const [i, { client }] of t.peers.entries()) await client.receives(i === 1 ? 'x1!' : `x${i}!.`);
        t.write(texts('y'));
        await told(t, 2 * number - 1);
      },
    ),
);

behaviour(covers('event', 'DataIn'), (kind) => {
  test('comes in order, and each gets its own replies', () =>
    together(
      kind,
      (t, peer, text) => {
        t.send(peer, `${text}!`);
        t.send(peer, `${text}?`);
      },
      async (t) => {
        for (const word of ['first', 'second', 'third']) {
          t.write(texts(word));
          await told(t, t.story.length + number);
        }
        expect([...t.story].sort()).toEqual(['first', 'second', 'third'].flatMap(storyOf).sort());
        for (const [i, { client, id }] of t.peers.entries()) {
          await client.receives(['first', 'second', 'third'].map((word) => `${word}${i}!${word}${i}?`).join(''));
          expect(t.server.get(P.BytesSent, id)).toBe('third0?'.length);
        }
      },
    ));

  test('does not come to a connection that a handler of another one has closed', () =>
    together(
      kind,
      (t, peer, text) => {
        t.send(peer, `${text}!`);
        if (t.story.length === 1) t.server.disconnect((t.peers[last] as Peer).id);
      },
      async (t) => {
        t.write(texts('x'));
        await t.server.until(() => t.server.count('Disconnected', (t.peers[last] as Peer).id) > 0, 'Disconnected');
        await told(t, number - 1);
        expect([...t.story].sort()).toEqual(storyOf('x').slice(0, last));
        for (const [i, { client }] of t.peers.entries()) if (i !== last) await client.receives(`x${i}!`);
      },
    ));

  test('is cut by the EOL that a handler of another connection has set', () =>
    together(
      kind,
      (t) => {
        if (t.story.length === 1) t.server.must(t.server.set(P.EOL, (t.peers[last] as Peer).id, ';'));
      },
      async (t) => {
        t.write([...texts('x').slice(0, last), 'a;b;']);
        await told(t, number + 1);
        expect([...t.story].sort()).toEqual([...storyOf('x').slice(0, last), `${last}:a`, `${last}:b`]);
      },
    ));

  test('waits while a handler of another connection has set AcceptData to False', () =>
    together(
      kind,
      (t) => {
        if (t.story.length === 1) t.server.must(t.server.set(P.AcceptData, (t.peers[last] as Peer).id, false));
      },
      async (t) => {
        const { client, id } = t.peers[last] as Peer;
        t.write(texts('x'));
        await told(t, number - 1);
        // Others can be served meanwhile, as often as they like.
        t.write(texts('y').slice(0, last));
        await told(t, 2 * number - 2);
        expect(t.story.filter((entry) => entry.startsWith(`${last}:`))).toEqual([]);
        client.write('more');
        t.server.must(t.server.set(P.AcceptData, id, true));
        const delivered = () => t.story.flatMap((entry) => (entry.startsWith(`${last}:`) ? [entry.slice(2)] : []));
        await t.server.until(() => delivered().join('') === `x${last}more`, 'what had waited');
      },
    ));

  test('comes inside a handler that pumps, to all but its own connection', () => {
    let inside: string[] = [];
    return together(
      kind,
      (t, peer, text) => {
        t.send(peer, `${text}!`);
        if (t.story.length > 1) return;
        const deadline = performance.now() + patience;
        while (t.story.length < number && performance.now() < deadline) t.server.doEvents();
        inside = [...t.story];
        t.send(peer, 'last');
      },
      async (t) => {
        t.write(texts('x'));
        await told(t, number);
        expect(inside.sort()).toEqual(storyOf('x'));
        const first = Number(t.story[0]?.[0]);
        for (const [i, { client }] of t.peers.entries()) await client.receives(i === first ? `x${i}!last` : `x${i}!`);
      },
    );
  });

  test('may be answered with a text that is refused by its own call, whatever others have sent before', () => {
    const codes: number[] = [];
    return together(
      kind,
      (t, peer, text) => {
        codes.push(t.send(peer, t.story.length === 3 ? 'sum \u2211' : `${text}!`));
      },
      async (t) => {
        t.write(texts('x'));
        await told(t, number);
        expect(codes).toEqual([0, 0, Code.TextNotConvertible, 0, 0, 0]);
        const refused = Number(t.story[2]?.[0]);
        for (const [i, { client }] of t.peers.entries()) if (i !== refused) await client.receives(`x${i}!`);
      },
    );
  });

  test('counts as received when its handler begins, not before', () => {
    const counted: number[] = [];
    return together(
      kind,
      (t) => {
        counted.push(t.server.api.ipdaemon_counter(t.server.res, t.server.api.Counter.BytesIn));
      },
      async (t) => {
        const before = t.server.api.ipdaemon_counter(t.server.res, t.server.api.Counter.BytesIn);
        t.write(texts('x'));
        await told(t, number);
        expect(counted.map((count) => count - before)).toEqual([2, 4, 6, 8, 10, 12]);
      },
    );
  });

  test('may be sent to any connection, and arrives in the order of the calls', () =>
    together(
      kind,
      (t, peer, text) => {
        for (const to of [peer, 0, peer, last]) t.send(to, `${text},`);
      },
      async (t) => {
        t.write(texts('x'));
        await told(t, number);
        const sent = t.story.map((entry) => ({ peer: Number(entry[0]), text: entry.slice(2) }));
        for (const [i, { client }] of t.peers.entries()) {
          const expected = sent.flatMap(({ peer, text }) =>
            [peer, 0, peer, last].flatMap((to) => (to === i ? [`${text},`] : [])),
          );
          await client.receives(expected.join(''));
        }
      },
    ));

  test('of slow handlers does not hold back the replies of the others', () => {
    const crossings: number[] = [];
    const { native } = kind;
    const { sendGroup } = native;
    (native as { sendGroup: typeof sendGroup }).sendGroup = (handle, text, count) => {
      crossings.push(count);
      return sendGroup(handle, text, count);
    };
    let slow = false;
    return together(
      kind,
      (t, peer, text) => {
        const end = performance.now() + 2;
        while (slow && performance.now() < end);
        t.send(peer, `${text}!`);
      },
      async (t) => {
        // koffi delivers one at a time.
        const comesTogether = () => kind.binding === 'koffi' || Math.max(...crossings) > 1;
        const deadline = performance.now() + patience;
        let rounds = 0;
        do {
          t.write(texts('quick'));
          rounds += 1;
          await told(t, rounds * number);
        } while (!comesTogether() && performance.now() < deadline);
        expect(comesTogether()).toBe(true);
        crossings.length = 0;
        slow = true;
        t.write(texts('slow'));
        await told(t, (rounds + 1) * number);
        expect(Math.max(1, ...crossings)).toBe(1);
        for (const [i, { client }] of t.peers.entries())
          await client.receives(`${`quick${i}!`.repeat(rounds)}slow${i}!`);
      },
    ).finally(() => {
      (native as { sendGroup: typeof sendGroup }).sendGroup = sendGroup;
    });
  });
});
