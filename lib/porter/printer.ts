// What all parts of the printer share: the output, what is known about the file, helpers, notes and refusals. The parts
// are functions that take it: statements, expressions, calls, targets, functions, classes.

import type { Infos } from './infos';
import { Names } from './names';
import type { Program } from './parse';
import type { Entry } from './report';
import type { Scope } from './scopes';
import { end, type Node, start } from './tree';
import type { Type } from './types';
import { Writer } from './writer';

export interface Options {
  isTypeScript: boolean;
  index: 'third' | 'last';
  /** Whose comparison counts. */
  php: 7 | 8;
}

/** How tightly operators bind; what is not listed needs no parentheses. */
export const Prec = {
  comma: 0,
  assignment: 2,
  conditional: 3,
  or: 4,
  and: 5,
  bitOr: 6,
  bitXor: 7,
  bitAnd: 8,
  equality: 9,
  relational: 10,
  shift: 11,
  additive: 12,
  multiplicative: 13,
  power: 14,
  unary: 15,
  postfix: 16,
  member: 18,
  primary: 20,
} as const;

/** A way to write an expression, and how tightly it binds. */
export interface Form {
  prec: number;
  print(): void;
}

/** What `break` and `continue` refer to. */
export interface Breakable {
  node: Node;
  isSwitch: boolean;
  label: string;
}

export class Printer {
  readonly writer: Writer;
  readonly names: Names;
  readonly used = new Map<string, string>();
  readonly refused: Entry[] = [];
  readonly notes: Entry[] = [];
  readonly breakables: Breakable[] = [];
  /** Variables of the module that line 1 declares. */
  readonly declarations: string[] = [];
  private temporaries = 0;
  /** Declarations of the function that is being written, filled in when it is complete. */
  temporary: string[] = [];

  constructor(
    readonly program: Program,
    readonly infos: Infos,
    readonly options: Options,
    /** All names that the helper library exports. */
    readonly library: ReadonlySet<string>,
    helpers: ReadonlySet<string>,
  ) {
    this.writer = new Writer(program);
    this.names = new Names(infos, helpers);
  }

  put(text: string): void {
    this.writer.put(text);
  }

  at(node: Node): void {
    this.writer.at(start(node));
  }

  /** The local name of a helper, which is imported. */
  h(name: string): string {
    const local = this.names.helper(name);
    this.used.set(name, local);
    return local;
  }

  /** The annotation without which TypeScript would complain. */
  get any(): string {
    return this.options.isTypeScript ? ': any' : '';
  }

  /** The same as a cast. */
  get asAny(): string {
    return this.options.isTypeScript ? ' as any' : '';
  }

  type(node: Node, scope: Scope): Type {
    return this.infos.types.of(node, scope);
  }

  temp(): string {
    this.temporaries += 1;
    const name = `it$${this.temporaries}`;
    this.temporary.push(name);
    return name;
  }

  note(node: Node, what: string, reason: string, link?: string): void {
    const { line } = node.loc.start;
    if (this.notes.some((one) => one.line === line && one.what === what && one.reason === reason)) return;
    this.notes.push({ line, what, reason, link });
    this.writer.note(line, `${what}: ${reason}`);
  }

  /** Notes a refusal and gives the call that throws where it is reached. */
  refusal(node: Node, what: string, reason: string): string {
    const { line } = node.loc.start;
    this.refused.push({ line, what, reason });
    this.writer.note(line, `${what}: ${reason}`);
    const text = `line ${line}: ${what}: ${reason}`;
    return `${this.h('refused')}('${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', ' ')}')`;
  }

  refuse(node: Node, what: string, reason: string): Form {
    return { prec: Prec.member, print: () => this.put(this.refusal(node, what, reason)) };
  }

