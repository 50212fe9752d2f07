// The first pass: which functions, classes and constants a file has, and for each function which variables it has and
// what happens to them.

import { below, end, inner, isVariable, literalText, member, type Node, nameOf, start, walk } from './tree';
import type { Type } from './types';

export interface Assignment {
  at: number;
  /** What is assigned, or else the type that the variable has afterwards, if it is another than before. */
  value?: Node | undefined;
  type?: Type | undefined;
  scope: Scope;
}

export interface Param {
  name: string;
  node: Node;
  /** The function changes what the caller has passed. */
  isReference: boolean;
  isVariadic: boolean;
}

export interface Scope {
  kind: 'main' | 'function' | 'method' | 'closure' | 'arrow';
  node: Node;
  /** The function or the file around it. */
  outer: Scope | undefined;
  params: Param[];
  globals: Set<string>;
  statics: Set<string>;
  /** By name, whether by reference. */
  captured: Map<string, boolean>;
  /** Each variable, with the positions of the first and the last mention. */
  mentioned: Map<string, [first: number, last: number]>;
  /** Where each variable is given a value. */
  assigned: Map<string, Assignment[]>;
  /** Variables that are given a value before all other mentions. */
  setFirst: Set<string>;
  /** Variables whose array is changed in place. */
  mutated: Set<string>;
  /** Variables that hold a reference, not a value. */
  boxed: Set<string>;
  usesThis: boolean;
  isGenerator: boolean;
  loops: [from: number, to: number][];
  className: string;
  functionName: string;
}

export interface FunctionInfo {
  name: string;
  node: Node;
  scope: Scope;
  params: Param[];
  /** Declared inside a block or a function: it exists once that has run. */
  isConditional: boolean;
}

export function newScope(kind: Scope['kind'], node: Node, outer: Scope | undefined): Scope {
  return {
    kind,
    node,
    outer,
    params: [],
    globals: new Set(),
    statics: new Set(),
    captured: new Map(),
    mentioned: new Map(),
    assigned: new Map(),
    setFirst: new Set(),
    mutated: new Set(),
    boxed: new Set(),
    usesThis: false,
    isGenerator: false,
    loops: [],
    className: outer?.className ?? '',
    functionName: outer?.functionName ?? '',
  };
}

/** Says which arguments a call changes, and which type they have afterwards. */
export type ReferencesOf = (call: Node, scope: Scope) => (position: number) => boolean | Type;

/** The variable whose value an assignment to an element of it changes; undefined if there is none. */
export function rootOf(node: Node): Node | undefined {
  let at = node;
  while (at.kind === 'offsetlookup') at = at.what;
  return isVariable(at) ? at : undefined;
}

function mention(scope: Scope, name: string, at: number): void {
  const [first, last] = scope.mentioned.get(name) ?? [at, at];
  scope.mentioned.set(name, [Math.min(first, at), Math.max(last, at)]);
}

function assign(scope: Scope, name: string, at: number, value?: Node, type?: Type): void {
  const list = scope.assigned.get(name) ?? [];
  list.push({ at, value, type, scope });
  scope.assigned.set(name, list);
}

/** What happens to a target: a variable is given a value, the array of a variable is changed. */
function target(scope: Scope, node: Node, at: number, value?: Node, type: Type = 'unknown'): void {
  if (isVariable(node)) assign(scope, nameOf(node), at, value, type);
  else if (node.kind === 'list' || node.kind === 'array') {
    for (const item of node.items) if (item.kind === 'entry') target(scope, item.value, at);
  } else {
    const root = rootOf(node);
    if (root === undefined) return;
    scope.mutated.add(nameOf(root));
    // An array comes into being by a write to an element.
    assign(scope, nameOf(root), at, undefined, 'array');
  }
}

function reference(scope: Scope, node: Node, at: number, type: Type = 'unknown'): void {
  target(scope, node, at, undefined, type);
  const root = rootOf(node);
  if (root !== undefined) scope.mutated.add(nameOf(root));
}

const loops = new Set(['for', 'foreach', 'while', 'do']);

function visitForeach(scope: Scope, node: Node): void {
  const { value, key, source } = node;
  target(scope, value, start(value));
  if (key !== null) target(scope, key, start(key));
  if (!value.byref) return;
  scope.boxed.add(nameOf(value));
  reference(scope, source, start(source));
}

function visitStatement(scope: Scope, node: Node): void {
  switch (node.kind) {
    case 'global':
      for (const item of node.items) {
        scope.globals.add(nameOf(item));
        mention(scope, nameOf(item), start(item));
      }
      break;
    case 'static':
      for (const one of node.variables) {
        const name = nameOf(one.kind === 'staticvariable' ? one.variable : one);
        const value = one.kind === 'staticvariable' ? member<Node | null>(one, 'defaultValue') : null;
        scope.statics.add(name);
        assign(scope, name, start(one), value ?? undefined, 'null');
      }
      break;
    case 'foreach':
      visitForeach(scope, node);
      break;
    case 'catch':
      if (node.variable !== null) assign(scope, nameOf(node.variable), start(node));
      break;
    case 'unset':
      for (const one of node.variables) target(scope, one, start(one), undefined, 'null');
      break;
  }
}

