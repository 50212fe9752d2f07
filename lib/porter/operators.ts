// Operators: JavaScript's own where the types make them do the same as PHP's, a helper otherwise.

import { expression, formOf, helperCall, plain, quiet } from './expressions';
import { text } from './literals';
import { classTest } from './members';
import { type Form, Prec, type Printer } from './printer';
import type { Scope } from './scopes';
import { literalText, type Node } from './tree';
import { isNumeric } from './types';

/** Writes an expression as a condition. */
export function condition(p: Printer, node: Node, scope: Scope, min: number): void {
  const type = p.type(node, scope);
  if (type === 'bool' || type === 'int') {
    expression(p, node, scope, min);
    return;
  }
  p.at(node);
  p.put(`${p.h('truthy')}(`);
  expression(p, node, scope, Prec.assignment);
  p.put(')');
}

/** The same where the value itself is wanted, which is true or false. */
function truth(p: Printer, node: Node, scope: Scope, min: number): void {
  if (p.type(node, scope) === 'bool') {
    expression(p, node, scope, min);
    return;
  }
  p.at(node);
  p.put(`${p.h('truthy')}(`);
  expression(p, node, scope, Prec.assignment);
  p.put(')');
}

export function notForm(p: Printer, node: Node, scope: Scope): Form {
  const { what } = node;
  const opposite: Record<string, string> = { isset: ' == null' };
  if (what.kind === 'isset' && what.variables.length === 1) {
    return {
      prec: Prec.equality,
      print: () => {
        p.at(what);
        quiet(p, what.variables[0] as Node, scope).print();
        p.put(opposite.isset as string);
      },
    };
  }
  return {
    prec: Prec.unary,
    print: () => {
      p.put('!');
      condition(p, what, scope, Prec.unary);
    },
  };
}

function infix(p: Printer, node: Node, scope: Scope, operator: string, prec: number, rightPrec = prec + 1): Form {
  return {
    prec,
    print: () => {
      expression(p, node.left, scope, prec);
      p.put(` ${operator} `);
      expression(p, node.right, scope, rightPrec);
    },
  };
}

function logical(p: Printer, node: Node, scope: Scope, operator: '&&' | '||'): Form {
  const prec = operator === '&&' ? Prec.and : Prec.or;
  return {
    prec,
    print: () => {
      truth(p, node.left, scope, prec);
      p.put(` ${operator} `);
      // What ends the program has no value.
      if (['exit', 'throw'].includes(node.right.kind)) expression(p, node.right, scope, prec + 1);
      else truth(p, node.right, scope, prec + 1);
    },
  };
}

/** Two literals: TypeScript sees that they differ, and complains. */
const areLiterals = (...nodes: Node[]) =>
  nodes.every(({ kind }) => ['string', 'number', 'boolean', 'nowdoc'].includes(kind));
const isNull = (node: Node) => node.kind === 'nullkeyword';
const isNumericText = (value: string) =>
  /^[ \t\n\r\v\f]*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?[ \t\n\r\v\f]*$/.test(value);

function isPlainWord(node: Node): boolean {
  const value = literalText(node);
  return value !== undefined && !isNumericText(value);
}

/** `===`, or `!==`. */
export function identicalForm(p: Printer, left: Node, right: Node, scope: Scope, isNot: boolean): Form {
  const pair = { left, right } as Node;
  if (isNull(left) || isNull(right)) return infix(p, pair, scope, isNot ? '!=' : '==', Prec.equality);
  const types = [p.type(left, scope), p.type(right, scope)] as const;
  const scalars = types.filter((type) => ['int', 'number', 'text', 'bool'].includes(type));
  const areSame =
    scalars.length === 2 && !areLiterals(left, right) && (types[0] === types[1] || types.every(isNumeric));
  if (areSame || (scalars.length === 1 && types.includes('unknown'))) {
    return infix(p, pair, scope, isNot ? '!==' : '===', Prec.equality);
  }
  return not(p, helperCall(p, 'identical', [left, right], scope), isNot);
}

function not(p: Printer, form: Form, isNot: boolean): Form {
  if (!isNot) return form;
  return {
    prec: Prec.unary,
    print: () => {
      p.put('!');
      form.print();
    },
  };
}

function equalForm(p: Printer, node: Node, scope: Scope, isNot: boolean): Form {
  const { left, right } = node;
  const types = [p.type(left, scope), p.type(right, scope)] as const;
  const areNumbers = types.every(isNumeric) || types.every((type) => type === 'bool');
  const areTexts = types.every((type) => type === 'text') && (isPlainWord(left) || isPlainWord(right));
  if ((areNumbers || areTexts) && !areLiterals(left, right))
    return infix(p, node, scope, isNot ? '!==' : '===', Prec.equality);
  if (p.options.php === 7 && types.includes('int') && types.includes('text')) {
    p.note(node, node.type, 'PHP 7 and 8 compare numbers with texts differently; this is as in PHP 7', '#comparison');
  }
  return not(p, helperCall(p, p.options.php === 7 ? 'eq7' : 'eq', [left, right], scope), isNot);
}

const orders: Record<string, string> = { '<': 'lt', '<=': 'le', '>': 'gt', '>=': 'ge' };

function orderForm(p: Printer, node: Node, scope: Scope): Form {
  const { left, right, type } = node;
  if (isNumeric(p.type(left, scope)) && isNumeric(p.type(right, scope)))
    return infix(p, node, scope, type, Prec.relational);
  return helperCall(p, orders[type] as string, [left, right], scope);
}

