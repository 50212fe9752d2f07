// Functions that are named by texts: handlers, and what sorts, maps and filters.

import { classText } from './members';
import type { Printer } from './printer';
import type { Scope } from './scopes';
import { isVariable, literalText, type Node } from './tree';

const positions: Record<string, number> = {
  array_map: 0,
  array_filter: 1,
  array_reduce: 1,
  array_walk: 1,
  array_walk_recursive: 1,
  usort: 1,
  uasort: 1,
  uksort: 1,
  call_user_func: 0,
  call_user_func_array: 0,
  preg_replace_callback: 1,
  register_shutdown_function: 0,
  set_error_handler: 0,
  set_exception_handler: 0,
  iterator_apply: 1,
  array_udiff: 2,
  array_uintersect: 2,
};

/** Which argument of a function of PHP is a function. */
export function callbackPosition(name: string): number | undefined {
  return Object.hasOwn(positions, name) ? positions[name] : undefined;
}

/** Writes a function that is named by a text. */
export function callableFunction(p: Printer, name: string): (() => string) | undefined {
  const own = p.infos.functions.get(name.toLowerCase().replace(/^.*\\/, ''));
  if (own !== undefined) return () => p.names.global(own.name);
  const lower = name.toLowerCase().replace(/^\\/, '');
  return p.library.has(lower) ? () => p.h(lower) : undefined;
}

/** Writes `array($this, 'm')` or `array('Class', 'm')` as an arrow function; false if it is something else. */
export function methodCallback(p: Printer, node: Node, scope: Scope): boolean {
  const [first, second] = node.kind === 'array' ? node.items.map((item) => item.value) : [];
  const name = literalText(second);
  if (first === undefined || name === undefined || node.items.length !== 2) return false;
  const className = literalText(first);
  const isOwn = isVariable(first, 'this');
  const known =
    className === undefined ? undefined : classText(p, { ...first, kind: 'name', name: className } as Node, scope);
  if (!isOwn && known === undefined) return false;
  p.at(node);
  const args = p.options.isTypeScript ? '...args: any[]' : '...args';
  p.put(`(${args}) => ${isOwn ? `(this${p.asAny})` : `(${known}${p.asAny})`}.${p.names.method(name)}(...args)`);
  return true;
}

/** Writes a callback that is a literal; false if the argument is no callback, or not a literal. */
export function callback(p: Printer, node: Node, scope: Scope): boolean {
  const name = literalText(node);
  if (name === undefined) return methodCallback(p, node, scope);
  const parts = name.split('::');
  if (parts.length === 2) {
    const known = classText(p, { ...node, kind: 'name', name: parts[0] } as Node, scope);
    if (known === undefined) return false;
    const args = p.options.isTypeScript ? '...args: any[]' : '...args';
    p.put(`(${args}) => (${known}${p.asAny}).${p.names.method(parts[1] as string)}(...args)`);
    return true;
  }
  const text = callableFunction(p, name);
  if (text === undefined) return false;
  p.at(node);
  p.put(text());
  return true;
}

export function callbackArgument(p: Printer, node: Node, scope: Scope, name: string, position: number): boolean {
  return callbackPosition(name) === position && callback(p, node, scope);
}
