// Ports a file: parses it, looks at all of it, writes it, and tells what there is to know.

import { callbackPosition } from './callbacks';
import { indexOrder } from './evidence';
import { isSpecial } from './functions';
import { Infos } from './infos';
import type { Program } from './parse';
import { type Options, Printer } from './printer';
import type { Report } from './report';
import { isClass } from './scopes';
import { statement } from './statements';
import { inner, literalText, type Node, nameOf, nodesOf } from './tree';

export interface PortOptions {
  isTypeScript: boolean;
  index: 'auto' | 'third' | 'last';
  php: 7 | 8;
  /** The names that `ipdaemon/php` exports. */
  library: ReadonlySet<string>;
}

export interface Ported {
  text: string;
  report: Pick<Report, 'refused' | 'notes' | 'lines' | 'outLines'>;
}

/** The statements of a file, without a namespace around them. */
function flat(children: Node[]): { statements: Node[]; namespaces: Node[] } {
  const namespaces = children.filter(({ kind }) => kind === 'namespace');
  const statements = children.flatMap((one) => {
    if (one.kind !== 'namespace') return [one];
    return [{ ...one, children: [] as Node[], inside: one.children[0] } as Node, ...one.children];
  });
  return { statements, namespaces };
}

const quietKinds = new Set(['namespace', 'function', 'usegroup', 'declare', 'noop', 'interface']);

/** The statement from which on the main program has to wait until all classes are declared; Infinity if none has to. */
function firstThatWaits(infos: Infos, statements: Node[]): number {
  const last = statements.findLastIndex(isClass);
  const first = statements.findIndex(
    (one, i) => i < last && !quietKinds.has(one.kind) && !isClass(one) && !infos.isQuiet(one),
  );
  return first < 0 ? Number.POSITIVE_INFINITY : first;
}

/** Writes the statements; those that have to wait become functions that the end of the file calls. */
function writeMain(p: Printer, statements: Node[]): string {
  const waits = firstThatWaits(p.infos, statements);
  const calls: string[] = [];
  let isOpen = false;
  const close = () => {
    if (isOpen) p.put(' }');
    isOpen = false;
  };
  statements.forEach((one, i) => {
    const isBlank = one.kind === 'inline' && String(one.value).trim() === '';
    const isDeclaration = isClass(one) || isBlank || quietKinds.has(one.kind);
    if (i >= waits && !isDeclaration && !isOpen) {
      p.at(one);
      const name = `main$${calls.length + 1}`;
      p.put(`function ${name}()${p.any} { `);
      calls.push(`${name}();`);
      isOpen = true;
    } else if (isDeclaration && one.kind !== 'noop') close();
    if (i < waits) p.top.add(inner(one));
    if (p.options.isTypeScript && i < statements.length - 1) inner(one).isFollowed = true;
    statement(p, one, p.infos.main);
  });
  close();
  return calls.join(' ');
}

/** The variables of the main program that line 1 declares. */
function mainVariables(p: Printer): string[] {
  const { main, collector } = p.infos;
  const names = new Set(main.mentioned.keys());
  for (const { globals } of collector.scopes.values()) for (const name of globals) names.add(name);
  return [...names]
    .filter((name) => !isSpecial(name) && !p.inPlace.has(name) && !p.isArgument(name) && !main.statics.has(name))
    .map((name) => `${p.names.plain(name, main)}${p.any}${main.boxed.has(name) ? ` = ${p.h('toRef')}(null)` : ''}`);
}

function importOf(names: Map<string, string>, from: string): string {
  if (names.size === 0) return '';
  const list = [...names].sort(([a], [b]) => (a < b ? -1 : 1));
  const text = list.map(([name, local]) => (name === local ? name : `${name} as ${local}`)).join(', ');
  return `import { ${text} } from '${from}'; `;
}

