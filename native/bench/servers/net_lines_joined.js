// node:net written for speed: each line is a view of the chunk, all answers of a chunk are one write.
// The bytes are searched in JavaScript, which for short lines is faster than calling indexOf.
const { listen } = require('./common.js');

const LF = 10;

listen((socket) => {
  let unfinished = null;
  socket.on('data', (chunk) => {
    const bytes = unfinished ? Buffer.concat([unfinished, chunk]) : chunk;
    const answers = [];
    let begin = 0;
    for (let at = unfinished ? unfinished.length : 0; at < bytes.length; ++at) {
      if (bytes[at] !== LF) continue;
      answers.push(bytes.subarray(begin, at + 1));
      begin = at + 1;
    }
    unfinished = begin < bytes.length ? bytes.subarray(begin) : null;
    if (answers.length > 0) socket.write(Buffer.concat(answers));
  });
});
