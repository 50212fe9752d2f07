// The tree of php-parser, as far as the porter reads it. The parser is plain JavaScript; a node has only the members of
// its kind, so what a member means is known where the kind is.

export interface Position {
  line: number;
  column: number;
  offset: number;
}

export interface Node {
  kind: string;
  loc: { start: Position; end: Position };
  name: string | Node | null;
  /** An operator, or the target of a cast. */
  type: string;
  raw: string;
  value: Node;
  what: Node;
  expr: Node;
  expression: Node;
  left: Node;
  right: Node;
  offset: Node | false;
  test: Node;
  body: Node | null;
  alternate: Node | null;
  key: Node | null;
  source: Node;
  variable: Node;
  operator: string;
  trueExpr: Node | null;
  falseExpr: Node;
  extends: Node | null;
  children: Node[];
  arguments: Node[];
  items: Node[];
  variables: Node[];
  expressions: Node[];
  uses: Node[];
  byref: boolean;
  variadic: boolean;
  isStatic: boolean;
  isAbstract: boolean;
  parenthesizedExpression?: boolean;
  /** Nobody looks at the value. */
  isUnused?: boolean;
  /** There is another statement behind it in its block. */
  isFollowed?: boolean;
}

export interface Comment {
  kind: 'commentblock' | 'commentline';
  value: string;
  offset: number;
  line: number;
}

/** Another member of a node, where its type is not the usual one. */
export function member<T>(node: Node, name: string): T {
  return (node as unknown as Record<string, T>)[name] as T;
}

/** The name that an identifier, a name, a parameter or a variable has; '' if it is computed. */
export function nameOf(node: Node | string | null | undefined): string {
  if (node === null || node === undefined) return '';
  if (typeof node === 'string') return node;
  if (typeof node.name === 'string') return node.name;
  return node.name !== null && node.name?.kind === 'identifier' ? nameOf(node.name) : '';
}

export function start(node: Node): number {
  return node.loc.start.offset;
}

export function end(node: Node): number {
  return node.loc.end.offset;
}

const notWalked = new Set(['loc', 'leadingComments', 'trailingComments', 'attrGroups']);

/** The nodes directly below one, in the order of the source as far as the parser keeps it. */
export function below(node: Node): Node[] {
  const found: Node[] = [];
  const add = (value: unknown) => {
    if (Array.isArray(value)) for (const one of value) add(one);
    else if (value !== null && typeof value === 'object' && typeof (value as Node).kind === 'string') {
      found.push(value as Node);
    }
  };
  for (const [name, value] of Object.entries(node)) if (!notWalked.has(name)) add(value);
  return found;
}

/** Visits a node and what is below it; false from the visitor leaves out what is below. */
export function walk(node: Node, visit: (node: Node) => boolean | undefined): void {
  if (visit(node) === false) return;
  for (const one of below(node)) walk(one, visit);
}

export function isVariable(node: Node | null | undefined, name?: string): boolean {
  return node?.kind === 'variable' && typeof node.name === 'string' && (name === undefined || node.name === name);
}

/** The literal text of a node, undefined if it is none. */
export function literalText(node: Node | null | undefined): string | undefined {
  return node?.kind === 'string' ? member<string>(node, 'value') : undefined;
}

/** What a statement is without the node around an expression. */
export function inner(node: Node): Node {
  return node.kind === 'expressionstatement' ? node.expression : node;
}

/** Whether a statement is the call of the parent's constructor. */
export function isParentCall(node: Node): boolean {
  const { kind, what } = inner(node);
  return kind === 'call' && what.kind === 'staticlookup' && what.what.kind === 'parentreference';
}

/** All nodes of a file of a kind. */
export function nodesOf(statements: Node[], kind: string): Node[] {
  const found: Node[] = [];
  for (const one of statements) {
    walk(one, (node) => {
      if (node.kind === kind) found.push(node);
      return below(node).length > 0;
    });
  }
  return found;
}
