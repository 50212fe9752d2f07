// Bun's own sockets under attack.
'use strict';
const fs = require('node:fs');
const { options, block, blocks, compute, Lines, announce } = require('./common.js');

const bytes = Buffer.from(block);
const sockets = new Set();
let isFull = false;
let expires = false;

/** Sends what is owed, as far as the system takes it; goes on when Bun says that there is room. */
function drain(socket) {
  const peer = socket.data;
  while (peer.owed > 0) {
    const piece = bytes.subarray(0, Math.min(peer.owed, bytes.length));
    const sent = socket.write(piece);
    if (sent > 0) peer.owed -= sent;
    if (sent < piece.length) return;
  }
}

function data(socket, chunk) {
  // Data does not put off the time-out by itself; and one of less than two of Bun's steps of four seconds may be over
  // at once.
  if (expires) socket.timeout(8);
  for (const line of socket.data.lines.take(chunk.latin1Slice())) {
    if (line === 'much') {
      socket.data.owed = blocks * bytes.length;
      drain(socket);
      continue;
    }
    if (line === 'throw') throw new Error('the handler throws');
    if (line === 'compute') compute();
    socket.write(`${line}\n`);
  }
}

function open(socket) {
  socket.data = { lines: new Lines(), owed: 0 };
  if (options.busy && isFull) {
    socket.end('busy\n');
    return;
  }
  isFull = true;
  sockets.add(socket);
}

function listen(pem) {
  const server = Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    ...(pem && { tls: { key: pem, cert: pem } }),
    socket: {
      open,
      data,
      drain,
      close: (socket) => sockets.delete(socket),
      timeout: (socket) => socket.terminate(),
      error() {},
    },
  });
  return server.port;
}

function expire() {
  expires = true;
  for (const socket of sockets) socket.timeout(2);
}

function trim() {
  const { dlopen } = require('bun:ffi');
  dlopen('libc.so.6', { malloc_trim: { args: ['usize'], returns: 'int' } }).symbols.malloc_trim(0);
  Bun.gc(true);
  Bun.shrink?.();
}

const clear = listen(null);
const secure = listen(fs.readFileSync(options.certificate));
announce(clear, secure, { count: () => sockets.size, expire, trim });
