// Everything that the library has, subject by subject.

export { PhpArray, toKey } from './array';
export * from './array-callbacks';
export * from './array-pointer';
export * from './array-sets';
export {
  array_multisort,
  arsort,
  asort,
  krsort,
  ksort,
  natcasesort,
  natsort,
  rsort,
  SORT_ASC,
  SORT_DESC,
  SORT_FLAG_CASE,
  SORT_LOCALE_STRING,
  SORT_NATURAL,
  SORT_NUMERIC,
  SORT_REGULAR,
  SORT_STRING,
  shuffle,
  sort,
  uasort,
  uksort,
  usort,
} from './array-sort';
export * from './arrays';
export { cmp, compare, eq, eq7, ge, gt, identical, le, lt } from './compare';
export { float, int, str, truthy, utf8 } from './convert';
export * from './errors';
export * from './items';
export * from './operators';
export { die, echo, exit, flush, print, register_shutdown_function } from './output';
export * from './random';
export * from './ref';
export {
  className,
  classOf,
  constant,
  constantAs,
  declareClass,
  declareFunction,
  define,
  defined,
  isInstance,
  names,
  reference,
  toCallable,
} from './registry';
export { Resource } from './resource';
export * from './search';
export { stdClass } from './stdclass';
export * from './strings';
