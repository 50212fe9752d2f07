// What every bench server in JavaScript does the same way: its options, the line that tells its port,
// and ending when the program that started it has ended.
const fs = require('node:fs');

const options = { port: 0, pump: false, delay: false, fault: '' };
for (let i = 2; i < process.argv.length; ++i) {
  const word = process.argv[i];
  if (word === '--port') options.port = Number(process.argv[++i]);
  else if (word === '--pump') options.pump = true;
  else if (word === '--delay') options.delay = true;
  else if (word === '--fault') options.fault = process.argv[++i];
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

// Starts a node:net server that hands each connection to `serve`.
function listen(serve) {
  const net = require('node:net');
  const server = net.createServer({ noDelay: !options.delay }, (socket) => {
    socket.on('error', () => socket.destroy());
    serve(socket);
  });
  server.listen({ port: options.port, host: '127.0.0.1', backlog: 1024 }, () => announce(server.address().port));
  endWithParent();
}

module.exports = { options, announce, endWithParent, listen };
