// Calls: of functions of the file, of PHP and of the server, of methods, and of what a variable names.

import { argumentList } from './arguments';
import { callableFunction, callbackArgument } from './callbacks';
import { classExpression } from './classes';
import { expression, helperCall } from './expressions';
import { asAny, classText, isStaticScope, knownClass, memberName, objectOf, staticClass } from './members';
import { type Form, Prec, type Printer } from './printer';
import { changedArgument } from './references';
import { rowOf } from './rows';
import type { Scope } from './scopes';
import { isServerFunction, serverCall } from './server-calls';
import { specialCall } from './special-calls';
import { isVariable, member, type Node, nameOf } from './tree';

const isPlaceholder = (node: Node) => node.arguments[0]?.kind === 'variadicplaceholder';

export function callForm(p: Printer, node: Node, scope: Scope, isQuiet: boolean): Form {
  const { what } = node;
  if (what.kind === 'name') return namedCall(p, node, scope);
  if (what.kind === 'propertylookup' || what.kind === 'nullsafepropertylookup')
    return methodCall(p, node, scope, isQuiet);
  if (what.kind === 'staticlookup') return staticCall(p, node, scope);
  if (isPlaceholder(node)) return helperCall(p, 'toCallable', [what], scope);
  return {
    prec: Prec.member,
    print: () => {
      p.put(`${p.h('toCallable')}(`);
      expression(p, what, scope, Prec.assignment);
      p.put(')(');
      argumentList(p, node, scope);
      p.put(')');
    },
  };
}

function namedCall(p: Printer, node: Node, scope: Scope): Form {
  const full = nameOf(node.what);
  const name = full.replace(/^.*\\/, '').toLowerCase();
  const own = p.infos.functions.get(name);
  if (isPlaceholder(node)) {
    const text = callableFunction(p, name);
    return text === undefined
      ? p.refuse(node, name, unknownReason(name))
      : { prec: Prec.primary, print: () => p.put(text()) };
  }
  if (own !== undefined) return directCall(p, node, scope, p.names.global(own.name));
  if (isServerFunction(name)) return serverCall(p, node, scope, name);
  return specialCall(p, node, scope, name) ?? libraryCall(p, node, scope, name);
}

/** A call by a name of which the parameters are known. */
function directCall(p: Printer, node: Node, scope: Scope, name: string): Form {
  const fits = argumentsFit(p, node, scope);
  return {
    prec: Prec.member,
    print: () => {
      p.put(`${fits ? name : asAny(p, name)}(`);
      argumentList(p, node, scope);
      p.put(')');
    },
  };
}

/** Whether TypeScript, which counts arguments, agrees to a call. */
export function argumentsFit(p: Printer, node: Node, scope: Scope): boolean {
  const params = p.infos.paramsOfCall(node, scope);
  if (params === undefined) return true;
  const count = node.arguments.length;
  if (node.arguments.some(({ kind }) => kind === 'variadic' || kind === 'namedargument')) return false;
  const required = params.filter(({ node: param, isVariadic }) => param.value === null && !isVariadic).length;
  return count >= required && (count <= params.length || params.at(-1)?.isVariadic === true);
}

export function unknownReason(name: string): string {
  return rowOf(name).refused ?? 'this function is not in ipdaemon/php, and the file does not declare it';
}

/** A function of PHP that the helper library has. */
export function libraryCall(p: Printer, node: Node, scope: Scope, name: string): Form {
  const row = rowOf(name);
  if (row.refused !== undefined && !p.library.has(name)) return p.refuse(node, name, row.refused);
  if (!p.library.has(name)) return p.refuse(node, name, unknownReason(name));
  if (row.note !== undefined) p.note(node, name, row.note, row.link);
  return {
    prec: Prec.member,
    print: () => {
      p.put(`${p.h(name)}(`);
      node.arguments.forEach((one, i) => {
        if (i > 0) p.put(', ');
        if (row.isReference(i)) changedArgument(p, one, scope, i === 0 && name !== 'settype');
        else libraryArgument(p, one, scope, name, i);
      });
      p.put(')');
    },
  };
}

function libraryArgument(p: Printer, node: Node, scope: Scope, name: string, position: number): void {
  if (node.kind === 'variadic') {
    p.put(`...${p.h('spread')}(`);
    expression(p, node.what, scope, Prec.assignment);
    p.put(')');
    return;
  }
  if (node.kind === 'namedargument') {
    p.note(node, member<string>(node, 'name'), 'a named argument is passed by its position');
    expression(p, node.value, scope, Prec.assignment);
    return;
  }
  if (callbackArgument(p, node, scope, name, position)) return;
  expression(p, node, scope, Prec.assignment);
}

