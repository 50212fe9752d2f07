// What servers count, as an object, and as one text of several servers for Prometheus.

import { ipdaemon_do_config } from './ipdaemon';
import type { Resource } from './resource';

/** A histogram: how many were within each limit in seconds, how many there were, and their sum in seconds. */
export interface HistogramValue {
  buckets: Record<string, number>;
  count: number;
  sum: number;
}

/** All values by the name of the metric; those that have labels by the value of the label, or the two joined. */
export type Metrics = Record<string, number | Record<string, number> | HistogramValue>;

interface Family {
  name: string;
  help: string;
  type: string;
  lines: string[];
}

// The text that the library writes, which has no comment but these two of each family.
function familiesOf(text: string): Family[] {
  const families: Family[] = [];
  for (const line of text.split('\n')) {
    const [, word, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    const last = families.at(-1);
    if (word === 'HELP') families.push({ name, help: rest, type: '', lines: [] });
    else if (last && word === 'TYPE') last.type = rest;
    else if (last && line !== '') last.lines.push(line);
  }
  return families;
}

function histogramOf(family: Family): HistogramValue {
  const histogram: HistogramValue = { buckets: {}, count: 0, sum: 0 };
  for (const line of family.lines) {
    const value = Number(line.slice(line.lastIndexOf(' ') + 1));
    const limit = /le="([^"]*)"/.exec(line)?.[1];
    if (limit !== undefined) histogram.buckets[limit] = value;
    else if (line.startsWith(`${family.name}_sum{`)) histogram.sum = value;
    else histogram.count = value;
  }
  return histogram;
}

function sampleValues(family: Family): Metrics[string] {
  if (family.type === 'histogram') return histogramOf(family);
  const values: Record<string, number> = {};
  for (const line of family.lines) {
    const labels = [...line.matchAll(/([a-z]+)="([^"]*)"/g)].filter(([, label]) => label !== 'port');
    values[labels.map(([, , value]) => value).join(' ')] = Number(line.slice(line.lastIndexOf(' ') + 1));
  }
  return values[''] ?? values;
}

/**
 * Reads everything that the server counts, by the names of the metrics of docs/operating.md, for example
 * `ipdaemon_accepted_total` and `ipdaemon_closed_total.idle`. It counts from ipdaemon_open on.
 *
 * @param res The server.
 * @throws TypeError if `res` is no open server of this thread.
 */
export function ipdaemon_metrics(res: Resource): Metrics {
  const text = ipdaemon_do_config(res, 'Metrics');
  return Object.fromEntries(familiesOf(text).map((family) => [family.name, sampleValues(family)]));
}

/**
 * The metrics of several servers as one text for Prometheus: content type `text/plain; version=0.0.4`, or with
 * `openMetrics` `application/openmetrics-text; version=1.0.0`. The label `port` distinguishes the servers.
 *
 * @param servers The servers, each with another port.
 * @param options `openMetrics`: in the format of OpenMetrics.
 * @throws TypeError if one is no open server of this thread.
 */
export function metricsText(servers: readonly Resource[], options: { openMetrics?: boolean } = {}): string {
  const joined = new Map<string, Family>();
  for (const res of servers) {
    for (const family of familiesOf(ipdaemon_do_config(res, 'Metrics'))) {
      const known = joined.get(family.name);
      if (known) known.lines.push(...family.lines);
      else joined.set(family.name, family);
    }
  }
  const parts = [...joined.values()].map(({ name, help, type, lines }) => {
    // There a counter is named without the ending that its values have.
    const shown = options.openMetrics ? name.replace(/_total$/, '') : name;
    return `# HELP ${shown} ${help}\n# TYPE ${shown} ${type}\n${lines.join('\n')}\n`;
  });
  return parts.join('') + (options.openMetrics ? '# EOF\n' : '');
}
