// `switch`: compared as PHP does.

import { expression, isSimple } from './expressions';
import { inBreakable } from './loops';
import { Prec, type Printer } from './printer';
import type { Scope } from './scopes';
import { closeBlock, statements } from './statements';
import { literalText, type Node } from './tree';
import { isNumeric } from './types';

function isWord(node: Node): boolean {
  const value = literalText(node);
  return value !== undefined && !/^\s*[+-]?\.?\d/.test(value);
}

/** Whether `===`, which JavaScript's switch does, compares as `==` of PHP here. */
function isStrict(p: Printer, subject: Node, cases: Node[], scope: Scope): boolean {
  const type = p.type(subject, scope);
  return cases.every(({ test }) => {
    if (test === null) return true;
    if (type === 'text') return isWord(test);
    return isNumeric(type) && isNumeric(p.type(test, scope));
  });
}

export function switchStatement(p: Printer, node: Node, scope: Scope): void {
  const cases = (node.body as Node).children;
  const subject = node.test;
  inBreakable(p, node, () => {
    const strict = isStrict(p, subject, cases, scope);
    let name = '';
    if (strict) {
      p.put('switch (');
      expression(p, subject, scope, Prec.comma);
    } else if (isSimple(subject)) p.put('switch (true');
    else {
      name = p.temp();
      p.put(`switch (${name} = `);
      expression(p, subject, scope, Prec.assignment);
      p.put(', true');
    }
    p.put(') ');
    p.at(node.body as Node);
    p.put('{');
    for (const one of cases) {
      p.at(one);
      p.writer.space();
      caseLabel(p, one, strict ? undefined : name === '' ? subject : name, scope);
      if (one.body !== null) statements(p, one.body.children, scope);
    }
    closeBlock(p, node);
  });
}

function caseLabel(p: Printer, node: Node, subject: Node | string | undefined, scope: Scope): void {
  if (node.test === null) {
    p.put('default:');
    return;
  }
  p.put('case ');
  if (subject === undefined) expression(p, node.test, scope, Prec.assignment);
  else {
    p.put(`${p.h(p.options.php === 7 ? 'eq7' : 'eq')}(`);
    if (typeof subject === 'string') p.put(subject);
    else expression(p, { ...subject, loc: node.loc } as Node, scope, Prec.assignment);
    p.put(', ');
    expression(p, node.test, scope, Prec.assignment);
    p.put(')');
  }
  p.put(':');
}
