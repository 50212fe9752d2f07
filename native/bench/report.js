// From the results of the rounds to medians, ratios, tables and the figures that were promised.
const { servers } = require('./programs.js');

const TLS_MEMORY_LIMIT = 16 * 1024;

function spread(values) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, minimum: sorted[0], maximum: sorted[sorted.length - 1] };
}

const cpuEach = (result) => (result.server_cpu_seconds / result.count) * 1e6;
const sumOfErrors = (result) => Object.values(result.errors).reduce((sum, count) => sum + count, 0);

// `rounds` holds for each round an object from server name to the result of the load generator.
function summarize(row, names, rounds) {
  const floor = names.find((name) => name.startsWith('floor'));
  return names.map((name) => {
    const results = rounds.map((round) => round[name]);
    const latency = (key) => spread(results.map((result) => result.latency_us[key]))?.median;
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
      'per second',
      'CPU us each (min-max)',
      'to floor (min-max)',
      'p50 us',
      'p99 us',
      'p99.9 us',
      'errors',
    ],
    summaries.map((of) => [
      of.row,
      servers[of.server].title,
      grouped(of.perSecond?.median),
      withRange(of.cpuEachUs),
      withRange(of.toFloor),
      digits(of.latencyUs.p50),
      digits(of.latencyUs.p99),
      digits(of.latencyUs.p999),
      of.errors,
    ]),
  );
}

// The targets of the first figures. A ratio is taken in each round and its median compared.
const promises = [
  { row: 'ping64', server: 'ipdaemon', against: 'floor', by: 'cpu', atMost: 1.15 },
  { row: 'ping64', server: 'pump', against: 'floor', by: 'cpu', atMost: 1.15 },
  { row: 'lines', server: 'ipdaemon-lines', against: 'net-lines', by: 'rate', atLeast: 15 },
  { row: 'lines', server: 'ipdaemon-lines', against: 'net-lines', by: 'rate per CPU', atLeast: 15 },
  { row: 'lines', server: 'ipdaemon-lines', against: 'net-joined', by: 'rate', atLeast: 1.5 },
  { row: 'lines', server: 'ipdaemon-lines', against: 'net-joined', by: 'rate per CPU', atLeast: 1.5 },
  { row: 'tls-echo1k', server: 'ipdaemon-tls', against: 'floor-tls', by: 'cpu', atMost: 1.15 },
  { row: 'tls-echo16k', server: 'ipdaemon-tls', against: 'floor-tls', by: 'cpu', atMost: 1 },
  { row: 'tls-handshake-p256', server: 'ipdaemon-tls', against: 'floor-tls', by: 'cpu', atMost: 1.1 },
  { row: 'tls-handshake-rsa', server: 'ipdaemon-tls', against: 'floor-tls', by: 'cpu', atMost: 1.1 },
  { row: 'tls-resume', server: 'ipdaemon-tls', against: 'floor-tls', by: 'cpu', atMost: 1.1 },
  { row: 'tls12-resume', server: 'ipdaemon-tls', against: 'floor-tls', by: 'cpu', atMost: 1.1 },
];

const ratios = {
  cpu: (own, other) => cpuEach(own) / cpuEach(other),
  rate: (own, other) => own.per_second / other.per_second,
  'rate per CPU': (own, other) => cpuEach(other) / cpuEach(own),
};

function judge(roundsOf) {
  return promises.flatMap((promise) => {
    const { row, server, against, by, atMost, atLeast } = promise;
    const rounds = (roundsOf[row] ?? []).filter((round) => round[server] && round[against]);
    const ratio = spread(rounds.map((round) => ratios[by](round[server], round[against])));
    if (!ratio) return [];
    return [{ ...promise, ratio, kept: atMost !== undefined ? ratio.median <= atMost : ratio.median >= atLeast }];
  });
}

function verdictLines(verdicts) {
  return verdicts.map(({ row, server, against, by, atMost, atLeast, ratio, kept }) => {
    const target = atMost !== undefined ? `at most ${atMost}` : `at least ${atLeast}`;
    return `- ${row}: ${server} / ${against}, ${by}: ${withRange(ratio)}, target ${target}: ${kept ? 'met' : 'not met'}`;
  });
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
function memoryVerdictLines(measurements) {
  return measurements
    .filter(({ server }) => server === 'ipdaemon-tls')
    .map(({ server, echoed, bytesEach }) => {
      const verdict = bytesEach <= TLS_MEMORY_LIMIT ? 'met' : 'not met';
      const state = echoed ? 'echoed once' : 'silent';
      return `- ${server}, ${state}: ${grouped(bytesEach)} bytes each, target at most ${TLS_MEMORY_LIMIT}: ${verdict}`;
    });
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

module.exports = {
  summarize,
  speedTable,
  judge,
  verdictLines,
  memoryTable,
  memoryVerdictLines,
  acceptTable,
  sumOfErrors,
};
