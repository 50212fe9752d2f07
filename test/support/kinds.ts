// The ways to run a server, each of which a behaviour is tested with.
import { describe } from '@jest/globals';
import { type Binding, eachBinding, isOneOf, testsUse } from './bindings';

/** A way to run a server: which binding, and who turns its reactor. */
export interface ServerKind extends Binding {
  pump: 'node' | 'doevents';
}

/**
 * Every binding, pumped by Node's loop and by do_doevents, for which nobody else waits. do_doevents is the native
 * library's and the same for all bindings, so koffi has it only where handlers and errors meet it.
 */
export function eachServer(): ServerKind[] {
  return eachBinding().flatMap((binding) => {
    const loop = { ...binding, name: `${binding.name}, Node's loop`, pump: 'node' as const };
    const doevents = { ...binding, name: `${binding.name}, do_doevents`, pump: 'doevents' as const };
    const both = binding.name === 'addon' || isOneOf('interface', 'framing', 'lifetime');
    return binding.waker === undefined && both ? [loop, doevents] : [loop];
  });
}

/** describe for each kind of server. */
export function behaviour(title: string, body: (kind: ServerKind) => void): void {
  // For runs that are slow: one of the two ways of pumping, except where it matters most.
  const only = process.env.IPDAEMON_TEST_PUMP;
  const both = only === undefined || isOneOf('interface/events', 'interface/registering', 'lifetime');
  const kinds = eachServer();
  const wanted = kinds.filter((kind) => both || kind.pump === only);
  describe.each(wanted.length > 0 ? wanted : kinds)(`${title} ($name)`, (kind) => {
    testsUse(kind);
    body(kind);
  });
}
