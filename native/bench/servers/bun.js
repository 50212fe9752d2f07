// What the servers on Bun's own sockets do the same way. Bun switches Nagle off by itself; its TLS is BoringSSL.
const fs = require('node:fs');
const { options, announce, endWithParent } = require('./common.js');

// A socket takes what the system takes; the rest waits for the event `drain`.
function send(socket, bytes) {
  const peer = socket.data;
  if (peer.unsent) {
    peer.unsent = Buffer.concat([peer.unsent, bytes]);
    return;
  }
  const sent = socket.write(bytes);
  if (sent >= 0 && sent < bytes.length) peer.unsent = bytes.subarray(sent);
}

function drain(socket) {
  const { unsent } = socket.data;
  if (!unsent) return;
  socket.data.unsent = null;
  send(socket, unsent);
}

// `data(socket, bytes)` is called for each chunk.
function listen(data) {
  const pem = options.certificate ? fs.readFileSync(options.certificate) : null;
  const server = Bun.listen({
    hostname: '127.0.0.1',
    port: options.port,
    ...(pem && { tls: { key: pem, cert: pem } }),
    socket: {
      open(socket) {
        socket.data = { unsent: null, lines: null };
        if (options.delay) socket.setNoDelay(false);
      },
      data,
      drain,
      error(socket) {
        socket.terminate();
      },
    },
  });
  announce(server.port);
  endWithParent();
}

module.exports = { listen, send };
