// Members of objects and classes, and the names of classes.

import { expression, formOf } from './expressions';
import { type Form, Prec, type Printer } from './printer';
import type { Scope } from './scopes';
import { isVariable, type Node, nameOf } from './tree';

/** The text of a class where it is used, undefined if neither the file nor the helper library has it. */
export function classText(p: Printer, node: Node, scope: Scope): string | undefined {
  if (node.kind === 'selfreference' || /^self$/i.test(nameOf(node))) return ownClass(p, scope);
  if (node.kind === 'staticreference' || /^static$/i.test(nameOf(node))) return staticClass(p, scope);
  if (node.kind === 'parentreference' || /^parent$/i.test(nameOf(node))) {
    const parent = p.infos.class(scope.className)?.parent ?? '';
    return knownClass(p, parent);
  }
  return knownClass(p, nameOf(node));
}

function ownClass(p: Printer, scope: Scope): string {
  return scope.className === '' ? `(this.constructor${p.asAny})` : p.names.global(scope.className);
}

/** The class that was called, which may be derived. */
export function staticClass(p: Printer, scope: Scope): string {
  return isStaticScope(scope) ? `(this${p.asAny})` : `(this.constructor${p.asAny})`;
}

export function isStaticScope(scope: Scope): boolean {
  let at: Scope | undefined = scope;
  while (at !== undefined && at.kind !== 'method') at = at.outer;
  return at?.node.isStatic === true;
}

export function knownClass(p: Printer, full: string): string | undefined {
  const alias = p.infos.aliases.get(full.toLowerCase()) ?? full;
  const own = p.infos.class(alias);
  if (own !== undefined) return p.names.global(own.name);
  const name = alias.replace(/^.*\\/, '');
  if (/^ip(works_ip)?daemon$/i.test(name)) return p.h('IPWorks_IPDaemon');
  const found = p.libraryClass(name);
  return found === undefined ? undefined : p.h(found);
}

/** The name of a member, or the brackets of one that is computed. */
export function memberName(
  p: Printer,
  offset: Node | false,
  scope: Scope,
  isMethod: boolean,
): { text: string } | { node: Node } {
  if (offset === false) return { text: '' };
  if (offset.kind === 'identifier') {
    const name = nameOf(offset);
    return { text: isMethod ? p.names.method(name) : p.names.property(name) };
  }
  void scope;
  return { node: offset.kind === 'encapsedpart' ? offset.expression : offset };
}

export function lookupForm(p: Printer, node: Node, scope: Scope, isQuiet: boolean): Form {
  const name = memberName(p, node.offset, scope, false);
  const isSafe = isQuiet || node.kind === 'nullsafepropertylookup';
  const isSure = isVariable(node.what, 'this') || node.what.kind === 'new';
  return {
    prec: Prec.member,
    print: () => {
      objectOf(p, node.what, scope, isQuiet);
      const sign = isSafe && !isSure ? '?.' : isSure ? '.' : '?.';
      if ('text' in name) return p.put(`${sign}${name.text}`);
      p.put(`${sign === '.' ? '' : sign}[${p.h('memberName')}(`);
      expression(p, name.node, scope, Prec.assignment);
      p.put(')]');
    },
  };
}

/** Writes the object of which a member is wanted. */
export function objectOf(p: Printer, node: Node, scope: Scope, isQuiet: boolean): void {
  const form = formOf(p, node, scope, isQuiet);
  p.at(node);
  const needed = form.prec < Prec.member || node.kind === 'new';
  if (needed) p.put('(');
  form.print();
  if (needed) p.put(')');
}

export function fullName(p: Printer, name: string): string {
  const own = p.infos.class(name);
  const plain = name.replace(/^\\/, '');
  if (own !== undefined && p.infos.namespace !== '') return `${p.infos.namespace}\\${own.name}`;
  return own?.name ?? plain;
}

function classNameForm(p: Printer, node: Node, scope: Scope): Form {
  const { what } = node;
  if (what.kind === 'name' || what.kind === 'selfreference') {
    const name = fullName(p, what.kind === 'name' ? nameOf(what) : scope.className);
    return { prec: Prec.primary, print: () => p.put(`'${name.replaceAll('\\', '\\\\')}'`) };
  }
  return {
    prec: Prec.member,
    print: () => {
      p.put(`${p.h('nameOfClass')}(`);
      const known = what.kind.endsWith('reference') ? classText(p, what, scope) : undefined;
      if (known === undefined) expression(p, what, scope, Prec.assignment);
      else p.put(known);
      p.put(')');
    },
  };
}

/** The class of the file that declares a static property or a constant. */
function declaring(p: Printer, className: string, name: string, isConstant: boolean): string | undefined {
  for (const info of p.infos.line(className)) {
    if (isConstant ? info.constants.has(name) : info.properties.get(name)?.isStatic === true) return info.name;
    if (!isConstant) continue;
    const one = info.interfaces.map((other) => declaring(p, other, name, true)).find((found) => found !== undefined);
    if (one !== undefined) return one;
  }
  return undefined;
}

export function staticForm(p: Printer, node: Node, scope: Scope): Form {
  const { what, offset } = node;
  if (offset === false) return p.refuse(node, '::', 'this construct is not ported');
  const isProperty = offset.kind === 'variable';
  const name = nameOf(offset);
  if (!isProperty && name.toLowerCase() === 'class') return classNameForm(p, node, scope);
  if (name === '') return p.refuse(node, '::$$', 'computed names of static members are not ported');
  const isLate = what.kind === 'staticreference';
  const className = ['selfreference', 'staticreference'].includes(what.kind)
    ? scope.className
    : what.kind === 'parentreference'
      ? (p.infos.class(scope.className)?.parent ?? '')
      : nameOf(what);
  const owner = declaring(p, className, name, !isProperty);
  const member = isProperty ? p.names.static(name) : p.names.constant(name);
  if (owner !== undefined && !(isLate && !isProperty)) {
    return { prec: Prec.member, print: () => p.put(`${p.names.global(owner)}.${member}`) };
  }
  const known = what.kind === 'name' || what.kind.endsWith('reference') ? classText(p, what, scope) : undefined;
  if (known !== undefined) return { prec: Prec.member, print: () => p.put(`${asAny(p, known)}.${member}`) };
  if (what.kind === 'name') return p.refuse(node, nameOf(what), 'there is no such class');
  return {
    prec: Prec.member,
    print: () => {
      p.put(`(${p.h('classOf')}(`);
      expression(p, what, scope, Prec.assignment);
      p.put(`)${p.asAny}).${member}`);
    },
  };
}

export function asAny(p: Printer, text: string): string {
  return p.options.isTypeScript && !text.startsWith('(') ? `(${text} as any)` : text;
}

/** `instanceof`. */
export function classTest(p: Printer, node: Node, scope: Scope): Form {
  const { left, right } = node;
  const isNamed = right.kind === 'name' || right.kind.endsWith('reference');
  const known = isNamed ? classText(p, right, scope) : undefined;
  if (isNamed && known === undefined) {
    p.note(node, nameOf(right), 'there is no such class here, so nothing is an instance of it');
    return { prec: Prec.primary, print: () => p.put('false') };
  }
  return {
    prec: Prec.member,
    print: () => {
      p.put(`${p.h('isInstance')}(`);
      expression(p, left, scope, Prec.assignment);
      p.put(', ');
      p.at(right);
      if (known !== undefined) p.put(known);
      else expression(p, right, scope, Prec.assignment);
      p.put(')');
    },
  };
}
