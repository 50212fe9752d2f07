// Arrays: literals, reading elements, and the arrays that a write to an element needs.

import { copyIfNeeded } from './copies';
import { expression, formOf } from './expressions';
import { objectOf } from './members';
import { type Form, Prec, type Printer } from './printer';
import { refTo } from './references';
import type { Scope } from './scopes';
import { isRefused } from './superglobals';
import { end, isVariable, literalText, member, type Node, nameOf } from './tree';

const isByRef = (entry: Node) => entry.byref || member<boolean>(entry, 'byRef');

/** A literal: a list of values, or pairs of keys and values. */
export function arrayForm(p: Printer, node: Node, scope: Scope): Form {
  const items = node.items.filter(({ kind }) => kind === 'entry');
  if (items.length === 0) return { prec: Prec.member, print: () => p.put(`new ${p.h('PhpArray')}()`) };
  const isList = items.every((item) => item.key === null && !member<boolean>(item, 'unpack'));
  const print = () => {
    p.put(`${p.h('PhpArray')}.${isList ? 'of(' : 'from(['}`);
    items.forEach((item, i) => {
      if (i > 0) p.put(', ');
      p.at(item);
      entry(p, item, scope, isList);
    });
    // A closing bracket on a line of its own stays there.
    p.writer.at(end(node) - 1);
    p.put(isList ? ')' : '])');
  };
  return { prec: Prec.member, print };
}

function entry(p: Printer, item: Node, scope: Scope, isList: boolean): void {
  if (member<boolean>(item, 'unpack')) {
    p.put(`...${p.h('unpacked')}(`);
    expression(p, item.value, scope, Prec.assignment);
    p.put(')');
    return;
  }
  if (isList) {
    entryValue(p, item, scope);
    return;
  }
  p.put('[');
  if (item.key !== null) {
    expression(p, item.key, scope, Prec.assignment);
    p.put(', ');
  }
  entryValue(p, item, scope);
  p.put(']');
}

function entryValue(p: Printer, item: Node, scope: Scope): void {
  if (isByRef(item)) refTo(p, item.value, scope);
  else copyIfNeeded(p, item.value, scope, Prec.assignment);
}

/** The key of an element; a bare word inside of a text is one, too. */
export function key(p: Printer, offset: Node, scope: Scope): void {
  if (offset.kind === 'identifier') p.put(`'${nameOf(offset)}'`);
  else expression(p, offset, scope, Prec.assignment);
}

/** The variable of the main program behind $GLOBALS['x']. */
export function globalsName(node: Node): string | undefined {
  if (node.kind !== 'offsetlookup' || !isVariable(node.what, 'GLOBALS')) return undefined;
  // Inside of a text the name is a bare word.
  return (
    literalText(node.offset || null) ??
    (node.offset !== false && node.offset.kind === 'identifier' ? nameOf(node.offset) : undefined)
  );
}

export function offsetForm(p: Printer, node: Node, scope: Scope, isQuiet: boolean): Form {
  const { what, offset } = node;
  const global = globalsName(node);
  if (global !== undefined)
    return formOf(p, { ...what, kind: 'variable', name: global } as Node, p.infos.main, isQuiet);
  if (offset === false) return p.refuse(node, '[]', 'an element without a key cannot be read');
  const name = literalText(offset) ?? (offset.kind === 'identifier' ? nameOf(offset) : undefined);
  if (p.infos.isEventParam(what, scope) && name !== undefined && /^\w+$/.test(name)) {
    return {
      prec: Prec.member,
      print: () => {
        expression(p, what, scope, Prec.member);
        p.put(`.${name}`);
      },
    };
  }
  const isArray = p.type(what, scope) === 'array';
  return {
    prec: Prec.member,
    print: () => {
      if (isArray) {
        objectOf(p, what, scope, isQuiet);
        p.put('.get(');
      } else {
        p.put(`${p.h(isQuiet ? 'itemQuiet' : 'item')}(`);
        const form = formOf(p, what, scope, isQuiet);
        p.at(what);
        form.print();
        p.put(', ');
      }
      key(p, offset, scope);
      p.put(')');
    },
  };
}

