// Names: `$x` becomes `x`. Where `x` is taken, it stays `$x`, which is a name in JavaScript, too.

import { Property } from '../generated/properties';
import type { Infos } from './infos';
import type { Scope } from './scopes';

const words = (text: string) => text.split(/\s+/).filter((word) => word !== '');

const reserved = new Set(
  words(`arguments await break case catch class const continue debugger default delete do else enum eval export extends
    false finally for function if implements import in instanceof interface let new null package private protected
    public return static super switch this throw true try typeof undefined var void while with yield NaN Infinity
    globalThis process Object Symbol async`),
);

/** What objects, classes and the server class of JavaScript have themselves. */
const takenMembers = new Set(words('constructor prototype __proto__ handle checked toString valueOf hasOwnProperty'));
/** Fields of exceptions, which would hide methods of these names. */
const takenByExceptions = new Set(words('line file code message previous stack'));
const takenStatics = new Set(words('name length prototype caller arguments apply bind call toString'));

const serverMethods = words(`VERSION lastError lastErrorCode getRuntimeLicense setRuntimeLicense doConfig doDisconnect
  doEvents doInterrupt doReset doSend doSendFile doSendLine doShutdown doStartSSL`);
for (const name of Object.keys(Property)) serverMethods.push(`get${name}`, `set${name}`);
const serverMethodByName = new Map(serverMethods.map((name) => [name.toLowerCase(), name]));

export function isIdentifier(name: string): boolean {
  return /^[A-Za-z_$\x80-\xff][\w$\x80-\xff]*$/.test(name);
}

export class Names {
  /** Names of the module: functions, classes and constants of the file, and the helpers that it uses. */
  private readonly taken = new Set<string>();
  private readonly methods = new Map<string, string>();
  private readonly statics = new Set<string>();

  constructor(
    private readonly infos: Infos,
    private readonly helpers: ReadonlySet<string>,
  ) {
    for (const { name } of infos.functions.values()) this.taken.add(name);
    for (const { name, methods } of infos.classes.values()) {
      this.taken.add(name);
      for (const method of methods.values()) {
        const known = this.methods.get(method.name.toLowerCase());
        if (known === undefined) this.methods.set(method.name.toLowerCase(), method.name);
        if (method.isStatic) this.statics.add(method.name);
      }
    }
    for (const name of infos.constants) this.taken.add(name);
  }

  isTaken(name: string): boolean {
    return reserved.has(name) || this.taken.has(name) || this.helpers.has(name) || !isIdentifier(name);
  }

  /** The name of a variable itself, without what a reference needs. */
  plain(name: string, scope: Scope): string {
    const owner = this.infos.ownerOf(name, scope);
    if (name === 'this') return 'this';
    if (owner.statics.has(name)) return `${owner.functionName || 'closure'}$${name}`;
    return this.isTaken(name) ? `$${name}` : name;
  }

  isBoxed(name: string, scope: Scope): boolean {
    return this.infos.ownerOf(name, scope).boxed.has(name);
  }

  variable(name: string, scope: Scope): string {
    const plain = this.plain(name, scope);
    return this.isBoxed(name, scope) ? `${plain}.v` : plain;
  }

  /** A function, class or constant of the file as it was declared. */
  global(name: string): string {
    return reserved.has(name) ? `${name}$` : name;
  }

  /** Where a helper has the name of something in the file, it is imported under another. */
  helper(name: string): string {
    return this.taken.has(name) || reserved.has(name) ? `${name}$` : name;
  }

  method(name: string): string {
    const lower = name.toLowerCase();
    const found = this.methods.get(lower) ?? serverMethodByName.get(lower) ?? name;
    const isTaken = takenMembers.has(found) || takenByExceptions.has(found);
    return isTaken && found !== 'toString' ? `$${found}` : found;
  }

  /** A property; where a method has the same name, it stays `$name`. */
  property(name: string): string {
    const isMethod =
      this.methods.get(name.toLowerCase()) === name || serverMethodByName.get(name.toLowerCase()) === name;
    return isMethod || takenMembers.has(name) ? `$${name}` : name;
  }

  constant(name: string): string {
    return reserved.has(name) || takenStatics.has(name) ? `${name}$` : name;
  }

  static(name: string): string {
    return takenStatics.has(name) || this.statics.has(name) ? `$${name}` : name;
  }
}
