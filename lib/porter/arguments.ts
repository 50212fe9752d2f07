// Arguments: references where the function takes them, names turned into positions.

import { expression } from './expressions';
import { Prec, type Printer } from './printer';
import { refTo } from './references';
import type { Param, Scope } from './scopes';
import { member, type Node } from './tree';

/** Writes the arguments of a call; they follow something when `isRest` is set. */
export function argumentList(p: Printer, call: Node, scope: Scope, isRest = false): void {
  const params = p.infos.paramsOfCall(call, scope);
  const isReference = p.infos.referencesOf(call, scope);
  const args = call.arguments.some(({ kind }) => kind === 'namedargument')
    ? byPosition(p, call, params)
    : (call.arguments as (Node | undefined)[]);
  args.forEach((one, i) => {
    if (i > 0 || isRest) p.put(', ');
    if (one === undefined) p.put('undefined');
    else argument(p, one, scope, isReference(i) !== false);
  });
}

function argument(p: Printer, node: Node, scope: Scope, isReference: boolean): void {
  p.at(node);
  if (node.kind === 'variadic') {
    p.put(`...${p.h('spread')}(`);
    expression(p, node.what, scope, Prec.assignment);
    p.put(')');
    return;
  }
  if (isReference) {
    refTo(p, node, scope);
    return;
  }
  expression(p, node, scope, Prec.assignment);
}

function byPosition(p: Printer, call: Node, params: Param[] | undefined): (Node | undefined)[] {
  const args: (Node | undefined)[] = [];
  for (const [i, one] of call.arguments.entries()) {
    if (one.kind !== 'namedargument') {
      args[i] = one;
      continue;
    }
    const name = member<string>(one, 'name');
    const at = params?.findIndex((param) => param.name === name) ?? -1;
    p.note(
      one,
      `${name}:`,
      at < 0
        ? 'the name of this argument is not known: it is passed by its position'
        : 'a named argument is passed by its position',
    );
    args[at < 0 ? i : at] = one.value;
  }
  return Array.from(args);
}
