// Clients that send a line and wait for its echo, again and again: how long do they wait?
import * as net from 'node:net';
import * as tls from 'node:tls';

const pause = 5;
const question = 'polite\n';

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

export class Polite {
  answers = 0;
  /** What the server's clock of processor time says; without one it is not asked. */
  serverTime: () => number = () => 0;
  /** Of each answer: how much of it the server used meanwhile, in milliseconds. */
  private spent: number[] = [];
  /** Of each answer: how long it took, in milliseconds. */
  private waits: number[] = [];
  private askedAt = 0;
  /** In milliseconds; `look` includes the wait that goes on. */
  longest = 0;
  /** When the open question was asked, while one is. */
  private asked: number | undefined;
  /** When the last question that has an answer was asked. */
  private lastAnswered = 0;
  private text = '';

  private constructor(private readonly socket: net.Socket) {
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    // One that is thrown out waits for its answer for ever.
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => this.take(String(chunk)));
  }

  /** Resolves with the first answer. */
  static async meet(port: number, secure = false): Promise<Polite> {
    const address = { port, host: '127.0.0.1' };
    const socket = secure ? tls.connect({ ...address, rejectUnauthorized: false }) : net.connect(address);
    const client = new Polite(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('data', () => resolve());
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('the server has ended a polite client')));
      client.ask();
    });
    return client;
  }

  static meetAll(port: number, count: number): Promise<Polite[]> {
    return Promise.all(Array.from({ length: count }, () => Polite.meet(port)));
  }

  private ask(): void {
    if (this.socket.destroyed) return;
    this.askedAt = this.serverTime();
    this.asked = performance.now();
    this.socket.write(question);
  }

  private take(chunk: string): void {
    this.text += chunk;
    if (this.text !== question || this.asked === undefined) return;
    this.text = '';
    this.answers += 1;
    const wait = performance.now() - this.asked;
    this.longest = Math.max(this.longest, wait);
    this.waits.push(wait);
    this.spent.push(this.serverTime() - this.askedAt);
    this.lastAnswered = this.asked;
    this.asked = undefined;
    setTimeout(() => this.ask(), pause);
  }

  /** Counts from now on. */
  begin(): void {
    this.answers = 0;
    this.longest = 0;
    this.spent = [];
    this.waits = [];
    if (this.asked !== undefined) this.asked = performance.now();
  }

  look(): { answers: number; longest: number } {
    const open = this.asked === undefined ? 0 : performance.now() - this.asked;
    return { answers: this.answers, longest: Math.max(this.longest, open) };
  }

  /** Half of its answers cost the server less processor time, with all that it did before them. */
  get medianSpent(): number {
    return median(this.spent);
  }

  /** Half of its answers came sooner. */
  get medianWait(): number {
    return median(this.waits);
  }

  /** Whether a question that was asked after `time` has got its answer. */
  wasAnsweredSince(time: number): boolean {
    return this.lastAnswered > time;
  }

  leave(): void {
    this.socket.destroy();
  }
}

/** Waits until all of them have got an answer to a question of after now, or the limit is over: is it so? */
export async function answersAll(clients: Polite[], limit: number): Promise<boolean> {
  const begin = performance.now();
  while (!clients.every((client) => client.wasAnsweredSince(begin))) {
    if (performance.now() - begin > limit) return false;
    await sleep(10);
  }
  return true;
}

/** Looks at clients for some time from now on, and gives the answers of all and the longest wait of one. */
export async function observe(clients: Polite[], ms: number): Promise<{ answers: number; longest: number }> {
  for (const client of clients) client.begin();
  await sleep(ms);
  return look(clients);
}

export function look(clients: Polite[]): { answers: number; longest: number } {
  const seen = clients.map((client) => client.look());
  return {
    answers: seen.reduce((sum, { answers }) => sum + answers, 0),
    longest: Math.max(...seen.map(({ longest }) => longest)),
  };
}
