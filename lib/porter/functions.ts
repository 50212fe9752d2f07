// Functions: their parameters, the variables that they have, and what a closure takes with it.

import { copyIfNeeded } from './copies';
import { expression } from './expressions';
import { type Form, Prec, type Printer } from './printer';
import type { Param, Scope } from './scopes';
import { statements } from './statements';
import { member, type Node, nameOf, start } from './tree';

/** `(a, b = 1, ...rest)` with what TypeScript wants to know. */
export function parameters(p: Printer, scope: Scope): void {
  p.put('(');
  scope.params.forEach((param, i) => {
    if (i > 0) p.put(', ');
    p.at(param.node);
    const text = p.program.source.slice(start(param.node), param.node.loc.end.offset);
    const words = p.words(start(param.node), start(param.node) + Math.max(0, text.search(/&?\s*(\.\.\.)?\s*\$/)));
    if (words !== '') p.put(`${words} `);
    const isDefault = param.node.value !== null;
    p.put(`${param.isVariadic ? '...' : ''}${p.names.plain(param.name, scope)}${p.any}`);
    if (!isDefault) return;
    p.put(' = ');
    expression(p, param.node.value, scope, Prec.assignment);
  });
  p.put(')');
}

/** What the function gives back, with the words of the source. */
export function resultType(p: Printer, node: Node): void {
  p.put(p.any);
  const type = member<Node | null>(node, 'type');
  if (type === null || type?.loc === undefined) return;
  const nullable = member<boolean>(node, 'nullable') && p.program.source[start(type) - 1] === '?' ? 1 : 0;
  const words = p.words(start(type) - nullable, type.loc.end.offset);
  if (words !== '') p.put(` ${words}`);
}

/** What has to be done with a parameter before anything else. */
function preparation(p: Printer, param: Param, scope: Scope): string {
  const name = p.names.plain(param.name, scope);
  if (param.isVariadic) return ` ${name} = ${p.h('fromList')}(${name});`;
  if (scope.boxed.has(param.name)) return ` ${name} = ${p.h('toRef')}(${name});`;
  const isChanged = scope.mutated.has(param.name) && !p.infos.isEventParam(variableNode(param), scope);
  return isChanged ? ` ${name} = ${p.h('copy')}(${name});` : '';
}

const variableNode = (param: Param) => ({ kind: 'variable', name: param.name, loc: param.node.loc }) as unknown as Node;

/** Names that are no variables of a function, although they look so. */
export function isSpecial(name: string): boolean {
  return name === 'this' || name === 'GLOBALS' || /^_[A-Z]+$/.test(name);
}

/** The variables that a function declares. */
function locals(p: Printer, scope: Scope): string[] {
  const params = new Set(scope.params.map(({ name }) => name));
  const own = [...scope.mentioned.keys()].filter(
    (name) =>
      !params.has(name) && !isSpecial(name) && !scope.statics.has(name) && p.infos.ownerOf(name, scope) === scope,
  );
  return own.map((name) => {
    const plain = p.names.plain(name, scope);
    const captured = scope.captured.has(name) ? ` = ${p.h('copy')}(${plain}$in)` : '';
    const box = scope.boxed.has(name) ? ` = ${p.h('toRef')}(null)` : '';
    return `${plain}${p.any}${captured || box}`;
  });
}

/** The body of a function, with everything that it declares behind its brace. */
export function functionBody(p: Printer, node: Node, scope: Scope, extra = ''): void {
  const outer = p.temporary;
  const breakables = p.breakables.splice(0);
  p.temporary = [];
  const head = scope.params.map((param) => preparation(p, param, scope)).join('');
  p.writer.space();
  p.at(node);
  p.put('{');
  const mark = p.mark();
  if (scope.isGenerator) p.put(` ${p.refusal(scope.node, 'yield', 'generators are not ported')};`);
  else statements(p, node.children, scope);
  const declared = [...locals(p, scope), ...p.temporary.map((name) => `${name}${p.any}`)];
  p.fill(mark, `${head}${declared.length > 0 ? ` let ${declared.join(', ')};` : ''}${extra}`);
  p.temporary = outer;
  p.breakables.push(...breakables);
  p.writer.at(Math.max(start(node), node.loc.end.offset - 1));
  p.writer.space();
  p.put('}');
}

