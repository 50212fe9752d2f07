// The same input once with groups and once with each connection by itself: whatever handlers do, the logs are the same.
// Both bindings have to pass; of them only the addon forms groups.
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from '@jest/globals';
import { withoutGroups } from '../support/bindings';
import { covers } from '../support/coverage';
import { P } from '../support/ids';
import { Random, seedOfRun } from '../support/random';
import { behaviour, type Peer, type ServerKind, type TestServer, withServer } from '../support/server';
import { serve } from '../support/tls';

const seed = seedOfRun();
const runs = 8;
const rounds = 6;
const number = 8;
const codeOf = 'latin1';

/** What one run was like. */
interface Story {
  /** Events, calls of handlers and their results, in order; and what each client received. */
  told: { log: string[]; received: string[] };
  /** How many connections each crossing of kept sends was for. */
  crossings: number[];
}

/** A run: a server, its peers, and handlers that do what is drawn from the seed and the text that they are given. */
class Run {
  readonly log: string[] = [];
  readonly peers: Peer[] = [];
  /** Of each peer, how many bytes it has written. */
  readonly written: number[] = [];
  /** Those that a handler has started TLS with; they go on in plain text, so that their handshakes fail. */
  readonly started = new Set<number>();
  readonly #server: TestServer;
  readonly #seed: number;
  readonly #accepted: number[] = [];
  #isOver = false;
  #depth = 0;

  constructor(server: TestServer, ofRun: number) {
    this.#server = server;
    this.#seed = ofRun;
    for (const name of ['ReadyToSend', 'Disconnected', 'Error'] as const) {
      server.on(name, ({ connectionid, statuscode, errorcode, description }) => {
        this.log.push(`${name} ${this.#peerOf(connectionid)} ${statuscode ?? errorcode ?? ''} ${description ?? ''}`);
      });
    }
    server.on('DataIn', ({ connectionid, text, eol }) => this.#onData(this.#peerOf(connectionid), text, eol));
  }

  async connect(): Promise<void> {
    const random = new Random(this.#seed);
    for (let i = 0; i < number; i += 1) {
      this.peers.push(await this.#server.connect());
      this.written.push(0);
      this.#accepted.push(0);
      if (random.chance(2)) this.#server.must(this.#server.set(P.EOL, this.#id(i), '\n'));
    }
  }

  #id(peer: number): number {
    return (this.peers[peer] as Peer).id;
  }

  #peerOf(id: number): number {
    return this.peers.findIndex((peer) => peer.id === id);
  }

  isUp(peer: number): boolean {
    return !this.started.has(peer) && this.#server.count('Disconnected', this.#id(peer)) === 0;
  }

  /** Handlers do nothing any more, so that all connections can end. */
  end(): void {
    this.#isOver = true;
    for (const { id } of this.peers) this.#server.set(P.AcceptData, id, true);
  }

  #onData(peer: number, text: string, eol: boolean): void {
    if (this.#isOver) return;
    this.log.push(`DataIn ${peer} ${JSON.stringify(text)} ${eol}`);
    const random = new Random([...text].reduce((sum, char) => sum * 31 + char.charCodeAt(0), this.#seed + peer));
    // Most only answer, or there would be no groups.
    const acts = random.chance(3) ? random.between(1, 4) : 0;
    this.#send(peer, `<${text}>`, random);
    for (let i = 0; i < acts; i += 1) this.#act(peer, random);
    if (random.chance(2)) this.#send(peer, '.', random);
    this.log.push(`returns ${peer}`);
  }

  #send(peer: number, text: string, random: Random): void {
    const { api, res } = this.#server;
    const id = this.#id(peer);
    const isLine = random.chance(3);
    const code = isLine
      ? api.ipworks_ipdaemon_do_sendline(res, id, text)
      : api.ipworks_ipdaemon_do_send(res, id, random.chance(8) ? Buffer.from(text, codeOf) : text);
    if (code === 0) this.#accepted[peer] = (this.#accepted[peer] as number) + text.length + (isLine ? 2 : 0);
    this.log.push(`send ${peer} ${code}`);
  }

  /** One call that is no plain answer. */
  #act(peer: number, random: Random): void {
    const other = random.between(0, number - 1);
    const { api, res } = this.#server;
    const id = this.#id(other);
    const set = (property: number, value: unknown) =>
      this.log.push(`set ${property} of ${other} ${this.#server.set(property, id, value)}`);
    const acts: (() => void)[] = [
      () => this.#send(other, 'to you', random),
      () => this.#send(other, 'to you', random),
      () => this.#send(peer, 'sum \u2211', random),
      () => this.#send(peer, '', random),
      () => set(P.EOL, random.pick(['', '\n', 'a', ' '])),
      () => set(P.RecordLength, random.pick([0, 0, 3])),
      () => set(P.SingleLineMode, random.chance(3)),
      () => set(P.AcceptData, false),
      () => set(P.UserData, `${peer}`),
      () =>
        this.log.push(
          `Framing of ${other} ${this.#server.configCode(`Framing[${id}]=${random.pick(['', 'eols=\\n'])}`)}`,
        ),
      () => this.log.push(`${this.#server.get(P.BytesSent, id)} ${this.#server.get(P.Connected, id)}`),
      () =>
        this.log.push(
          `error ${api.ipworks_ipdaemon_get_last_error_code(res)} ${api.ipworks_ipdaemon_get_last_error(res)}`,
        ),
      () => this.log.push(`in ${api.ipdaemon_counter(res, api.Counter.BytesIn)}`),
      () => this.#blockingSend(other),
      () => this.#pump(),
      () => this.#rarely(peer, other, random),
    ];
    random.pick(acts)();
  }

  #blockingSend(peer: number): void {
    const id = this.#id(peer);
    this.#server.set(P.Timeout, id, 30);
    const code = this.#server.api.ipworks_ipdaemon_do_send(this.#server.res, id, 'waited for');
    if (code === 0) this.#accepted[peer] = (this.#accepted[peer] as number) + 'waited for'.length;
    this.log.push(`blocking send ${peer} ${code} ${this.#server.get(P.BytesSent, id)}`);
    this.#server.set(P.Timeout, id, 0);
  }

