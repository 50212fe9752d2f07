// What attacks do to a server, in one table: this library, node:net and node:tls, and Bun.
//
//   npm run stress                          all attacks, three rounds, the hosts in turn
//   npm run stress -- --only key-updates    attacks whose names begin so; may be given several times
//   npm run stress -- --rounds 7            figures are medians of the rounds
//   npm run stress -- --json FILE           writes the figure of every round into a file, too
//   npm run stress -- --addon FILE          another built addon for the column "ipdaemon"
//   npm run stress -- --koffi               a column for the second binding
//   npm run stress -- --peers               installs Bun, and Deno, as `npm run bench -- --peers` does
//   npm run stress -- --check               fails if a wait is longer than its bound, a multiple of Bun's
//   npm run stress -- --short               one small round: proves that it works, measures nothing
//
// IPDAEMON_BEFORE=FOLDER names another built checkout, which gets the column "before"; IPDAEMON_BUN=FILE another Bun.
// Linux only, on loopback only. The polite clients are in this process, servers and attackers have their own.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { all } from './attacks/all';
import type { Attack, Extent, Figure } from './attacks/attack';
import { type Host, hosts, useCertificates } from './attacks/hosts';

const { makeCertificates } = require('../../native/bench/certificates.js');
const { installedPeers, installPeers } = require('../../native/bench/peers.js');

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [''] },
    rounds: { type: 'string' },
    json: { type: 'string' },
    addon: { type: 'string' },
    koffi: { type: 'boolean', default: false },
    peers: { type: 'boolean' },
    check: { type: 'boolean' },
    short: { type: 'boolean' },
  },
});

const usual: Extent = { count: (many) => many, duration: 5000 };
const short: Extent = { count: (many) => Math.ceil(many / 25), duration: 500 };

/** What was measured: by attack, host and figure, a value for each round. */
class Results {
  private readonly values = new Map<string, number[]>();

  private of(attack: Attack, host: Host, key: string): number[] {
    const name = `${attack.name} ${host.name} ${key}`;
    const values = this.values.get(name) ?? [];
    this.values.set(name, values);
    return values;
  }

  add(attack: Attack, host: Host, figures: Record<string, number>): void {
    for (const [key, value] of Object.entries(figures)) this.of(attack, host, key).push(value);
  }

  rounds(attack: Attack, host: Host, figure: Figure): readonly number[] {
    return this.of(attack, host, figure.key);
  }

  median(attack: Attack, host: Host, figure: Figure): number | undefined {
    const sorted = this.rounds(attack, host, figure).toSorted((a, b) => a - b);
    return sorted[sorted.length >> 1];
  }

  /** A wait as a multiple of Bun's. */
  ratio(attack: Attack, host: Host, figure: Figure, bun: Host | undefined): number | undefined {
    const own = this.median(attack, host, figure);
    const other = bun && this.median(attack, bun, figure);
    return own !== undefined && other ? own / other : undefined;
  }
}

function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function shown(figure: Figure, value: number | undefined): string {
  switch (value === undefined ? 'none' : figure.unit) {
    case 'ms':
      return `${grouped(value as number)} ms`;
    case 'us':
      return `${grouped((value as number) * 1000)} us`;
    case 'times':
      return (value as number).toFixed(1);
    case 'KiB':
      return `${grouped((value as number) / 1024)} KiB`;
    case 'bytes':
      return `${grouped(value as number)} B`;
    case 'count':
      return grouped(value as number);
    case 'yes':
      return value === 1 ? 'yes' : 'no';
    default:
      return '-';
  }
}

