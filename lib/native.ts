// The native functions as the rest of this folder calls them: each first sends what a batch has gathered (gather.ts).

import { binding } from '../bindings/choose';
import type { NativeBinding } from '../bindings/contract';
import { flushGathered } from './gather';

function afterFlush<Call extends (...parameters: never[]) => unknown>(call: Call): Call {
  return ((...parameters: never[]) => {
    flushGathered();
    return call(...parameters);
  }) as Call;
}

/** The native functions, each of which sends what was gathered before it does its own. */
export const native: NativeBinding = {
  ...binding,
  ...(Object.fromEntries(
    Object.entries(binding).map(([name, member]) => [name, typeof member === 'function' ? afterFlush(member) : member]),
  ) as unknown as NativeBinding),
};
