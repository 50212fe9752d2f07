// Bun, echoing lines at its fastest that still makes a value of each line, see lines.js; a write per chunk.
const { listen, send } = require('./bun.js');
const { LineEcho } = require('./lines.js');

listen((socket, bytes) => {
  socket.data.lines ??= new LineEcho();
  const answers = socket.data.lines.answer(bytes.latin1Slice());
  if (answers) send(socket, Buffer.from(answers, 'latin1'));
});
