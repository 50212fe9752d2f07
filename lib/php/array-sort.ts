// Functions of PHP that sort arrays. Each changes the array that it gets, and gives true.

import { array } from './args';
import { type Key, PhpArray, type Value } from './array';
import { cmp, compareTexts } from './compare';
import { float, str, truthy } from './convert';
import { naturalOrder } from './natural';
import { mt_rand } from './random';
import { callbackOf } from './registry';
import { sortList } from './sorting';

export const SORT_ASC = 4;
export const SORT_DESC = 3;
export const SORT_REGULAR = 0;
export const SORT_NUMERIC = 1;
export const SORT_STRING = 2;
export const SORT_LOCALE_STRING = 5;
export const SORT_NATURAL = 6;
export const SORT_FLAG_CASE = 8;

type Compare = (a: Value, b: Value) => number;

const lower = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/** The comparison that the flags of sort choose. */
export function comparisonFor(flags: unknown): Compare {
  const folds = (Number(flags) & SORT_FLAG_CASE) !== 0;
  switch (Number(flags) & ~SORT_FLAG_CASE) {
    case SORT_NUMERIC:
      return (a, b) => cmp(float(a), float(b));
    case SORT_STRING:
      return folds ? (a, b) => compareTexts(lower(str(a)), lower(str(b))) : (a, b) => compareTexts(str(a), str(b));
    case SORT_LOCALE_STRING:
      return (a, b) => compareTexts(str(a), str(b));
    case SORT_NATURAL:
      return (a, b) => naturalOrder(str(a), str(b), folds);
    default:
      return cmp;
  }
}

const reversed =
  (compare: Compare): Compare =>
  (a, b) =>
    compare(b, a);

/** The comparing function of the program. One that gives false is asked the other way round, as PHP does. */
function own(callback: unknown): Compare {
  const compare = callbackOf(callback);
  return (a, b) => {
    const result = compare(a, b);
    if (result === false) return truthy(compare(b, a)) ? -1 : 0;
    return typeof result === 'number' ? Math.trunc(result) : Number(result === true || cmp(result, 0));
  };
}

function byValue(a: unknown, compare: Compare, keepsKeys: boolean): true {
  const target = array(a);
  if (keepsKeys) target.assign(PhpArray.from(sortList(target.entryList(), (x, y) => compare(x[1], y[1]))));
  else target.assign(PhpArray.fromList(sortList(target.toList(), compare)));
  return true;
}

function byKey(a: unknown, compare: Compare): true {
  const target = array(a);
  const { nextKey } = target;
  target.assign(PhpArray.from(sortList(target.entryList(), (x, y) => compare(x[0], y[0]))));
  target.nextKey = nextKey;
  return true;
}

export function sort(a: unknown, flags: unknown = SORT_REGULAR): true {
  return byValue(a, comparisonFor(flags), false);
}

export function rsort(a: unknown, flags: unknown = SORT_REGULAR): true {
  return byValue(a, reversed(comparisonFor(flags)), false);
}

export function usort(a: unknown, callback: unknown): true {
  return byValue(a, own(callback), false);
}

export function asort(a: unknown, flags: unknown = SORT_REGULAR): true {
  return byValue(a, comparisonFor(flags), true);
}

export function arsort(a: unknown, flags: unknown = SORT_REGULAR): true {
  return byValue(a, reversed(comparisonFor(flags)), true);
}

export function uasort(a: unknown, callback: unknown): true {
  return byValue(a, own(callback), true);
}

export function ksort(a: unknown, flags: unknown = SORT_REGULAR): true {
  return byKey(a, comparisonFor(flags));
}

export function krsort(a: unknown, flags: unknown = SORT_REGULAR): true {
  return byKey(a, reversed(comparisonFor(flags)));
}

export function uksort(a: unknown, callback: unknown): true {
  return byKey(a, own(callback));
}

export function natsort(a: unknown): true {
  return byValue(a, comparisonFor(SORT_NATURAL), true);
}

export function natcasesort(a: unknown): true {
  return byValue(a, comparisonFor(SORT_NATURAL | SORT_FLAG_CASE), true);
}

/** `shuffle`, with the numbers of mt_rand. */
export function shuffle(a: unknown): true {
  const list = array(a).toList();
  for (let left = list.length - 1; left > 0; left -= 1) {
    const at = mt_rand(0, left);
    [list[left], list[at]] = [list[at], list[left]];
  }
  array(a).assign(PhpArray.fromList(list));
  return true;
}

/** One column of `array_multisort`. */
interface Column {
  array: PhpArray;
  values: Value[];
  compare: Compare;
}

function columnsOf(all: unknown[]): Column[] {
  const columns: Column[] = [];
  let [isDescending, flags] = [false, SORT_REGULAR];
  const finish = () => {
    const column = columns.at(-1);
    const compare = comparisonFor(flags);
    if (column !== undefined) column.compare = isDescending ? reversed(compare) : compare;
    [isDescending, flags] = [false, SORT_REGULAR];
  };
  for (const one of all) {
    if (one === SORT_DESC || one === SORT_ASC) isDescending = one === SORT_DESC;
    else if (typeof one === 'number') flags = one;
    else {
      finish();
      columns.push({ array: array(one), values: array(one).toList(), compare: cmp });
    }
  }
  finish();
  return columns;
}

/** `array_multisort`: sorts several arrays of one length by the first, then the second, and so on. */
export function array_multisort(...all: unknown[]): boolean {
  const columns = columnsOf(all);
  const order = sortList(Array.from((columns[0] as Column).values.keys()), (x, y) => {
    for (const { values, compare } of columns) {
      const result = compare(values[x], values[y]);
      if (result !== 0) return result;
    }
    return 0;
  });
  for (const { array: target, values } of columns) {
    const keys: Key[] = target.keyList();
    const result = new PhpArray();
    for (const i of order) {
      if (typeof keys[i] === 'string') result.set(keys[i], values[i]);
      else result.append(values[i]);
    }
    target.assign(result);
  }
  return true;
}
