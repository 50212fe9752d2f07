// node:net as it is mostly written: each line is a string, answered by its own write.
const { listen } = require('./common.js');

listen((socket) => {
  socket.setEncoding('latin1');
  let unfinished = '';
  socket.on('data', (text) => {
    const lines = (unfinished + text).split('\n');
    unfinished = lines.pop();
    for (const line of lines) socket.write(`${line}\n`, 'latin1');
  });
});