/** Whether a place always holds an array, so that its methods can be used. */
function holdsArray(p: Printer, node: Node, scope: Scope): boolean {
  return p.type(node, scope) === 'array';
}

/** Writes the array, made if there is none, that a place has: what is written to it stays there. */
export function arrayForWrite(p: Printer, node: Node, scope: Scope): void {
  const global = globalsName(node);
  if (global !== undefined) {
    arrayForWrite(p, { ...node.what, kind: 'variable', name: global, loc: node.loc } as Node, p.infos.main);
    return;
  }
  p.at(node);
  if (node.kind === 'offsetlookup') {
    nestedForWrite(p, node, scope);
    return;
  }
  const isPlace = ['variable', 'propertylookup', 'staticlookup'].includes(node.kind);
  if (!isPlace || isVariable(node, 'this') || p.infos.isEventParam(node, scope)) {
    expression(p, node, scope, Prec.assignment);
    return;
  }
  if (holdsArray(p, node, scope) || (isVariable(node) && isRefused(nameOf(node)))) {
    expression(p, node, scope, Prec.member);
    return;
  }
  place(p, node, scope);
  p.put(` = ${p.h('writable')}(`);
  place(p, node, scope);
  p.put(')');
}

function nestedForWrite(p: Printer, node: Node, scope: Scope): void {
  const { what, offset } = node;
  const isNew = offset === false;
  if (holdsArray(p, what, scope)) {
    arrayForWrite(p, what, scope);
    p.put(isNew ? '.appendArray(' : '.at(');
  } else {
    p.put(`${p.h(isNew ? 'appendNested' : 'nested')}(`);
    arrayForWrite(p, what, scope);
    if (!isNew) p.put(', ');
  }
  if (!isNew) key(p, offset, scope);
  p.put(')');
}

/** Writes a place that can be assigned to. */
export function place(p: Printer, node: Node, scope: Scope): void {
  p.at(node);
  if (isVariable(node) && isRefused(nameOf(node))) {
    // What is refused is no place; what would be written goes nowhere, because it throws.
    p.put(`[${p.caught(() => expression(p, node, scope, Prec.assignment))}][0]`);
    return;
  }
  if (node.kind === 'propertylookup' || node.kind === 'nullsafepropertylookup') {
    objectOf(p, node.what, scope, false);
    const { offset } = node;
    if (offset !== false && offset.kind === 'identifier') {
      p.put(`.${p.names.property(nameOf(offset))}`);
      return;
    }
    p.put(`[${p.h('memberName')}(`);
    if (offset !== false) {
      expression(p, offset.kind === 'encapsedpart' ? offset.expression : offset, scope, Prec.assignment);
    }
    p.put(')]');
    return;
  }
  expression(p, node, scope, Prec.member);
}

/** Writes the assignment of an element; `value` writes what it gets. */
export function elementSet(p: Printer, node: Node, scope: Scope, value: () => void): void {
  const { what, offset } = node;
  const isNew = offset === false;
  if (holdsArray(p, what, scope)) {
    arrayForWrite(p, what, scope);
    p.put(isNew ? '.append(' : '.set(');
  } else {
    p.put(`${p.h(isNew ? 'appendItem' : 'setItem')}(`);
    arrayForWrite(p, what, scope);
    p.put(', ');
  }
  if (!isNew) {
    key(p, offset, scope);
    p.put(', ');
  }
  value();
  p.put(')');
}

/** Writes the call of a helper that changes an element to what a function makes of it. */
export function elementUpdate(p: Printer, node: Node, scope: Scope, helper: string, change: () => void): void {
  p.put(`${p.h(helper)}(`);
  arrayForWrite(p, node.what, scope);
  p.put(', ');
  if (node.offset === false) p.put('null');
  else key(p, node.offset, scope);
  p.put(', ');
  change();
  p.put(')');
}
