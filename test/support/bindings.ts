// The package over each of its bindings, in one process: the modules of the package are loaded once for each.
// IPDAEMON_BINDING restricts a run to one of them, as it does for programs.
import { afterEach, beforeEach, describe, jest } from '@jest/globals';

export type Api = typeof import('../../lib/index');
type Native = typeof import('../../bindings/choose').binding;

export interface Binding {
  name: string;
  binding: string;
  api: Api;
  native: Native;
}

const only = process.env.IPDAEMON_BINDING;

function wanting<Result>(binding: string | undefined, body: () => Result): Result {
  const before = process.env.IPDAEMON_BINDING;
  want(binding);
  try {
    return body();
  } finally {
    want(before);
  }
}

function want(binding: string | undefined): void {
  if (binding === undefined) delete process.env.IPDAEMON_BINDING;
  else process.env.IPDAEMON_BINDING = binding;
}

function load(binding: string): Binding {
  let loaded: { api: Api; native: Native } | undefined;
  wanting(binding, () =>
    jest.isolateModules(() => {
      const { binding: native } = require('../../bindings/choose') as typeof import('../../bindings/choose');
      loaded = { api: require('../../lib/index') as Api, native };
    }),
  );
  if (loaded === undefined) throw new Error(`the package did not load over ${binding}`);
  return { name: binding, binding, ...loaded };
}

const bindings = ['addon', 'koffi'].filter((name) => only === undefined || name === only).map(load);

/** The bindings under test; a behaviour test never names one. */
export function eachBinding(): Binding[] {
  return bindings;
}

/** Hooks of a describe: programs that its tests start use the binding. */
export function programsUse(binding: string): void {
  let before: string | undefined;
  beforeEach(() => {
    before = process.env.IPDAEMON_BINDING;
    want(binding);
  });
  afterEach(() => want(before));
}

/** describe for each binding; programs that the tests start use it, too. */
export function forEachBinding(title: string, body: (binding: Binding) => void): void {
  describe.each(eachBinding())(`${title} ($name)`, (binding) => {
    programsUse(binding.binding);
    body(binding);
  });
}
