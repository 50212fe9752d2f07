// A small seeded generator, so that a failing random test can be run again with the printed seed.

export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** The next 32 bits: a Weyl sequence through an integer mixer. */
  bits(): number {
    this.state = (this.state + 0x9e3779b9) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
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
    let text = '';
    for (let i = 0; i < length; i += 1) {
      text += alphabet ? this.pick([...alphabet]) : String.fromCharCode(this.bits() & 255);
    }
    return text;
  }
}

/** The seed of this run: from the environment, to repeat one, or new. */
export function seedOfRun(): number {
  const given = process.env.IPDAEMON_TEST_SEED;
  return given === undefined ? (Date.now() ^ (process.pid << 8)) >>> 0 : Number(given) >>> 0;
}
