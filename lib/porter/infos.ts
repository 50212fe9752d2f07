// What the porter knows about the file as a whole: its functions, classes and constants, and whose variable a name is.

import { type ClassInfo, classInfo, type MethodInfo, plainName } from './class-info';
import { rowOf } from './rows';
import {
  type Assignment,
  Collector,
  type FunctionInfo,
  isClass,
  isFunction,
  newScope,
  type Param,
  paramsOf,
  type Scope,
} from './scopes';
import { inner, isParentCall, isVariable, literalText, member, type Node, nameOf, nodesOf, start, walk } from './tree';
import { declaredType, type Type, Types } from './types';

const registering = /^ip(?:works|daemon)\w*_register_callback$/;

export class Infos {
  readonly functions = new Map<string, FunctionInfo>();
  readonly classes = new Map<string, ClassInfo>();
  readonly constants = new Set<string>();
  readonly constantTypes = new Map<string, Type>();
  readonly main: Scope;
  readonly types: Types;
  readonly collector: Collector;
  /** Functions of the file that are registered for events, by lower-case name. */
  private readonly handlers = new Set<string>();
  private readonly handlerNodes = new Set<Node>();
  private readonly ids = new Map<Scope, number>();
  private quietEnd = 0;
  private readonly defined = new Map<string, number>();
  private readonly values = new Map<string, string>();
  private readonly nested = new Set<Node>();
  /** Names of `use ... as`. */
  readonly aliases = new Map<string, string>();
  /** Whether the file asks for constants, functions or classes by names that are made at run time. */
  asksForConstants = false;
  asksForFunctions = false;
  /** Whether references are passed on in arrays. */
  passesReferences = false;

  constructor(
    private readonly statements: Node[],
    readonly namespace = '',
    included: readonly Infos[] = [],
  ) {
    this.main = newScope('main', { kind: 'program' } as Node, undefined);
    this.types = new Types(this);
    this.collector = new Collector((call, scope) => this.referencesOf(call, scope));
    this.readNames(statements);
    for (const other of included) this.adopt(other);
    for (const one of statements) this.declare(one, true);
    for (const one of statements) this.lookAtProperties(one);
    this.collector.collect(statements, this.main);
    this.noteSharing();
    this.noteGlobals();
    for (const info of this.functions.values()) {
      info.scope = this.collector.scopes.get(info.node) as Scope;
      info.params = info.scope.params;
    }
    for (const { methods } of this.classes.values()) {
      for (const method of methods.values()) method.params = this.scopeOf(method.node).params;
    }
    for (const one of statements) {
      if (!this.isQuiet(one)) break;
      this.quietEnd = one.loc.end.offset;
    }
  }

  /** Takes over what an included file declares. */
  private adopt(other: Infos): void {
    for (const [name, info] of other.functions) this.functions.set(name, info);
    for (const [name, info] of other.classes) this.classes.set(name, info);
    for (const name of other.constants) this.constants.add(name);
    for (const [name, type] of other.constantTypes) this.constantTypes.set(name, type);
    for (const [node, scope] of other.collector.scopes) this.collector.scopes.set(node, scope);
  }

  private readNames(statements: Node[]): void {
    for (const item of nodesOf(statements, 'useitem')) {
      const alias = member<Node | null>(item, 'alias');
      const full = nameOf(item);
      this.aliases.set((alias === null ? plainName(full) : nameOf(alias)).toLowerCase(), full);
    }
  }

  private declare(root: Node, isTop: boolean): void {
    walk(root, (node) => {
      if (node.kind === 'function') {
        const name = nameOf(node);
        const info = { name, node, scope: this.main, params: paramsOf(node), isConditional: !isTop || node !== root };
        if (!this.functions.has(name.toLowerCase())) this.functions.set(name.toLowerCase(), info);
      } else if (isClass(node) && node !== root) this.nested.add(node);
      if (isClass(node) && node.name !== null) this.classes.set(nameOf(node).toLowerCase(), classInfo(node));
      else if (node.kind === 'constantstatement') {
        for (const one of member<Node[]>(node, 'constants')) this.constant(nameOf(one), one.value);
      } else if (node.kind === 'call') this.declareByCall(node);
      return true;
    });
  }

