// Small sends to the connection whose lines are being delivered are gathered here and cross into the
// native side as one, because a crossing costs more than all the rest of a small send. Nobody can
// tell: whatever else is called sends what was gathered first, and so does the end of the batch.

import { firstAtExit } from '../bindings/at-exit';
import { binding } from '../bindings/choose';
import { gatheredLinesMax } from '../bindings/contract';
import { isByteText, mayBeWide } from './byte-text';

/** Longer texts gain nothing. */
export const gatheredTextMax = 512;

const lineEndLength = 2;

// None: not even a text of no length may be gathered.
const nothing = -1;

/**
 * A batch of one connection, and what it has gathered. Each batch has a new object, which is young: what a send
 * puts into an old one, or into a variable of this module, costs V8 more than the send.
 */
class Batch {
  /** Of a group, how many connections have something in `text`, see sendGroup. */
  members = 0;
  text = '';
  length = 0;
  sends = 0;
  /** How many of them are lines, whose ends the native side adds where `lineEnds` says. */
  lines = 0;
  lastLength = 0;

  constructor(
    readonly handle: number,
    public connection: number,
    readonly lineEnds: Int32Array,
    public budget: number,
    readonly groupSends: Int32Array | null,
  ) {}
}

const none = new Batch(0, 0, new Int32Array(), nothing, null);

let batch = none;

/** What an outer batch had, while one inside it runs. */
export type Outer = Batch;

/** A batch of one connection begins; up to `gatherMax` bytes may be gathered until it ends. */
export function beginBatch(handle: number, connection: number, lineEnds: Int32Array, gatherMax: number): Outer {
  flushGathered();
  const outer = batch;
  batch = new Batch(handle, connection, lineEnds, gatherMax > 0 ? gatherMax : nothing, null);
  return outer;
}

/** A group begins: pieces of several connections, see NativeSink. */
export function beginGroup(handle: number, groupSends: Int32Array): Outer {
  flushGathered();
  const outer = batch;
  batch = new Batch(handle, 0, none.lineEnds, nothing, groupSends);
  return outer;
}

/** It is the turn of a connection of the group; up to `gatherMax` bytes may be gathered for it. */
export function nextOfGroup(connection: number, gatherMax: number): void {
  const group = batch;
  if (group.sends !== 0) endMember(group);
  group.connection = connection;
  group.budget = gatherMax > 0 ? gatherMax : nothing;
}

function endMember(group: Batch): void {
  const sends = group.groupSends as Int32Array;
  const at = 3 * group.members;
  sends[at] = group.connection;
  sends[at + 1] = group.length;
  sends[at + 2] = group.lastLength;
  group.members += 1;
  group.sends = 0;
}

/** The batch is over. One around it was cancelled by the nested one, and gathers nothing more. */
export function endBatch(outer: Outer): void {
  flushGathered();
  batch = outer;
}

/** Takes a text as sent, if it is one that may be gathered. */
export function gather(res: number, connectionid: unknown, text: unknown): boolean {
  const to = batch;
  if (connectionid !== to.connection || res !== to.handle || typeof text !== 'string') return false;
  const { length } = text;
  if (length > to.budget || length > gatheredTextMax || (mayBeWide(text) && !isByteText(text))) return false;
  to.budget -= length;
  to.length += length;
  to.text += text;
  to.sends += 1;
  to.lastLength = length;
  return true;
}

/** The same for a text that CR LF follows. */
export function gatherLine(res: number, connectionid: unknown, text: unknown): boolean {
  const to = batch;
  if (to.groupSends !== null)
    return typeof text === 'string' && text.length < gatheredTextMax && gather(res, connectionid, `${text}\r\n`);
  const { lines } = to;
  if (lines === gatheredLinesMax || typeof text !== 'string' || text.length > to.budget - lineEndLength) return false;
  if (!gather(res, connectionid, text)) return false;
  to.budget -= lineEndLength;
  to.lineEnds[lines] = to.length;
  to.lines = lines + 1;
  to.lastLength += lineEndLength;
  return true;
}

/** Sends what was gathered. What else is called may change what is allowed, so nothing is gathered after it. */
export function flushGathered(): void {
  const from = batch;
  if (from.groupSends !== null) flushGroup(from);
  else if (from.sends !== 0) {
    const { text, lines } = from;
    from.text = '';
    from.sends = 0;
    from.lines = 0;
    from.length = 0;
    try {
      binding.sendGathered(from.handle, from.connection, text, from.lastLength, lines);
    } catch (error) {
      lose(from.handle, from.connection);
      throw error;
    }
  }
  from.budget = nothing;
}

function flushGroup(from: Batch): void {
  if (from.sends !== 0) endMember(from);
  const { text, members } = from;
  if (members === 0) return;
  const sends = from.groupSends as Int32Array;
  from.text = '';
  from.length = 0;
  from.members = 0;
  try {
    binding.sendGroup(from.handle, text, members);
  } catch (error) {
    for (let member = 0; member < members; member += 1) lose(from.handle, sends[3 * member] as number);
    throw error;
  }
}

// The call could not be made for want of memory: what was accepted must not be missing in silence.
function lose(handle: number, connection: number): void {
  try {
    binding.sendGathered(handle, connection, null, 0, 0);
  } catch {
    // The caller throws the first one.
  }
}

// What was accepted is sent although the program ends in the middle of a handler.
firstAtExit(() => {
  flushGathered();
  binding.endGathering();
});
