// From the results of the rounds to medians, ratios, tables, charts and the figures that were promised.
const { servers } = require('./programs.js');
const { rows } = require('./rows.js');
const { targets } = require('./targets.js');

const TLS_MEMORY_LIMIT = 16 * 1024;
const STARVED_BELOW = 0.95;

function spread(values) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, minimum: sorted[0], maximum: sorted[sorted.length - 1] };
}

const cpuEach = ({ count, server_cpu_seconds: seconds }) => (count > 0 ? (seconds / count) * 1e6 : Number.NaN);
const sumOfErrors = (result) => Object.values(result.errors).reduce((sum, count) => sum + count, 0);

// `rounds` holds for each round an object from server name to the result of the load generator.
function summarize(row, names, rounds) {
  const floor = names.find((name) => name.startsWith('floor'));
  return names.map((name) => {
    const results = rounds.map((round) => round[name]);
    // Where nothing was answered within the window, as with a large file, there is no latency.
    const latency = (key) => spread(results.map((result) => result.latency_us[key] || Number.NaN))?.median;
    return {
      row,
      server: name,
      perSecond: spread(results.map((result) => result.per_second)),
      cpuEachUs: spread(results.map(cpuEach)),
      toFloor: floor ? spread(rounds.map((round) => cpuEach(round[name]) / cpuEach(round[floor]))) : null,
      latencyUs: { p50: latency('p50'), p99: latency('p99'), p999: latency('p999') },
      errors: results.reduce((sum, result) => sum + sumOfErrors(result), 0),
    };
  });
}

function digits(value) {
  if (value === undefined || value === null || !Number.isFinite(value)) return '-';
  const places = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
  return value.toFixed(places);
}

function grouped(value) {
  return Number.isFinite(value) ? Math.round(value).toLocaleString('en-US') : '-';
}

function withRange(of) {
  return of ? `${digits(of.median)} (${digits(of.minimum)}-${digits(of.maximum)})` : '-';
}

