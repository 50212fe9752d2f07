// What every bench server in JavaScript does the same way: its options, the line that names its port,
// and ending when the program that started it has ended.
const fs = require('node:fs');

const options = { port: 0, pump: false, delay: false, fault: '', file: '', certificate: '', tls: '1.3' };
for (let i = 2; i < process.argv.length; ++i) {
  const word = process.argv[i];
  if (word === '--port') options.port = Number(process.argv[++i]);
  else if (word === '--pump') options.pump = true;
  else if (word === '--delay') options.delay = true;
  else if (word === '--fault') options.fault = process.argv[++i];
  else if (word === '--file') options.file = process.argv[++i];
  else if (word === '--certificate') options.certificate = process.argv[++i];
  else if (word === '--tls') options.tls = process.argv[++i];
  else throw new Error(`unknown option ${word}`);
}

function announce(port) {
  fs.writeSync(1, `listening ${port}\n`);
}

// Our standard input is the other end of a pipe of who started us, unless we run by hand.
function endWithParent() {
  const input = fs.fstatSync(0);
  if (!input.isFIFO() && !input.isSocket()) return;
  process.stdin.on('end', () => process.exit()).resume();
}

// Of node:tls what tls.hpp asks of the others: one version, AES-128-GCM, X25519.
function tlsOptions() {
  const pem = fs.readFileSync(options.certificate);
  return {
    key: pem,
    cert: pem,
    minVersion: `TLSv${options.tls}`,
    maxVersion: `TLSv${options.tls}`,
    ciphers: 'TLS_AES_128_GCM_SHA256:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256',
    ecdhCurve: 'X25519:P-256',
  };
}

// Starts a node:net server, or with a certificate a node:tls server, that hands each connection to `serve`.
function listen(serve) {
  const accept = (socket) => {
    socket.on('error', () => socket.destroy());
    serve(socket);
  };
  const common = { noDelay: !options.delay };
  const server = options.certificate
    ? require('node:tls').createServer({ ...common, ...tlsOptions() }, accept)
    : require('node:net').createServer(common, accept);
  server.listen({ port: options.port, host: '127.0.0.1', backlog: 1024 }, () => announce(server.address().port));
  endWithParent();
}

module.exports = { options, announce, endWithParent, listen };