function table(attacks: Attack[], columns: Host[], results: Results): string {
  const bun = columns.find((host) => host.name === 'bun' && !host.missing);
  const lines = [['attack', 'figure', ...columns.map((host) => host.title), ...(bun ? ['ipdaemon : Bun'] : [])]];
  for (const attack of attacks) {
    for (const [i, figure] of attack.figures.entries()) {
      const ratio = figure.atMost && results.ratio(attack, columns[0] as Host, figure, bun);
      const cells = columns.map((host) => host.missing ?? shown(figure, results.median(attack, host, figure)));
      const last = ratio ? `${ratio.toFixed(1)} (at most ${figure.atMost})` : '';
      lines.push([i === 0 ? attack.title : '', figure.title, ...cells, ...(bun ? [last] : [])]);
    }
  }
  const widths = (lines[0] as string[]).map((_, i) => Math.max(...lines.map((line) => (line[i] as string).length)));
  const line = (cells: string[]) =>
    cells.map((cell, i) => (i < 2 ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number))).join('  ');
  const [head, ...rest] = lines.map((cells) => line(cells).trimEnd());
  return [head, widths.map((width) => '-'.repeat(width)).join('  '), ...rest].join('\n');
}

/** Every attack on every host: the hosts in turn, so that what the machine does besides meets all of them. */
async function measure(attacks: Attack[], columns: Host[], rounds: number): Promise<{ results: Results; ok: boolean }> {
  const results = new Results();
  let ok = true;
  for (const attack of attacks) {
    for (let round = 1; round <= rounds; round += 1) {
      for (const host of columns.filter(({ missing }) => !missing)) {
        process.stderr.write(`${attack.title}, ${host.title}, round ${round} of ${rounds}\n`);
        try {
          const figures = await attack.measure(host, options.short ? short : usual);
          if (figures) results.add(attack, host, figures);
        } catch (error) {
          ok = false;
          console.error(error);
        }
      }
    }
  }
  return { results, ok };
}

function toJson(attacks: Attack[], columns: Host[], results: Results): string {
  const rows = attacks.flatMap((attack) =>
    attack.figures.map((figure) => ({
      attack: attack.name,
      figure: figure.title,
      unit: figure.unit,
      rounds: Object.fromEntries(columns.map((host) => [host.name, results.rounds(attack, host, figure)])),
    })),
  );
  return `${JSON.stringify({ node: process.version, rows }, null, 2)}\n`;
}

/** What is above its bound, in words. */
function tooLong(attacks: Attack[], columns: Host[], results: Results): string[] {
  const bun = columns.find(({ name }) => name === 'bun');
  return attacks.flatMap((attack) =>
    attack.figures.flatMap((figure) => {
      const { atMost } = figure;
      const ratio = results.ratio(attack, columns[0] as Host, figure, bun);
      if (!atMost || (ratio !== undefined && ratio <= atMost)) return [];
      const is = ratio === undefined ? 'cannot be compared with Bun' : `is ${ratio.toFixed(1)} times that of Bun`;
      return [`${attack.title}: the ${figure.title} ${is}; at most ${atMost} times are good`];
    }),
  );
}

async function main(): Promise<boolean> {
  if (process.platform !== 'linux') throw new Error('the attacks are measured on Linux only');
  const rounds = Number(options.rounds ?? (options.short ? 1 : 3));
  if (!(rounds >= 1)) throw new Error(`--rounds takes a number from 1 on, not ${options.rounds}`);
  const attacks = all.filter(({ name }) => options.only.some((begin) => name.startsWith(begin)));
  if (attacks.length === 0) throw new Error(`--only takes beginnings of ${all.map(({ name }) => name).join(', ')}`);
  if (options.peers) installPeers();
  const columns = hosts(options.addon, options.koffi, process.env.IPDAEMON_BUN || installedPeers().bun);
  useCertificates(await makeCertificates());

  const { results, ok } = await measure(attacks, columns, rounds);
  console.log(table(attacks, columns, results));
  if (options.short) console.log('A short run: far smaller and shorter than the titles say.');
  if (options.json) writeFileSync(options.json, toJson(attacks, columns, results));
  const faults = options.check ? tooLong(attacks, columns, results) : [];
  for (const fault of faults) console.error(fault);
  return ok && faults.length === 0;
}

main()
  .catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    return false;
  })
  // The polite clients are not asked to leave one by one.
  .then((ok) => process.exit(ok ? 0 : 1));
