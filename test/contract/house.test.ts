// The rules of the house, read from the sources: which folder may include which, how long files and functions may be,
// that a number on a page is the number in the code. Each message says what to do.
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { root } from '../support/program';

const read = (file: string) => readFileSync(path.join(root, file), 'utf8');

/** The files below a folder whose names match, as paths from the root. */
function files(folder: string, wanted: RegExp): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return files(name, wanted);
    return wanted.test(entry.name) ? [name] : [];
  });
}

const core = files('native', /\.(cpp|hpp)$/).filter((file) => !file.startsWith('native/bench/'));
const folderOf = (file: string) => file.split('/')[1] as string;

/** What each folder of the core may include, beside itself and ipdaemon.h. Every arrow points down. */
const arrows: Record<string, string[]> = {
  base: [],
  properties: ['base'],
  net: ['base'],
  reactor: ['base'],
  tls: ['base'],
  pump: ['base', 'properties', 'reactor', 'tls'],
  connection: ['base', 'properties', 'net', 'reactor', 'tls', 'pump'],
  server: ['base', 'properties', 'net', 'reactor', 'tls', 'pump', 'connection'],
  abi: ['base', 'properties', 'net', 'reactor', 'tls', 'pump', 'connection', 'server'],
};

const includes = (file: string) => [...read(file).matchAll(/^#include "([^"]+)"/gm)].map(([, name]) => name as string);

/** What TypeScript may import from another folder. */
const imports: Record<string, string[]> = {
  lib: ['bindings'],
  bindings: ['lib/generated'],
  examples: ['lib', 'bindings'],
};

/** Files and functions that are longer than the rule, with today's length and the reason. Only to be shortened. */
const longFiles: Record<string, [lines: number, reason: string]> = {
  'native/reactor/poller_iocp.cpp': [567, 'one subject: the completion port'],
  'bindings/addon/calls.cc': [493, 'one function for each of the contract, with its two signatures'],
  'lib/ipdaemon.ts': [529, 'the public functions, mostly their documentation'],
};
const longFunctions: Record<string, [lines: number, reason: string]> = {};
const lines_max = 400;
const function_lines_max = 60;

/** Gives an error for each that is too long, and for each exception that is not needed any more, or could be lower. */
function tooLong(lengths: Map<string, number>, max: number, exceptions: Record<string, [number, string]>): string[] {
  const errors = [];
  for (const [name, lines] of lengths) {
    const [allowed] = exceptions[name] ?? [max];
    if (lines > allowed) errors.push(`${name} has ${lines} lines, more than ${allowed}: take a subject out of it`);
  }
  for (const [name, [allowed, reason]] of Object.entries(exceptions)) {
    const lines = lengths.get(name) ?? 0;
    if (lines <= max) errors.push(`${name} needs no exception any more: take it out of the list`);
    else if (lines < allowed) errors.push(`${name} has become shorter: write '${name}': [${lines}, '${reason}']`);
  }
  return errors;
}

const linesOf = (file: string) => read(file).split('\n').length - 1;

const headOfCpp = /^(?!namespace|struct|class|enum|extern|union)[A-Za-z_].*\).*\{$/;
// biome may write the parameters below it.
const headOfScript = /^(?:export )?(?:async )?function\b.*[{(]$/;

/** The lengths of functions that are not members in a class: first line to closing brace, as the formatters write them. */
function functionsOf(file: string, isHead = headOfCpp): Map<string, number> {
  const found = new Map<string, number>();
  let head = '';
  let begin = 0;
  read(file)
    .split('\n')
    .forEach((line, at) => {
      if (head === '' && isHead.test(line)) {
        head = line;
        begin = at;
      } else if (line === '}' && head !== '') {
        found.set(`${file}: ${head}`, at - begin + 1);
        head = '';
      }
    });
  return found;
}

describe('the core', () => {
  test('each folder includes only what stands below it', () => {
    const errors = core.flatMap((file) =>
      includes(file)
        .filter((name) => name.includes('/'))
        .map((name) => name.split('/')[0] as string)
        .filter((folder) => folder !== folderOf(file) && !arrows[folderOf(file)]?.includes(folder))
        .map((folder) => `${file} includes from ${folder}: move what it needs down, or turn the arrow round`),
    );
    expect(errors).toEqual([]);
    expect(new Set(core.map(folderOf))).toEqual(new Set(Object.keys(arrows)));
  });

  test('no files include each other in a circle', () => {
    const edges = new Map(
      core.map((file) => [
        file,
        includes(file)
          .map((name) => `native/${name}`)
          .filter((name) => core.includes(name)),
      ]),
    );
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (file: string, way: string[]) => {
      if (way.includes(file)) circles.push([...way.slice(way.indexOf(file)), file].join(' includes '));
      if (done.has(file) || way.includes(file)) return;
      for (const next of edges.get(file) ?? []) visit(next, [...way, file]);
      done.add(file);
    };
    for (const file of core) visit(file, []);
    expect(circles).toEqual([]);
  });

  test('ipdaemon.h is spelled one way, and every header is read once', () => {
    const sources = [
      ...files('native', /\.(c|cpp|hpp|h)$/),
      ...files('bindings', /\.(cc|h)$/),
      ...files('test', /pp$/),
    ];
    expect(sources.filter((file) => /#include "[^"]+\/ipdaemon\.h"/.test(read(file)))).toEqual([]);
    expect(core.filter((file) => file.endsWith('.hpp') && !read(file).includes('#pragma once'))).toEqual([]);
  });

  test('only tls includes OpenSSL', () => {
    expect(core.filter((file) => folderOf(file) !== 'tls' && /#include <openssl/.test(read(file)))).toEqual([]);
  });

  test('each file begins with a sentence about its subject', () => {
    // A .cpp with a header of its own begins with that.
    const bare = core.filter((file) => !read(file).startsWith('// ') && !read(file).startsWith('#include "'));
    expect(bare).toEqual([]);
    const headers = core.filter((file) => file.endsWith('.hpp') && !read(file).startsWith('// '));
    expect(headers).toEqual([]);
  });
});

describe('the bindings', () => {
  test('the addon includes nothing of the core but ipdaemon.h', () => {
    const own = new Set(files('bindings/addon', /\.h$/).map((file) => path.basename(file)));
    const errors = files('bindings/addon', /\.(cc|h)$/).flatMap((file) =>
      includes(file)
        .filter((name) => name !== 'ipdaemon.h' && !own.has(name) && !/^ipdaemon_\w+\.def$/.test(name))
        .map((name) => `${file} includes ${name}: say it through the C ABI, or write what the addon needs there`),
    );
    expect(errors).toEqual([]);
  });

  test('TypeScript imports downward only', () => {
    const errors = ['lib', 'bindings', 'examples'].flatMap((folder) =>
      files(folder, /\.m?ts$/).flatMap((file) =>
        [...read(file).matchAll(/from '(\.[^']+)'/g)]
          .map(([, name]) => path.posix.join(path.posix.dirname(file), name as string))
          .filter((name) => !name.startsWith(`${folder}/`))
          .filter((name) => !imports[folder]?.some((allowed) => name === allowed || name.startsWith(`${allowed}/`)))
          .map((name) => `${file} imports ${name}`),
      ),
    );
    expect(errors).toEqual([]);
  });
});

describe('length', () => {
  const sources = [
    ...core,
    ...files('bindings', /\.(cc|h|ts|js)$/),
    ...files('lib', /\.ts$/).filter((file) => !file.startsWith('lib/generated/')),
    ...files('examples', /\.ts$/),
    ...files('test', /\.(cc|cpp|hpp|ts|js)$/),
  ];

  test(`no file has more than ${lines_max} lines`, () => {
    expect(tooLong(new Map(sources.map((file) => [file, linesOf(file)])), lines_max, longFiles)).toEqual([]);
  });

  test(`no function of the core, the addon or the tests has more than ${function_lines_max} lines`, () => {
    const compiled = [...core, ...files('bindings/addon', /\.cc$/), ...files('test', /\.(cc|cpp|hpp)$/)];
    const scripts = files('test', /\.(ts|js)$/);
    const functions = [
      ...compiled.flatMap((file) => [...functionsOf(file)]),
      ...scripts.flatMap((file) => [...functionsOf(file, headOfScript)]),
    ];
    expect(functions.length).toBeGreaterThan(1500);
    expect(tooLong(new Map(functions), function_lines_max, longFunctions)).toEqual([]);
  });

  test('the README has at most 120 lines', () => {
    expect(linesOf('README.md')).toBeLessThanOrEqual(120);
  });
});

test('no source has a note to its author', () => {
  const notes = new RegExp(`\\b(${['TO', 'DO'].join('')}|${['FIX', 'ME'].join('')}|${'X'.repeat(3)})\\b`);
  const sources = [
    ...files('native', /\.(cpp|hpp|h|def)$/),
    ...files('bindings', /\.(cc|h|ts|js)$/),
    ...files('lib', /\.ts$/),
    ...files('test', /\.(ts|js|cpp|hpp)$/),
  ];
  expect(sources.filter((file) => notes.test(read(file)))).toEqual([]);
});

describe('numbers stand once', () => {
  /** The values of the constants of the core, by name; each with the files that define it. */
  const constants = new Map<string, Map<string, number>>();
  for (const file of core) {
    for (const [, name = '', text = ''] of read(file).matchAll(
      /\bconstexpr (?:std::)?\w+(?:::\w+)? (\w+) = ([\d' *<+]+);/g,
    )) {
      const value = text.split('<<').map((part) => part.replace(/'/g, '').split('*').map(Number));
      const [base = 0, shift = 0] = value.map((factors) => factors.reduce((product, factor) => product * factor, 1));
      const of = constants.get(name) ?? new Map<string, number>();
      constants.set(name, of.set(path.basename(file), base * 2 ** shift));
    }
  }

  /** The rows of limits.md whose third cell names a constant. */
  const rows = read('docs/reference/limits.md')
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .filter((cells) => cells.length === 5 && /^`[a-z]\w+`/.test(cells[3] as string))
    .map(([, number = '', , where = '']) => ({ number, name: (/`(\w+)`/.exec(where) ?? [])[1] ?? '', where }));

  test('limits.md names constants', () => {
    expect(rows.length).toBeGreaterThanOrEqual(14);
  });

  for (const { number, name, where } of rows) {
    test(`limits.md: ${name} is ${number}`, () => {
      const of = constants.get(name) ?? new Map<string, number>();
      const file = (/`(\w+\.\w+)`/.exec(where) ?? [])[1];
      const values = [...of].filter(([defined]) => file === undefined || defined === file).map(([, value]) => value);
      expect(values.map(String)).toEqual(values.map(() => number));
      expect(values).not.toEqual([]);
    });
  }

  /** The number that a pattern finds in a file; NaN if it finds none, or several that differ. */
  const numberIn = (file: string, pattern: RegExp): number => {
    const found = new Set([...read(file).matchAll(new RegExp(pattern, 'gm'))].map(([, number]) => Number(number)));
    return found.size === 1 ? ([...found][0] as number) : Number.NaN;
  };
  const header = (name: string) => numberIn('native/include/ipdaemon.h', new RegExp(`\\b${name} = (-?\\d+)`));
  const rowOf = (table: 'events' | 'properties', name: string) => {
    const row = table === 'events' ? 'IPD_EVENT' : 'IPD_PROPERTY';
    return numberIn(`native/include/ipdaemon_${table}.def`, new RegExp(`^${row}\\((\\d+), ${name},`));
  };
  const koffi = 'bindings/koffi/memory.ts';
  const php = 'bindings/php/ipworks_ipdaemon.php';
  const phpConstant = (name: string) => numberIn(php, new RegExp(`const ${name} = (\\d+);`));
  const types = ['integer', 'boolean', 'text', 'bytes', 'flags'];

  /** What a binding cannot take from the header or the generated files, beside where it stands. */
  const repeated: [what: string, source: () => number, copies: () => number[]][] = [
    [
      'pieces of a batch',
      () => numberIn('native/pump/batch_pace.hpp', /limit_max = (\d+);/),
      () => [
        numberIn('native/connection/inbox.hpp', /pieces_max = (\d+);/),
        numberIn('bindings/contract.ts', /dataBatchMax = (\d+);/),
        phpConstant('BATCH_MAX'),
      ],
    ],
    [
      'parameters of an event',
      () => header('IPDAEMON_SHARED_PARAMETERS'),
      () => [
        numberIn(koffi, /parametersMax = (\d+);/),
        numberIn('native/abi/callbacks.hpp', /parameters_max = (\d+);/),
      ],
    ],
    [
      'the id of DataIn',
      () => rowOf('events', 'DATA_IN'),
      () => [numberIn('bindings/koffi/events.ts', /dataIn = (\d+);/), phpConstant('EVENT_DATA_IN')],
    ],
    [
      'the last event',
      () => rowOf('events', 'SSL_STATUS'),
      () => [numberIn('bindings/koffi/events.ts', /eventMax = (\d+);/)],
    ],
    ['an event that is a batch', () => header('IPDAEMON_SHARED_BATCH'), () => [numberIn(koffi, /\bbatch: (-?\d+)/)]],
    ['an event that is a wait', () => header('IPDAEMON_SHARED_WAIT'), () => [numberIn(koffi, /\bwait: (-?\d+)/)]],
    ...types.map((type): [string, () => number, () => number[]] => [
      `the type ${type}`,
      () => header(`IPDAEMON_TYPE_${type.toUpperCase()}`),
      () => [numberIn(koffi, new RegExp(`Type = \\{.*\\b${type}: (\\d+)`)), phpConstant(`TYPE_${type.toUpperCase()}`)],
    ]),
    ...['CONNECTED', 'DATA_TO_SEND', 'TIMEOUT', 'DEFAULT_TIMEOUT'].map(
      (name): [string, () => number, () => number[]] => [
        `the property ${name}`,
        () => rowOf('properties', name),
        () => [phpConstant(name)],
      ],
    ),
  ];

  test.each(repeated)('in the bindings: %s', (_what, source, copies) => {
    const number = source();
    // NaN where the number is not found any more, or two differ: name the new place in the table above.
    expect(copies()).toEqual(copies().map(() => number));
    expect(number).not.toBeNaN();
  });

  test('the bits of SSLSecurityFlags stand in policy.hpp, and tls.md has them', () => {
    const bits = (text: string) =>
      [...new Set([...text.matchAll(/\b0x[0-9a-fA-F]+\b/g)].map(([number]) => Number(number)))].sort((a, b) => a - b);
    const policy = 'native/tls/policy.hpp';
    const [, namespace = ''] = /namespace security_flags \{([\s\S]*?)\n\}/.exec(read(policy)) ?? [];
    const [, page = ''] = /^(`SSLSecurityFlags` is a sum[\s\S]*?)Other bits/m.exec(read('docs/reference/tls.md')) ?? [];
    expect(bits(namespace)).toHaveLength(12);
    expect(bits(page)).toEqual(bits(namespace));
    const users = core.filter((file) => file !== policy && /security_flags/i.test(read(file)));
    expect(users).toContain('native/tls/verify.cpp');
    expect(users.filter((file) => bits(read(file)).length > 0)).toEqual([]);
  });

  test('the last event is the last one', () => {
    const ids = [...read('native/include/ipdaemon_events.def').matchAll(/^IPD_EVENT\((\d+),/gm)].map(([, id]) =>
      Number(id),
    );
    expect(Math.max(...ids)).toBe(rowOf('events', 'SSL_STATUS'));
  });
});
