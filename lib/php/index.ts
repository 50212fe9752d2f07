// PHP's functions and operators on byte strings: what a ported program imports.

import * as functions from './functions';
import { setLibrary } from './registry';

export * from './functions';

setLibrary(functions as Record<string, unknown>);