  /** The position of the next word or sign behind a node, over spaces and comments. */
  behind(offset: number): number {
    const rest = /(?:\s+|\/\*[\s\S]*?\*\/|(?:\/\/|#(?!\[))[^\n]*)*/y;
    rest.lastIndex = offset;
    rest.exec(this.program.source);
    return rest.lastIndex;
  }

  /** Goes to what follows a node, if it is the word or sign that is wanted. */
  goBehind(node: Node, wanted: string): void {
    let at = this.behind(end(node));
    const { source } = this.program;
    // The end of a node may or may not have its semicolon or parenthesis in it.
    while (/[;)]/.test(source[at] ?? '') && !source.startsWith(wanted, at)) at = this.behind(at + 1);
    if (source.slice(at, at + wanted.length).toLowerCase() === wanted) this.writer.at(at);
  }

  /** Declares a variable of the module, once. */
  declare(name: string): void {
    if (!this.declarations.includes(name)) this.declarations.push(name);
  }

  /** Variables of the main program that are declared where they begin. */
  readonly inPlace = new Set<string>();
  /** The statements of the main program that stand in no block and no function. */
  readonly top = new Set<Node>();
  /** Whether the calls of the file say where the index of a property stands. */
  isIndexSure = true;
  /** What stands behind the call of the parent's constructor. */
  afterParentCall = '';

  isTop(node: Node, scope: Scope): boolean {
    return scope.kind === 'main' && this.top.has(node);
  }

  /** $argv and $argc, unless the file has variables of these names. */
  isArgument(name: string): boolean {
    return /^arg[vc]$/.test(name) && !this.infos.main.assigned.has(name);
  }

  /** Included files that are ported along, and why others are not. */
  readonly included = new Map<string, string>();
  readonly notIncluded = new Map<string, string>();
  /** The functions of the server that are imported. */
  readonly serverNames = new Set<string>();

  server(name: string): string {
    this.serverNames.add(name);
    return name;
  }

  /** What a class of PHP is called in the helper library. */
  libraryClass(name: string): string | undefined {
    const known: Record<string, string> = { error: 'PhpError', typeerror: 'PhpTypeError' };
    const found =
      known[name.toLowerCase()] ?? [...this.library].find((one) => one.toLowerCase() === name.toLowerCase());
    return found !== undefined && /^[A-Z]|^stdClass$/.test(found) && this.library.has(found) ? found : undefined;
  }

  libraryConstant(name: string): boolean {
    return /^[A-Z][A-Z0-9_]*$/.test(name) && this.library.has(name);
  }

  /** How the parent's constructor is called. */
  parentConstructor(scope: Scope): string {
    const info = this.infos.class(scope.className);
    if (info === undefined || !this.infos.isAwkward(info)) return 'super';
    const hasOwn = [...this.infos.line(info.parent)].some((one) => this.infos.constructorOf(one) !== undefined);
    if (hasOwn) return 'super.__construct';
    return this.infos.isServer(info.name) ? this.h('ignored') : `${this.h('initialize')}.call(this${this.asAny}`;
  }

  /** What a piece of code would write, without writing it. */
  caught(write: () => void): string {
    return this.writer.capture(write);
  }

  /** Words of the source that JavaScript has no place for, as a comment; those in `without` are written anyway. */
  words(from: number, to: number, without: readonly string[] = []): string {
    const source = this.program.source.slice(from, to);
    if (/\/[*/]|[#\n]/.test(source)) return '';
    const rest = source.split(/\s+/).filter((word) => word !== '' && !without.includes(word));
    return rest.length === 0 ? '' : `/* ${rest.join(' ')} */`;
  }

  /** A mark in the output that is replaced when it is known what stands there. */
  private readonly marks: string[] = [];

  mark(): number {
    this.marks.push('');
    this.put(`\u{e000}${this.marks.length - 1}\u{e001}`);
    return this.marks.length - 1;
  }

  fill(mark: number, text: string): void {
    this.marks[mark] = text;
  }

  filled(text: string): string {
    return text.replace(/\u{e000}(\d+)\u{e001}/gu, (_, number) => this.marks[Number(number)] ?? '');
  }
}
