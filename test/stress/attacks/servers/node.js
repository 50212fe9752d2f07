// node:net and node:tls under attack, as they are mostly written.
'use strict';
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const tls = require('node:tls');
const { options, block, blocks, compute, Lines, announce } = require('./common.js');

const sockets = new Set();
let isFull = false;

async function sendMuch(socket) {
  for (let i = 0; i < blocks && !socket.destroyed; i += 1) {
    if (!socket.write(block, 'latin1')) await Promise.race([once(socket, 'drain'), once(socket, 'close')]);
  }
}

function serve(socket) {
  socket.on('error', () => socket.destroy());
  if (options.busy && isFull) {
    socket.end('busy\n');
    return;
  }
  isFull = true;
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
  socket.setEncoding('latin1');
  const lines = new Lines();
  socket.on('data', (chunk) => {
    for (const line of lines.take(chunk)) {
      if (line === 'much') {
        sendMuch(socket).catch(() => socket.destroy());
        continue;
      }
      if (line === 'throw') throw new Error('the handler throws');
      if (line === 'compute') compute();
      socket.write(`${line}\n`, 'latin1');
    }
  });
}

async function listen(server) {
  server.on('tlsClientError', () => {});
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
  await once(server, 'listening');
  return server.address().port;
}

function expire() {
  for (const socket of sockets) socket.setTimeout(2000, () => socket.destroy());
}

function trim() {
  require('koffi').load(null).func('int malloc_trim(size_t)')(0);
}

async function main() {
  const pem = fs.readFileSync(options.certificate);
  const clear = await listen(net.createServer({ noDelay: true }, serve));
  const secure = await listen(tls.createServer({ noDelay: true, key: pem, cert: pem }, serve));
  announce(clear, secure, { count: () => sockets.size, expire, trim });
}

process.on('uncaughtException', () => {});
main();
