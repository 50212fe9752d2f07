// What this library is measured against, as ratios of processor time in the same round, and whether a run has met it.
const { rows } = require('./rows.js');

const HANDSHAKES = ['tls-handshake-p256', 'tls-handshake-rsa'];
const RESUMPTIONS = ['tls-resume', 'tls12-resume'];
const isPeer = (name) => /^(net|node|bun|deno)/.test(name);

// `own` over the cheapest of `against`.
const target = (row, own, against, atMost) => ({ row, own, against: [].concat(against), atMost });

function echoTargets(row, atMost) {
  return [
    target(row, 'ipdaemon', 'floor', atMost),
    target(row, 'pump', 'floor', atMost),
    target(row, 'ipdaemon', 'bun', 1),
  ];
}

// Node 20 cannot tell without a crossing whether a text is bytes.
function targets(nodeVersion) {
  const lines = Number.parseInt(nodeVersion.slice(1), 10) >= 22 ? 0.67 : 0.8;
  return [
    ...['lines', 'lines-c50'].flatMap((row) =>
      ['ipdaemon-lines', 'pump-lines'].map((own) => target(row, own, rows[row].servers.filter(isPeer), lines)),
    ),
    ...['ping64', 'ping64-c1000', 'ping1k', 'ping1k-c1000'].flatMap((row) => echoTargets(row, 1.08)),
    ...['ping64-c1', 'ping1k-c1'].map((row) => target(row, 'ipdaemon', 'floor', 1.5)),
    target('linewrite', 'ipdaemon-lines', 'floor-lines', 1.15),
    ...echoTargets('churn', 1.08),
    target('ping16k', 'ipdaemon', 'floor', 1.05),
    target('download', 'ipdaemon-file', 'floor-file', 1.05),
    target('tls-echo1k', 'ipdaemon-tls', 'floor-tls', 1.03),
    target('tls-echo16k', 'ipdaemon-tls', 'floor-tls', 0.95),
    ...HANDSHAKES.map((row) => target(row, 'ipdaemon-tls', 'floor-tls', 0.95)),
    ...RESUMPTIONS.map((row) => target(row, 'ipdaemon-tls', 'floor-tls', 0.8)),
  ];
}

module.exports = { targets };