function methodCall(p: Printer, node: Node, scope: Scope, isQuiet: boolean): Form {
  const { what } = node;
  const name = memberName(p, what.offset, scope, true);
  if (isPlaceholder(node)) return methodReference(p, node, scope);
  const isSafe = what.kind === 'nullsafepropertylookup';
  // The receiver decides which method it is; a class whose parameters are counted is only known for $this.
  const fits = !isVariable(what.what, 'this') || argumentsFit(p, node, scope);
  return {
    prec: Prec.member,
    print: () => {
      if (!fits && p.options.isTypeScript) p.put('(this as any)');
      else objectOf(p, what.what, scope, isQuiet);
      if ('text' in name) p.put(`${isSafe ? '?.' : '.'}${name.text}(`);
      else {
        p.put(`${isSafe ? '?.' : ''}[${p.h('methodName')}(`);
        objectOf(p, what.what, scope, isQuiet);
        p.put(', ');
        expression(p, name.node, scope, Prec.assignment);
        p.put(')](');
      }
      argumentList(p, node, scope);
      p.put(')');
    },
  };
}

/** `$this->m(...)`: a function that calls it. */
function methodReference(p: Printer, node: Node, scope: Scope): Form {
  const { what } = node;
  return {
    prec: Prec.member,
    print: () => {
      p.put(`${p.h('toCallable')}(${p.h('PhpArray')}.of(`);
      if (what.kind === 'staticlookup') p.put(classText(p, what.what, scope) ?? 'null');
      else expression(p, what.what, scope, Prec.assignment);
      p.put(`, '${nameOf(what.offset || null)}'))`);
    },
  };
}

function staticCall(p: Printer, node: Node, scope: Scope): Form {
  const { what } = node;
  const { offset } = what;
  if (offset === false || nameOf(offset) === '' || offset.kind !== 'identifier') {
    return p.refuse(node, '::', 'computed names of static methods are not ported');
  }
  if (isPlaceholder(node)) return methodReference(p, node, scope);
  const receiver = receiverOf(p, what.what, scope, nameOf(offset));
  if (receiver === undefined) {
    return what.what.kind !== 'variable' && what.what.kind !== 'propertylookup'
      ? p.refuse(node, nameOf(what.what) || 'parent', 'there is no such class')
      : callOfClass(p, node, scope, nameOf(offset));
  }
  return {
    prec: Prec.member,
    print: () => {
      const isOpen = /\.call\(this( as any)?$/.test(receiver);
      p.put(isOpen ? receiver : `${receiver}(`);
      argumentList(p, node, scope, isOpen);
      p.put(')');
    },
  };
}

function callOfClass(p: Printer, node: Node, scope: Scope, name: string): Form {
  return {
    prec: Prec.member,
    print: () => {
      p.put(`(${p.h('classOf')}(`);
      expression(p, node.what.what, scope, Prec.assignment);
      p.put(`)${p.asAny}).${p.names.method(name)}(`);
      argumentList(p, node, scope);
      p.put(')');
    },
  };
}

/** What is called for `A::m`, with the name of the method. */
function receiverOf(p: Printer, target: Node, scope: Scope, name: string): string | undefined {
  const method = p.names.method(name);
  const isConstructor = /^__construct$/i.test(name) || p.infos.isConstructorName(scope.className, name);
  if (target.kind === 'parentreference') {
    if (knownClass(p, p.infos.class(scope.className)?.parent ?? '') === undefined) return undefined;
    if (!isConstructor) return `super.${method}`;
    return p.parentConstructor(scope);
  }
  const isLate = target.kind === 'staticreference';
  const className = target.kind === 'name' ? nameOf(target) : scope.className;
  const known = isLate ? staticClass(p, scope) : classText(p, target, scope);
  if (known === undefined) return undefined;
  const info = p.infos.method(className, name);
  if (info !== undefined && !info.isStatic && scope.className !== '' && !isStaticScope(scope)) {
    const isOwn =
      target.kind !== 'name' || [...p.infos.line(scope.className)][0]?.name === p.infos.class(className)?.name;
    return isOwn ? `this.${method}` : `${asAny(p, known)}.prototype.${method}.call(this${p.asAny}`;
  }
  return `${asAny(p, known)}.${method}`;
}

export function newForm(p: Printer, node: Node, scope: Scope): Form {
  const { what } = node;
  if (what.kind === 'class') {
    return {
      prec: Prec.member,
      print: () => {
        p.put('new (');
        classExpression(p, what, '', scope);
        p.put(`${p.asAny})(`);
        argumentList(p, node, scope);
        p.put(')');
      },
    };
  }
  const isNamed = what.kind === 'name' || what.kind.endsWith('reference');
  const known = isNamed ? classText(p, what, scope) : undefined;
  if (isNamed && known === undefined) return p.refuse(node, nameOf(what), 'there is no such class');
  const info = isNamed ? p.infos.class(what.kind === 'name' ? nameOf(what) : scope.className) : undefined;
  const isCreated =
    known === undefined || what.kind === 'staticreference' || (info !== undefined && p.infos.isAwkward(info));
  return {
    prec: isCreated ? Prec.member : Prec.member,
    print: () => {
      if (!isCreated) {
        p.put(`new ${asAny(p, known)}(`);
        argumentList(p, node, scope);
        return p.put(')');
      }
      p.put(`${p.h('create')}(`);
      if (known !== undefined) p.put(known);
      else expression(p, what, scope, Prec.assignment);
      argumentList(p, node, scope, true);
      p.put(')');
    },
  };
}
