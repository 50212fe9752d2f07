// Ending a server without cutting off work, as a promise.

import { IPDaemonError } from './errors';
import {
  ipworks_ipdaemon_do_config,
  ipworks_ipdaemon_get_last_error,
  ipworks_ipdaemon_get_last_error_code,
} from './ipdaemon';
import { ipdaemon_metrics } from './metrics';
import type { Resource } from './resource';

/** What became of the connections that there were, or came up from the backlog, during a drain. */
export interface Drained {
  /** How many ended by themselves. */
  ended: number;
  /** How many the deadline ended. */
  cut: number;
}

export interface DrainOptions {
  /** How long connections may go on, in whole seconds; 0 ends them at once. */
  seconds: number;
  /** Aborting it makes the deadline now. */
  signal?: AbortSignal;
}

// Nothing fires when the last close that lingers is over, so the setting has to be asked.
const lookEveryMs = 20;

function configure(res: Resource, text: string): string {
  const value = ipworks_ipdaemon_do_config(res, text);
  const code = ipworks_ipdaemon_get_last_error_code(res);
  if (code !== 0) throw new IPDaemonError(code, ipworks_ipdaemon_get_last_error(res));
  return value;
}

function closedSoFar(res: Resource): Drained {
  const reasons = ipdaemon_metrics(res).ipdaemon_closed_total as Record<string, number>;
  const all = Object.values(reasons).reduce((sum, count) => sum + count, 0);
  const cut = reasons.drain ?? 0;
  return { ended: all - cut, cut };
}

/**
 * Stops listening, lets connections go on for a while, ends those that are left then, and resolves when nobody is left,
 * or when `Listening` becomes True again. See docs/operating.md. It needs Node's loop; a program that pumps in a loop of
 * its own sets `Drain` instead.
 *
 * @param res The server. It must not be closed before the promise is settled.
 * @param options `seconds` until the deadline; `signal`, which makes it now.
 * @returns How many connections ended by themselves, and how many the deadline ended.
 * @throws IPDaemonError if `seconds` is no whole number from 0 to 2147483; TypeError if `res` is no open server of this
 *   thread.
 */
export async function drain(res: Resource, { seconds, signal }: DrainOptions): Promise<Drained> {
  const before = closedSoFar(res);
  configure(res, `Drain=${signal?.aborted ? 0 : seconds}`);
  const cutNow = () => {
    if (configure(res, 'Drain') !== '-1') configure(res, 'Drain=0');
  };
  signal?.addEventListener('abort', cutNow, { once: true });
  try {
    await over(res);
  } finally {
    signal?.removeEventListener('abort', cutNow);
  }
  const after = closedSoFar(res);
  return { ended: after.ended - before.ended, cut: after.cut - before.cut };
}

function over(res: Resource): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = () => {
      try {
        if (configure(res, 'Drain') === '-1') resolve();
        else setTimeout(look, lookEveryMs);
      } catch (error) {
        reject(error);
      }
    };
    look();
  });
}
