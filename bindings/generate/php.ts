// Writes the generated regions of bindings/php/ipworks_ipdaemon.php: rows and prototypes in, PHP out.

import * as fs from 'node:fs';
import * as path from 'node:path';
import { binding } from '../choose';
import { packageRoot } from '../files';
import { errors, events, parametersOf, properties, type Row } from './rows';

/** The file that is written in part. */
export const phpFile = 'bindings/php/ipworks_ipdaemon.php';

// The functions that PHP calls, in the order of the header.
const functions = [
  'open',
  'close',
  'set',
  'get',
  'register_callback',
  'get_last_error',
  'get_last_error_code',
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
  'register_data_batch',
  'end_gathering',
  'fail',
  'fail_send',
  'error_sentence',
  'version',
];

const types = ['ipdaemon_t', 'ipdaemon_value', 'ipdaemon_callback', 'ipdaemon_data_batch'];

function found(header: string, pattern: RegExp): string {
  const match = pattern.exec(header);
  if (match === null) throw new Error(`ipdaemon.h has nothing like ${pattern}`);
  return match[0].replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/\s+/g, ' ');
}

// PHP passes a text where a function takes a pointer to char, and makes one of what a function returns as such.
function declarations(): string[] {
  const header = fs.readFileSync(path.join(packageRoot(), 'native', 'include', 'ipdaemon.h'), 'utf8');
  const typedefs = types.map((name) =>
    found(header, new RegExp(`typedef (?:struct \\w+ \\{[^}]*\\} ${name}|[^;{}]*\\b${name}\\b[^;{}]*);`)),
  );
  const prototypes = functions.map((name) =>
    found(header, new RegExp(`(?<=IPDAEMON_API )[^;]*\\bipdaemon_${name}\\([^;]*;`)).replaceAll('uint8_t*', 'char*'),
  );
  return [...typedefs, ...prototypes];
}

const literal = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function idsOf(rows: Row[]): string {
  return `array(${rows.map((row) => `${row.id} => true`).join(', ')})`;
}

function codeOf(symbol: string): number {
  const row = errors.find((error) => error.symbol === symbol);
  if (row === undefined) throw new Error(`there is no error ${symbol}`);
  return row.id;
}

function tables(): string[] {
  const refused = ['INVALID_HANDLE', 'WRONG_THREAD'].map((symbol) => `${codeOf(symbol)} => true`);
  return [
    `const VERSION = ${literal(binding.version())};`,
    `const INVALID_VALUE = ${codeOf('INVALID_VALUE')};`,
    '/** The errors that say that there is no such server. */',
    `const NO_RESOURCE = array(${refused.join(', ')});`,
    '/** The properties that hold bytes, and those that hold a number or a boolean. */',
    `const BINARY = ${idsOf(properties.filter((row) => row.type === 'BYTES'))};`,
    'const NUMBERS = array(',
    ...properties
      .filter((row) => row.type === 'INTEGER' || row.type === 'BOOLEAN' || row.type === 'FLAGS')
      .map((row) => `    ${row.id} => true, // ${row.name}`),
    ');',
    '/** For each event its parameters: the key, and whether a handler may change it. */',
    'const EVENTS = array(',
    ...events.flatMap((event) => [
      `    ${event.id} => array( // ${event.name}`,
      ...parametersOf(event).map((row) => `        array(${literal(row.name)}, ${row.direction === 'INOUT'}),`),
      '    ),',
    ]),
    ');',
    '/** The part of ipdaemon.h that is used here. */',
    "const DECLARATIONS = '",
    ...declarations().map((line) => `    ${line}`),
    "';",
  ];
}

function accessors(row: Row): string[] {
  const index = row.per === 'CONNECTION' ? ['$connectionid'] : [];
  const lines: string[] = [];
  const method = (name: string, parameters: string[], body: string) => {
    lines.push('', `public function ${name}(${parameters.join(', ')})`, '{', `    ${body}`, '}');
  };
  const place = index[0] ?? '0';
  if (row.access !== 'WRITE_ONLY') {
    method(`get${row.name}`, index, `return ipworks_ipdaemon_engine::get($this->handle, ${row.id}, ${place});`);
  }
  if (row.access !== 'READ_ONLY') {
    const call = `ipworks_ipdaemon_engine::set($this->handle, ${row.id}, ${place}, $value)`;
    method(`set${row.name}`, [...index, '$value'], `return $this->checked(${call});`);
  }
  return lines;
}

function classPart(): string[] {
  const named = properties.filter((row) => (row.id >= 1 && row.id <= 35) || row.name === 'RuntimeLicense');
  return [
    'private const FIRE = array(',
    ...events.map((event) => `    ${event.id} => 'fire${event.name}',`),
    ');',
    ...named.flatMap(accessors),
    ...events.flatMap((event) => [
      '',
      `/** ${event.summary} */`,
      `public function fire${event.name}($param)`,
      '{',
      '    return $param;',
      '}',
    ]),
  ];
}

/** The file with its generated regions as the rows want them. */
export function phpText(): string {
  let text = fs.readFileSync(path.join(packageRoot(), phpFile), 'utf8');
  for (const [name, lines] of Object.entries({ tables: tables(), class: classPart() })) {
    const region = new RegExp(`(?<=    // <generated ${name}>\n)[\\s\\S]*?(?=    // </generated>)`);
    if (!region.test(text)) throw new Error(`${phpFile} has no region ${name}`);
    const indented = lines.map((line) => (line === '' ? '\n' : `    ${line}\n`)).join('');
    text = text.replace(region, () => indented);
  }
  return text;
}
