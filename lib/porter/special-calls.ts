// Functions of PHP that see the variables or functions of their caller.

import { callback } from './callbacks';
import { expression, plain } from './expressions';
import { staticClass } from './members';
import { type Form, Prec, type Printer } from './printer';
import type { Scope } from './scopes';
import { literalText, type Node } from './tree';

type Maker = (p: Printer, node: Node, scope: Scope) => Form | undefined;

function compact(p: Printer, node: Node, scope: Scope): Form | undefined {
  const names: string[] = [];
  const add = (one: Node): boolean => {
    const name = literalText(one);
    if (name !== undefined) names.push(name);
    return name !== undefined || (one.kind === 'array' && one.items.every((item) => add(item.value)));
  };
  if (!node.arguments.every(add)) return p.refuse(node, 'compact', 'computed names of variables are not ported');
  return {
    prec: Prec.member,
    print: () => {
      const pairs = names.map((name) => `['${name}', ${p.h('copy')}(${p.names.variable(name, scope)})]`);
      p.put(`${p.h('PhpArray')}.from([${pairs.join(', ')}])`);
    },
  };
}

function hasArguments(scope: Scope): boolean {
  return scope.kind === 'function' || scope.kind === 'method' || (scope.kind === 'closure' && !scope.usesThis);
}

const args = (p: Printer) => `${p.h('fromList')}([...arguments])`;

function functionArguments(p: Printer, node: Node, scope: Scope, text: () => string): Form {
  if (!hasArguments(scope))
    return p.refuse(node, 'func_get_args', 'this function has no list of arguments; write ...$args');
  return { prec: Prec.member, print: () => p.put(text()) };
}

function functionArgument(p: Printer, node: Node, scope: Scope): Form {
  return {
    prec: Prec.member,
    print: () => {
      p.put(`${args(p)}.get(`);
      if (node.arguments[0] !== undefined) expression(p, node.arguments[0], scope, Prec.assignment);
      p.put(')');
    },
  };
}

function functionExists(p: Printer, node: Node): Form | undefined {
  const name = literalText(node.arguments[0])?.toLowerCase();
  if (name === undefined) return undefined;
  const own = p.infos.functions.get(name);
  if (own?.isConditional === true && !p.library.has(name))
    return plain(p, `${p.names.global(own.name)} != null`, Prec.equality);
  return plain(p, String(own !== undefined || p.library.has(name)));
}

function getClass(p: Printer, node: Node, scope: Scope): Form | undefined {
  if (node.arguments.length > 0 || scope.className === '') return undefined;
  return { prec: Prec.member, print: () => p.put(`${p.h('nameOfClass')}(${p.names.global(scope.className)})`) };
}

function calledClass(p: Printer, _node: Node, scope: Scope): Form {
  return { prec: Prec.member, print: () => p.put(`${p.h('nameOfClass')}(${staticClass(p, scope)})`) };
}

/** References in the array of arguments are for functions that take them. */
function callWithArray(p: Printer, node: Node, scope: Scope): Form | undefined {
  const [callable, list] = node.arguments;
  const hasReference =
    list?.kind === 'array' && list.items.some((one) => (one as unknown as { byRef?: boolean }).byRef === true);
  if (!hasReference || callable === undefined) return undefined;
  return {
    prec: Prec.member,
    print: () => {
      p.put(`${p.h('call_user_func_array')}(${p.temp()} = `);
      const name = p.temporary.at(-1);
      if (!callback(p, callable, scope)) expression(p, callable, scope, Prec.assignment);
      p.put(`, ${p.h('withReferences')}(${name}, `);
      expression(p, list, scope, Prec.assignment);
      p.put('))');
    },
  };
}

const makers: Record<string, Maker> = {
  call_user_func_array: callWithArray,
  compact,
  func_get_args: (p, node, scope) => functionArguments(p, node, scope, () => args(p)),
  func_num_args: (p, node, scope) => functionArguments(p, node, scope, () => 'arguments.length'),
  func_get_arg: functionArgument,
  function_exists: functionExists,
  get_class: getClass,
  get_called_class: calledClass,
};

export function specialCall(p: Printer, node: Node, scope: Scope, name: string): Form | undefined {
  return Object.hasOwn(makers, name) ? makers[name]?.(p, node, scope) : undefined;
}
