// Classes: their members keep their lines; what JavaScript has no word for becomes a comment.

import { type ClassInfo, classInfo } from './class-info';
import { expression } from './expressions';
import { functionBody, parameters, putReferences, resultType } from './functions';
import { asAny, fullName, knownClass } from './members';
import { Prec, type Printer } from './printer';
import { newScope, type Scope } from './scopes';
import { closeBlock } from './statements';
import { end, isParentCall, member, type Node, nameOf, start } from './tree';

/** The words before a member: those of TypeScript as such, the others as a comment. */
function modifiers(p: Printer, node: Node, name: Node, isStatic: boolean): string {
  const visibility = member<string | null>(node, 'visibility') ?? '';
  // A derived class is not known as one to TypeScript, so what is protected and static stays open.
  const isShown = p.options.isTypeScript && visibility !== '' && !(isStatic && visibility === 'protected');
  const shown = [...(isShown ? [visibility] : []), ...(isStatic ? ['static'] : [])];
  const head = p.program.source.slice(start(node), end(name));
  const to = start(node) + head.lastIndexOf(nameOf(name));
  const words = p.words(start(node), p.program.source[to - 1] === '$' ? to - 1 : to, [...shown, 'function', '&']);
  return [words, ...shown, ''].filter((word, i, all) => word !== '' || i === all.length - 1).join(' ');
}

export function classStatement(p: Printer, node: Node, scope: Scope): void {
  if (node.kind === 'trait' || node.kind === 'enum') {
    const name = p.names.global(nameOf(node));
    p.put(`class ${name} { constructor() { ${p.refusal(node, node.kind, `${node.kind}s are not ported`)}; } }`);
    if (p.options.isTypeScript) p.put('');
    return;
  }
  const info = p.infos.class(nameOf(node)) as ClassInfo;
  const isNested = p.infos.isNested(node);
  const name = p.names.global(info.name);
  if (isNested) {
    p.declare(name);
    p.put(`${name} = `);
  }
  classExpression(p, node, name, scope);
  if (isNested) p.put(';');
  const interfaces = info.interfaces.map((one) => knownClass(p, one)).filter((one) => one !== undefined);
  const full = fullName(p, info.name).replaceAll('\\', '\\\\');
  for (const method of info.methods.values()) {
    const at = method.isStatic ? asAny(p, name) : `${asAny(p, name)}.prototype`;
    if (method.node.body !== null)
      putReferences(p, `${at}.${p.names.method(method.name)}`, p.infos.scopeOf(method.node));
  }
  p.put(` ${p.h('declareClass')}('${full}', ${name}${interfaces.map((one) => `, ${one}`).join('')});`);
}

/** A class without what declares it; the name is '' for one without. */
export function classExpression(p: Printer, node: Node, name: string, scope: Scope): void {
  void scope;
  const own = newScope('main', node, undefined);
  own.className = nameOf(node);
  const words = node.name === null ? '' : p.words(start(node), start(node.name as Node), ['class']);
  if (words !== '') p.put(`${words} `);
  p.put(`class ${name}`.trimEnd());
  const parentName = node.kind === 'class' ? nameOf(node.extends) : '';
  if (parentName !== '') {
    const parent = knownClass(p, parentName);
    if (parent === undefined) p.note(node, parentName, 'there is no such class, so nothing is inherited from it');
    else p.put(` extends ${p.options.isTypeScript ? `(${parent} as any)` : parent}`);
  }
  const interfaces = member<Node[] | null>(node, 'implements') ?? [];
  if (interfaces.length > 0)
    p.put(` ${p.words(start(interfaces[0] as Node), end(interfaces.at(-1) as Node)).replace('/* ', '/* implements ')}`);
  p.writer.space();
  const brace = p.program.source.indexOf('{', headEnd(node));
  p.writer.at(brace);
  p.put('{');
  if (p.options.isTypeScript) p.put(' [name: string]: any; static [name: string]: any;');
  for (const one of member<Node[]>(node, 'body')) classMember(p, one, own);
  closeBlock(p, node);
}

