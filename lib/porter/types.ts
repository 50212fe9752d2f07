// What type the value of an expression has, as far as that follows from the file: it decides between an operator of
// JavaScript and a helper that does what PHP does. Unknown is always a right answer.

import type { Infos } from './infos';
import { rowOf } from './rows';
import type { Scope } from './scopes';
import { isVariable, literalText, member, type Node, nameOf } from './tree';

export type Type = 'int' | 'number' | 'text' | 'bool' | 'array' | 'null' | 'unknown';

/** No value has been seen yet, while a variable's type is looked for. */
type Found = Type | undefined;

/** The keys of the parameters of events. */
export const eventKeys: Record<string, Type> = {
  connectionid: 'int',
  statuscode: 'int',
  description: 'text',
  text: 'text',
  eol: 'bool',
  address: 'text',
  port: 'int',
  accept: 'bool',
  errorcode: 'int',
  certencoded: 'text',
  certsubject: 'text',
  certissuer: 'text',
  status: 'text',
  supportedciphersuites: 'text',
  supportedsignaturealgs: 'text',
  certstoretype: 'int',
  certstore: 'text',
  certpassword: 'text',
  servername: 'text',
  message: 'text',
};

const comparisons = new Set([
  '==',
  '!=',
  '<>',
  '===',
  '!==',
  '<',
  '<=',
  '>',
  '>=',
  '&&',
  '||',
  'and',
  'or',
  'xor',
  'instanceof',
]);
const casts: Record<string, Type> = {
  int: 'int',
  integer: 'int',
  string: 'text',
  binary: 'text',
  bool: 'bool',
  boolean: 'bool',
  float: 'number',
  double: 'number',
  real: 'number',
  array: 'array',
  unset: 'null',
};
const literals: Record<string, Type> = {
  string: 'text',
  encapsed: 'text',
  nowdoc: 'text',
  boolean: 'bool',
  nullkeyword: 'null',
  array: 'array',
  isset: 'bool',
  empty: 'bool',
  print: 'int',
};

function join(a: Found, b: Found): Found {
  if (a === undefined || a === b) return b;
  if (b === undefined) return a;
  return isNumeric(a) && isNumeric(b) ? 'number' : 'unknown';
}

export function isNumeric(type: Type): boolean {
  return type === 'int' || type === 'number';
}

export function isIntegerLiteral(text: string): boolean {
  return /^(0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO]?[0-7_]+|[1-9][\d_]*|0)$/.test(text);
}

/** A declared type that PHP enforces for values of variables and properties. */
export function declaredType(node: Node): Type {
  const type = member<Node | null>(node, 'type');
  if (type === null || type?.kind !== 'typereference' || member<boolean>(node, 'nullable')) return 'unknown';
  const name = nameOf(type).toLowerCase();
  return name === 'array' ? 'array' : (casts[name] ?? 'unknown');
}

export class Types {
  private readonly looking = new Set<string>();
  private readonly known = new Map<Scope, Map<string, Type>>();

  constructor(private readonly infos: Infos) {}

  of(node: Node, scope: Scope): Type {
    return this.find(node, scope) ?? 'unknown';
  }

  private find(node: Node, scope: Scope): Found {
    const literal = literals[node.kind];
    if (literal !== undefined) return node.kind === 'encapsed' && node.type === 'shell' ? 'unknown' : literal;
    switch (node.kind) {
      case 'number':
        return isIntegerLiteral(String(node.value)) ? 'int' : 'number';
      case 'variable':
        return typeof node.name === 'string' ? this.variable(node.name, scope) : 'unknown';
      case 'bin':
        return this.binary(node, scope);
      case 'unary':
        return this.unary(node, scope);
      case 'cast':
        return casts[node.type] ?? 'unknown';
      case 'assign':
        return node.operator === '=' ? this.find(node.right, scope) : this.compound(node, scope);
      case 'pre':
        return this.find(node.what, scope);
      case 'post':
        return this.find(node.what, scope);
      case 'retif':
        return join(this.find(node.trueExpr ?? node.test, scope), this.find(node.falseExpr, scope));
      case 'silent':
        return this.find(node.expr, scope);
      case 'encapsedpart':
        return this.find(node.expression, scope);
      default:
        return this.findOther(node, scope);
    }
  }

