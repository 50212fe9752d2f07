// Decimal digits of floats, and PHP's rounding.

/** A finite number with some decimals, rounded at its exact binary value, ties to even. */
export function fixedExact(value: number, decimals: number): string {
  const [mantissa, exponent] = split(Math.abs(value));
  const scale = 10n ** BigInt(decimals);
  let numerator = mantissa * scale;
  let denominator = 1n;
  if (exponent >= 0) numerator <<= BigInt(exponent);
  else denominator <<= BigInt(-exponent);
  let quotient = numerator / denominator;
  const rest = (numerator % denominator) * 2n;
  if (rest > denominator || (rest === denominator && quotient % 2n === 1n)) quotient += 1n;
  const digits = quotient.toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  return decimals === 0 ? whole : `${whole}.${digits.slice(digits.length - decimals)}`;
}

/** Mantissa and exponent of two. */
function split(value: number): [mantissa: bigint, exponent: number] {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  return exponent === 0 ? [fraction, -1074] : [fraction | 0x10000000000000n, exponent - 1075];
}

/** Half away from zero, or what the mode of `round` says. */
function roundWhole(value: number, mode: number): number {
  const down = Math.floor(Math.abs(value));
  const rest = Math.abs(value) - down;
  let size = down;
  if (rest > 0.5 || (rest === 0.5 && goesUp(down, mode))) size += 1;
  return value < 0 ? -size : size;
}

function goesUp(down: number, mode: number): boolean {
  if (mode === 2) return false;
  if (mode === 3) return down % 2 === 1;
  return mode === 4 ? down % 2 === 0 : true;
}

function power(places: number): number {
  return Number(`1e${Math.abs(places)}`);
}

/** PHP 8.2's `round`: first to 15 significant digits, where that tells that a tie was meant. */
export function roundTo(value: number, places: number, mode = 1): number {
  if (!Number.isFinite(value) || value === 0) return value;
  const places2 = Math.max(-324, places);
  const precision = 14 - Math.floor(Math.log10(Math.abs(value)));
  const factor = power(places2);
  const scaled = (number: number) => (places2 >= 0 ? number * factor : number / factor);
  let rounded: number;
  if (precision > places2 && precision - 15 < places2) {
    const use = Math.max(-4 * 15, Math.min(4 * 15, precision));
    const helper = power(use);
    rounded = roundWhole(use >= 0 ? value * helper : value / helper, mode);
    const distance = Math.max(-4 * 15, places2 - use);
    // The number has been shifted by `use` places: what is too much goes back.
    rounded = distance < 0 ? rounded / power(distance) : rounded * power(distance);
    if (Math.abs(rounded) >= 1e15) return value;
  } else {
    rounded = scaled(value);
    if (Math.abs(rounded) >= 1e15) return value;
  }
  if (Math.abs(rounded) >= 1e15) return value;
  rounded = roundWhole(rounded, mode);
  if (Math.abs(places2) < 23) return places2 > 0 ? rounded / factor : rounded * factor;
  return Number(`${rounded}e${-places2}`);
}
