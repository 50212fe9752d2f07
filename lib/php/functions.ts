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
export * from './constants';
export { float, int, str, truthy, utf8 } from './convert';
export { copy } from './copy';
export * from './encoding';
export * from './errors';
export * from './export';
export * from './file-hashes';
export {
  basename,
  chdir,
  chmod,
  clearstatcache,
  DIRECTORY_SEPARATOR,
  dirname,
  disk_free_space,
  FILE_APPEND,
  FILE_IGNORE_NEW_LINES,
  FILE_SKIP_EMPTY_LINES,
  FILE_USE_INCLUDE_PATH,
  file,
  file_exists,
  file_get_contents,
  file_put_contents,
  fileatime,
  filectime,
  filemtime,
  fileperms,
  filesize,
  flock,
  fpassthru,
  getcwd,
  glob,
  is_dir,
  is_executable,
  is_file,
  is_link,
  is_readable,
  is_writable,
  is_writeable,
  mkdir,
  PATH_SEPARATOR,
  PATHINFO_BASENAME,
  PATHINFO_DIRNAME,
  PATHINFO_EXTENSION,
  PATHINFO_FILENAME,
  pathinfo,
  readfile,
  realpath,
  rename,
  rmdir,
  scandir,
  sys_get_temp_dir,
  tempnam,
  tmpfile,
  touch,
  unlink,
} from './files';
export {
  fprintf,
  number_format,
  printf,
  sprintf,
  vprintf,
  vsprintf,
} from './format';
export * from './info';
export {
  appendItem,
  appendNested,
  each,
  eachEntry,
  eachRef,
  eachRefEntry,
  fromList,
  item,
  itemQuiet,
  nested,
  refItem,
  refProperty,
  setByte,
  setItem,
  spread,
  toArray,
  toObject,
  unsetItem,
  writable,
} from './items';
export * from './json';
export * from './math';
export * from './operators';
export { die, echo, exit, flush, print, register_shutdown_function } from './output';
export * from './pack';
export {
  PREG_BAD_UTF8_ERROR,
  PREG_INTERNAL_ERROR,
  PREG_NO_ERROR,
  preg_last_error,
  preg_last_error_msg,
} from './pattern-subject';
export * from './preg';
export * from './quoting';
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
export {
  fclose,
  feof,
  fflush,
  fgetc,
  fgets,
  fopen,
  fputs,
  fread,
  fseek,
  fstat,
  fsync,
  ftell,
  ftruncate,
  fwrite,
  LOCK_EX,
  LOCK_NB,
  LOCK_SH,
  LOCK_UN,
  rewind,
  SEEK_CUR,
  SEEK_END,
  SEEK_SET,
  STDERR,
  STDIN,
  STDOUT,
  stream_get_contents,
} from './streams';
export * from './strings';
export * from './times';
export * from './types';
