// The thread behind peer.ts: a client that goes on while the test's own thread is inside a blocking call.
'use strict';
const net = require('node:net');
const tls = require('node:tls');
const { parentPort } = require('node:worker_threads');

let socket;
let received = 0;
/** What came since the last report. */
let fresh = [];
let resumeAt = -1;

function report(what, more) {
  parentPort.postMessage({ what, received, fresh: fresh.join(''), ...more });
  fresh = [];
}

const commands = {
  connect({ port, host, paused, secure }) {
    const where = { port, host, noDelay: true };
    socket = secure ? tls.connect({ ...where, rejectUnauthorized: false }) : net.connect(where);
    if (paused) {
      socket.pause();
    }
    socket.on('connect', () => report('connected', { localPort: socket.localPort }));
    socket.on('data', (chunk) => {
      received += chunk.length;
      fresh.push(chunk.toString('latin1'));
      if (resumeAt >= 0 && received >= resumeAt) {
        resumeAt = -1;
        socket.pause();
        report('read');
      }
    });
    socket.on('end', () => report('end'));
    socket.on('error', (error) => report('error', { code: error.code }));
    socket.on('close', () => report('close'));
  },
  write({ text }) {
    socket.write(Buffer.from(text, 'latin1'));
  },
  resume({ atMost, after }) {
    const go = () => {
      resumeAt = atMost ?? -1;
      socket.resume();
      report('resumed', { at: performance.timeOrigin + performance.now() });
    };
    if (after) {
      setTimeout(go, after);
    } else {
      go();
    }
  },
  pause() {
    socket.pause();
  },
  end({ after }) {
    setTimeout(() => socket.end(), after ?? 0);
  },
  reset({ after }) {
    setTimeout(() => socket.resetAndDestroy(), after ?? 0);
  },
  stop() {
    socket?.destroy();
    parentPort.close();
  },
};

parentPort.on('message', (command) => commands[command.op](command));
