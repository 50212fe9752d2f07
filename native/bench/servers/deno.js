// What the servers on Deno's own sockets do the same way. Deno's TLS is rustls.
const fs = require('node:fs');
const { options, announce, endWithParent } = require('./common.js');

// Calls `answer(connection, bytes, peer)` for each chunk and waits for it before the next one is read.
// `bytes` are good until then, and `peer` is an object that stays with the connection.
async function serve(connection, answer) {
  const buffer = new Uint8Array(65536);
  const peer = {};
  try {
    connection.setNoDelay?.(!options.delay); // Connections in TLS cannot.
    for (;;) {
      const length = await connection.read(buffer);
      if (length === null) break;
      await answer(connection, buffer.subarray(0, length), peer);
    }
  } catch {
    // The peer went away, which ends its connection and nothing else.
  }
  connection.close();
}

// A write takes what the system takes.
async function send(connection, bytes) {
  for (let sent = 0; sent < bytes.length; ) sent += await connection.write(bytes.subarray(sent));
}

async function listen(answer) {
  const address = { hostname: '127.0.0.1', port: options.port, tcpBacklog: 1024 };
  const pem = options.certificate ? fs.readFileSync(options.certificate, 'utf8') : '';
  const listener = pem ? Deno.listenTls({ ...address, key: pem, cert: pem }) : Deno.listen(address);
  announce(listener.addr.port);
  endWithParent();
  for await (const connection of listener) serve(connection, answer);
}

module.exports = { listen, send };
