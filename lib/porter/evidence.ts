// Where `set` and `get` have the index of a property: third or last. The calls of the file tell.

import type { Infos } from './infos';
import { indexed, propertyOf } from './server-calls';
import { type Node, nameOf, nodesOf } from './tree';

/** What one call of `set` with four arguments says; undefined if it says nothing. */
function saysOf(infos: Infos, call: Node): 'third' | 'last' | undefined {
  const [, id, third, fourth] = call.arguments as [Node, Node, Node, Node];
  const property = propertyOf(infos, id);
  if (property === undefined) return undefined;
  const isZero = (node: Node) => node.kind === 'number' && String(node.value) === '0';
  const isNoIndex = (node: Node) => ['string', 'encapsed', 'boolean'].includes(node.kind);
  if (!indexed.has(property)) {
    if (isZero(third)) return isZero(fourth) ? undefined : 'third';
    return isZero(fourth) ? 'last' : undefined;
  }
  if (isNoIndex(third)) return 'last';
  return isNoIndex(fourth) ? 'third' : undefined;
}

/** The order that all calls agree on; not sure if they contradict each other, or there are none. */
export function indexOrder(infos: Infos, statements: Node[]): { index: 'third' | 'last'; isSure: boolean } {
  const calls = nodesOf(statements, 'call').filter(
    ({ what, arguments: args }) =>
      what.kind === 'name' && /^\\?ip(works_ip)?daemon_set$/i.test(nameOf(what)) && args.length === 4,
  );
  const said = new Set(calls.map((call) => saysOf(infos, call)).filter((one) => one !== undefined));
  const [only] = said;
  return said.size === 1 && only !== undefined ? { index: only, isSure: true } : { index: 'third', isSure: false };
}
