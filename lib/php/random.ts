// PHP's generators of random numbers: mt_rand gives the same numbers for the same seed.

import { randomBytes, randomInt } from 'node:crypto';
import { whole } from './args';
import { ValueError } from './errors';

const size = 624;
const state = new Uint32Array(size);
let at = size;
let isSeeded = false;

/** `mt_srand`; without a seed a random one. */
export function mt_srand(seed?: unknown, _mode?: unknown): void {
  state[0] = seed === undefined || seed === null ? randomBytes(4).readUInt32LE(0) : whole(seed);
  for (let i = 1; i < size; i += 1) {
    const before = state[i - 1] as number;
    state[i] = Math.imul(1812433253, before ^ (before >>> 30)) + i;
  }
  at = size;
  isSeeded = true;
}

export { mt_srand as srand };

function reload(): void {
  for (let i = 0; i < size; i += 1) {
    const y = ((state[i] as number) & 0x80000000) | ((state[(i + 1) % size] as number) & 0x7fffffff);
    state[i] = (state[(i + 397) % size] as number) ^ (y >>> 1) ^ ((y & 1) !== 0 ? 0x9908b0df : 0);
  }
  at = 0;
}

/** The next 32 bits. */
function draw(): number {
  if (!isSeeded) mt_srand();
  if (at >= size) reload();
  let y = state[at] as number;
  at += 1;
  y ^= y >>> 11;
  y ^= (y << 7) & 0x9d2c5680;
  y ^= (y << 15) & 0xefc60000;
  return (y ^ (y >>> 18)) >>> 0;
}

function within(limit: number): number {
  if (limit === 0xffffffff) return draw();
  const total = limit + 1;
  const last = 0xffffffff - (0xffffffff % total) - 1;
  let value = draw();
  if ((total & limit) === 0 && total <= 0x80000000) return (value & limit) >>> 0;
  while (value > last) value = draw();
  return value % total;
}

function withinLarge(limit: bigint): bigint {
  const next = () => BigInt(draw()) | (BigInt(draw()) << 32n);
  const most = 2n ** 64n - 1n;
  let value = next();
  if (limit === most) return value;
  const total = limit + 1n;
  if ((total & limit) === 0n) return value & limit;
  const last = most - (most % total) - 1n;
  while (value > last) value = next();
  return value % total;
}

function between(min: number, max: number): number {
  if (max - min <= 0xffffffff) return min + within(max - min);
  return Number(BigInt(min) + withinLarge(BigInt(max) - BigInt(min)));
}

/** `mt_rand`, `mt_rand(min, max)`. */
export function mt_rand(min?: unknown, max?: unknown): number {
  if (min === undefined) return draw() >>> 1;
  const [from, to] = [whole(min), whole(max)];
  if (to < from)
    throw new ValueError('mt_rand(): Argument #2 ($max) must be greater than or equal to argument #1 ($min)');
  return between(from, to);
}

/** `rand`: mt_rand, whose limits may be the wrong way round. */
export function rand(min?: unknown, max?: unknown): number {
  if (min === undefined) return draw() >>> 1;
  const [from, to] = [whole(min), whole(max)];
  return to < from ? between(to, from) : between(from, to);
}

export function mt_getrandmax(): number {
  return 0x7fffffff;
}

export { mt_getrandmax as getrandmax };

export function lcg_value(): number {
  return Math.random();
}

/** `random_int`: of cryptographic quality. */
export function random_int(min: unknown, max: unknown): number {
  const [from, to] = [whole(min), whole(max)];
  if (from > to)
    throw new ValueError('random_int(): Argument #1 ($min) must be less than or equal to argument #2 ($max)');
  if (to - from < 2 ** 48 && Number.isSafeInteger(from) && Number.isSafeInteger(to + 1)) return randomInt(from, to + 1);
  const span = BigInt(to) - BigInt(from) + 1n;
  return Number(BigInt(from) + (BigInt(`0x${randomBytes(24).toString('hex')}`) % span));
}

export function random_bytes(length: unknown): string {
  const wanted = whole(length);
  if (wanted < 1) throw new ValueError('random_bytes(): Argument #1 ($length) must be greater than 0');
  return randomBytes(wanted).toString('latin1');
}

/** `str_shuffle`, with the numbers of mt_rand. */
export function str_shuffle(text: unknown): string {
  const bytes = [...String(text)];
  for (let left = bytes.length - 1; left > 0; left -= 1) {
    const other = between(0, left);
    [bytes[left], bytes[other]] = [bytes[other] as string, bytes[left] as string];
  }
  return bytes.join('');
}
