// PHP's functions and operators on byte strings: what a ported program imports.

import * as functions from './functions';
import { setLibrary } from './registry';

export * from './functions';
export * from './ported';
export { argc, argv } from './ported-arguments';

setLibrary(functions as Record<string, unknown>);
