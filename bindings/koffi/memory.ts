// The memory that a thread shares with the library, see ipdaemon_shared in ipdaemon.h. Reading it costs next to
// nothing, while koffi takes a microsecond to follow a pointer. It consists of
//   the struct, which ends with the parameters of an event, and behind it the bytes of these
//   one ipdaemon_value, for properties and settings on their way in or out
//   the stack: texts and bytes on their way in; those of nested calls above those of the outer ones
// A value is named by its first word, that is its offset divided by 4. On all processors that koffi knows, the lower
// half of a 64-bit number comes first.

import { constants } from 'node:buffer';
import { types } from 'node:util';
import { ErrorCode } from '../../lib/generated/errors';
import { byteLengthOf } from '../byte-length';
import type { NativeInput, NativeValue } from '../contract';
import { addressOf, type Library } from './declarations';

/** The words of ipdaemon_shared that a callback looks at. */
export const Field = { result: 4, handle: 5, event: 6, count: 7 } as const;

/** What `event` says beside events. */
export const SharedEvent = { batch: 0, wait: -1 } as const;

/** The types of ipdaemon_value. */
export const Type = { none: 0, integer: 1, boolean: 2, text: 3, bytes: 4, flags: 5, opaque: 6 } as const;

// The words of ipdaemon_value, and how many it has.
const Part = { type: 0, integer: 2, bytes: 4, length: 6 } as const;
const valueWords = 8;

const parametersMax = 8;
const parameterWord = 8;
const bytesBegin = 4 * (parameterWord + parametersMax * valueWords);
// What the library reads at a time, and as much again for what was left of the read before.
const bytesEnd = bytesBegin + 128 * 1024;
const valueWord = bytesEnd / 4;
const stackBegin = 4 * (valueWord + valueWords);
const stackEnd = stackBegin + 128 * 1024;

const highHalf = 2 ** 32;

// The parts of Buffer's interface that toString and write are made of; without the detour they are twice as fast.
interface TextBuffer extends Buffer {
  latin1Slice(begin: number, end: number): string;
  utf8Slice(begin: number, end: number): string;
  latin1Write(text: string, begin: number, length: number): number;
  utf8Write(text: string, begin: number, length: number): number;
}

class TooLong extends Error {
  readonly code = 'ERR_STRING_TOO_LONG';
}

/** The error code for what Buffer throws when a text is too long or memory is short. Throws anything else. */
export function failureCode(error: unknown): number {
  const { name, code } = error as Partial<NodeJS.ErrnoException>;
  if (code === 'ERR_STRING_TOO_LONG') return ErrorCode.MessageTooLong;
  if (name === 'RangeError' || code === 'ERR_MEMORY_ALLOCATION_FAILED') return ErrorCode.OutOfMemory;
  throw error;
}

/** A part of the memory that is filled from its begin. What does not fit gets its own memory. */
export class Area {
  /** How many bytes the last push took. */
  length = 0;
  private top: number;
  private readonly spilled: { mark: number; bytes: Buffer }[] = [];

  constructor(
    private readonly buffer: TextBuffer,
    private readonly address: number,
    readonly begin: number,
    private readonly end: number,
  ) {
    this.top = begin;
  }

  /** What `pop` needs to take away everything that is pushed from now on. */
  mark(): number {
    return this.top;
  }

  /** The same, and nothing stays of what was pushed: it may be a password. */
  popWiped(mark: number): void {
    this.buffer.fill(0, mark, Math.min(this.top, this.end));
    for (const spilled of this.spilled) {
      if (spilled.mark >= mark) spilled.bytes.fill(0);
    }
    this.pop(mark);
  }

  pop(mark: number): void {
    this.top = mark;
    while (this.spilled.length !== 0 && (this.spilled.at(-1)?.mark ?? 0) >= mark) this.spilled.pop();
  }

  /** Puts down a text with one character per byte and gives its address. */
  pushLatin1(text: string): number {
    const length = text.length;
    this.length = length;
    const begin = this.top;
    if (begin + length > this.end) return this.spill(Buffer.from(text, 'latin1'));
    this.buffer.latin1Write(text, begin, length);
    this.top = begin + length;
    return this.address + begin;
  }

  pushUtf8(text: string): number {
    this.length = Buffer.byteLength(text, 'utf8');
    const begin = this.top;
    if (begin + this.length > this.end) return this.spill(Buffer.from(text, 'utf8'));
    this.buffer.utf8Write(text, begin, this.length);
    this.top = begin + this.length;
    return this.address + begin;
  }

  pushBytes(bytes: Uint8Array): number {
    // What the array has, whatever a subclass says of it: the core would read beyond it.
    this.length = byteLengthOf(bytes);
    const begin = this.top;
    if (begin + this.length > this.end) {
      const copy = Buffer.allocUnsafe(this.length);
      copy.set(bytes);
      return this.spill(copy);
    }
    this.buffer.set(bytes, begin);
    this.top = begin + this.length;
    return this.address + begin;
  }

  // The mark grows nevertheless, so that this is told apart from what was pushed before.
  private spill(bytes: Buffer): number {
    this.spilled.push({ mark: this.top, bytes });
    this.top += 1;
    return addressOf(bytes);
  }
}

export class Memory {
  readonly words: Int32Array;
  /** Where ipdaemon_shared begins. */
  readonly address: number;
  /** The one value: its first word, and its address. */
  readonly value = valueWord;
  readonly valueAddress: number;
  readonly stack: Area;
  // What a handler has changed lies where the parameters' bytes were.
  private readonly returned: Area;
  private readonly buffer: TextBuffer;
  private readonly copy: Library['copy'];

