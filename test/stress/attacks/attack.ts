// What an attack is: clients in a process of their own, and figures of how a server bears them.
import type { Host } from './hosts';

/** A row of the table. */
export interface Figure {
  /** The name of its value in what `measure` gives. */
  key: string;
  title: string;
  /** Times are given in milliseconds; `us` shows them in microseconds. */
  unit: 'ms' | 'us' | 'times' | 'KiB' | 'bytes' | 'count' | 'yes';
  /** What a wait may be at most, as a multiple of Bun's in the same run. */
  atMost?: number;
}

/** How large, and for how long. */
export interface Extent {
  /** `many` of what there are usually, or a few in a short run. */
  count(many: number): number;
  /** How long the polite clients are looked at, in milliseconds. */
  duration: number;
}

/** The hostile clients, connected and prepared. */
export interface Crowd {
  /** Begins; left out if being there is the attack. */
  attack?(): void;
  /** How many connections the server has not ended. */
  open(): number;
}

export interface Attack {
  /** Distinguishes it in the table, for --only, and for the process of the clients. */
  name: string;
  title: string;
  figures: Figure[];
  /** Makes the clients, in their own process. */
  crowd(port: number, count: number): Promise<Crowd>;
  /** Attacks a server of this host once; gives undefined if the host has nothing of the kind. */
  measure(host: Host, extent: Extent): Promise<Record<string, number> | undefined>;
}
