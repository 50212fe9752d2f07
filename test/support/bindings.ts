// The package over each of its bindings, in one process: the modules of the package are loaded once for each.
// IPDAEMON_BINDING restricts a run to one of them, as it does for programs. Where it matters how the loop waits, the
// addon comes a second time, with a thread that waits in place of the loop.
import { existsSync } from 'node:fs';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, jest } from '@jest/globals';
import { watchCodes } from './call-codes';

export type Api = typeof import('../../lib/index');
type Native = typeof import('../../bindings/choose').binding;

// What the calls of the tests gave, and no row lists.
const unlistedCodes: (() => string[])[] = [];

export interface Binding {
  name: string;
  binding: string;
  waker?: 'thread';
  api: Api;
  native: Native;
}

const only = process.env.IPDAEMON_BINDING;

type Variable = 'IPDAEMON_BINDING' | 'IPDAEMON_WAKER';

/** Sets a variable of the environment, and gives what sets it back. */
function want(variable: Variable, value: string | undefined): () => void {
  const before = process.env[variable];
  if (value === undefined) delete process.env[variable];
  else process.env[variable] = value;
  return () => void want(variable, before);
}

function load(binding: string, prepare: () => void = () => {}): Binding {
  let loaded: { api: Api; native: Native } | undefined;
  const restore = want('IPDAEMON_BINDING', binding);
  jest.isolateModules(() => {
    prepare();
    const { binding: native } = require('../../bindings/choose') as typeof import('../../bindings/choose');
    unlistedCodes.push(watchCodes(native));
    loaded = { api: require('../../lib/index') as Api, native };
  });
  restore();
  if (loaded === undefined) throw new Error(`the package did not load over ${binding}`);
  return { name: binding, binding, ...loaded };
}

afterEach(() => {
  expect(unlistedCodes.flatMap((unlisted) => unlisted())).toEqual([]);
});

const bindings = ['addon', 'koffi'].filter((name) => only === undefined || name === only).map((name) => load(name));

/** The same binding, which delivers the input of each connection by itself: there is no room for a group. */
export function withoutGroups<Kind extends Binding>(kind: Kind): Kind {
  const contract = '../../bindings/contract';
  const mock = () =>
    jest.doMock(contract, () => ({ ...jest.requireActual<object>(contract), groupDescriptorLength: 2 }));
  try {
    return { ...kind, ...load(kind.binding, mock), name: kind.name };
  } finally {
    jest.dontMock(contract);
  }
}

/**
 * Whether the test that runs is one of these, which are named from the folder of the tests: folders, or files without
 * their ends. One that was renamed must not lose its tests unnoticed, so each has to exist.
 */
export function isOneOf(...suites: string[]): boolean {
  const folder = path.join(__dirname, '..');
  const running = path.relative(folder, expect.getState().testPath ?? '').replace(/\.test\.[jt]s$/, '');
  for (const name of suites) {
    const there = ['', '.test.ts', '.test.js'].some((end) => existsSync(path.join(folder, `${name}${end}`)));
    if (!there) throw new Error(`there is no suite test/${name}: it was renamed, so its name has to change here, too`);
  }
  return suites.some((name) => running === path.normalize(name) || running.startsWith(path.normalize(`${name}/`)));
}

/** The bindings under test; a behaviour test never names one. */
export function eachBinding(): Binding[] {
  const bothWakers = process.env.IPDAEMON_WAKER === undefined && isOneOf('interface', 'lifetime');
  return bindings.flatMap((binding) =>
    binding.name === 'addon' && bothWakers
      ? [binding, { ...binding, name: 'addon with a thread', waker: 'thread' as const }]
      : [binding],
  );
}

/** Hooks of a describe: servers and programs of its tests use the binding. */
export function testsUse({ binding, waker }: Binding): void {
  let restore: (() => void)[] = [];
  beforeEach(() => {
    restore = [want('IPDAEMON_BINDING', binding), want('IPDAEMON_WAKER', waker ?? process.env.IPDAEMON_WAKER)];
  });
  afterEach(() => {
    for (const back of restore) back();
  });
}

/** describe for each binding; programs that the tests start use it, too. */
export function forEachBinding(title: string, body: (binding: Binding) => void): void {
  describe.each(eachBinding())(`${title} ($name)`, (binding) => {
    testsUse(binding);
    body(binding);
  });
}
