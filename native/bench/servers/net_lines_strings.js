// node:net at its fastest that still makes a value of each line: the chunk becomes one string, lines
// are slices of it, all answers of a chunk are one string and one write.
const { listen } = require('./common.js');

listen((socket) => {
  socket.setEncoding('latin1');
  let unfinished = '';
  socket.on('data', (chunk) => {
    const text = unfinished + chunk;
    let answers = '';
    let begin = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', begin)) {
      const line = text.slice(begin, end);
      answers += `${line}\n`;
      begin = end + 1;
    }
    unfinished = text.slice(begin);
    if (answers) socket.write(answers, 'latin1');
  });
});