  #pump(): void {
    if (this.#depth === 2) return;
    this.#depth += 1;
    try {
      // Until there is nothing more, as how far one pump gets in its share of time is the machine's affair.
      for (let before = -1; before !== this.log.length; ) {
        before = this.log.length;
        this.#server.doEvents();
      }
      this.log.push('has pumped');
    } finally {
      this.#depth -= 1;
    }
  }

  /** What ends something. */
  #rarely(peer: number, other: number, random: Random): void {
    const acts: (() => void)[] = [
      () => this.log.push(`disconnect ${other} ${this.#server.disconnect(this.#id(other))}`),
      () => this.log.push(`disconnect ${peer} ${this.#server.disconnect(this.#id(peer))}`),
      () => this.#startSsl(other),
      () => {
        if (this.#server.kind.pump !== 'doevents' || this.#depth > 0) return;
        this.log.push(`throws ${peer}`);
        throw new Error(`by ${peer}`);
      },
    ];
    random.pick(acts)();
  }

  #startSsl(peer: number): void {
    const code = this.#server.startSsl(this.#id(peer));
    this.log.push(`startssl ${peer} ${code}`);
    if (code !== 0) return;
    this.started.add(peer);
    this.#write(peer, 'no ClientHello');
  }

  /** What all that are up write at once, and the end of all that comes of it. */
  async round(round: number): Promise<void> {
    const random = new Random(this.#seed + 1000 * round);
    this.log.push(`round ${round}`);
    for (let i = 0; i < number; i += 1) {
      const text = `r${round} p${i}`;
      const more = random.chance(6) ? `${text} again\n` : random.chance(6) ? 'un' : '';
      if (!random.chance(8) && this.isUp(i)) this.#write(i, `${text}\n${more}`);
    }
    await this.#isQuiet();
    // What stood still goes on.
    for (let i = 0; i < number; i += 1) {
      this.log.push(`accept ${i} ${this.#server.set(P.AcceptData, this.#id(i), true)}`);
    }
    await this.#isQuiet();
  }

  #write(peer: number, text: string): void {
    const { client } = this.peers[peer] as Peer;
    this.written[peer] = (this.written[peer] as number) + text.length;
    if (!client.closed) client.write(text);
  }

  /** Until all that was written has come to handlers, and what they have sent to the clients. */
  async #isQuiet(): Promise<void> {
    const server = this.#server;
    const isServed = (peer: number) => {
      const { id, client } = this.peers[peer] as Peer;
      if (server.count('Disconnected', id) > 0) return client.closed;
      if (server.get(P.AcceptData, id) === false) return true;
      if (this.started.has(peer)) return false;
      const isRead = server.config(`BytesReceived[${id}]`) === `${this.written[peer]}`;
      return isRead && client.text.length === this.#accepted[peer];
    };
    const serves = () => this.peers.every((_, peer) => isServed(peer));
    for (let before = -1; before !== this.log.length; ) {
      await server.until(serves, () => `peer ${this.peers.findIndex((_, peer) => !isServed(peer))}`);
      before = this.log.length;
      // What is owed.
      for (let i = 0; i < 3; i += 1) server.pump();
    }
  }
}

