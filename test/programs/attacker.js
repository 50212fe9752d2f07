// The attackers of the hostile tests as a program: attacker.js ATTACK PORT COUNT. Runs until it is ended, or told to
// by a line "end"; answers other lines with the number of connections that it has opened.
'use strict';
const net = require('node:net');

const [attack, port, count] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
let open = 0;
let opened = 0;
let isEnding = false;
const sockets = new Set();

function connect(onConnect, options = {}) {
  const socket = net.connect({ port, host: '127.0.0.1', ...options });
  open += 1;
  sockets.add(socket);
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    open -= 1;
    sockets.delete(socket);
    if (isEnding && open === 0) {
      process.exit();
    }
  });
  socket.on('connect', () => {
    opened += 1;
    if (opened === Math.min(count, 5)) {
      console.log('attacking');
    }
    onConnect(socket);
  });
  return socket;
}

/** Writes a block again and again, as fast as the server takes it. */
function flood(socket, block) {
  const more = () => {
    while (!socket.destroyed && socket.write(block)) {}
  };
  socket.on('drain', more);
  more();
}

/** Connects, resets at a step that changes from one connection to the next, and connects again. */
function resetAt(step) {
  const socket = connect(() => {
    switch (step) {
      case 0:
        socket.resetAndDestroy();
        break;
      case 1:
        socket.write('half a line', () => socket.resetAndDestroy());
        break;
      case 2:
        socket.on('data', () => socket.resetAndDestroy());
        socket.write('a line\n');
        break;
      case 3:
        socket.write('line\n'.repeat(10_000));
        setImmediate(() => socket.resetAndDestroy());
        break;
      default:
        socket.on('data', () => socket.resetAndDestroy());
        socket.on('end', () => socket.destroy());
        socket.end('line\n');
    }
  });
  socket.on('close', () => isEnding || setImmediate(resetAt, (step + 1) % 5));
}

const attacks = {
  silent() {
    for (let i = 0; i < count; i += 1) {
      connect(() => undefined);
    }
  },
  endless() {
    const block = Buffer.alloc(65_536, 'e');
    for (let i = 0; i < count; i += 1) {
      connect((socket) => flood(socket, block));
    }
  },
  bytes() {
    for (let i = 0; i < count; i += 1) {
      connect((socket) => {
        const next = () => {
          if (!socket.destroyed) {
            socket.write('b', () => setTimeout(next, 5));
          }
        };
        next();
      });
    }
  },
  unread() {
    const block = 'give me all of this back\n'.repeat(2000);
    for (let i = 0; i < count; i += 1) {
      connect((socket) => flood(socket, block)).pause();
    }
  },
  resets() {
    for (let i = 0; i < count; i += 1) {
      resetAt(i % 5);
    }
  },
  /** `count` new connections at a time, closed again by the tens, for as long as it runs. */
  storm() {
    const held = [];
    const wave = () => {
      while (!isEnding && open < count) {
        held.push(connect(() => undefined));
      }
      for (const socket of held.splice(0, Math.max(0, held.length - count + 50))) {
        socket.destroy();
      }
      setTimeout(wave, 10);
    };
    wave();
  },
  /** `count` connections in all, a hundred at a time until the server ends them. They never end their own side. */
  stay() {
    let begun = 0;
    let over = 0;
    let answered = 0;
    const next = () => {
      if (begun === count || isEnding) {
        return;
      }
      begun += 1;
      let heard = '';
      const socket = connect(() => socket.write('hello\n'), { allowHalfOpen: true });
      let isOver = false;
      const onEnd = () => {
        if (!isOver) {
          isOver = true;
          over += 1;
          answered += heard === 'busy\n' ? 1 : 0;
          if (over === count) {
            console.log(`all over, ${answered} answered`);
          }
          next();
        }
      };
      socket.on('data', (chunk) => {
        heard += chunk;
      });
      socket.on('end', onEnd);
      socket.on('close', onEnd);
    };
    for (let i = 0; i < 100; i += 1) {
      next();
    }
  },
  /** `count` connects per second, each closed by a reset as soon as it stands, so that ports do not run out. */
  connects() {
    const begin = performance.now();
    let begun = 0;
    const tick = () => {
      const due = Math.floor(((performance.now() - begin) * count) / 1000);
      while (!isEnding && begun < due && open < 2000) {
        begun += 1;
        connect((socket) => socket.resetAndDestroy());
      }
      setTimeout(tick, 1);
    };
    tick();
  },
};

attacks[attack]();

function end() {
  isEnding = true;
  for (const socket of sockets) {
    socket.destroy();
  }
  if (open === 0) {
    process.exit();
  }
}

process.stdin.on('data', (line) => {
  if (String(line).startsWith('end')) {
    end();
  } else {
    console.log(`opened ${opened}`);
  }
});
