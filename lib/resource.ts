// The handle of a server as TypeScript sees it.

import { ErrorCode } from './generated/errors';
import { native } from './native';

declare const brand: unique symbol;

/**
 * A server, as ipworks_ipdaemon_open returns it. It is a number, but only numbers from there are any good:
 * every function throws a TypeError for one that is closed, invented, or opened by another thread or through another
 * copy of the package.
 */
export type Resource = number & { readonly [brand]: 'ipdaemon' };

/** Whether a code says that there is no such server in this thread. */
export function isNoResource(code: number): boolean {
  return code === ErrorCode.InvalidHandle || code === ErrorCode.WrongThread || code === ErrorCode.OtherCopy;
}

/** The number that a binding takes for a handle. Anything else, such as a fraction or 2 ** 32 + 1, becomes 0, which is never a server. */
export function handleOf(res: unknown): Resource {
  return (typeof res === 'number' && res === (res | 0) ? res : 0) as Resource;
}

/** The error of the function `name` for something that is not a server of this thread. */
export function noResource(name: string, code: number): TypeError {
  const full = name === 'counter' ? 'ipdaemon_counter' : `ipworks_ipdaemon_${name}`;
  return new TypeError(
    `${full}: the supplied resource is not a valid ipdaemon resource: ${native.errorSentence(code)}`,
  );
}

/** Passes a code on, except for those that no operational error can have. */
export function checked(name: string, code: number): number {
  if (isNoResource(code)) throw noResource(name, code);
  return code;
}
