// Small sends to the connection whose lines are being delivered are kept together here and cross into
// the native side as one, because a crossing costs more than all the rest of a small send. Nobody can
// tell: whatever else is called sends what was kept first, and so does the end of the batch.

import { firstAtExit } from '../bindings/at-exit';
import { binding as native } from '../bindings/choose';
import type { NativeBinding } from '../bindings/contract';
import { isByteText } from './byte-text';

const mayBeWide = native.mayBeWide ?? (() => true);

/** Longer texts gain nothing. */
export const keptTextMax = 512;

let handle = 0;
let connection = 0;
// None: not even a text of no length may be kept.
const nothing = -1;
let budget = nothing;
let kept = '';
let keptSends = 0;
let lastLength = 0;

/** What an outer batch had, while one inside it runs. */
export interface Outer {
  readonly handle: number;
  readonly connection: number;
}

/** A batch of one connection begins; up to `keepMax` bytes may be kept until it ends. */
export function beginBatch(batchHandle: number, batchConnection: number, keepMax: number): Outer | null {
  settle();
  const outer = handle === 0 ? null : { handle, connection };
  handle = batchHandle;
  connection = batchConnection;
  budget = keepMax > 0 ? keepMax : nothing;
  return outer;
}

/** The batch is over. One around it was cancelled by the nested one, and keeps nothing more. */
export function endBatch(outer: Outer | null): void {
  settle();
  handle = outer?.handle ?? 0;
  connection = outer?.connection ?? 0;
  budget = nothing;
}

/** Takes a text as sent, if it is one that may be kept. */
export function keep(res: number, connectionid: unknown, text: unknown): boolean {
  if (connectionid !== connection || res !== handle || typeof text !== 'string') return false;
  const length = text.length;
  if (length > budget || length > keptTextMax || (mayBeWide(text) && !isByteText(text))) return false;
  budget -= length;
  kept += text;
  keptSends += 1;
  lastLength = length;
  return true;
}

/** Sends what was kept. What else is called may change what is allowed, so nothing is kept after it. */
export function settle(): void {
  if (keptSends !== 0) {
    const text = kept;
    kept = '';
    keptSends = 0;
    native.sendKept(handle, connection, text, lastLength);
  }
  budget = nothing;
}

// What was accepted is sent although the program ends in the middle of a handler.
firstAtExit(() => {
  settle();
  native.endGathering();
});

// Sends what was kept before the call.
function settled<Call extends (...parameters: never[]) => unknown>(call: Call): Call {
  return ((...parameters: never[]) => {
    settle();
    return call(...parameters);
  }) as Call;
}

/** The native functions, each of which sends what was kept before it does its own. */
export const binding: NativeBinding = {
  ...native,
  ...(Object.fromEntries(
    Object.entries(native).map(([name, member]) => [name, typeof member === 'function' ? settled(member) : member]),
  ) as unknown as NativeBinding),
};