  private declareByCall(node: Node): void {
    const name = nameOf(node.what).toLowerCase().replace(/^\\/, '');
    const [first, second, third] = node.arguments;
    this.asksForConstants ||= name === 'constant' || name === 'defined';
    const isDynamic =
      node.what.kind === 'variable' ||
      /^call_user_func|^is_callable$|^u[ak]?sort$|^array_(map|filter|walk|reduce)$/.test(name);
    this.asksForFunctions ||= isDynamic || name === 'get_defined_functions';
    this.passesReferences ||=
      name === 'call_user_func_array' && JSON.stringify(second ?? null).includes('"byRef":true');
    if (name === 'define') {
      const text = literalText(first);
      if (text !== undefined && /^[A-Za-z_]\w*$/.test(text) && second !== undefined) this.constant(text, second);
    } else if (registering.test(name) && third !== undefined) {
      const text = literalText(third);
      if (text !== undefined) this.handlers.add(text.toLowerCase());
      else if (third.kind === 'closure') this.handlerNodes.add(third);
      else if (third.kind === 'array') this.handlers.add(`::${literalText(third.items[1]?.value)?.toLowerCase()}`);
    }
  }

  private constant(name: string, value: Node): void {
    const isSecond = this.constants.has(name);
    this.defined.set(name, (this.defined.get(name) ?? 0) + 1);
    if (value.kind === 'number') this.values.set(name, String(value.value));
    this.constants.add(name);
    const isNumber = value.kind === 'number' && /^\d+$/.test(String(value.value));
    const type = isNumber ? 'int' : value.kind === 'string' ? 'text' : value.kind === 'boolean' ? 'bool' : 'unknown';
    this.constantTypes.set(name, isSecond ? 'unknown' : type);
  }

  scopeOf(node: Node): Scope {
    return this.collector.scopes.get(node) as Scope;
  }

  idOf(scope: Scope): number {
    const id = this.ids.get(scope) ?? this.ids.size;
    this.ids.set(scope, id);
    return id;
  }

  /** Which arguments a call changes, by what is called; methods are known by their names alone. */
  referencesOf(call: Node, scope: Scope): (position: number) => boolean | Type {
    const params = this.paramsOfCall(call, scope);
    if (params !== undefined) {
      return (position) => {
        const param = params[Math.min(position, params.length - 1)];
        return param !== undefined && (position < params.length || param.isVariadic) && param.isReference;
      };
    }
    if (call.kind !== 'call' || call.what.kind !== 'name') return () => false;
    const name = plainName(nameOf(call.what)).toLowerCase();
    const row = rowOf(name);
    return (position) => {
      if (!row.isReference(position)) return false;
      if (name === 'settype') return true;
      return position === 0 || name.startsWith('preg_match') ? 'array' : true;
    };
  }

  /** The parameters of what is called, where that is known. */
  paramsOfCall(call: Node, scope: Scope): Param[] | undefined {
    const { what } = call;
    if (call.kind === 'new') {
      const name = what.kind === 'name' ? nameOf(what) : scope.className;
      return this.method(plainName(name), '__construct')?.params;
    }
    if (what.kind === 'name') return this.functions.get(plainName(nameOf(what)).toLowerCase())?.params;
    if (!/^(nullsafe)?(property|static)lookup$/.test(what.kind) || what.offset === false) return undefined;
    const name = nameOf(what.offset);
    if (what.offset.kind !== 'identifier') return undefined;
    const candidates = [...this.classes.values()].flatMap((one) => one.methods.get(name.toLowerCase()) ?? []);
    if (isVariable(what.what, 'this')) return this.method(scope.className, name)?.params ?? candidates[0]?.params;
    return candidates[0]?.params;
  }

  class(name: string): ClassInfo | undefined {
    const full = this.aliases.get(name.toLowerCase()) ?? name;
    // Another namespace may have a class of the same name.
    const space = full.includes('\\') ? full.replace(/^\\/, '').replace(/\\?[^\\]*$/, '') : this.namespace;
    const isHere = space.toLowerCase() === this.namespace.toLowerCase() || !full.includes('\\');
    return isHere ? this.classes.get(plainName(full).toLowerCase()) : undefined;
  }