function visitExpression(scope: Scope, node: Node, references: ReferencesOf): void {
  switch (node.kind) {
    case 'assign':
      target(scope, node.left, start(node), node.operator === '=' ? node.right : node);
      break;
    case 'assignref':
      target(scope, node.left, start(node));
      if (isVariable(node.left) && node.right.kind !== 'new' && node.right.kind !== 'call') {
        scope.boxed.add(nameOf(node.left));
        reference(scope, node.right, start(node));
      }
      break;
    case 'pre':
    case 'post':
      target(scope, node.what, start(node), undefined, 'int');
      break;
    case 'entry':
      if (node.byref || (node as unknown as { byRef: boolean }).byRef) reference(scope, node.value, start(node));
      break;
    case 'variable':
      if (typeof node.name === 'string') mention(scope, node.name, start(node));
      if (node.name === 'this') scope.usesThis = true;
      break;
    case 'yield':
    case 'yieldfrom':
      scope.isGenerator = true;
      break;
    case 'parentreference':
    case 'selfreference':
    case 'staticreference':
      scope.usesThis = true;
      break;
    case 'new':
    case 'call': {
      const isReference = references(node, scope);
      node.arguments.forEach((one, i) => {
        const type = isReference(i);
        if (type !== false) reference(scope, one, start(one), type === true ? 'unknown' : type);
      });
      visitCompact(scope, node);
      break;
    }
  }
}

function visitCompact(scope: Scope, node: Node): void {
  const name = nameOf(node.what).toLowerCase().replace(/^\\/, '');
  if (node.kind !== 'call' || node.what.kind !== 'name') return;
  const add = (one: Node): void => {
    const text = literalText(one);
    if (text !== undefined) mention(scope, text, start(one));
    if (one.kind === 'array') for (const item of one.items) if (item.kind === 'entry') add(item.value);
  };
  if (name === 'compact') node.arguments.forEach(add);
}

export function isFunction(node: Node): boolean {
  return ['function', 'closure', 'arrowfunc', 'method'].includes(node.kind);
}

export function isClass(node: Node): boolean {
  return ['class', 'interface', 'trait', 'enum'].includes(node.kind);
}

export function paramsOf(node: Node): Param[] {
  return node.arguments.map((one) => ({
    name: nameOf(one),
    node: one,
    isReference: one.byref,
    isVariadic: one.variadic,
  }));
}

/** Notes the variables that a block sets before anything else mentions them, and that are not mentioned outside of it. */
export function noteSetFirst(scope: Scope, statements: Node[], from: number, to: number): void {
  const set = (node: Node) => {
    if (node.kind !== 'assign' || node.operator !== '=') return;
    if (node.right.kind === 'assign') set(node.right);
    const name = nameOf(node.left);
    const [first, last] = scope.mentioned.get(name) ?? [0, 0];
    if (!isVariable(node.left) || first !== start(node.left) || first < from || last > to) return;
    let isRead = false;
    walk(node.right, (one) => {
      isRead ||= isVariable(one, name);
      return true;
    });
    if (!isRead) scope.setFirst.add(name);
  };
  for (const statement of statements) {
    if (statement.kind === 'for') for (const one of member<Node[]>(statement, 'init')) set(one);
    else set(inner(statement));
  }
}

const kinds = { function: 'function', closure: 'closure', arrowfunc: 'arrow', method: 'method' } as const;

/** Fills the scopes of the functions below a node. */
export class Collector {
  readonly scopes = new Map<Node, Scope>();
  private readonly blocks: [Scope, Node][] = [];

  constructor(private readonly references: ReferencesOf) {}

  private enter(node: Node, outer: Scope): void {
    const scope = newScope(kinds[node.kind as keyof typeof kinds], node, outer);
    if (node.kind === 'function' || node.kind === 'method') scope.functionName = nameOf(node);
    scope.params = paramsOf(node);
    this.scopes.set(node, scope);
    for (const one of node.kind === 'closure' ? node.uses : []) {
      scope.captured.set(nameOf(one), one.byref);
      mention(outer, nameOf(one), start(one));
      if (one.byref) reference(outer, one, start(one));
    }
    for (const { node: param } of scope.params) if (param.value !== null) this.visit(param.value, scope);
    if (node.body !== null) this.visit(node.body, scope);
    this.finish(scope);
  }

  /** What a function passes on to the one around it, and which of its references it needs. */
  private finish(scope: Scope): void {
    const { outer } = scope;
    for (const param of scope.params) {
      const { name } = param;
      param.isReference &&= scope.assigned.has(name) || scope.mutated.has(name) || scope.boxed.has(name);
      if (param.isReference) scope.boxed.add(name);
    }
    if (outer === undefined) return;
    if (scope.kind === 'closure' || scope.kind === 'arrow') outer.usesThis ||= scope.usesThis;
    if (scope.kind === 'arrow') {
      const own = new Set(scope.params.map(({ name }) => name));
      for (const [name, [at]] of scope.mentioned) {
        if (own.has(name) || scope.assigned.has(name) || name === 'this') continue;
        mention(outer, name, at);
        scope.captured.set(name, false);
      }
    }
  }

  private enterClass(node: Node): void {
    const scope = newScope('main', node, undefined);
    scope.className = nameOf(node);
    for (const one of below(node)) this.visit(one, scope);
  }

  visit(node: Node, scope: Scope): void {
    if (isFunction(node)) {
      this.enter(node, scope);
      return;
    }
    if (isClass(node)) {
      this.enterClass(node);
      return;
    }
    if (node.kind === 'block') this.blocks.push([scope, node]);
    if (loops.has(node.kind)) scope.loops.push([start(node), end(node)]);
    visitStatement(scope, node);
    visitExpression(scope, node, this.references);
    // The name of a static property is no variable.
    const isStatic = node.kind === 'staticlookup' && isVariable(node.offset || null);
    for (const one of below(node)) if (!isStatic || one !== node.offset) this.visit(one, scope);
  }

  /** Collects a whole file. */
  collect(children: Node[], main: Scope): void {
    for (const one of children) this.visit(one, main);
    for (const [scope, { children, loc }] of this.blocks) {
      noteSetFirst(scope, children, loc.start.offset, loc.end.offset);
    }
    noteSetFirst(main, children, 0, Number.POSITIVE_INFINITY);
  }
}
