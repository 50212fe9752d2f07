// A separate thread waits for descriptors and sends a message when one is readable: in workers, and in hosts whose
// loop cannot wait (see waker-poll.ts).

import { Worker } from 'node:worker_threads';
import type * as Koffi from 'koffi';
import { atExit } from '../at-exit';
import { koffiFile } from './koffi';
import type { Wait } from './waker';

// What a thread and its waiter share: a word that changes with everything that the waiter has to look at, and for each
// place a descriptor and whether to wait for it. The waiter takes the wait away when it has signalled. The first word is
// 0 until the waiter has begun.
const placesMax = 1024;
const wordsPerPlace = 2;
const State = { off: 0, on: 1, ended: -1 } as const;
const beginLimitMs = 10_000;

interface WaiterData {
  words: Int32Array;
  koffi: string;
}

// The waiter. It is a separate program and can refer to nothing outside; `load` is its require, by a name that
// bundlers leave alone.
function waiter(load: NodeJS.Require): void {
  const { parentPort, workerData } = load('node:worker_threads') as typeof import('node:worker_threads');
  const { words, koffi: file } = workerData as WaiterData;
  const library = (load(file) as typeof Koffi).load(null);
  const poll = library.func('int poll(void *descriptors, unsigned long count, int timeout_ms)');
  // Whoever terminates the thread waits for the end of this, and so does a descriptor that is added.
  const longWaitMs = 20;
  // While a descriptor is being served, which may be waited for again at any moment.
  const shortWaitMs = 1;
  const readableBit = 1;
  Atomics.add(words, 0, 1);
  Atomics.notify(words, 0);
  for (;;) {
    const version = Atomics.load(words, 0);
    if (version === -1) return;
    const places: number[] = [];
    let served = false;
    for (let place = 1; place < words.length; place += 2) {
      if (Atomics.load(words, place) === 0) continue;
      if (Atomics.load(words, place + 1) === 1) places.push(place);
      else served = true;
    }
    if (places.length === 0) {
      Atomics.wait(words, 0, version);
      continue;
    }
    // struct pollfd: a descriptor and two halves of a word.
    const descriptors = new Int32Array(places.flatMap((place) => [Atomics.load(words, place) - 1, readableBit]));
    if (poll(descriptors, places.length, served ? shortWaitMs : longWaitMs) <= 0) continue;
    places.forEach((place, i) => {
      const found = (descriptors[2 * i + 1] as number) >>> 16;
      if (found !== 0 && Atomics.compareExchange(words, place + 1, 1, 0) === 1) parentPort?.postMessage(place);
    });
  }
}

class Waiter {
  readonly words = new Int32Array(new SharedArrayBuffer(4 * (1 + wordsPerPlace * placesMax)));
  private readonly worker: Worker;
  private readonly wakers = new Map<number, WakerThread>();
  private wanted = 0;

  constructor() {
    const workerData: WaiterData = { words: this.words, koffi: koffiFile };
    this.worker = new Worker(`(${waiter})(require)`, { eval: true, workerData });
    this.worker.unref();
    this.worker.on('message', (place: number) => this.wakers.get(place)?.onReadable());
    // A thread that is terminated while it loads koffi ends the process, so nothing goes on before that is done.
    Atomics.wait(this.words, 0, 0, beginLimitMs);
    atExit(() => {
      Atomics.store(this.words, 0, State.ended);
      Atomics.notify(this.words, 0);
    });
  }

  /** A free place; undefined when there is none. */
  add(waker: WakerThread, descriptor: number): number | undefined {
    for (let place = 1; place < this.words.length; place += wordsPerPlace) {
      if (this.words[place] !== 0) continue;
      this.words[place + 1] = State.off;
      this.set(place, descriptor + 1);
      this.wakers.set(place, waker);
      return place;
    }
    return undefined;
  }

  remove(place: number): void {
    this.wakers.delete(place);
    this.set(place, 0);
  }

  set(word: number, value: number): void {
    Atomics.store(this.words, word, value);
    if (Atomics.load(this.words, 0) === State.ended) return;
    // Never the number that says the end.
    Atomics.store(this.words, 0, ((this.words[0] as number) + 1) & 0xffff);
    Atomics.notify(this.words, 0);
  }

  keepAlive(wanted: boolean): void {
    this.wanted += wanted ? 1 : -1;
    if (this.wanted === 0) this.worker.unref();
    else if (wanted && this.wanted === 1) this.worker.ref();
  }
}

const waiters: Waiter[] = [];

export class WakerThread implements Wait {
  private waiter: Waiter | null = null;
  private place = 0;
  private started = false;
  // The waiter waits, or its message is on the way.
  private armed = false;

  constructor(
    private readonly descriptor: number,
    private readonly ready: () => void,
  ) {}

  start(): void {
    const waiter = this.waiter ?? this.join();
    if (!this.started) waiter.keepAlive(true);
    this.started = true;
    if (this.armed) return;
    this.armed = true;
    waiter.set(this.place + 1, State.on);
  }

  stop(): void {
    if (!this.started) return;
    this.started = false;
    this.armed = false;
    this.waiter?.set(this.place + 1, State.off);
    this.waiter?.keepAlive(false);
  }

  close(): void {
    this.stop();
    this.waiter?.remove(this.place);
    this.waiter = null;
  }

  onReadable(): void {
    this.armed = false;
    if (this.started) this.ready();
  }

  private join(): Waiter {
    for (const waiter of waiters) {
      const place = waiter.add(this, this.descriptor);
      if (place !== undefined) return this.joined(waiter, place);
    }
    const waiter = new Waiter();
    waiters.push(waiter);
    return this.joined(waiter, waiter.add(this, this.descriptor) as number);
  }

  private joined(waiter: Waiter, place: number): Waiter {
    this.waiter = waiter;
    this.place = place;
    return waiter;
  }
}
