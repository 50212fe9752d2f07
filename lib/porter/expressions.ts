// Expressions: finds the form of each node, and writes it where it stands in the source.

import { arrayForm, offsetForm } from './arrays';
import { assignForm, assignRefForm, incrementForm } from './assign';
import { callForm, newForm } from './calls';
import { conditionalForm, matchForm } from './choices';
import { constantForm, magicForm } from './constants';
import { closureForm } from './functions';
import { encapsedForm, numberForm, stringForm } from './literals';
import { lookupForm, staticForm } from './members';
import { binaryForm, castForm, notForm, unaryForm } from './operators';
import { type Form, Prec, type Printer } from './printer';
import type { Scope } from './scopes';
import { isRefused } from './superglobals';
import { isVariable, literalText, member, type Node, nameOf } from './tree';

export const nothing = { kind: 'nothing' } as const;

/** Something simple that needs no look at what is below. */
export function plain(p: Printer, text: string, prec: number = Prec.primary): Form {
  return { prec, print: () => p.put(text) };
}

/** A call of a helper with expressions as arguments. */
export function helperCall(p: Printer, name: string, args: Node[], scope: Scope): Form {
  return {
    prec: Prec.member,
    print: () => {
      p.put(`${p.h(name)}(`);
      commaList(p, args, scope);
      p.put(')');
    },
  };
}

export function commaList(p: Printer, args: Node[], scope: Scope): void {
  args.forEach((one, i) => {
    if (i > 0) p.put(', ');
    expression(p, one, scope, Prec.assignment);
  });
}

function variableForm(p: Printer, node: Node, scope: Scope): Form {
  if (typeof node.name !== 'string') return p.refuse(node, '$$', 'variables with computed names are not ported');
  if (node.name === 'GLOBALS') return p.refuse(node, '$GLOBALS', "only single names of it are ported: $GLOBALS['x']");
  if (isRefused(node.name)) {
    return p.refuse(node, `$${node.name}`, 'there is no web server around a Node program');
  }
  if (/^_(SERVER|ENV)$/.test(node.name)) return { prec: Prec.primary, print: () => p.put(p.h(node.name as string)) };
  const { name } = node;
  if (p.isArgument(name) && p.infos.ownerOf(name, scope) === p.infos.main) {
    return { prec: Prec.primary, print: () => p.put(p.h(name)) };
  }
  return plain(p, p.names.variable(name, scope));
}

function issetForm(p: Printer, node: Node, scope: Scope): Form {
  const { variables } = node;
  const print = () => {
    variables.forEach((one, i) => {
      if (i > 0) p.put(' && ');
      quiet(p, one, scope).print();
      p.put(' != null');
    });
  };
  return { prec: variables.length > 1 ? Prec.and : Prec.equality, print };
}

/** A value that may not be there; reading it is never an error, so null says so. */
export function quiet(p: Printer, node: Node, scope: Scope): Form {
  const form = formOf(p, node, scope, true);
  return {
    prec: form.prec,
    print: () => {
      p.at(node);
      if (form.prec < Prec.equality + 1) p.put('(');
      form.print();
      if (form.prec < Prec.equality + 1) p.put(')');
    },
  };
}

function emptyForm(p: Printer, node: Node, scope: Scope): Form {
  return {
    prec: Prec.unary,
    print: () => {
      p.put(`!${p.h('truthy')}(`);
      quiet(p, node.expression, scope).print();
      p.put(')');
    },
  };
}

function exitForm(p: Printer, node: Node, scope: Scope): Form {
  return node.expression === null
    ? { prec: Prec.member, print: () => p.put(`${p.h('exit')}()`) }
    : helperCall(p, 'exit', [node.expression], scope);
}

function printForm(p: Printer, node: Node, scope: Scope): Form {
  return {
    prec: Prec.member,
    print: () => {
      p.put(`${p.h('print')}(`);
      expression(p, node.expression, scope, Prec.assignment);
      p.put(')');
    },
  };
}

const refusals: Record<string, [what: string, reason: string]> = {
  yield: ['yield', 'generators are not ported'],
  yieldfrom: ['yield from', 'generators are not ported'],
  clone: ['clone', 'copies of objects are not ported; write a function that makes one'],
  eval: ['eval', 'code in texts is not ported'],
};

type Maker = (p: Printer, node: Node, scope: Scope, isQuiet: boolean) => Form;

const makers: Record<string, Maker> = {
  variable: variableForm,
  string: stringForm,
  nowdoc: stringForm,
  encapsed: encapsedForm,
  encapsedpart: (p, node, scope, isQuiet) => formOf(p, node.expression, scope, isQuiet),
  number: numberForm,
  boolean: (p, node) => plain(p, String(member<boolean>(node, 'value'))),
  nullkeyword: (p) => plain(p, 'null'),
  bin: binaryForm,
  unary: (p, node, scope) => (node.type === '!' ? notForm(p, node, scope) : unaryForm(p, node, scope)),
  cast: castForm,
  assign: assignForm,
  assignref: assignRefForm,
  pre: incrementForm,
  post: incrementForm,
  retif: conditionalForm,
  match: matchForm,
  silent: (p, node, scope) => formOf(p, node.expr, scope, true),
  isset: issetForm,
  empty: emptyForm,
  exit: exitForm,
  print: printForm,
  array: arrayForm,
  offsetlookup: offsetForm,
  propertylookup: lookupForm,
  nullsafepropertylookup: lookupForm,
  staticlookup: staticForm,
  call: callForm,
  new: newForm,
  closure: closureForm,
  arrowfunc: closureForm,
  name: constantForm,
  magic: magicForm,
  throw: (p, node, scope) => helperCall(p, 'raise', [node.what], scope),
  include: (p, node) => p.refuse(node, 'include', 'only statements with the literal name of a file are ported'),
  list: (p, node) => p.refuse(node, 'list', 'a list in an expression is not ported'),
};

/** How a node is written. Quiet: what is missing on the way to the value is null, as behind isset, ?? and @. */
export function formOf(p: Printer, node: Node, scope: Scope, isQuiet = false): Form {
  const known = refusals[node.kind];
  if (known !== undefined) return p.refuse(node, ...known);
  const make = makers[node.kind];
  if (make === undefined) return p.refuse(node, node.kind, 'this construct is not ported');
  return make(p, node, scope, isQuiet);
}

/** Writes an expression at its place, in parentheses if what is around it binds more tightly than `min`. */
export function expression(p: Printer, node: Node, scope: Scope, min: number): void {
  putForm(p, node, formOf(p, node, scope), min);
}

/** The same for a form that is made already. */
export function putForm(p: Printer, node: Node, form: Form, min: number): void {
  p.at(node);
  const isGrouped = node.parenthesizedExpression === true && form.prec < Prec.member && min > Prec.assignment;
  const needed = form.prec < min || isGrouped;
  if (needed) p.put('(');
  form.print();
  if (needed) p.put(')');
}

/** Whether writing an expression twice has no effect and costs next to nothing. */
export function isSimple(node: Node): boolean {
  if (isVariable(node) || node.kind === 'number' || literalText(node) !== undefined) return true;
  if (node.kind !== 'propertylookup' || node.offset === false) return false;
  return node.offset.kind === 'identifier' && nameOf(node.offset) !== '' && isSimple(node.what);
}
