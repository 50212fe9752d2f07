// How many bytes an array has.

const { get: ownByteLength } = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  'byteLength',
) as { get(this: ArrayBufferView): number };

/** The bytes of a typed array, whatever a subclass answers. */
export function byteLengthOf(bytes: ArrayBufferView): number {
  return ownByteLength.call(bytes);
}
