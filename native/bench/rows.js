// The rows of the comparison: which servers take part in each, and how they are loaded.
const ECHO = ['floor', 'core', 'ipdaemon', 'ipdaemon-koffi', 'net', 'bun', 'deno'];
const PUMPED_ECHO = [...ECHO, 'pump'];
const TLS = ['floor-tls', 'core-tls', 'ipdaemon-tls', 'ipdaemon-koffi-tls', 'node-tls', 'bun-tls', 'deno-tls'];
const LINES = [
  'floor-lines',
  'core-lines',
  'core-batch',
  'ipdaemon-lines',
  'ipdaemon-koffi-lines',
  'pump-lines',
  'net-lines',
  'net-joined',
  'net-strings',
  'bun-lines',
  'deno-lines',
];
const FILE = ['floor-file', 'core-file', 'ipdaemon-file', 'net-file', 'bun-file', 'deno-file'];
const TLS_FILE = [
  'floor-tls-file',
  'core-tls-file',
  'ipdaemon-tls-file',
  'node-tls-file',
  'bun-tls-file',
  'deno-tls-file',
];

const IN_TLS = 'Echo in TLS';
const CONNECTIONS = 'Connections that come and go';

// ping64 has 50 connections and one message under way on each; -c and -d stand for other numbers.
function echoRows() {
  const sizes = { 64: ['64', '64 bytes'], 1024: ['1k', '1 KiB'], 16384: ['16k', '16 KiB'] };
  const echo = {};
  for (const [size, [short, long]] of Object.entries(sizes)) {
    for (const connections of [1, 50, 1000]) {
      for (const depth of [1, 16]) {
        const name = `ping${short}${connections === 50 ? '' : `-c${connections}`}${depth === 1 ? '' : `-d${depth}`}`;
        const load = ['ping', '--size', Number(size), '--connections', connections, '--depth', depth];
        const servers = connections === 50 && depth === 1 ? PUMPED_ECHO : ECHO;
        echo[name] = { group: `Echo of ${long}`, servers, load };
      }
    }
  }
  return echo;
}

function handshakes(...more) {
  return ['churn', '--size', 64, '--connections', 20, ...more];
}

// `certificate` and `version` are what the servers of a TLS row speak with. The servers of a `download` send a
// file, and one message of it is a MiB. `group` is the chart that the row is in.
const rows = {
  ...echoRows(),
  deep64: {
    group: 'Echo of 64 bytes',
    servers: ECHO,
    load: ['ping', '--size', 64, '--connections', 50, '--depth', 8],
  },
  lines: {
    group: 'Lines of 32 bytes',
    servers: LINES,
    load: ['lines', '--size', 32, '--lines', 256, '--connections', 8, '--depth', 2],
  },
  'lines-c50': {
    group: 'Lines of 32 bytes',
    servers: LINES,
    load: ['lines', '--size', 32, '--lines', 256, '--connections', 50, '--depth', 2],
  },
  ...Object.fromEntries(
    [1, 50, 1000].map((connections) => [
      connections === 50 ? 'linewrite' : `linewrite-c${connections}`,
      {
        group: 'Lines of 32 bytes',
        servers: LINES,
        load: ['lines', '--size', 32, '--lines', 1, '--connections', connections],
      },
    ]),
  ),
  churn: {
    group: CONNECTIONS,
    servers: PUMPED_ECHO,
    load: ['churn', '--size', 64, '--connections', 50],
  },
  'tls-handshake-p256': { group: CONNECTIONS, servers: TLS, load: handshakes() },
  'tls-handshake-rsa': { group: CONNECTIONS, servers: TLS, certificate: 'rsa', load: handshakes() },
  'tls-resume': { group: CONNECTIONS, servers: TLS, load: handshakes('--resume') },
  'tls12-resume': { group: CONNECTIONS, servers: TLS, version: '1.2', load: handshakes('--resume') },
  'tls-echo1k': { group: IN_TLS, servers: TLS, load: ['ping', '--size', 1024, '--connections', 50] },
  'tls-echo16k': { group: IN_TLS, servers: TLS, load: ['ping', '--size', 16384, '--connections', 8, '--depth', 16] },
  'tls12-echo1k': { group: IN_TLS, servers: TLS, version: '1.2', load: ['ping', '--size', 1024, '--connections', 50] },
  download: { group: 'Download of a file', servers: FILE, download: true, load: ['download', '--connections', 1] },
  'tls-download': {
    group: 'Download of a file',
    servers: TLS_FILE,
    download: true,
    load: ['download', '--connections', 1],
  },
};

// A few that bring every server and every way of loading to work.
const fewRows = [
  'ping16k-c1000-d16',
  'lines',
  'churn',
  'tls-handshake-rsa',
  'tls12-resume',
  'tls-echo16k',
  'download',
  'tls-download',
];

module.exports = { rows, fewRows, ECHO, TLS };
