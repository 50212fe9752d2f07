// Small sends to the connection whose lines are being delivered are gathered here and cross into the
// native side as one, because a crossing costs more than all the rest of a small send. Nobody can
// tell: whatever else is called sends what was gathered first, and so does the end of the batch.

import { firstAtExit } from '../bindings/at-exit';
import { binding } from '../bindings/choose';
import { isByteText } from './byte-text';

const mayBeWide = binding.mayBeWide ?? (() => true);

/** Longer texts gain nothing. */
export const gatheredTextMax = 512;

let handle = 0;
let connection = 0;
// None: not even a text of no length may be gathered.
const nothing = -1;
let budget = nothing;
let gathered = '';
let gatheredSends = 0;
let lastLength = 0;

/** What an outer batch had, while one inside it runs. */
export interface Outer {
  readonly handle: number;
  readonly connection: number;
}

/** A batch of one connection begins; up to `gatherMax` bytes may be gathered until it ends. */
export function beginBatch(batchHandle: number, batchConnection: number, gatherMax: number): Outer | null {
  flushGathered();
  const outer = handle === 0 ? null : { handle, connection };
  handle = batchHandle;
  connection = batchConnection;
  budget = gatherMax > 0 ? gatherMax : nothing;
  return outer;
}

/** The batch is over. One around it was cancelled by the nested one, and gathers nothing more. */
export function endBatch(outer: Outer | null): void {
  flushGathered();
  handle = outer?.handle ?? 0;
  connection = outer?.connection ?? 0;
  budget = nothing;
}

/** Takes a text as sent, if it is one that may be gathered. */
export function gather(res: number, connectionid: unknown, text: unknown): boolean {
  if (connectionid !== connection || res !== handle || typeof text !== 'string') return false;
  const length = text.length;
  if (length > budget || length > gatheredTextMax || (mayBeWide(text) && !isByteText(text))) return false;
  budget -= length;
  gathered += text;
  gatheredSends += 1;
  lastLength = length;
  return true;
}

/** Sends what was gathered. What else is called may change what is allowed, so nothing is gathered after it. */
export function flushGathered(): void {
  if (gatheredSends !== 0) {
    const text = gathered;
    gathered = '';
    gatheredSends = 0;
    binding.sendGathered(handle, connection, text, lastLength);
  }
  budget = nothing;
}

// What was accepted is sent although the program ends in the middle of a handler.
firstAtExit(() => {
  flushGathered();
  binding.endGathering();
});
