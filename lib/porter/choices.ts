// Expressions that choose: `?:` and `match`.

import { expression, isSimple, putForm } from './expressions';
import { condition, identicalForm } from './operators';
import { type Form, Prec, type Printer } from './printer';
import type { Scope } from './scopes';
import { end, member, type Node } from './tree';

export function conditionalForm(p: Printer, node: Node, scope: Scope): Form {
  const { test, trueExpr, falseExpr } = node;
  const print = () => {
    if (trueExpr === null) printShort(p, test, scope);
    else {
      condition(p, test, scope, Prec.or);
      p.put(' ? ');
      expression(p, trueExpr, scope, Prec.assignment);
    }
    p.put(' : ');
    expression(p, falseExpr, scope, Prec.assignment);
  };
  return { prec: Prec.conditional, print };
}

/** `a ?: b` looks at a once. */
function printShort(p: Printer, test: Node, scope: Scope): void {
  if (isSimple(test)) {
    condition(p, test, scope, Prec.or);
    p.put(' ? ');
    expression(p, test, scope, Prec.assignment);
    return;
  }
  const temp = p.temp();
  p.put(`${p.h('truthy')}(${temp} = `);
  expression(p, test, scope, Prec.assignment);
  p.put(`) ? ${temp}`);
}

interface Arm {
  conds: Node[] | null;
  body: Node;
}

function isTrue(node: Node): boolean {
  return node.kind === 'boolean' && member<boolean>(node, 'value') === true;
}

/** A chain of `?:`, in the order of the arms; a default that is not the last arm is moved behind them. */
export function matchForm(p: Printer, node: Node, scope: Scope): Form {
  const subject = member<Node>(node, 'cond');
  const arms = member<Arm[]>(node, 'arms');
  const last = arms.at(-1);
  const isLast = arms.every(({ conds }) => conds !== null) || last?.conds === null;
  if (!isLast) return p.refuse(node, 'match', 'write the default as the last arm');
  const print = () => {
    p.put('(');
    let name = '';
    if (!isTrue(subject) && !isSimple(subject)) {
      name = p.temp();
      p.put(`${name} = `);
      expression(p, subject, scope, Prec.assignment);
      p.put(', ');
    }
    for (const arm of arms) {
      if (arm.conds !== null) {
        printConditions(p, subject, name, arm.conds, scope);
        p.put(' ? ');
      }
      expression(p, arm.body, scope, Prec.assignment);
      if (arm.conds !== null) p.put(' : ');
    }
    if (last?.conds !== null) {
      p.put(`${p.h('unhandledMatch')}(`);
      if (name === '') expression(p, subject, scope, Prec.assignment);
      else p.put(name);
      p.put(')');
    }
    p.writer.at(end(node) - 1);
    p.put(')');
  };
  return { prec: Prec.primary, print };
}

function printConditions(p: Printer, subject: Node, name: string, conds: Node[], scope: Scope): void {
  conds.forEach((cond, i) => {
    if (i > 0) p.put(' || ');
    p.at(cond);
    if (isTrue(subject) && p.type(cond, scope) === 'bool') expression(p, cond, scope, Prec.or);
    else if (isTrue(subject)) {
      expression(p, cond, scope, Prec.equality + 1);
      p.put(' === true');
    } else if (name !== '') {
      p.put(`${p.h('identical')}(${name}, `);
      expression(p, cond, scope, Prec.assignment);
      p.put(')');
    } else {
      // The subject stands above: it is written again without going back to it.
      const moved = { ...subject, loc: { start: cond.loc.start, end: cond.loc.start } } as Node;
      putForm(p, moved, identicalForm(p, moved, cond, scope, false), Prec.or);
    }
  });
}