  constructor(library: Library, callback: bigint) {
    const memory = new ArrayBuffer(stackEnd);
    const [callbackField, sizeField] = [0, 1];
    const fields = new BigUint64Array(memory, 0, 2);
    fields[callbackField] = callback;
    fields[sizeField] = BigInt(bytesEnd - bytesBegin);
    this.words = new Int32Array(memory);
    this.buffer = Buffer.from(memory) as TextBuffer;
    this.address = addressOf(this.buffer);
    this.valueAddress = this.address + 4 * valueWord;
    this.stack = new Area(this.buffer, this.address, stackBegin, stackEnd);
    this.returned = new Area(this.buffer, this.address, bytesBegin, bytesEnd);
    this.copy = library.copy;
  }

  /** The first word of a parameter of an event. */
  parameter(position: number): number {
    return parameterWord + position * valueWords;
  }

  typeOf(value: number): number {
    return this.words[value + Part.type] as number;
  }

  /** The number of a value that has no more than 32 bits. */
  int32(value: number): number {
    return this.words[value + Part.integer] as number;
  }

  /** A value that the library has written; null for none. */
  read(value: number): NativeValue | null {
    switch (this.typeOf(value)) {
      case Type.integer:
      case Type.flags:
        return this.int64(value + Part.integer);
      case Type.boolean:
        return this.int32(value) !== 0;
      case Type.text:
        return this.utf8(value);
      case Type.bytes:
      case Type.opaque:
        return this.latin1(value);
      default:
        return null;
    }
  }

  /** The bytes of a value as a string with one character per byte. */
  latin1(value: number): string {
    const length = this.int64(value + Part.length);
    const begin = this.int64(value + Part.bytes) - this.address;
    if (begin >= bytesBegin && begin + length <= bytesEnd) return this.buffer.latin1Slice(begin, begin + length);
    // Before it is copied in vain.
    if (length > constants.MAX_STRING_LENGTH) throw new TooLong();
    return this.fetch(begin + this.address, length).latin1Slice(0, length);
  }

  private utf8(value: number): string {
    const length = this.int64(value + Part.length);
    const begin = this.int64(value + Part.bytes) - this.address;
    if (begin >= bytesBegin && begin + length <= bytesEnd) return this.buffer.utf8Slice(begin, begin + length);
    return this.fetch(begin + this.address, length).utf8Slice(0, length);
  }

  // Bytes that are in the library's own memory.
  private fetch(address: number, length: number): TextBuffer {
    const bytes = Buffer.allocUnsafe(length) as TextBuffer;
    if (length > 0) this.copy(addressOf(bytes), address, length);
    return bytes;
  }

  /**
   * Makes the one value of a safe integer, a boolean, a string (as TEXT) or a Uint8Array (as BYTES), whose bytes go to
   * the stack. False for anything else.
   */
  write(input: NativeInput): boolean {
    switch (typeof input) {
      case 'number':
        if (!Number.isSafeInteger(input)) return false;
        this.setNumber(valueWord, Type.integer, input);
        return true;
      case 'boolean':
        this.setNumber(valueWord, Type.boolean, input ? 1 : 0);
        return true;
      case 'string':
        this.setBytes(valueWord, Type.text, this.stack.pushUtf8(input), this.stack.length);
        return true;
      default:
        if (!types.isUint8Array(input) && !types.isUint8ClampedArray(input)) return false;
        this.setBytes(valueWord, Type.bytes, this.stack.pushBytes(input), this.stack.length);
        return true;
    }
  }

  /**
   * Writes what a handler gave back over the parameters, whose types are `before`: the last thing before a callback
   * returns. Undefined and values of another type change nothing. Gives what `result` has to say.
   */
  change(before: number[], changes: (NativeValue | undefined)[]): number {
    this.returned.pop(this.returned.begin);
    return before.reduce((sum, type, i) => (this.changed(type, i, changes[i]) ? sum | (1 << i) : sum), 0);
  }

  private changed(type: number, position: number, now: NativeValue | undefined): boolean {
    const value = this.parameter(position);
    if (type === Type.integer && Number.isSafeInteger(now)) this.setNumber(value, type, now as number);
    else if (type === Type.boolean && typeof now === 'boolean') this.setNumber(value, type, now ? 1 : 0);
    else if (type === Type.text && typeof now === 'string')
      this.setBytes(value, type, this.returned.pushUtf8(now), this.returned.length);
    else if (type === Type.bytes && typeof now === 'string')
      this.setBytes(value, type, this.returned.pushLatin1(now), this.returned.length);
    else return false;
    return true;
  }

  private setNumber(value: number, type: number, number: number): void {
    this.words[value + Part.type] = type;
    this.setInt64(value + Part.integer, number);
  }

  private setBytes(value: number, type: number, address: number, length: number): void {
    this.words[value + Part.type] = type;
    this.setInt64(value + Part.bytes, address);
    this.setInt64(value + Part.length, length);
  }

  private int64(word: number): number {
    return (this.words[word + 1] as number) * highHalf + ((this.words[word] as number) >>> 0);
  }

  private setInt64(word: number, number: number): void {
    this.words[word] = number % highHalf;
    this.words[word + 1] = Math.floor(number / highHalf);
  }
}