  /** A class, and then its parents as far as the file has them. */
  *line(name: string): Generator<ClassInfo> {
    const seen = new Set<ClassInfo>();
    for (let info = this.class(name); info !== undefined && !seen.has(info); info = this.class(info.parent)) {
      seen.add(info);
      yield info;
    }
  }

  method(className: string, name: string): MethodInfo | undefined {
    for (const info of this.line(className)) {
      const method = info.methods.get(name.toLowerCase());
      if (method !== undefined) return method;
    }
    return undefined;
  }

  /** Whether a class goes back to the server class. */
  /** The method that makes an object; in old programs it has the name of the class. */
  constructorOf(info: ClassInfo): MethodInfo | undefined {
    return (
      info.methods.get('__construct') ?? (this.namespace === '' ? info.methods.get(info.name.toLowerCase()) : undefined)
    );
  }

  isConstructorName(className: string, name: string): boolean {
    const parent = this.class(this.class(className)?.parent ?? '');
    return (
      parent !== undefined &&
      parent.name.toLowerCase() === name.toLowerCase() &&
      this.constructorOf(parent) !== undefined
    );
  }

  /**
   * Whether an object must be complete before its constructor runs, because that does something before it calls the
   * parent's, or never calls it. This concerns the whole family of the class.
   */
  isAwkward(info: ClassInfo): boolean {
    if (this.awkward === undefined) {
      this.awkward = new Set();
      for (const one of this.classes.values()) {
        const family = [...this.line(one.name)];
        if (this.isAwkwardAlone(one, family)) this.awkward.add(family.at(-1) as ClassInfo);
      }
    }
    return this.awkward.has([...this.line(info.name)].at(-1) as ClassInfo);
  }

  /** The roots of such families. */
  private awkward: Set<ClassInfo> | undefined;

  private isAwkwardAlone(info: ClassInfo, family: ClassInfo[]): boolean {
    const own = this.constructorOf(info);
    if (own === undefined || info.parent === '') return false;
    const [first, ...rest] = own.node.body?.children ?? [];
    if (first !== undefined && isParentCall(first)) return false;
    const parentHas = family.slice(1).some((one) => this.constructorOf(one) !== undefined);
    return parentHas || rest.some((one) => nodesOf([one], 'parentreference').length > 0);
  }

  get hasServers(): boolean {
    return [...this.classes.values()].some(({ name }) => this.isServer(name));
  }

  isNested(node: Node): boolean {
    return this.nested.has(node);
  }

  definitions(name: string): number {
    return this.defined.get(name) ?? 0;
  }

  constantValue(name: string): string | undefined {
    return this.values.get(name.replace(/^.*\\/, ''));
  }

  isServer(name: string): boolean {
    for (const info of this.line(name)) if (/(^|\\)ip(works_ip)?daemon$/i.test(info.parent)) return true;
    return false;
  }

  propertyType(className: string, name: string): Type {
    for (const info of this.line(className)) {
      const property = info.properties.get(name);
      if (property === undefined) continue;
      const type = declaredType(property.node);
      if (type !== 'unknown') return type;
      return property.node.value?.kind === 'array' && !this.mayBeNoArray.has(name) ? 'array' : 'unknown';
    }
    return 'unknown';
  }

  /** Notes the properties that something else than an array is stored in, or a reference is made of. */
  private lookAtProperties(root: Node): void {
    const nameOfProperty = (node: Node | null | undefined) =>
      node?.kind === 'propertylookup' && node.offset !== false ? nameOf(node.offset) : '';
    walk(root, (node) => {
      const { kind, left, right } = node;
      const isArray = kind === 'assign' && node.operator === '=' && right.kind === 'array';
      const places = kind === 'assign' || kind === 'assignref' ? [left] : [];
      if (kind === 'assignref' || node.byref === true) places.push(right, node.value);
      if (kind === 'foreach') places.push(node.value, node.key as Node);
      if (kind === 'call' || kind === 'unset') places.push(...(node.arguments ?? node.variables));
      if (kind === 'entry') places.push(node.value);
      if (kind === 'pre' || kind === 'post') places.push(node.what);
      const isSafeCall =
        kind === 'call' && node.what.kind === 'name' && !this.functions.has(nameOf(node.what).toLowerCase());
      if (!isArray && !isSafeCall) for (const place of places) this.mayBeNoArray.add(nameOfProperty(place));
      return true;
    });
  }

