// Statements: each goes to its line, and has the form that JavaScript gives it.

import { assignStatement, unsetStatement } from './assign';
import { classStatement } from './classes';
import { constantStatement, defineStatement } from './constants';
import { copyIfNeeded } from './copies';
import { commaList, expression } from './expressions';
import { functionStatement } from './functions';
import { commentOut, includeStatement } from './includes';
import { breakStatement, doStatement, foreachStatement, forStatement, whileStatement } from './loops';
import { knownClass } from './members';
import { condition } from './operators';
import { Prec, type Printer } from './printer';
import type { Scope } from './scopes';
import { switchStatement } from './switches';
import { literal } from './texts';
import { end, inner, isParentCall, isVariable, member, type Node, nameOf, start } from './tree';

function expressionStatement(p: Printer, node: Node, scope: Scope): void {
  const { expression: what } = node;
  if (what.kind === 'include') {
    includeStatement(p, what);
    return;
  }
  if (defineStatement(p, what, scope) || assignStatement(p, what, scope)) return;
  // A statement that begins so would be a declaration.
  const isDeclaration = ['closure', 'array'].includes(what.kind) || (what.kind === 'exit' && what.isFollowed === true);
  if (isDeclaration) p.put('void ');
  what.isUnused = true;
  expression(p, what, scope, Prec.comma);
  p.put(';');
  if (!isParentCall(what)) return;
  p.put(p.afterParentCall);
  p.afterParentCall = '';
}

function echoStatement(p: Printer, node: Node, scope: Scope): void {
  p.put(`${p.h('echo')}(`);
  commaList(p, node.expressions, scope);
  p.put(');');
}

/** Text outside of PHP's tags. */
function inlineStatement(p: Printer, node: Node): void {
  const bytes = member<string>(node, 'value');
  if (bytes === '' || (bytes.trim() === '' && start(node) === 0)) return;
  p.put(`${p.h('echo')}(${literal(bytes, "'", p.program.isUtf8, () => p.h('utf8'))});`);
}

function ifStatement(p: Printer, node: Node, scope: Scope): void {
  p.put('if (');
  condition(p, node.test, scope, Prec.comma);
  p.put(')');
  body(p, node.body, scope);
  const { alternate } = node;
  if (alternate === null) return;
  if (node.body !== null) p.goBehind(node.body, 'else');
  p.writer.space();
  p.put('else');
  if (alternate.kind === 'if') {
    p.writer.space();
    ifStatement(p, alternate, scope);
  } else body(p, alternate, scope);
}

/** Kinds of which each is written as exactly one statement. */
const single = new Set(
  'if for foreach while do switch return break continue throw try echo expressionstatement'.split(' '),
);

/** What belongs to an `if` or a loop: a block, or one statement. */
export function body(p: Printer, node: Node | null, scope: Scope): void {
  if (node === null) {
    p.put(';');
    return;
  }
  if (node.kind === 'block') {
    block(p, node, scope);
    return;
  }
  p.writer.space();
  if (single.has(node.kind)) {
    statement(p, node, scope);
    return;
  }
  p.put('{ ');
  statement(p, node, scope);
  p.put(' }');
}

export function block(p: Printer, node: Node, scope: Scope, head = ''): void {
  p.writer.space();
  p.at(node);
  p.put(`{${head}`);
  statements(p, node.children, scope);
  closeBlock(p, node);
}

export function closeBlock(p: Printer, node: Node): void {
  p.writer.at(Math.max(start(node), end(node) - 1));
  p.writer.space();
  p.put('}');
}

function tryStatement(p: Printer, node: Node, scope: Scope): void {
  p.put('try');
  block(p, node.body as Node, scope);
  const catches = member<Node[]>(node, 'catches');
  const always = member<Node | null>(node, 'always');
  if (catches.length > 0) catchClauses(p, catches, scope);
  if (always === null) return;
  p.goBehind(catches.at(-1) ?? (node.body as Node), 'finally');
  p.writer.space();
  p.put('finally');
  block(p, always, scope);
}

/** JavaScript has one `catch`; the classes are looked at in their order. */
function catchClauses(p: Printer, catches: Node[], scope: Scope): void {
  const [first] = catches as [Node];
  const all = catches.map((one) => member<Node[]>(one, 'what'));
  p.at(first);
  p.writer.space();
  const thrown = `thrown$${p.breakables.length + start(first)}`;
  p.put(`catch (${thrown}${p.any}) {`);
  catches.forEach((one, i) => {
    p.at(one);
    p.writer.space();
    const tests = (all[i] ?? []).map((type) => `${p.h('caught')}(${thrown}, ${knownClass(p, nameOf(type)) ?? 'null'})`);
    p.put(`${i > 0 ? 'else ' : ''}if (${tests.join(' || ')})`);
    const name = one.variable === null ? '' : p.names.variable(nameOf(one.variable), scope);
    block(p, one.body as Node, scope, name === '' ? '' : ` ${name} = ${p.h('exceptionOf')}(${thrown});`);
  });
  p.put(` else throw ${thrown}; }`);
}

