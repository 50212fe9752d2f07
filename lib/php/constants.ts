// Constants of PHP itself.

import * as os from 'node:os';
import { PhpArray } from './array';

export const PHP_EOL = '\n';
export const PHP_VERSION = '8.2.0';
export const PHP_MAJOR_VERSION = 8;
export const PHP_MINOR_VERSION = 2;
export const PHP_RELEASE_VERSION = 0;
export const PHP_VERSION_ID = 80200;
export const PHP_SAPI = 'cli';
export const PHP_OS = os.type();
export const PHP_OS_FAMILY = os.type();
export const PHP_INT_SIZE = 8;
/** 2^63 - 1 is none of JavaScript's numbers; 2^63 stands for it, and is written as PHP_INT_MAX. */
export const PHP_INT_MAX = 2 ** 63;
export const PHP_INT_MIN = -(2 ** 63);
export const PHP_FLOAT_EPSILON = Number.EPSILON;
export const PHP_FLOAT_MAX = Number.MAX_VALUE;
export const PHP_FLOAT_MIN = 2.2250738585072014e-308;
export const PHP_FLOAT_DIG = 15;
export const PHP_MAXPATHLEN = 4096;
export const NAN = Number.NaN;
export const INF = Number.POSITIVE_INFINITY;
export const M_PI = Math.PI;
export const M_E = Math.E;
export const M_SQRT2 = Math.SQRT2;
export const M_LN2 = Math.LN2;
export const M_LN10 = Math.LN10;
export const E_ERROR = 1;
export const E_WARNING = 2;
export const E_PARSE = 4;
export const E_NOTICE = 8;
export const E_USER_ERROR = 256;
export const E_USER_WARNING = 512;
export const E_USER_NOTICE = 1024;
export const E_STRICT = 2048;
export const E_DEPRECATED = 8192;
export const E_USER_DEPRECATED = 16384;
export const E_ALL = 32767;
export const LC_ALL = 6;
export const LC_CTYPE = 0;
export const LC_NUMERIC = 1;

export const argv = PhpArray.fromList(process.argv.slice(1).map((one) => Buffer.from(one, 'utf8').toString('latin1')));
export const argc = argv.size;

const environment = () =>
  Object.entries(process.env).map(
    ([name, value]) => [name, Buffer.from(value ?? '', 'utf8').toString('latin1')] as const,
  );

export const _ENV = PhpArray.from(environment());
export const _SERVER = PhpArray.from([
  ...environment(),
  ['PHP_SELF', argv.get(0) ?? ''],
  ['SCRIPT_NAME', argv.get(0) ?? ''],
  ['SCRIPT_FILENAME', argv.get(0) ?? ''],
  ['REQUEST_TIME', Math.floor(Date.now() / 1000)],
  ['REQUEST_TIME_FLOAT', Date.now() / 1000],
  ['argv', argv],
  ['argc', argc],
]);