function prepare(server: TestServer): void {
  serve(server, 'p256');
  server.config('SelectWaitMillis=1');
}

/** Lets a server live. */
function live(kind: ServerKind, ofRun: number): Promise<Story> {
  const { native } = kind;
  const changed = native as { sendGroup: typeof native.sendGroup };
  const { sendGroup } = native;
  const story: Story = { told: { log: [], received: [] }, crossings: [] };
  changed.sendGroup = (handle, text, count) => {
    story.crossings.push(count);
    return sendGroup(handle, text, count);
  };
  const lived = withServer(kind, { record: false, before: prepare }, async (server) => {
    const run = new Run(server, ofRun);
    story.told.log = run.log;
    await run.connect();
    for (let round = 1; round <= rounds; round += 1) await run.round(round);
    for (const [i, { client }] of run.peers.entries()) {
      // What a failed handshake says to the peer, and when the reset comes that follows, is not ours to compare.
      if (!run.started.has(i)) story.told.received.push(`${i}: ${client.text}`);
    }
    run.log.push(`thrown ${server.thrown.join()}`);
    run.end();
  });
  return lived
    .then(() => story)
    .finally(() => {
      changed.sendGroup = sendGroup;
    });
}

behaviour(covers('event', 'DataIn'), (kind) => {
  test('of several connections in one crossing is the same as one at a time', async () => {
    const crossings: number[] = [];
    const ungrouped = withoutGroups(kind);
    for (let i = 0; i < runs; i += 1) {
      const ofRun = seed + 7919 * i;
      let [alone, together] = [await live(ungrouped, ofRun), await live(kind, ofRun)];
      // The system may have passed on what clients wrote in another order. What differs for another reason does so again.
      for (let tries = 1; tries < 10 && !isDeepStrictEqual(alone.told, together.told); tries += 1) {
        [alone, together] = [await live(ungrouped, ofRun), await live(kind, ofRun)];
      }
      expect({ ofRun, ...together.told }).toEqual({ ofRun, ...alone.told });
      expect(alone.crossings).toEqual([]);
      crossings.push(...together.crossings);
    }
    // koffi delivers one at a time.
    expect(Math.max(1, ...crossings) > 1).toBe(kind.binding === 'addon');
  });
});