  private readonly mayBeNoArray = new Set<string>();

  /** The scope that has the variable: the function itself, one around it, or the main program. */
  ownerOf(name: string, scope: Scope): Scope {
    if (scope.globals.has(name)) return this.main;
    const { outer } = scope;
    if (outer === undefined || !scope.captured.has(name)) return scope;
    return scope.captured.get(name) === true || !scope.assigned.has(name) ? this.ownerOf(name, outer) : scope;
  }

  *assignments(name: string, owner: Scope): Generator<Assignment> {
    if (this.ownerOf(name, owner) === owner) yield* owner.assigned.get(name) ?? [];
    for (const scope of this.sharing.get(name) ?? []) {
      if (scope !== owner && this.ownerOf(name, scope) === owner) yield* scope.assigned.get(name) ?? [];
    }
  }

  /** $GLOBALS['x'] may be any variable of the main program, at any time. */
  private noteGlobals(): void {
    for (const { what, offset } of nodesOf(this.statements, 'offsetlookup')) {
      if (!isVariable(what, 'GLOBALS') || offset === false) continue;
      const name = literalText(offset) ?? (offset.kind === 'identifier' ? nameOf(offset) : undefined);
      if (name === undefined) continue;
      if (!this.main.mentioned.has(name)) this.main.mentioned.set(name, [0, 0]);
      this.main.setFirst.delete(name);
    }
  }

  /** By the name of a variable, the functions that have it from elsewhere. */
  private readonly sharing = new Map<string, Scope[]>();

  private noteSharing(): void {
    for (const scope of this.collector.scopes.values()) {
      for (const name of [...scope.globals, ...scope.captured.keys()]) {
        this.sharing.set(name, [...(this.sharing.get(name) ?? []), scope]);
      }
    }
  }

  isSetFirst(name: string, owner: Scope): boolean {
    if (owner.statics.has(name)) return true;
    if (!owner.setFirst.has(name)) return false;
    if (owner !== this.main) return true;
    const isShared = this.sharing.has(name);
    return !isShared || this.isQuietBefore(owner.mentioned.get(name)?.[0] ?? 0);
  }

  /** Whether nothing of the file's functions can have run before a position of the main program. */
  isQuietBefore(at: number): boolean {
    return (
      at <= this.quietEnd ||
      this.statements.every((one) => one.loc.end.offset > at || this.isQuiet(one) || start(one) > at)
    );
  }

  private readonly quiet = new Map<Node, boolean>();

  isQuiet(statement: Node): boolean {
    const known = this.quiet.get(statement) ?? this.looksQuiet(statement);
    this.quiet.set(statement, known);
    return known;
  }

  private looksQuiet(statement: Node): boolean {
    let quiet = true;
    if (isFunction(statement) || isClass(statement)) return true;
    walk(inner(statement), (node) => {
      if (isFunction(node) || isClass(node)) return false;
      if (node.kind === 'new') quiet = false;
      if (node.kind === 'call') {
        const name = node.what.kind === 'name' ? plainName(nameOf(node.what)).toLowerCase() : '';
        quiet &&= name !== '' && !this.functions.has(name) && !/^call_user|_do_|_set$|_walk|^u.*sort$/.test(name);
      }
      return quiet;
    });
    return quiet;
  }

  /** Whether a node is the parameter of a handler, which is a plain object. */
  isEventParam(node: Node, scope: Scope): boolean {
    if (!isVariable(node)) return false;
    const name = nameOf(node);
    if (scope.params[0]?.name !== name || scope.boxed.has(name)) return false;
    if (scope.assigned.get(name)?.some(({ type }) => type !== 'array') === true) return false;
    return this.isHandler(scope);
  }

  private isHandler(scope: Scope): boolean {
    const name = scope.functionName.toLowerCase();
    if (scope.kind === 'function') return this.handlers.has(name);
    if (scope.kind === 'closure') return this.handlerNodes.has(scope.node);
    if (scope.kind !== 'method') return false;
    return this.handlers.has(`::${name}`) || (/^fire/.test(name) && this.isServer(scope.className));
  }
}
