// What the owner of a script has to know about its port: what was refused, and what may be different.

export interface Entry {
  line: number;
  /** The construct or the function. */
  what: string;
  reason: string;
  /** Where PORTING.md or a page says more. */
  link?: string | undefined;
}

export interface Report {
  file: string;
  out: string;
  lines: number;
  outLines: number;
  refused: Entry[];
  notes: Entry[];
  /** Files that were ported along. */
  included: string[];
}

function table(entries: Entry[]): string[] {
  const lines = entries.map(({ line }) => `line ${line}`);
  const widths = [lines, entries.map(({ what }) => what)].map((all) => Math.max(...all.map((text) => text.length)));
  return entries.map(({ what, reason, link }, i) => {
    const [first = 0, second = 0] = widths;
    const text = `    ${(lines[i] ?? '').padEnd(first)}  ${what.padEnd(second)}  ${reason}`;
    return link === undefined ? text : `${text}  ${link}`;
  });
}

const plural = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`;

/** The report as text. */
export function reportText(report: Report, args: string): string {
  const { file, out, lines, outLines, refused, notes } = report;
  const text = [`${file}: ${plural(lines, 'line')} -> ${out}, ${plural(outLines, 'line')}`];
  for (const one of report.included) text.push(`  with ${one}`);
  if (refused.length > 0) {
    text.push(
      `  ${refused.length} refused, ${refused.length === 1 ? 'it throws when it' : 'each throws when it'} is reached:`,
    );
    text.push(...table(refused));
  }
  if (notes.length > 0) text.push(`  ${plural(notes.length, 'note')}:`, ...table(notes));
  if (refused.length + notes.length === 0) text.push('  nothing to do by hand');
  text.push(`  Next: node ${out}${args}, then ipdaemon replay SESSION.json -- node ${out} {port}`);
  return text.join('\n');
}
