// Arrays are values: what is stored from a variable is a copy, which costs something only when one of them is changed.

import { expression } from './expressions';
import { Prec, type Printer } from './printer';
import type { Scope } from './scopes';
import type { Node } from './tree';

const stored = new Set(['variable', 'offsetlookup', 'propertylookup', 'nullsafepropertylookup', 'staticlookup']);

/** Whether the value of an expression may be an array that is stored elsewhere, too. */
export function needsCopy(p: Printer, node: Node, scope: Scope): boolean {
  if (node.kind === 'retif') {
    return (node.trueExpr !== null && needsCopy(p, node.trueExpr, scope)) || needsCopy(p, node.falseExpr, scope);
  }
  if (node.kind === 'bin' && node.type === '??')
    return needsCopy(p, node.left, scope) || needsCopy(p, node.right, scope);
  if (node.kind === 'assign') return needsCopy(p, node.right, scope);
  if (node.kind === 'silent') return needsCopy(p, node.expr, scope);
  if (!stored.has(node.kind) || (node.kind === 'variable' && node.name === 'this')) return false;
  if (
    node.kind === 'staticlookup' &&
    node.offset !== false &&
    node.offset.kind === 'identifier' &&
    node.offset.name === 'class'
  )
    return false;
  const type = p.type(node, scope);
  return type === 'array' || type === 'unknown';
}

/** Writes an expression whose value is stored. */
export function copyIfNeeded(p: Printer, node: Node, scope: Scope, min: number): void {
  if (!needsCopy(p, node, scope)) {
    expression(p, node, scope, min);
    return;
  }
  p.at(node);
  p.put(`${p.h('copy')}(`);
  expression(p, node, scope, Prec.assignment);
  p.put(')');
}