const arithmetic: Record<string, [helper: string, prec: number]> = {
  '+': ['add', Prec.additive],
  '-': ['sub', Prec.additive],
  '*': ['mul', Prec.multiplicative],
};
const others: Record<string, string> = {
  '/': 'div',
  '%': 'mod',
  '**': 'pow',
  '&': 'bitAnd',
  '|': 'bitOr',
  '^': 'bitXor',
  '<<': 'shiftLeft',
  '>>': 'shiftRight',
  '<=>': 'cmp',
};

/** The helper for an operator between two values. */
export function helperOf(operator: string): string | undefined {
  return arithmetic[operator]?.[0] ?? others[operator];
}

function isNonZero(node: Node): boolean {
  return node.kind === 'number' && Number(String(node.value)) !== 0;
}

function arithmeticForm(p: Printer, node: Node, scope: Scope): Form {
  const { type, left, right } = node;
  const areNumbers = isNumeric(p.type(left, scope)) && isNumeric(p.type(right, scope));
  const areIntegers = p.type(left, scope) === 'int' && p.type(right, scope) === 'int';
  const row = arithmetic[type];
  if (row !== undefined && areNumbers) return infix(p, node, scope, type, row[1]);
  if (type === '/' && areNumbers && isNonZero(right)) return infix(p, node, scope, '/', Prec.multiplicative);
  if (type === '%' && areIntegers && isNonZero(right)) return infix(p, node, scope, '%', Prec.multiplicative);
  return helperCall(p, helperOf(type) as string, [left, right], scope);
}

/** The parts of `a . b . c`, in their order. */
function partsOf(node: Node): Node[] {
  if (node.kind !== 'bin' || node.type !== '.') return [node];
  return [...(node.left.parenthesizedExpression === true ? [node.left] : partsOf(node.left)), node.right];
}

function concatForm(p: Printer, node: Node, scope: Scope): Form {
  const parts = partsOf(node);
  // Two integers side by side would be added.
  const isText = (one: Node | undefined) => one !== undefined && p.type(one, scope) !== 'int';
  const first = isText(parts[0]) || isText(parts[1]);
  return {
    prec: Prec.additive,
    print: () => {
      if (!first) p.put("'' + ");
      parts.forEach((part, i) => {
        if (i > 0) p.put(' + ');
        text(p, part, scope, i === 0 ? Prec.additive : Prec.additive + 1);
      });
    },
  };
}

function coalesceForm(p: Printer, node: Node, scope: Scope): Form {
  // TypeScript does not let it be asked whether a literal is null.
  if (isNull(node.left)) return formOf(p, node.right, scope);
  if (areLiterals(node.left) || node.left.kind === 'array') return formOf(p, node.left, scope);
  return {
    prec: Prec.conditional + 0.5,
    print: () => {
      const left = formOf(p, node.left, scope, true);
      p.at(node.left);
      // JavaScript does not allow ?? beside && or || without parentheses.
      if (left.prec <= Prec.and) p.put('(');
      left.print();
      if (left.prec <= Prec.and) p.put(')');
      p.put(' ?? ');
      const right = formOf(p, node.right, scope);
      const isMixed = right.prec === Prec.and || right.prec === Prec.or || right.prec < Prec.conditional + 0.5;
      p.at(node.right);
      if (isMixed) p.put('(');
      right.print();
      if (isMixed) p.put(')');
    },
  };
}

export function binaryForm(p: Printer, node: Node, scope: Scope): Form {
  switch (node.type) {
    case '&&':
    case 'and':
      return logical(p, node, scope, '&&');
    case '||':
    case 'or':
      return logical(p, node, scope, '||');
    case 'xor':
      return helperCall(p, 'xor', [node.left, node.right], scope);
    case '==':
      return equalForm(p, node, scope, false);
    case '!=':
    case '<>':
      return equalForm(p, node, scope, true);
    case '===':
    case '!==':
      return identicalForm(p, node.left, node.right, scope, node.type === '!==');
    case '<':
    case '<=':
    case '>':
    case '>=':
      return orderForm(p, node, scope);
    case '.':
      return concatForm(p, node, scope);
    case '??':
      return coalesceForm(p, node, scope);
    case 'instanceof':
      return classTest(p, node, scope);
    default:
      if (helperOf(node.type) !== undefined) return arithmeticForm(p, node, scope);
      return p.refuse(node, node.type, 'this operator is not ported');
  }
}

export function unaryForm(p: Printer, node: Node, scope: Scope): Form {
  const { type, what } = node;
  if (type === '~') return helperCall(p, 'bitNot', [what], scope);
  const isNumber = isNumeric(p.type(what, scope));
  if (!isNumber) return helperCall(p, type === '-' ? 'neg' : 'plus', [what], scope);
  return {
    prec: Prec.unary,
    print: () => {
      p.put(type);
      // -2 ** 2 is no JavaScript, and - -1 is no decrement.
      expression(p, what, scope, Prec.unary + 1);
    },
  };
}

const castHelpers: Record<string, string> = {
  int: 'int',
  integer: 'int',
  float: 'float',
  double: 'float',
  real: 'float',
  string: 'str',
  binary: 'str',
  bool: 'truthy',
  boolean: 'truthy',
  array: 'toArray',
  object: 'toObject',
};

export function castForm(p: Printer, node: Node, scope: Scope): Form {
  const helper = castHelpers[node.type];
  if (node.type === 'unset') return plain(p, 'null');
  if (helper === undefined) return p.refuse(node, `(${node.type})`, 'this cast is not ported');
  return helperCall(p, helper, [node.expr], scope);
}
