// Waits for descriptors without keeping the thread busy, and tells when one is readable, again and again while it is.
// On the main thread Node's own loop waits, through koffi. In a worker it must not: koffi would call into JavaScript
// when the worker has been terminated, which ends the process. There, and in hosts whose loop cannot do it, a thread of
// its own waits and sends messages.

import { isMainThread, Worker } from 'node:worker_threads';
import type * as Koffi from 'koffi';
import { atExit } from '../at-exit';
import { loopWaits } from '../host';
import { koffi, koffiFile } from './koffi';

export interface Watch {
  /** Waits; keeps the process alive until `stop`. To be called again after everything that was ready has been served. */
  start(): void;
  stop(): void;
  /** Ends it, before the descriptor is closed. */
  close(): void;
}

/** Watches a descriptor. `ready` is called by Node's loop. */
export function watch(descriptor: number, ready: () => void): Watch {
  const byLoop =
    loopWaits &&
    isMainThread &&
    typeof koffi.node?.poll === 'function' &&
    process.env.IPDAEMON_KOFFI_WATCH !== 'thread';
  return byLoop ? new LoopWatch(descriptor, ready) : new ThreadWatch(descriptor, ready);
}

const readable = { readable: true };

class LoopWatch implements Watch {
  private handle: Koffi.node.PollHandle | null = null;
  private started = false;
  private queued = false;

  constructor(
    private readonly descriptor: number,
    private readonly ready: () => void,
  ) {}

  start(): void {
    if (this.started) return;
    this.started = true;
    if (this.handle === null) this.handle = koffi.node.poll(this.descriptor, readable, this.onReadable);
    else this.handle.start(readable, this.onReadable);
  }

  stop(): void {
    this.started = false;
    this.handle?.stop();
  }

  close(): void {
    this.started = false;
    this.handle?.close();
    this.handle = null;
  }

  // koffi calls this outside of everything in which Node runs programs: ticks and promises would wait and exceptions
  // get lost. The next phase of the loop is such a place.
  private readonly onReadable = (): void => {
    if (this.queued) return;
    this.queued = true;
    setImmediate(this.onTurn);
  };

  private readonly onTurn = (): void => {
    this.queued = false;
    if (this.started) this.ready();
  };
}

// What a thread and its watcher share: a word that changes with everything that the watcher has to look at, and for
// each place a descriptor and whether to wait for it. The watcher takes the wait away when it has told. The first word
// is 0 until the watcher has begun.
const placesMax = 1024;
const wordsPerPlace = 2;
const State = { off: 0, on: 1, ended: -1 } as const;
const beginLimitMs = 10_000;

interface WatcherData {
  words: Int32Array;
  koffi: string;
}

// The watcher. It is a program of its own and can refer to nothing outside; `load` is its require, by a name that bundlers
// leave alone.
function watcher(load: NodeJS.Require): void {
  const { parentPort, workerData } = load('node:worker_threads') as typeof import('node:worker_threads');
  const { words, koffi: file } = workerData as WatcherData;
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

class Watcher {
  readonly words = new Int32Array(new SharedArrayBuffer(4 * (1 + wordsPerPlace * placesMax)));
  private readonly worker: Worker;
  private readonly watches = new Map<number, ThreadWatch>();
  private wanted = 0;

  constructor() {
    const workerData: WatcherData = { words: this.words, koffi: koffiFile };
    this.worker = new Worker(`(${watcher})(require)`, { eval: true, workerData });
    this.worker.unref();
    this.worker.on('message', (place: number) => this.watches.get(place)?.onReadable());
    // A thread that is terminated while it loads koffi ends the process, so nothing goes on before that is done.
    Atomics.wait(this.words, 0, 0, beginLimitMs);
    atExit(() => {
      Atomics.store(this.words, 0, State.ended);
      Atomics.notify(this.words, 0);
    });
  }

  /** A free place; undefined when there is none. */
  add(watch: ThreadWatch, descriptor: number): number | undefined {
    for (let place = 1; place < this.words.length; place += wordsPerPlace) {
      if (this.words[place] !== 0) continue;
      this.words[place + 1] = State.off;
      this.set(place, descriptor + 1);
      this.watches.set(place, watch);
      return place;
    }
    return undefined;
  }

  remove(place: number): void {
    this.watches.delete(place);
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

const watchers: Watcher[] = [];

class ThreadWatch implements Watch {
  private watcher: Watcher | null = null;
  private place = 0;
  private started = false;
  // The watcher waits, or its message is on the way.
  private armed = false;

  constructor(
    private readonly descriptor: number,
    private readonly ready: () => void,
  ) {}

  start(): void {
    const watcher = this.watcher ?? this.join();
    if (!this.started) watcher.keepAlive(true);
    this.started = true;
    if (this.armed) return;
    this.armed = true;
    watcher.set(this.place + 1, State.on);
  }

  stop(): void {
    if (!this.started) return;
    this.started = false;
    this.armed = false;
    this.watcher?.set(this.place + 1, State.off);
    this.watcher?.keepAlive(false);
  }

  close(): void {
    this.stop();
    this.watcher?.remove(this.place);
    this.watcher = null;
  }

  onReadable(): void {
    this.armed = false;
    if (this.started) this.ready();
  }

  private join(): Watcher {
    for (const watcher of watchers) {
      const place = watcher.add(this, this.descriptor);
      if (place !== undefined) return this.joined(watcher, place);
    }
    const watcher = new Watcher();
    watchers.push(watcher);
    return this.joined(watcher, watcher.add(this, this.descriptor) as number);
  }

  private joined(watcher: Watcher, place: number): Watcher {
    this.watcher = watcher;
    this.place = place;
    return watcher;
  }
}
