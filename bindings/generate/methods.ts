// Writes what the errors of the calls say into two files that are written by hand otherwise: docs/reference/methods.md
// and the comments of lib/ipdaemon.ts.

import * as fs from 'node:fs';
import * as path from 'node:path';
import { packageRoot } from '../files';
import { table } from './markdown';
import { calls, errorsOf, pascal, type Row } from './rows';

/** The files that are written in part. */
export const methodsPage = 'docs/reference/methods.md';
export const methodsFile = 'lib/ipdaemon.ts';

const read = (file: string) => fs.readFileSync(path.join(packageRoot(), file), 'utf8');

function errorTable(call: Row): string {
  const rows = errorsOf(call).map((row) => [row.id === 0 ? row.name : String(row.id), row.summary]);
  return table(['code', 'when'], rows);
}

function overview(page: string): string {
  const titles = [...page.matchAll(/^## (.*)$/gm)].map(([, title = '']) => title);
  const rows = calls.map((call) => {
    const title = titles.find((text) => new RegExp(`\\b${call.name}\\(`).test(text));
    if (title === undefined) throw new Error(`${methodsPage} has no section about ${call.name}`);
    const anchor = title
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-');
    return [`[${call.name}](#${anchor})`, call.summary];
  });
  return table(['function', 'what it does'], rows);
}

/** The page with its generated regions as the rows want them. */
export function methodsText(): string {
  let page = read(methodsPage);
  const regions: Record<string, string> = { overview: overview(page) };
  for (const call of calls) if (errorsOf(call).length > 0) regions[call.name] = errorTable(call);
  for (const [name, text] of Object.entries(regions)) {
    const region = new RegExp(`(?<=<!-- generated ${name} -->\\n\\n)[\\s\\S]*?(?=<!-- end -->)`);
    if (!region.test(page)) throw new Error(`${methodsPage} has no region ${name}`);
    page = page.replace(region, () => `${text}\n`);
  }
  return page;
}

function wrapped(text: string): string {
  const lines = [''];
  // A code stays with its name.
  for (const word of text.split(/(?<!\d) /)) {
    const line = lines.at(-1) as string;
    if (` * ${line} ${word}`.length > 119) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.map((line) => ` * ${line}\n`).join('');
}

/** The functions with the codes that they return in their comments. */
export function methodsSource(): string {
  let source = read(methodsFile);
  const listed = new Map<string, string>();
  for (const call of calls) {
    const codes = errorsOf(call).map((row) => (row.id === 0 ? row.name : `${row.id} ${pascal(row.name)}`));
    const returns = new RegExp(
      ` \\* @returns 0, or the error code[^@]*(?=( \\* @throws[^/]*\\*/\\nexport function ipworks_ipdaemon_${call.name}\\b))`,
    );
    if (!returns.test(source)) continue;
    const list = codes.join(', ');
    const same = listed.get(list);
    listed.set(list, same ?? call.name);
    const text = same === undefined || codes.length === 1 ? `: ${list}` : `, as ipworks_ipdaemon_${same}`;
    source = source.replace(returns, () => wrapped(`@returns 0, or the error code${text}.`));
  }
  return source;
}
