// node:net at its fastest that still makes a value of each line, see lines.js; a write per chunk.
const { listen } = require('./common.js');
const { LineEcho } = require('./lines.js');

listen((socket) => {
  socket.setEncoding('latin1');
  const lines = new LineEcho();
  socket.on('data', (chunk) => {
    const answers = lines.answer(chunk);
    if (answers) socket.write(answers, 'latin1');
  });
});
