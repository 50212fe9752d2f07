// `ipdaemon port`: a script for the PHP edition as a program for Node, line for line.

import * as fs from 'node:fs';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { portFile } from '../porter/files';
import { type Report, reportText } from '../porter/report';
import { mustBeReadable, UsageError } from './command-line';

const options = {
  out: { type: 'string' },
  js: { type: 'boolean', default: false },
  index: { type: 'string', default: 'auto' },
  php: { type: 'string', default: '8' },
  json: { type: 'boolean', default: false },
  force: { type: 'boolean', default: false },
} as const;

type Index = 'auto' | 'third' | 'last';

function read(args: string[]) {
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new UsageError('the command port takes one FILE');
  const { index, php } = values;
  if (!['auto', 'third', 'last'].includes(index))
    throw new UsageError(`--index must be auto, third or last, not ${JSON.stringify(index)}`);
  if (!['7', '8'].includes(php)) throw new UsageError(`--php must be 7 or 8, not ${JSON.stringify(php)}`);
  return { ...values, file, index: index as Index, php: Number(php) as 7 | 8 };
}

function outName(file: string, isTypeScript: boolean): string {
  return `${file.replace(/\.(php\d?|inc|phtml)$/i, '')}${isTypeScript ? '.ts' : '.mjs'}`;
}

function print(report: Report, isJson: boolean): void {
  const text = isJson ? JSON.stringify(report, undefined, 2) : reportText(report, ' ...');
  // With the program on standard output, the report goes where it does not mix with it.
  if (report.out === '-') console.error(text);
  else console.log(text);
}

export function port(args: string[]): number {
  const { file, out, js, index, php, json, force } = read(args);
  mustBeReadable(file);
  const isTypeScript = !js;
  const name = out ?? outName(file, isTypeScript);
  const files = portFile(file, { isTypeScript, index, php });
  const names = files.map((one, i) =>
    i === 0 ? name : path.join(path.dirname(name === '-' ? file : name), outName(one.name, isTypeScript)),
  );
  for (const one of names) {
    if (one !== '-' && !force && fs.existsSync(one)) throw new Error(`${one} is there already; --force replaces it`);
  }
  files.forEach(({ text }, i) => {
    if (names[i] === '-') process.stdout.write(Buffer.from(text, 'latin1'));
    else fs.writeFileSync(names[i] as string, text, 'latin1');
  });
  const all = files.map((one) => one.report);
  const report: Report = {
    file,
    out: name,
    lines: all[0]?.lines ?? 0,
    outLines: all[0]?.outLines ?? 0,
    refused: all.flatMap((one) => one.refused),
    notes: all.flatMap((one) => one.notes),
    included: names.slice(1),
  };
  print(report, json);
  return report.refused.length + report.notes.length === 0 ? 0 : 1;
}
