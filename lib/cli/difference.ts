// How a difference is shown: where it is, and 16 bytes around it on both sides, as text and in hexadecimal.

/** The server does not do what was recorded. */
export class Difference extends Error {}

const around = 16;

/** Bytes as text: what does not print is a dot. */
function shown(bytes: string): string {
  return bytes.replace(/[^ -~]/g, '.').padEnd(around);
}

function hex(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('hex').replace(/../g, '$& ').trimEnd();
}

/** One side of a difference: the bytes around it. */
export function window(name: string, bytes: string, offset: number): string {
  const begin = Math.max(0, offset - around / 2);
  const part = bytes.slice(begin, begin + around);
  if (part === '') return `  ${name} nothing more`;
  return `  ${name} from byte ${begin}: ${shown(part)}  ${hex(part)}`;
}

export function firstDifference(wanted: string, got: string, from = 0): number {
  const length = Math.min(wanted.length, got.length);
  for (let i = from; i < length; i += 1) if (wanted.charCodeAt(i) !== got.charCodeAt(i)) return i;
  return length;
}

/** Two texts that differ, or of which one ends early. */
export function differing(what: string, wanted: string, got: string): Difference {
  const at = firstDifference(wanted, got);
  return new Difference(`${what} at byte ${at}\n${window('recorded', wanted, at)}\n${window('received', got, at)}`);
}
