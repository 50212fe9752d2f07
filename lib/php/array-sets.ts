// Functions of PHP that compare arrays: differences, intersections, doubles.

import { array } from './args';
import { type Key, PhpArray, type Value } from './array';
import { comparisonFor, SORT_STRING } from './array-sort';
import { cmp } from './compare';
import { str } from './convert';
import { copy } from './items';
import { callbackOf } from './registry';
import { sortList } from './sorting';

type Same = (a: [Key, Value], b: [Key, Value]) => boolean;

function select(a: unknown, others: unknown[], same: Same, wanted: boolean): PhpArray {
  const lists = others.map((other) => array(other).entryList());
  const result = new PhpArray();
  for (const entry of array(a).entryList()) {
    const isIn = (list: [Key, Value][]) => list.some((other) => same(entry, other));
    if (wanted ? lists.every(isIn) : !lists.some(isIn)) result.set(entry[0], copy(entry[1]));
  }
  return result;
}

/** The same by the texts of the values, without looking at each pair. */
function selectByText(a: unknown, others: unknown[], wanted: boolean): PhpArray {
  const sets = others.map((other) => new Set(array(other).toList().map(str)));
  const result = new PhpArray();
  for (const [key, value] of array(a).entryList()) {
    const shown = str(value);
    if (wanted ? sets.every((set) => set.has(shown)) : !sets.some((set) => set.has(shown)))
      result.set(key, copy(value));
  }
  return result;
}

function selectByKey(a: unknown, others: unknown[], withValues: boolean, wanted: boolean): PhpArray {
  const arrays = others.map(array);
  const result = new PhpArray();
  for (const [key, value] of array(a).entryList()) {
    const isIn = (other: PhpArray) => other.hasKey(key) && (!withValues || str(other.get(key)) === str(value));
    if (wanted ? arrays.every(isIn) : !arrays.some(isIn)) result.set(key, copy(value));
  }
  return result;
}

export function array_diff(a: unknown, ...others: unknown[]): PhpArray {
  return selectByText(a, others, false);
}

export function array_diff_key(a: unknown, ...others: unknown[]): PhpArray {
  return selectByKey(a, others, false, false);
}

export function array_diff_assoc(a: unknown, ...others: unknown[]): PhpArray {
  return selectByKey(a, others, true, false);
}

export function array_intersect(a: unknown, ...others: unknown[]): PhpArray {
  return selectByText(a, others, true);
}

export function array_intersect_key(a: unknown, ...others: unknown[]): PhpArray {
  return selectByKey(a, others, false, true);
}

export function array_intersect_assoc(a: unknown, ...others: unknown[]): PhpArray {
  return selectByKey(a, others, true, true);
}

/** The last argument is the function that compares. */
function withCallback(all: unknown[], of: 0 | 1, withOther: boolean, wanted: boolean): PhpArray {
  const compare = callbackOf(all.at(-1));
  const other = (1 - of) as 0 | 1;
  const isSame: Same = (a, b) => Number(compare(a[of], b[of])) === 0 && (!withOther || str(a[other]) === str(b[other]));
  return select(all[0], all.slice(1, -1), isSame, wanted);
}

export function array_udiff(...all: unknown[]): PhpArray {
  return withCallback(all, 1, false, false);
}

export function array_udiff_assoc(...all: unknown[]): PhpArray {
  return withCallback(all, 1, true, false);
}

export function array_diff_ukey(...all: unknown[]): PhpArray {
  return withCallback(all, 0, false, false);
}

export function array_uintersect(...all: unknown[]): PhpArray {
  return withCallback(all, 1, false, true);
}

export function array_intersect_ukey(...all: unknown[]): PhpArray {
  return withCallback(all, 0, false, true);
}

/** `array_unique`: the first of equal values stays; equal means the same text, or what the flags say. */
export function array_unique(a: unknown, flags: unknown = SORT_STRING): PhpArray {
  const entries = array(a).entryList();
  const result = new PhpArray();
  if (flags === SORT_STRING) {
    const seen = new Set<string>();
    for (const [key, value] of entries) {
      const shown = str(value);
      if (!seen.has(shown)) result.set(key, copy(value));
      seen.add(shown);
    }
    return result;
  }
  const compare = flags === 0 ? cmp : comparisonFor(flags);
  const sorted = sortList(entries.slice(), (x, y) => compare(x[1], y[1]));
  const dropped = new Set<Key>();
  let kept = sorted[0];
  for (const entry of sorted.slice(1)) {
    if (compare((kept as [Key, Value])[1], entry[1]) === 0) dropped.add(entry[0]);
    else kept = entry;
  }
  for (const [key, value] of entries) if (!dropped.has(key)) result.set(key, copy(value));
  return result;
}
