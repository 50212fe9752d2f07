// Assignments, in all the forms of targets and operators.

import { elementSet, elementUpdate, globalsName, place } from './arrays';
import { copyIfNeeded } from './copies';
import { expression, quiet } from './expressions';
import { text } from './literals';
import { helperOf } from './operators';
import { type Form, Prec, type Printer } from './printer';
import { refTo } from './references';
import type { Scope } from './scopes';
import { isVariable, member, type Node, nameOf, start } from './tree';
import { isNumeric } from './types';

/** Writes an assignment of something that is made already. */
export function assignTo(p: Printer, target: Node, scope: Scope, form: Form): void {
  const { kind } = target;
  if (kind === 'list' || kind === 'array') {
    const temp = p.temp();
    p.put(`${temp} = `);
    form.print();
    destructure(p, target, scope, temp);
  } else if (kind === 'offsetlookup' && globalsName(target) === undefined && !isEventElement(p, target, scope)) {
    elementSet(p, target, scope, form.print);
  } else {
    place(p, target, scope);
    p.put(' = ');
    form.print();
  }
}

function isEventElement(p: Printer, node: Node, scope: Scope): boolean {
  return p.infos.isEventParam(node.what, scope) && node.offset !== false && node.offset.kind === 'string';
}

/** The assignments of a list, behind that of the array to a variable. */
function destructure(p: Printer, target: Node, scope: Scope, temp: string): void {
  target.items.forEach((item, i) => {
    if (item.kind !== 'entry') return;
    p.put(', ');
    const form: Form = {
      prec: Prec.member,
      print: () => {
        p.put(`${p.h('copy')}(${p.h('item')}(${temp}, `);
        if (item.key === null) p.put(String(i));
        else expression(p, item.key, scope, Prec.assignment);
        p.put('))');
      },
    };
    if (member<boolean>(item, 'byRef')) p.note(item, '&', 'the list gets values, not references');
    assignTo(p, item.value, scope, form);
  });
}

function listForm(p: Printer, node: Node, scope: Scope): Form {
  return {
    prec: Prec.comma,
    print: () => {
      const temp = p.temp();
      p.put(`${temp} = `);
      if (p.infos.isEventParam(node.right, scope)) expression(p, node.right, scope, Prec.assignment);
      else copyIfNeeded(p, node.right, scope, Prec.assignment);
      destructure(p, node.left, scope, temp);
      if (node.isUnused !== true) p.put(`, ${temp}`);
    },
  };
}

function storedValue(p: Printer, node: Node, scope: Scope): void {
  // What begins on a line of its own is still the same expression in JavaScript.
  copyIfNeeded(p, node, scope, Prec.assignment);
}

export function assignForm(p: Printer, node: Node, scope: Scope): Form {
  const { left, right, operator } = node;
  if (left.kind === 'list' || left.kind === 'array') return listForm(p, node, scope);
  if (operator !== '=') return compoundForm(p, node, scope);
  const isElement = left.kind === 'offsetlookup' && globalsName(left) === undefined;
  if (isElement && p.type(left.what, scope) === 'text') return characterForm(p, node, scope);
  return {
    prec: isElement && !isEventElement(p, left, scope) ? Prec.member : Prec.assignment,
    print: () => assignTo(p, left, scope, { prec: 0, print: () => storedValue(p, right, scope) }),
  };
}

/** `$text[0] = 'x'`: texts do not change in JavaScript, so the variable gets another. */
function characterForm(p: Printer, node: Node, scope: Scope): Form {
  const { left, right } = node;
  p.note(left, '[]', 'the variable gets a new text; others that have the old one keep it');
  return {
    prec: Prec.assignment,
    print: () => {
      place(p, left.what, scope);
      p.put(` = ${p.h('setByte')}(`);
      expression(p, left.what, scope, Prec.assignment);
      p.put(', ');
      if (left.offset === false) p.put('null');
      else expression(p, left.offset, scope, Prec.assignment);
      p.put(', ');
      expression(p, right, scope, Prec.assignment);
      p.put(')');
    },
  };
}

/** The value that `old op right` has, where the old one is a text of JavaScript. */
function combined(p: Printer, old: string, operator: string, right: Node, scope: Scope, isText: boolean): void {
  if (operator === '.') {
    p.put(isText ? `${old} + ` : `${p.h('str')}(${old}) + `);
    text(p, right, scope, Prec.additive + 1);
    return;
  }
  p.put(`${p.h(helperOf(operator) ?? 'add')}(${old}, `);
  expression(p, right, scope, Prec.assignment);
  p.put(')');
}

function compoundForm(p: Printer, node: Node, scope: Scope): Form {
  const { left, right } = node;
  const operator = node.operator.slice(0, -1);
  if (operator === '??') return coalesceAssign(p, node, scope);
  if (left.kind === 'offsetlookup' && globalsName(left) === undefined && !isEventElement(p, left, scope)) {
    return {
      prec: Prec.member,
      print: () =>
        elementUpdate(p, left, scope, 'updateItem', () => {
          p.put(`(old$${p.any}) => `);
          combined(p, 'old$', operator, right, scope, false);
        }),
    };
  }
  const type = p.type(left, scope);
  const both = isNumeric(type) && isNumeric(p.type(right, scope));
  const isPlain = (both && ['+', '-', '*'].includes(operator)) || (operator === '.' && type === 'text');
  return {
    prec: Prec.assignment,
    print: () => {
      place(p, left, scope);
      if (isPlain) {
        p.put(` ${operator === '.' ? '+' : operator}= `);
        if (operator === '.') text(p, right, scope, Prec.assignment);
        else expression(p, right, scope, Prec.assignment);
        return;
      }
      p.put(' = ');
      const old = p.caught(() => place(p, left, scope));
      combined(p, old, operator, right, scope, type === 'text');
    },
  };
}

