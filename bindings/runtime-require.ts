// `require` at run time, which no bundler sees: it is for files whose names are found out, and for the package koffi,
// which need not be there. A bundler would look for them when it bundles, or replace them with its own code.

import { createRequire } from 'node:module';
import * as path from 'node:path';

/** The folder of this file. In an ES module that a bundler has made there is no such word; then that of the program. */
export const here =
  typeof __dirname === 'string' ? __dirname : path.dirname(path.resolve(process.argv[1] ?? 'program'));

export const runtimeRequire = createRequire(path.join(here, 'runtime-require.js'));
