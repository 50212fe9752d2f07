// Loops, and what leaves them.

import { arrayForWrite } from './arrays';
import { assignTo } from './assign';
import { commaList, expression, plain } from './expressions';
import { condition } from './operators';
import { Prec, type Printer } from './printer';
import type { Scope } from './scopes';
import { isClass, isFunction } from './scopes';
import { body } from './statements';
import { below, isVariable, member, type Node, nameOf } from './tree';

/** How many breakable statements a `break` or `continue` counts. */
function levelOf(node: Node): number {
  const level = member<Node | null>(node, 'level');
  return level?.kind === 'number' ? Number(String(level.value)) : 1;
}

const breakable = new Set(['while', 'do', 'for', 'foreach', 'switch']);

/** Whether a statement is left by one that stands further inside, so that it needs a label. */
function needsLabel(node: Node): boolean {
  const look = (at: Node, inside: Node[]): boolean => {
    if (isFunction(at) || isClass(at)) return false;
    if (at.kind === 'break' || at.kind === 'continue') {
      const target = inside[inside.length - levelOf(at)];
      return target === node && !isUnlabelled(at, inside);
    }
    const next = breakable.has(at.kind) ? [...inside, at] : inside;
    return below(at).some((one) => look(one, next));
  };
  return below(node).some((one) => look(one, [node]));
}

/** `break` leaves the innermost statement, `continue` the innermost loop; a switch is a loop to PHP's `continue`. */
function isUnlabelled(node: Node, inside: readonly Node[]): boolean {
  const target = inside[inside.length - levelOf(node)];
  if (node.kind === 'break' || target?.kind === 'switch') return target === inside.at(-1);
  return target === inside.filter(({ kind }) => kind !== 'switch').at(-1);
}

/** Writes a label if one is needed, and the statement inside of which `break` refers to it. */
export function inBreakable(p: Printer, node: Node, write: () => void): void {
  const label = needsLabel(node) ? `loop${node.loc.start.line}` : '';
  if (label !== '') p.put(`${label}: `);
  p.breakables.push({ node, isSwitch: node.kind === 'switch', label });
  write();
  p.breakables.pop();
}

export function breakStatement(p: Printer, node: Node): void {
  const level = levelOf(node);
  const target = p.breakables[p.breakables.length - level];
  if (target === undefined) {
    p.put(`${p.refusal(node, node.kind, `there are no ${level} loops around it`)};`);
    return;
  }
  const inside = p.breakables.map((one) => one.node);
  const word = target.isSwitch ? 'break' : node.kind;
  p.put(isUnlabelled(node, inside) ? `${word};` : `${word} ${target.label};`);
}

export function whileStatement(p: Printer, node: Node, scope: Scope): void {
  inBreakable(p, node, () => {
    p.put('while (');
    condition(p, node.test, scope, Prec.comma);
    if (node.isFollowed === true && node.test.kind === 'boolean') p.put(' as boolean');
    p.put(')');
    body(p, node.body, scope);
  });
}

export function doStatement(p: Printer, node: Node, scope: Scope): void {
  inBreakable(p, node, () => {
    p.put('do');
    body(p, node.body, scope);
    if (node.body !== null) p.goBehind(node.body, 'while');
    p.writer.space();
    p.put('while (');
    condition(p, node.test, scope, Prec.comma);
    p.put(');');
  });
}

export function forStatement(p: Printer, node: Node, scope: Scope): void {
  const test = member<Node[]>(node, 'test');
  inBreakable(p, node, () => {
    p.put('for (');
    commaList(p, member<Node[]>(node, 'init'), scope);
    p.put('; ');
    test.forEach((one, i) => {
      if (i > 0) p.put(', ');
      if (i === test.length - 1) condition(p, one, scope, Prec.assignment);
      else expression(p, one, scope, Prec.assignment);
    });
    if (node.isFollowed === true && test.length === 0) p.put('true as boolean');
    p.put('; ');
    const increments = member<Node[]>(node, 'increment');
    for (const one of increments) one.isUnused = true;
    commaList(p, increments, scope);
    p.put(')');
    body(p, node.body, scope);
  });
}

/** `foreach` goes over what the array was when it began. */
export function foreachStatement(p: Printer, node: Node, scope: Scope): void {
  const { key, value } = node;
  const isPlain = [key, value].every(
    (one) => one === null || (isVariable(one) && !p.names.isBoxed(nameOf(one), scope)),
  );
  inBreakable(p, node, () => {
    const line = node.loc.start.line;
    const valueName = isPlain ? p.names.variable(nameOf(value), scope) : `value$${line}`;
    const keyName = key === null ? '' : isPlain ? p.names.variable(nameOf(key), scope) : `key$${line}`;
    p.put(`for (${isPlain ? '' : 'const '}${key === null ? valueName : `[${keyName}, ${valueName}]`} of `);
    p.put(`${p.h(value.byref ? (key === null ? 'eachRef' : 'eachRefEntry') : key === null ? 'each' : 'eachEntry')}(`);
    if (value.byref) arrayForWrite(p, node.source, scope);
    else expression(p, node.source, scope, Prec.assignment);
    p.put('))');
    const isChanged = isPlain && changes(p, value, scope);
    if (!isPlain) p.put(' {');
    if (!isPlain) foreachTargets(p, node, scope, keyName, valueName);
    if (isChanged) p.put(` { ${valueName} = ${p.h('copy')}(${valueName});`);
    body(p, node.body, scope);
    if (isChanged || !isPlain) p.put(' }');
  });
}

/** Whether a loop changes the arrays that it is given, which are still those of the array around them. */
function changes(p: Printer, value: Node, scope: Scope): boolean {
  return p.infos.ownerOf(nameOf(value), scope).mutated.has(nameOf(value)) || scope.mutated.has(nameOf(value));
}

function foreachTargets(p: Printer, node: Node, scope: Scope, keyName: string, valueName: string): void {
  const { key, value } = node;
  p.put(' ');
  if (value.byref) p.put(`${p.names.plain(nameOf(value), scope)} = ${valueName}`);
  else assignTo(p, value, scope, plain(p, `${p.h('copy')}(${valueName})`));
  p.put(';');
  if (key === null) return;
  p.put(' ');
  assignTo(p, key, scope, plain(p, keyName));
  p.put(';');
}
