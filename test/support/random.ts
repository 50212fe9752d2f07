// A small seeded generator, so that a failing random test can be run again with the printed seed; and bytes in
// quantity.

// Jest looks globals up in a slow way: once, and not for every byte.
const { imul } = Math;

/** 32 bits that look like nothing, out of 32 that may be a counter. */
function mix(bits: number): number {
  let mixed = bits;
  mixed = imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
  mixed = imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

/** Bytes in which no part looks like another, one character per byte; the same ones each time. */
export function content(length: number): string {
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let i = 0; i < words.length; i += 1) {
    words[i] = mix(i);
  }
  return Buffer.from(words.buffer, 0, length).toString('latin1');
}

export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** The next 32 bits: a Weyl sequence through an integer mixer. */
  bits(): number {
    this.state = (this.state + 0x9e3779b9) >>> 0;
    return mix(this.state);
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + (this.bits() % (most - least + 1));
  }

  chance(oneIn: number): boolean {
    return this.bits() % oneIn === 0;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.bits() % choices.length] as T;
  }

  /** A byte string of `length` characters out of `alphabet`, or of any bytes. */
  text(length: number, alphabet?: string): string {
    const bytes = Buffer.alloc(length);
    for (let i = 0; i < length; i += 1) {
      bytes[i] = alphabet === undefined ? this.bits() & 255 : alphabet.charCodeAt(this.bits() % alphabet.length);
    }
    return bytes.toString('latin1');
  }
}

/** The seed of this run: from the environment, to repeat one, or new. */
export function seedOfRun(): number {
  const given = process.env.IPDAEMON_TEST_SEED;
  return given === undefined ? (Date.now() ^ (process.pid << 8)) >>> 0 : Number(given) >>> 0;
}
