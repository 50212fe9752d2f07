// References: an object that reads and writes the place that is meant.

import { arrayForWrite, globalsName, key, place } from './arrays';
import { expression } from './expressions';
import { Prec, type Printer } from './printer';
import type { Scope } from './scopes';
import { isVariable, type Node, nameOf } from './tree';

/** Writes a reference to a place; what is none becomes a place of its own. */
export function refTo(p: Printer, node: Node, scope: Scope): void {
  const global = globalsName(node);
  if (global !== undefined) {
    refTo(p, { ...node.what, name: global } as Node, p.infos.main);
    return;
  }
  p.at(node);
  if (isVariable(node) && node.name !== 'this') {
    const name = nameOf(node);
    const plain = p.names.plain(name, scope);
    if (p.names.isBoxed(name, scope)) {
      p.put(plain);
      return;
    }
    p.put(`${p.h('refPlace')}(() => ${plain}, (to$${p.any}) => { ${plain} = to$; })`);
    return;
  }
  if (node.kind === 'offsetlookup' && node.offset !== false && !p.infos.isEventParam(node.what, scope)) {
    p.put(`${p.h('refItem')}(`);
    arrayForWrite(p, node.what, scope);
    p.put(', ');
    key(p, node.offset, scope);
    p.put(')');
    return;
  }
  if (node.kind === 'propertylookup' || node.kind === 'staticlookup') {
    p.put(`${p.h('refPlace')}(() => `);
    place(p, node, scope);
    p.put(`, (to$${p.any}) => { `);
    place(p, node, scope);
    p.put(' = to$; })');
    return;
  }
  valueOnly(p, node, scope);
}

function valueOnly(p: Printer, node: Node, scope: Scope): void {
  p.put(`${p.h('toRef')}(`);
  expression(p, node, scope, Prec.assignment);
  p.put(')');
}

/** Writes what a function of PHP changes: the array itself, or a reference to what is none. */
export function changedArgument(p: Printer, node: Node, scope: Scope, isArray: boolean): void {
  if (isArray) arrayForWrite(p, node, scope);
  else refTo(p, node, scope);
}