function coalesceAssign(p: Printer, node: Node, scope: Scope): Form {
  const { left, right } = node;
  const isElement = left.kind === 'offsetlookup' && globalsName(left) === undefined;
  return {
    prec: isElement ? Prec.conditional : Prec.assignment,
    print: () => {
      if (!isElement) {
        place(p, left, scope);
        p.put(' ??= ');
        return storedValue(p, right, scope);
      }
      quiet(p, left, scope).print();
      p.put(' ?? ');
      elementSet(p, left, scope, () => storedValue(p, right, scope));
    },
  };
}

export function incrementForm(p: Printer, node: Node, scope: Scope): Form {
  const { what, type } = node;
  const isPost = node.kind === 'post' && node.isUnused !== true;
  const sign = type === '+' ? '++' : '--';
  const helper = type === '+' ? 'inc' : 'dec';
  if (what.kind === 'offsetlookup' && globalsName(what) === undefined) {
    return {
      prec: Prec.member,
      print: () => elementUpdate(p, what, scope, isPost ? 'updateItemAfter' : 'updateItem', () => p.put(p.h(helper))),
    };
  }
  if (isNumeric(p.type(what, scope))) {
    return {
      prec: node.kind === 'post' ? Prec.postfix : Prec.unary,
      print: () => {
        if (node.kind === 'pre') p.put(sign);
        place(p, what, scope);
        if (node.kind === 'post') p.put(sign);
      },
    };
  }
  return {
    prec: isPost ? Prec.primary : Prec.assignment,
    print: () => {
      const old = p.caught(() => place(p, what, scope));
      const change = `${old} = ${p.h(helper)}(${old})`;
      p.put(isPost ? `[${old}, ${change}][0]` : change);
    },
  };
}

/** `$a = &$b`. */
export function assignRefForm(p: Printer, node: Node, scope: Scope): Form {
  const { left, right } = node;
  const isValue = right.kind === 'new' || right.kind === 'call';
  if (isVariable(left) && !isValue) {
    return {
      prec: Prec.assignment,
      print: () => {
        p.put(`${p.names.plain(nameOf(left), scope)} = `);
        refTo(p, right, scope);
      },
    };
  }
  if (!isValue) p.note(node, '=&', 'the place gets the value, and shares it only if it is an array or an object');
  const print = () => assignTo(p, left, scope, { prec: 0, print: () => expression(p, right, scope, Prec.assignment) });
  return { prec: Prec.assignment, print };
}

/** The first assignment of a variable of the main program declares it, if that is where the variable begins. */
export function assignStatement(p: Printer, node: Node, scope: Scope): boolean {
  const { kind, left } = node;
  if (kind !== 'assign' || node.operator !== '=' || !isVariable(left) || !p.isTop(node, scope)) return false;
  const name = nameOf(left);
  const isFirst = scope.mentioned.get(name)?.[0] === start(left) && p.infos.isSetFirst(name, scope);
  if (!isFirst || scope.boxed.has(name) || p.inPlace.has(name)) return false;
  p.inPlace.add(name);
  p.put(`let ${p.names.plain(name, scope)}${p.any} = `);
  copyIfNeeded(p, node.right, scope, Prec.assignment);
  p.put(';');
  return true;
}

export function unsetStatement(p: Printer, node: Node, scope: Scope): void {
  node.variables.forEach((one, i) => {
    if (i > 0) p.put(' ');
    unsetOne(p, one, scope);
    p.put(';');
  });
}

function unsetOne(p: Printer, node: Node, scope: Scope): void {
  p.at(node);
  if (node.kind === 'offsetlookup' && globalsName(node) === undefined && node.offset !== false) {
    const isArray = p.type(node.what, scope) === 'array';
    if (!isArray) p.put(`${p.h('unsetItem')}(`);
    quiet(p, node.what, scope).print();
    p.put(isArray ? '.unset(' : ', ');
    expression(p, node.offset, scope, Prec.assignment);
    p.put(')');
    return;
  }
  if (node.kind === 'propertylookup') {
    p.put('delete ');
    place(p, node, scope);
    return;
  }
  const global = globalsName(node);
  const name = global ?? nameOf(node);
  const owner = global === undefined ? scope : p.infos.main;
  const plain = p.names.plain(name, owner);
  // Unset of a global in a function ends only the function's name for it.
  if (scope.globals.has(name)) {
    p.put('void 0');
    return;
  }
  if (p.names.isBoxed(name, owner)) {
    p.put(`${plain} = ${p.h('toRef')}(null)`);
    return;
  }
  // The end of the last name of a server object is the end of the server.
  const types = ['int', 'number', 'text', 'bool', 'array'];
  const mayBeServer = p.infos.hasServers && !types.includes(p.type(node, scope));
  p.put(mayBeServer ? `${plain} = ${p.h('disposed')}(${plain})` : `${plain} = null`);
}
