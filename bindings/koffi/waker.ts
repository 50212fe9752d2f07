// Lets Node's loop wait for one server: for its descriptor, and with a timer for the deadlines. Nothing but a wait that
// is wanted keeps the process alive.

import { canPoll, WakerPoll } from './waker-poll';
import { WakerThread } from './waker-thread';

/** The wait for a descriptor. It reports when that is readable, again and again while it is. */
export interface Wait {
  /** Waits; keeps the process alive until `stop`. To be called again when everything that was ready has been served. */
  start(): void;
  stop(): void;
  /** Ends it, before the descriptor is closed. */
  close(): void;
}

/** `ready` is called by Node's loop. */
function waitFor(descriptor: number, ready: () => void): Wait {
  return canPoll() ? new WakerPoll(descriptor, ready) : new WakerThread(descriptor, ready);
}

export class Waker {
  private readonly wait: Wait | null;
  private waiting = false;
  private closed = false;
  private timer: NodeJS.Timeout | null = null;
  private immediate: NodeJS.Immediate | null = null;
  private due = 0;

  /** `wake` is called when the server may have something to do. A descriptor of -1 is none. */
  constructor(
    descriptor: number,
    private readonly wake: () => void,
  ) {
    this.wait = descriptor < 0 ? null : waitFor(descriptor, wake);
  }

  /** Waits if that is wanted; `deadline` is what ipdaemon_next_deadline says. */
  update(wanted: boolean, deadline: number): void {
    if (this.closed || this.wait === null) return;
    if (wanted) this.wait.start();
    else if (this.waiting) this.wait.stop();
    this.waiting = wanted;
    this.updateTimer(wanted ? deadline : -1);
  }

  /** Ends the waiting; to be called before the library closes the descriptor. */
  close(): void {
    this.closed = true;
    this.wait?.close();
    this.updateTimer(-1);
  }

  // A timer that is due too early costs one turn without work, setting it again on every turn costs more. So it
  // only ever moves to an earlier time, and is looked at again when it has fired.
  private updateTimer(deadline: number): void {
    if (deadline === 0) {
      // The next turn of the loop goes on with it, when others have had theirs.
      if (this.immediate === null) this.immediate = setImmediate(this.onImmediate);
      return;
    }
    if (this.immediate !== null) clearImmediate(this.immediate);
    this.immediate = null;
    if (deadline < 0) {
      if (this.timer !== null) clearTimeout(this.timer);
      this.timer = null;
      return;
    }
    const due = performance.now() + deadline;
    if (this.timer !== null) {
      if (this.due <= due) return;
      clearTimeout(this.timer);
    }
    this.due = due;
    this.timer = setTimeout(this.onDue, deadline).unref();
  }

  private readonly onImmediate = (): void => {
    this.immediate = null;
    this.wake();
  };

  private readonly onDue = (): void => {
    this.timer = null;
    this.wake();
  };
}
