// Constants: of the file, of PHP, and the magic ones.

import * as path from 'node:path';
import { expression, plain } from './expressions';
import { type Form, Prec, type Printer } from './printer';
import type { Scope } from './scopes';
import { literalText, member, type Node, nameOf } from './tree';

export function constantForm(p: Printer, node: Node): Form {
  const name = nameOf(node).replace(/^.*\\/, '');
  if (p.infos.constants.has(name)) return plain(p, p.names.constant(name));
  if (/^(true|false|null)$/i.test(name)) return plain(p, name.toLowerCase());
  if (p.libraryConstant(name)) {
    if (/^PHP_INT_(MAX|MIN)$/.test(name)) p.note(node, name, 'integers beyond 2^53 are not exact', '#numbers');
    return { prec: Prec.primary, print: () => p.put(p.h(name)) };
  }
  return p.refuse(node, name, 'there is no such constant here');
}

export function magicForm(p: Printer, node: Node, scope: Scope): Form {
  const text = (value: string) => plain(p, `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`);
  const prefix = p.infos.namespace === '' ? '' : `${p.infos.namespace}\\`;
  const className = scope.className === '' ? '' : prefix + scope.className;
  switch (node.raw.toUpperCase()) {
    case '__LINE__':
      return plain(p, String(node.loc.start.line));
    case '__FILE__':
      return { prec: Prec.member, print: () => p.put(`${p.h('fileOf')}(import.meta.url)`) };
    case '__DIR__':
      return { prec: Prec.member, print: () => p.put(`${p.h('dirname')}(${p.h('fileOf')}(import.meta.url))`) };
    case '__CLASS__':
      return text(className);
    case '__FUNCTION__':
      return text(scope.kind === 'closure' ? '{closure}' : scope.functionName);
    case '__METHOD__':
      return text(className === '' ? scope.functionName : `${className}::${scope.functionName}`);
    case '__NAMESPACE__':
      return text(p.infos.namespace);
    default:
      return p.refuse(node, path.basename(node.raw), 'this constant is not ported');
  }
}

/** `define` with a literal name as a statement of the main program is a constant of the module. */
export function defineStatement(p: Printer, node: Node, scope: Scope): boolean {
  if (node.kind !== 'call' || node.what.kind !== 'name' || !/^\\?define$/i.test(nameOf(node.what))) return false;
  const [first, second] = node.arguments;
  const name = literalText(first);
  if (name === undefined || second === undefined || !p.infos.constants.has(name)) return false;
  const isOnly =
    p.isTop(node, scope) && p.infos.definitions(name) === 1 && p.infos.isQuietBefore(node.loc.start.offset);
  if (isOnly) p.put('const ');
  else p.declare(p.names.constant(name));
  p.put(`${p.names.constant(name)}${isOnly ? p.any : ''} = `);
  putConstant(p, name, second, scope);
  return true;
}

function putConstant(p: Printer, name: string, value: Node, scope: Scope): void {
  if (p.infos.asksForConstants) p.put(`${p.h('constantAs')}('${name}', `);
  expression(p, value, scope, Prec.assignment);
  p.put(p.infos.asksForConstants ? ');' : ';');
}

export function constantStatement(p: Printer, node: Node, scope: Scope): void {
  for (const one of member<Node[]>(node, 'constants')) {
    const name = nameOf(one);
    p.at(one);
    p.writer.space();
    const isOnly =
      p.isTop(one, scope) && p.infos.definitions(name) === 1 && p.infos.isQuietBefore(node.loc.start.offset);
    if (isOnly) p.put('const ');
    else p.declare(p.names.constant(name));
    p.put(`${p.names.constant(name)}${isOnly ? p.any : ''} = `);
    putConstant(p, name, one.value, scope);
  }
}
