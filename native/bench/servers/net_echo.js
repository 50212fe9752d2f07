// node:net, echoing what it reads.
const { listen } = require('./common.js');

listen((socket) => {
  socket.on('data', (bytes) => socket.write(bytes));
});