function returnStatement(p: Printer, node: Node, scope: Scope): void {
  if (scope.kind === 'main') {
    p.put(`${p.h('exit')}();`);
    return;
  }
  if (node.expr === null) {
    p.put('return;');
    return;
  }
  if (isConstructor(p, scope)) {
    // PHP drops what a constructor returns, JavaScript does not.
    p.put('{ void ');
    expression(p, node.expr, scope, Prec.unary);
    p.put('; return; }');
    return;
  }
  p.put('return ');
  value(p, node.expr, scope, node);
  p.put(';');
}

function isConstructor(p: Printer, scope: Scope): boolean {
  if (scope.kind !== 'method') return false;
  const info = p.infos.class(scope.className);
  return info !== undefined && p.infos.constructorOf(info)?.node === scope.node;
}

/** A variable that ends with the function, so that nobody else has its array. */
function isOwnLocal(p: Printer, node: Node, scope: Scope): boolean {
  if (!isVariable(node) || p.infos.ownerOf(nameOf(node), scope) !== scope) return false;
  return !scope.boxed.has(nameOf(node)) && !scope.statics.has(nameOf(node));
}

/** The value of `return` or `throw`, which must begin on its line. */
function value(p: Printer, node: Node, scope: Scope, statement: Node): void {
  const apart = start(node) > start(statement) && node.loc.start.line > statement.loc.start.line;
  if (apart || p.writer.hasCommentBefore(start(node))) p.put('(');
  if (isOwnLocal(p, node, scope)) expression(p, node, scope, Prec.comma);
  else copyIfNeeded(p, node, scope, Prec.comma);
  if (apart) p.put(')');
}

function throwStatement(p: Printer, node: Node, scope: Scope): void {
  p.put('throw ');
  expression(p, node.what, scope, Prec.comma);
  p.put(';');
}

function staticStatement(p: Printer, node: Node, scope: Scope): void {
  for (const one of node.variables) {
    const isSet = one.kind === 'staticvariable';
    const name = p.names.variable(nameOf(isSet ? one.variable : one), scope);
    p.declare(name);
    const initial = isSet ? member<Node | null>(one, 'defaultValue') : null;
    if (initial === null) continue;
    p.put(`if (${name} === undefined) ${name} = `);
    expression(p, initial, scope, Prec.assignment);
    p.put('; ');
  }
}

function declareStatement(p: Printer, node: Node, scope: Scope): void {
  for (const one of member<Node[]>(node, 'directives')) {
    const name = nameOf(one.key);
    if (/^ticks$/i.test(name)) p.note(node, 'declare(ticks)', 'ticks do not exist in JavaScript');
  }
  commentOut(p, node, node.children?.[0]);
  statements(p, node.children ?? [], scope);
}

const silent = () => undefined;

type Maker = (p: Printer, node: Node, scope: Scope) => void;

const makers: Record<string, Maker> = {
  expressionstatement: expressionStatement,
  echo: echoStatement,
  inline: inlineStatement,
  if: ifStatement,
  block: (p, node, scope) => block(p, node, scope),
  while: whileStatement,
  do: doStatement,
  for: forStatement,
  foreach: foreachStatement,
  switch: switchStatement,
  break: breakStatement,
  continue: breakStatement,
  return: returnStatement,
  throw: throwStatement,
  try: tryStatement,
  global: (p, node) => commentOut(p, node),
  static: staticStatement,
  unset: unsetStatement,
  function: functionStatement,
  class: classStatement,
  interface: classStatement,
  trait: classStatement,
  enum: classStatement,
  constantstatement: constantStatement,
  namespace: (p, node, scope) => {
    commentOut(p, node, member<Node | undefined>(node, 'inside') ?? node.children[0]);
    statements(p, node.children, scope);
  },
  usegroup: (p, node) => commentOut(p, node),
  declare: declareStatement,
  noop: silent,
  label: (p, node) => p.put(`${p.refusal(node, 'label', 'there is no goto in JavaScript')};`),
  goto: (p, node) => p.put(`${p.refusal(node, 'goto', 'there is no goto in JavaScript')};`),
  halt: (p, node) => p.put(`${p.refusal(node, '__halt_compiler', 'data behind the program is not ported')};`),
};

export function statement(p: Printer, node: Node, scope: Scope): void {
  p.at(node);
  if (!p.writer.isAtStart) p.writer.space();
  const make = makers[node.kind];
  if (make === undefined) p.put(`${p.refusal(node, node.kind, 'this construct is not ported')};`);
  else make(p, node, scope);
}

export function statements(p: Printer, nodes: Node[], scope: Scope): void {
  nodes.forEach((one, i) => {
    // To TypeScript, variables have no type where it sees that nothing gets there.
    const isFollowed = p.options.isTypeScript && i < nodes.length - 1;
    if (isFollowed) inner(one).isFollowed = true;
    statement(p, one, scope);
  });
}