/** Tells which parameters are references, for calls that pass them on in arrays. */
export function putReferences(p: Printer, name: string, own: Scope): void {
  const positions = own.params.flatMap(({ isReference }, i) => (isReference ? [i] : []));
  if (p.infos.passesReferences && positions.length > 0)
    p.put(` ${p.h('reference')}(${[name, ...positions].join(', ')});`);
}

export function functionStatement(p: Printer, node: Node, scope: Scope): void {
  const own = p.infos.scopeOf(node);
  const info = p.infos.functions.get(nameOf(node).toLowerCase());
  const name = p.names.global(nameOf(node));
  const isConditional = info?.node === node && info.isConditional;
  if (isConditional) {
    p.declare(name);
    p.put(`${name} = function `);
  } else p.put(`function ${name}`);
  parameters(p, own);
  resultType(p, node);
  functionBody(p, node.body as Node, own);
  if (isConditional) p.put(';');
  putReferences(p, name, own);
  void scope;
}

/** Whether a captured variable keeps its value as long as the closure can run. */
function isStable(p: Printer, name: string, node: Node, scope: Scope): boolean {
  const owner = p.infos.ownerOf(name, scope);
  const at = start(node);
  for (const one of p.infos.assignments(name, owner)) {
    if (one.scope !== owner || one.at > at) return false;
    if (owner.loops.some(([from, to]) => from <= at && at < to && from <= one.at && one.at < to)) return false;
  }
  return true;
}

/** What a closure must take by value, because the variable around it changes. */
function capturedByValue(p: Printer, node: Node, own: Scope, scope: Scope): string[] {
  return [...own.captured]
    .filter(([name, isReference]) => !isReference && name !== 'this')
    .filter(([name]) => own.assigned.has(name) || p.names.isBoxed(name, scope) || !isStable(p, name, node, scope))
    .map(([name]) => name);
}

export function closureForm(p: Printer, node: Node, scope: Scope): Form {
  const own = p.infos.scopeOf(node);
  const taken = capturedByValue(p, node, own, scope);
  const print = () => {
    if (taken.length === 0) return printClosure(p, node, own);
    const names = taken.map((name) => `${p.names.plain(name, own)}${own.assigned.has(name) ? '$in' : ''}${p.any}`);
    p.put(`((${names.join(', ')}) => `);
    printClosure(p, node, own);
    p.put(`)(${taken.map((name) => `${p.h('copy')}(${p.names.variable(name, scope)})`).join(', ')})`);
  };
  return { prec: taken.length > 0 ? Prec.member : Prec.assignment, print };
}

function printClosure(p: Printer, node: Node, own: Scope): void {
  // Only an arrow function has the object of the function around it.
  const isArrow = node.kind === 'arrowfunc' || own.usesThis;
  if (!isArrow) p.put('function ');
  parameters(p, own);
  resultType(p, node);
  if (isArrow) p.put(' =>');
  if (node.kind === 'closure') {
    functionBody(p, node.body as Node, own);
    return;
  }
  p.put(' ');
  arrowBody(p, node.body as Node, own);
}

function arrowBody(p: Printer, node: Node, own: Scope): void {
  const head = own.params.map((param) => preparation(p, param, own)).join('');
  const declared = locals(p, own);
  const lets = declared.length > 0 ? ` let ${declared.join(', ')};` : '';
  if (head + lets === '') {
    if (node.kind === 'array') p.put('(');
    copyIfNeeded(p, node, own, Prec.assignment);
    if (node.kind === 'array') p.put(')');
    return;
  }
  p.put(`{${head}${lets} return (`);
  copyIfNeeded(p, node, own, Prec.assignment);
  p.put('); }');
}
