// The type of bytes that the package gives to programs.

/** `Buffer` where the types of Node are there (`@types/node`); where they are not, the `Uint8Array` that it is. */
export type Bytes = typeof globalThis extends { Buffer: { isBuffer(value: unknown): value is infer B } }
  ? B
  : Uint8Array;