function table(heads, lines) {
  const rule = heads.map((_, column) => (column < 2 ? '---' : '---:'));
  return [heads, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function speedTable(summaries) {
  return table(
    [
      'row',
      'server',
      'CPU us per message (min-max)',
      'to floor (min-max)',
      'messages/s',
      'p50 us',
      'p99 us',
      'p99.9 us',
      'errors',
    ],
    summaries.map((of) => [
      of.row,
      servers[of.server].title,
      withRange(of.cpuEachUs),
      withRange(of.toFloor),
      grouped(of.perSecond?.median),
      digits(of.latencyUs.p50),
      digits(of.latencyUs.p99),
      digits(of.latencyUs.p999),
      of.errors,
    ]),
  );
}

// A ratio is taken in each round and its median compared; of several others, the cheapest of the round counts.
function judge(roundsOf, nodeVersion) {
  return targets(nodeVersion).flatMap((target) => {
    const { row, own, atMost } = target;
    const ratios = (roundsOf[row] ?? []).map((round) => {
      const others = target.against.flatMap((name) => (round[name] ? [cpuEach(round[name])] : []));
      return round[own] && others.length > 0 ? cpuEach(round[own]) / Math.min(...others) : Number.NaN;
    });
    const value = spread(ratios);
    if (!value) return [];
    const measured = Object.keys(roundsOf[row][0]);
    const against = target.against.filter((name) => measured.includes(name));
    return [{ ...target, against, value, met: value.median <= atMost }];
  });
}

function verdictLine({ row, own, against, atMost, value, met }) {
  const others = against.length > 1 ? `the cheapest of ${against.join(', ')}` : against[0];
  return `- ${row}: ${own} to ${others}: ${withRange(value)}, target at most ${atMost}${met ? ', met' : ': not met'}`;
}

// Those that were missed, or with `all` every one that was measured.
function verdictText(verdicts, all) {
  const missed = verdicts.filter(({ met }) => !met);
  const count = `${verdicts.length - missed.length} of ${verdicts.length} targets met`;
  const shown = all ? verdicts : missed;
  if (shown.length === 0) return `${count}.`;
  return `${count}${all ? ':' : '; not these:'}\n\n${shown.map(verdictLine).join('\n')}`;
}

function memoryTable(measurements) {
  return table(
    [
      'server',
      'connections were',
      'open',
      'baseline KiB',
      'with them KiB',
      'bytes each',
      'anonymous bytes each',
      'errors',
    ],
    measurements.map((of) => [
      servers[of.server].title,
      of.echoed ? 'echoed once' : 'silent',
      of.open,
      grouped(of.baseline.VmRSS),
      grouped(of.loaded.VmRSS),
      grouped(of.bytesEach),
      grouped(of.anonymousBytesEach),
      of.errors,
    ]),
  );
}

// The memory that an idle TLS connection may cost.
function memoryVerdictText(measurements) {
  return measurements
    .filter(({ server }) => server === 'ipdaemon-tls')
    .map(({ server, echoed, bytesEach }) => {
      const verdict = bytesEach <= TLS_MEMORY_LIMIT ? 'met' : 'not met';
      const state = echoed ? 'echoed once' : 'silent';
      return `- ${server}, ${state}: ${grouped(bytesEach)} bytes each, target at most ${TLS_MEMORY_LIMIT}: ${verdict}`;
    })
    .join('\n');
}

function acceptTable(results) {
  return table(
    ['server', 'connections', 'echoed', 'seconds', 'CPU us each', 'p50 ms', 'p99 ms', 'errors'],
    results.map(({ server, result }) => [
      servers[server].title,
      result.connected,
      result.count,
      digits(result.seconds),
      digits(cpuEach(result)),
      digits(result.latency_us.p50 / 1000),
      digits(result.latency_us.p99 / 1000),
      sumOfErrors(result),
    ]),
  );
}

// What else the machine did, without which no figure can be judged.
function loadText({ shareGiven, loadAverageBefore, loadAverageAfter }) {
  const averages = [loadAverageBefore[0], loadAverageAfter[0]].map((average) => average.toFixed(1)).join(' before, ');
  const stolen = ((1 - shareGiven) * 100).toFixed(1);
  const text = `Load average ${averages} after. Stolen by other machines: ${stolen} % of the time.`;
  return shareGiven >= STARVED_BELOW ? text : `${text} Single rounds differ a lot.`;
}

// What svg.js draws: one chart per group of rows, and one for memory.
function charts({ summaries, memory }) {
  const groups = new Map();
  const add = (group, row, bar) => {
    const chart = groups.get(group) ?? new Map();
    groups.set(group, chart.set(row, [...(chart.get(row) ?? []), bar]));
  };
  for (const { row, server, cpuEachUs, toFloor } of summaries) {
    const { title } = servers[server];
    if (toFloor) add(rows[row].group, row, { title, toFloor, value: `${digits(cpuEachUs.median)} us` });
  }
  for (const of of memory) {
    const { title, tls } = servers[of.server];
    const floor = memory.find((other) => isMemoryFloor(other, of, tls));
    const ratio = of.bytesEach / floor?.bytesEach;
    if (!(ratio > 0)) continue;
    const row = `${tls ? 'in TLS' : 'in clear'}, ${of.echoed ? 'echoed once' : 'silent'}`;
    const toFloor = { median: ratio, minimum: ratio, maximum: ratio };
    add('Memory of an idle connection', row, { title, toFloor, value: `${grouped(of.bytesEach)} B` });
  }
  return [...groups].map(([title, chart]) => ({
    title,
    rows: [...chart].map(([name, bars]) => ({ name, bars })),
  }));
}

function isMemoryFloor(candidate, { echoed }, tls) {
  return candidate.server === (tls ? 'floor-tls' : 'floor') && candidate.echoed === echoed;
}

// results.md
function page({ when, machine, options, leftOut, errors }, texts) {
  const facts = Object.entries(machine).map(([name, value]) => `${name} ${value}`);
  const lines = [
    '# Benchmarks',
    `${when}. ${facts.join(', ')}.`,
    `${options.rounds} rounds of ${options.seconds} s. What is measured: native/bench/README.md.`,
    `Errors: ${errors}.${leftOut.length > 0 ? ` Left out: ${leftOut.join(', ')}.` : ''}`,
    '![Cost to the floor](results.svg)',
    ...texts,
  ];
  return `${lines.join('\n\n')}\n`;
}

module.exports = {
  summarize,
  speedTable,
  judge,
  verdictText,
  memoryTable,
  memoryVerdictText,
  acceptTable,
  loadText,
  charts,
  page,
  sumOfErrors,
};