function firstLine(p: Printer, temporaries: string[]): string {
  const variables = mainVariables(p);
  const declared = [
    ...p.declarations.map((name) => name + p.any),
    ...variables,
    ...temporaries.map((name) => name + p.any),
  ];
  const functions = p.infos.asksForFunctions
    ? [...p.infos.functions.values()]
        .filter(({ isConditional }) => !isConditional)
        .map(({ name }) => `${p.h('declareFunction')}('${name}', ${p.names.global(name)}); `)
    : [];
  const lets = declared.length > 0 ? `let ${declared.join(', ')}; ` : '';
  const server = new Map([...p.serverNames].map((name) => [name, name]));
  const includes = [...p.included].map(([, text]) => text).join('');
  const isServer = p.used.get('IPWorks_IPDaemon');
  if (isServer !== undefined) {
    p.used.delete('IPWorks_IPDaemon');
    server.set('IPWorks_IPDaemon', isServer);
  }
  return importOf(p.used, 'ipdaemon/php') + importOf(server, 'ipdaemon') + includes + lets + functions.join('');
}

/** What names the helpers that a file may use would take. */
function helperNames(library: ReadonlySet<string>, statements: Node[]): Set<string> {
  const used = new Set(operators);
  for (const { what, arguments: args } of nodesOf(statements, 'call')) {
    const name = what.kind === 'name' ? nameOf(what).replace(/^.*\\/, '').toLowerCase() : '';
    if (library.has(name)) used.add(name);
    if (/^ip(works_ip)?daemon_/.test(name)) used.add(name);
    const callback = literalText(args[callbackPosition(name) ?? -1])?.toLowerCase();
    if (callback !== undefined && library.has(callback)) used.add(callback);
  }
  return used;
}

const operators =
  `add argc argv at bitAnd bitNot bitOr bitXor byReference cat caught classOf cmp compare constantAs copy create
  dec declareClass declareFunction disposed div each eachEntry eachRef eachRefEntry echo eq eq7 exceptionOf exit fileOf
  float fromList ge gt identical inc initialize int isInstance item itemQuiet le lt memberName methodName mod mul
  nameOfClass neg nested plus pow print raise refItem reference refPlace refused setByte setItem appendItem appendNested shell_exec
  shiftLeft shiftRight spread str sub toArray toCallable toObject toRef truthy union unhandledMatch unpacked unsetItem
  updateItem updateItemAfter utf8 withReferences writable xor dirname`.split(/\s+/);

/** Ports the text of a program; `included` are the files that are ported along, with their imports. */
export function port(program: Program, options: PortOptions, included?: Includes): Ported {
  const { statements, namespaces } = flat(program.children);
  const infos = new Infos(statements, namespaces.length === 1 ? nameOf(namespaces[0]) : '', included?.infos);
  const order = options.index === 'auto' ? indexOrder(infos, statements) : { index: options.index, isSure: true };
  const printerOptions: Options = { isTypeScript: options.isTypeScript, index: order.index, php: options.php };
  const p = new Printer(program, infos, printerOptions, options.library, helperNames(options.library, statements));
  p.isIndexSure = order.isSure;
  for (const [file, text] of included?.imports ?? []) p.included.set(file, text);
  for (const [file, reason] of included?.refused ?? []) p.notIncluded.set(file, reason);
  if (namespaces.length > 1)
    p.refusal(namespaces[1] as Node, 'namespace', 'several namespaces in one file are not ported');
  const calls = writeMain(p, statements);
  const temporaries = p.temporary;
  const exports = included?.isIncluded === true ? exportsOf(p) : '';
  const text = p.filled(p.writer.finish(firstLine(p, temporaries)));
  const ending = [calls, exports].filter((one) => one !== '').join('\n');
  const whole = ending === '' ? text : `${text}${ending}\n`;
  const result = program.isUtf8 ? whole : Buffer.from(whole, 'utf8').toString('latin1');
  const byLine = (a: { line: number }, b: { line: number }) => a.line - b.line;
  const count = (one: string) => one.split('\n').length - (one.endsWith('\n') ? 1 : 0);
  return {
    text: result,
    report: {
      refused: p.refused.sort(byLine),
      notes: p.notes.sort(byLine),
      lines: count(program.source),
      outLines: count(result),
    },
  };
}

export interface Includes {
  imports: Map<string, string>;
  refused: Map<string, string>;
  infos: Infos[];
  isIncluded: boolean;
}

/** What a file that is included declares for the others. */
function exportsOf(p: Printer): string {
  const names = [...p.infos.functions.values()].map(({ name }) => p.names.global(name));
  for (const { name } of p.infos.classes.values()) names.push(p.names.global(name));
  for (const name of p.infos.constants) names.push(p.names.constant(name));
  return names.length === 0 ? '' : `export { ${names.join(', ')} };`;
}
