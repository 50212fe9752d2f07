// Node's own loop waits for a descriptor, through koffi. On the main thread only: in a worker koffi would call into
// JavaScript when the worker has been terminated, which ends the process.

import { isMainThread } from 'node:worker_threads';
import type * as Koffi from 'koffi';
import { loopWaits } from '../host';
import { koffi } from './koffi';
import type { Wait } from './waker';

/** Whether the loop of this thread can wait, and nobody wants a thread to. */
export function canPoll(): boolean {
  return (
    loopWaits && isMainThread && typeof koffi.node?.poll === 'function' && process.env.IPDAEMON_KOFFI_WATCH !== 'thread'
  );
}

const readable = { readable: true };

export class WakerPoll implements Wait {
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