  private findOther(node: Node, scope: Scope): Found {
    switch (node.kind) {
      case 'magic':
        return node.raw.toUpperCase() === '__LINE__' ? 'int' : 'text';
      case 'name':
        return this.infos.constantTypes.get(nameOf(node).replace(/^\\/, '')) ?? 'unknown';
      case 'offsetlookup':
        return this.infos.isEventParam(node.what, scope)
          ? (eventKeys[literalText(node.offset || null) ?? ''] ?? 'unknown')
          : 'unknown';
      case 'propertylookup':
        return isVariable(node.what, 'this') && node.offset !== false && node.offset.kind === 'identifier'
          ? this.infos.propertyType(scope.className, nameOf(node.offset))
          : 'unknown';
      case 'call':
        return this.call(node, scope);
      case 'match':
        return member<Node[]>(node, 'arms').reduce<Found>(
          (type, arm) => join(type, this.find(arm.body as Node, scope)),
          undefined,
        );
      default:
        return 'unknown';
    }
  }

  private call(node: Node, scope: Scope): Type {
    if (node.what.kind !== 'name') return this.methodResult(node, scope);
    const name = nameOf(node.what).replace(/^.*\\/, '').toLowerCase();
    const own = this.infos.functions.get(name);
    if (own !== undefined) return declaredType(own.node);
    if (name === 'ipworks_ipdaemon_get_last_error') return 'text';
    if (name === 'ipworks_ipdaemon_get') return 'unknown';
    if (name.startsWith('ipworks_ipdaemon_do_config')) return 'text';
    if (/^ipworks_ipdaemon_(do_|set$|get_last_error_code)/.test(name)) return 'int';
    return rowOf(name).result ?? 'unknown';
  }

  private methodResult(node: Node, scope: Scope): Type {
    const { what } = node;
    if (what.kind !== 'propertylookup' || !isVariable(what.what, 'this') || what.offset === false) return 'unknown';
    const method = this.infos.method(scope.className, nameOf(what.offset));
    return method === undefined ? 'unknown' : declaredType(method.node);
  }

  private binary(node: Node, scope: Scope): Found {
    const { type } = node;
    if (comparisons.has(type)) return 'bool';
    if (type === '.') return 'text';
    if (type === '<=>' || type === '%' || type === '<<' || type === '>>') return 'int';
    if (type === '??') return join(this.find(node.left, scope), this.find(node.right, scope));
    const left = this.find(node.left, scope);
    const right = this.find(node.right, scope);
    if (['&', '|', '^'].includes(type))
      return left === 'text' && right === 'text' ? 'text' : left === 'int' || right === 'int' ? 'int' : 'unknown';
    if (type === '+' && left === 'array' && right === 'array') return 'array';
    if (type === '+' && (left === 'unknown' || right === 'unknown' || left === 'array' || right === 'array')) {
      const other = left === 'unknown' ? right : left;
      // What is added to a number is a number, or an error.
      return other !== undefined && isNumeric(other) ? 'number' : 'unknown';
    }
    if (type === '/' || type === '**') return 'number';
    if (left === undefined && right === undefined) return undefined;
    return (left ?? 'int') === 'int' && (right ?? 'int') === 'int' ? 'int' : 'number';
  }

  private compound(node: Node, scope: Scope): Found {
    const operator = node.operator.slice(0, -1);
    return this.binary({ ...node, type: operator } as Node, scope);
  }

  private unary(node: Node, scope: Scope): Found {
    if (node.type === '!') return 'bool';
    if (node.type === '~') return 'int';
    const type = this.find(node.what, scope);
    return type === undefined || isNumeric(type) ? type : 'number';
  }

  private variable(name: string, scope: Scope): Found {
    if (name === 'this') return 'unknown';
    if (name === '_SERVER' || name === '_ENV') return 'array';
    const owner = this.infos.ownerOf(name, scope);
    if (owner === undefined || owner.boxed.has(name)) return 'unknown';
    if (name === 'argv' && owner === this.infos.main && !owner.assigned.has(name)) return 'array';
    const known = this.known.get(owner)?.get(name);
    if (known !== undefined) return known;
    const key = `${this.infos.idOf(owner)}:${name}`;
    if (this.looking.has(key)) return undefined;
    this.looking.add(key);
    const found = this.lookFor(name, owner);
    this.looking.delete(key);
    // What was found while others are looked for may be incomplete.
    if (this.looking.size === 0 || found === 'unknown') {
      const types = this.known.get(owner) ?? new Map<string, Type>();
      types.set(name, found ?? 'unknown');
      this.known.set(owner, types);
    }
    return found;
  }

  private lookFor(name: string, owner: Scope): Found {
    const param = owner.params.find((one) => one.name === name);
    let type: Found;
    if (param !== undefined) {
      if (param.isVariadic) return 'array';
      type = declaredType(param.node);
      if (type === 'unknown') return type;
    } else if (!this.infos.isSetFirst(name, owner)) return 'unknown';
    for (const { scope, value, type: given } of this.infos.assignments(name, owner)) {
      type = join(type, value === undefined ? given : this.find(value, scope));
      if (type === 'unknown') return type;
    }
    return type;
  }
}
