// Waiting for conditions, never for times. A condition is looked at again whenever something happened
// (an event of a server, a byte at a client) and every few milliseconds besides; servers that are pumped
// by hand are pumped in between. A wait that fails says what it was waiting for.

/** A server that runs only inside do_doevents; the waits call it. */
export interface Pumped {
  pump(): void;
}

const pumped = new Set<Pumped>();
let wake: (() => void) | undefined;

/** Milliseconds after which a wait gives up. Sanitizer builds are slower by an order of magnitude. */
export const patience = Number(process.env.IPDAEMON_TEST_PATIENCE ?? 30_000);

/** The limit of a whole test, or of a program that it waits for without Node's loop: only for what hangs. */
export const backstop = 20 * patience;

/** Milliseconds by which something may come late on a busy machine. The simulator looks at exact times. */
export const lateness = patience / 3;

/** More than this between two looks at a condition is not waiting: the machine stood still. */
const turnMs = 100;

/** Adds a server to those that every wait pumps. */
export function pumpWhileWaiting(server: Pumped): void {
  pumped.add(server);
}

/** Takes a server out again. */
export function stopPumping(server: Pumped): void {
  pumped.delete(server);
}

/** Tells the current wait that something happened. */
export function somethingHappened(): void {
  wake?.();
}

/** Lets Node's loop run once; gives up the processor for a few milliseconds when nothing happens. */
async function turn(): Promise<void> {
  if (pumped.size > 0) {
    for (const server of [...pumped]) {
      server.pump();
    }
    await new Promise((resolve) => setImmediate(resolve));
    return;
  }
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      wake = undefined;
      resolve();
    };
    const timer = setTimeout(done, 20);
    wake = done;
  });
}

/** Resolves when the condition holds; fails with `what` after `limit` milliseconds in which the machine ran. */
export async function waitFor(
  condition: () => boolean,
  what: string | (() => string),
  limit = patience,
): Promise<void> {
  let left = limit;
  let before = performance.now();
  while (!condition()) {
    if (left <= 0) {
      throw new Error(`waited ${limit} ms for ${typeof what === 'string' ? what : what()}`);
    }
    await turn();
    const now = performance.now();
    left -= Math.min(now - before, turnMs);
    before = now;
  }
}

/**
 * Goes on for `turns` turns of Node's loop (and of pumped servers) in which `unwanted` must not become true: for
 * behaviour that is the absence of something. The turns follow a positive condition, so that it had its chance.
 */
export async function stays(unwanted: () => boolean, what: string, turns = 10): Promise<void> {
  for (let i = 0; i < turns; i += 1) {
    if (unwanted()) {
      throw new Error(`did not expect ${what}`);
    }
    for (const server of [...pumped]) {
      server.pump();
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (unwanted()) {
    throw new Error(`did not expect ${what}`);
  }
}
