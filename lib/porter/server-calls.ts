// Calls of the server: the functions ipworks_ipdaemon_*.

import { callback } from './callbacks';
import { expression } from './expressions';
import { text } from './literals';
import { type Form, Prec, type Printer } from './printer';
import type { Scope } from './scopes';
import { literalText, type Node, nameOf } from './tree';

const names = [
  'open',
  'close',
  'register_callback',
  'get_last_error',
  'get_last_error_code',
  'set',
  'get',
  'do_config',
  'do_disconnect',
  'do_doevents',
  'do_interrupt',
  'do_reset',
  'do_send',
  'do_sendfile',
  'do_sendline',
  'do_shutdown',
  'do_startssl',
];
const functions = new Set(names.flatMap((name) => [`ipworks_ipdaemon_${name}`, `ipdaemon_${name}`]));

export function isServerFunction(name: string): boolean {
  return functions.has(name);
}

/** Arguments that are texts, and that the class and the functions do not make texts of. */
const textArguments: Record<string, number> = { do_config: 1, do_send: 2, do_sendfile: 2, do_sendline: 2 };
const booleans = new Set([3, 5, 11, 15, 21, 23, 24, 25, 28, 34]);
/** Properties of one connection. */
export const indexed = new Set([3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]);

/** The number of the property that a call is about, if the file says it. */
export function propertyOf(
  p: Printer | { constantValue(name: string): string | undefined },
  node: Node | undefined,
): number | undefined {
  if (node === undefined) return undefined;
  if (node.kind === 'number') return Number(String(node.value));
  const value = node.kind === 'name' ? constantValue(p, nameOf(node)) : undefined;
  return value === undefined ? undefined : Number(value);
}

function constantValue(
  p: Printer | { constantValue(name: string): string | undefined },
  name: string,
): string | undefined {
  return 'constantValue' in p ? p.constantValue(name) : undefined;
}

export function serverCall(p: Printer, node: Node, scope: Scope, name: string): Form {
  const short = name.replace(/^(ipworks_)?ipdaemon_/, '');
  if (short === 'do_config') noteSetting(p, node);
  return {
    prec: Prec.member,
    print: () => {
      p.put(`${p.server(name)}(`);
      const args = short === 'set' ? inOrder(p, node) : node.arguments;
      args.forEach((one, i) => {
        if (i > 0) p.put(', ');
        if (textArguments[short] === i) text(p, one, scope, Prec.assignment);
        else if (short === 'set' && i > 1 && i === args.length - 1) propertyValue(p, node, one, scope);
        else if (short !== 'register_callback' || i !== 2 || !callback(p, one, scope)) {
          expression(p, one, scope, Prec.assignment);
        }
      });
      p.put(')');
    },
  };
}

/** The arguments of `set` with the index third. */
function inOrder(p: Printer, node: Node): Node[] {
  const [res, id, third, fourth] = node.arguments;
  if (fourth === undefined || p.options.index === 'third') {
    if (fourth !== undefined && !p.isIndexSure && indexed.has(propertyOf(p.infos, id) ?? -1)) {
      p.note(node, 'set', 'look whether the index stands third here', '#the-index');
    }
    return node.arguments;
  }
  return [res, id, fourth, third] as Node[];
}

function propertyValue(p: Printer, call: Node, node: Node, scope: Scope): void {
  const id = propertyOf(p.infos, call.arguments[1]);
  expression(p, node, scope, Prec.assignment);
  const isOdd = node.kind === 'nullkeyword' || (node.kind === 'boolean' && !booleans.has(id ?? -1));
  if (isOdd || node.kind === 'array') p.put(p.asAny);
  if (id === 2010)
    p.note(call, 'CodePage', 'texts have one character per byte here, whatever it says', '#lines-to-delete-or-change');
  if (id === 32 && /^[01]$/.test(String(node.value))) {
    p.note(call, 'SSLCertStoreType', 'stores of Windows do not exist here', '#lines-to-delete-or-change');
  }
}

function noteSetting(p: Printer, node: Node): void {
  const setting = literalText(node.arguments[1]) ?? '';
  if (/^\s*UseInternalSecurityAPI\s*=/i.test(setting)) {
    p.note(node, 'UseInternalSecurityAPI', 'OpenSSL is always used', '#lines-to-delete-or-change');
  }
  if (/^\s*CodePage\s*=/i.test(setting)) {
    p.note(node, 'CodePage', 'texts have one character per byte unless it is set', '#lines-to-delete-or-change');
  }
}
