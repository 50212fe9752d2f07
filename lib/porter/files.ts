// The file that is ported, and those that it includes.

import * as fs from 'node:fs';
import * as path from 'node:path';
import { fileOf, isDropIn } from './includes';
import { Infos } from './infos';
import { libraryNames } from './library';
import { type Program, parseFile } from './parse';
import { type Includes, type Ported, type PortOptions, port } from './port';
import { isClass } from './scopes';
import { inner, type Node, nameOf, nodesOf } from './tree';

export interface PortedFile extends Ported {
  /** The name in the source, relative to the main file. */
  name: string;
}

const declaring = new Set([
  'function',
  'constantstatement',
  'usegroup',
  'declare',
  'noop',
  'inline',
  'include',
  'namespace',
]);

/** Whether a statement declares something and does nothing else. */
function isDeclaring(node: Node): boolean {
  const what = inner(node);
  if (isClass(node) || declaring.has(what.kind)) return true;
  return what.kind === 'call' && /^\\?define$/i.test(nameOf(what.what));
}

interface Included {
  program: Program;
  infos: Infos;
  name: string;
}

/** Finds the included files that can be ported along. */
function includedFiles(main: Program, refused: Map<string, string>): Included[] {
  const found = new Map<string, Included>();
  const look = (program: Program) => {
    for (const node of nodesOf(program.children, 'include')) {
      const name = isDropIn(node) ? undefined : fileOf(node);
      if (name === undefined || found.has(name) || refused.has(name)) continue;
      const file = path.resolve(path.dirname(main.file), name);
      if (!fs.existsSync(file)) {
        refused.set(name, `there is no file ${name}`);
        continue;
      }
      const included = parseFile(file);
      if (!included.children.every(isDeclaring)) {
        refused.set(name, 'the file does more than declare functions, classes and constants');
        continue;
      }
      found.set(name, { program: included, infos: new Infos(included.children), name });
      look(included);
    }
  };
  look(main);
  return [...found.values()];
}

function importsOf({ infos, name }: Included, isTypeScript: boolean): string {
  const names = [...infos.functions.values(), ...infos.classes.values()].map((one) => one.name);
  names.push(...infos.constants);
  if (names.length === 0) return '';
  const file = name.replace(/\.(php\d?|inc|phtml)$/i, isTypeScript ? '.ts' : '.mjs');
  return `import { ${names.join(', ')} } from '${file.startsWith('.') ? file : `./${file}`}'; `;
}

/** Ports a file and what it includes; the file itself comes first. */
export function portFile(file: string, options: Omit<PortOptions, 'library'>): PortedFile[] {
  const main = parseFile(file);
  const refused = new Map<string, string>();
  const all = includedFiles(main, refused);
  const whole = { ...options, library: libraryNames() };
  const includes = (own: Included | undefined): Includes => ({
    imports: new Map(all.filter((one) => one !== own).map((one) => [one.name, importsOf(one, options.isTypeScript)])),
    refused,
    infos: all.filter((one) => one !== own).map(({ infos }) => infos),
    isIncluded: own !== undefined,
  });
  return [
    { ...port(main, whole, includes(undefined)), name: file },
    ...all.map((one) => ({ ...port(one.program, whole, includes(one)), name: one.name })),
  ];
}