/** Where the words before the brace of a class end. */
function headEnd(node: Node): number {
  const named = [node.extends, ...(member<Node[] | null>(node, 'implements') ?? [])].flat() as (Node | null)[];
  const ends = named.filter((one) => one !== null && one !== undefined).map((one) => end(one as Node));
  const own = node.name !== null && typeof node.name !== 'string' ? end(node.name) : start(node);
  return Math.max(own, ...ends, ...(node.arguments?.map(end) ?? []));
}

function classMember(p: Printer, node: Node, scope: Scope): void {
  p.at(node);
  p.writer.space();
  if (node.kind === 'method') {
    method(p, node, scope);
    return;
  }
  if (node.kind === 'propertystatement') {
    member<Node[]>(node, 'properties').forEach((one, i) => {
      const words = modifiers(p, i === 0 ? node : ({ ...one, loc: one.loc } as Node), one.name as Node, node.isStatic);
      const name = node.isStatic ? p.names.static(nameOf(one)) : p.names.property(nameOf(one));
      field(p, one, `${words}${name}`, one.value, scope);
    });
  } else if (node.kind === 'classconstant') {
    for (const one of member<Node[]>(node, 'constants')) {
      const words = p.words(start(node), start(one));
      field(p, one, `${words === '' ? '' : `${words} `}static ${p.names.constant(nameOf(one))}`, one.value, scope);
    }
  } else {
    const what = node.kind === 'traituse' ? 'use' : node.kind;
    p.put(`static { ${p.refusal(node, what, 'traits are not ported')}; }`);
  }
}

function field(p: Printer, node: Node, head: string, value: Node | null, scope: Scope): void {
  p.at(node);
  p.writer.space();
  p.put(`${head}${p.any}`);
  if (value === null) {
    p.put(' = null;');
    return;
  }
  p.put(' = ');
  expression(p, value, scope, Prec.assignment);
  p.put(';');
}

/** A method without a body: its words stay, as a comment. */
function signature(p: Printer, node: Node): void {
  const { source } = p.program;
  const from = start(node);
  const to = p.behind(end(node));
  const text = source.slice(from, source[to] === ';' ? to + 1 : end(node)).replaceAll('*/', '* /');
  const lines = text.replaceAll('\r', '');
  p.writer.putLines(`/* ${lines} */`);
  p.writer.skipCommentsBefore(end(node));
}

const refusedMethods = new Set([
  '__get',
  '__set',
  '__isset',
  '__unset',
  '__call',
  '__callstatic',
  '__destruct',
  '__clone',
]);

function method(p: Printer, node: Node, scope: Scope): void {
  const name = nameOf(node);
  const info = scope.className === '' ? classInfo(scope.node) : p.infos.class(scope.className);
  const own = p.infos.scopeOf(node);
  if (node.body === null) {
    signature(p, node);
    return;
  }
  if (refusedMethods.has(name.toLowerCase())) {
    p.refusal(node, name, 'PHP calls it by itself, and JavaScript does not');
  }
  if (info !== undefined && p.infos.constructorOf(info)?.node === node) {
    constructorMethod(p, node, info, own);
    return;
  }
  p.put(`${modifiers(p, node, node.name as Node, node.isStatic)}${p.names.method(name)}`);
  parameters(p, own);
  resultType(p, node);
  functionBody(p, node.body, own);
}

function promoted(p: Printer, own: Scope): string {
  return own.params
    .filter(({ node }) => member<number>(node, 'flags') !== 0)
    .map(({ name }) => ` this.${p.names.property(name)} = ${p.names.variable(name, own)};`)
    .join('');
}

function constructorMethod(p: Printer, node: Node, info: ClassInfo, own: Scope): void {
  const isMethod = p.infos.isAwkward(info);
  const words = p.words(start(node), start(node.name as Node), ['function']);
  if (words !== '') p.put(`${words} `);
  p.put(isMethod ? '__construct' : 'constructor');
  parameters(p, own);
  if (isMethod) p.put(p.any);
  const body = node.body as Node;
  const hasParent = knownClass(p, info.parent) !== undefined && info.parent !== '';
  const isFirst = body.children[0] !== undefined && isParentCall(body.children[0]);
  const early = promoted(p, own);
  if (isMethod || !hasParent) {
    functionBody(p, body, own, early);
    return;
  }
  if (!isFirst) {
    functionBody(p, body, own, ` super();${early}`);
    return;
  }
  p.afterParentCall = early;
  functionBody(p, body, own);
}
