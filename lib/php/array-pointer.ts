// The internal pointer of arrays.

import { array } from './args';
import type { Key, Value } from './array';

export function current(a: unknown): Value {
  return array(a).current();
}

export { current as pos };

export function key(a: unknown): Key | null {
  return array(a).pointerKey() ?? null;
}

export function next(a: unknown): Value {
  return array(a).next();
}

export function prev(a: unknown): Value {
  return array(a).prev();
}

export function reset(a: unknown): Value {
  return array(a).reset();
}

export function end(a: unknown): Value {
  return array(a).end();
}
