// node:net, answering whatever comes by a file, through a pipeline of streams.
const fs = require('node:fs');
const { pipeline } = require('node:stream/promises');
const { options, listen } = require('./common.js');

listen((socket) => {
  socket.on('data', () => {
    // A peer that goes away in the middle of a file ends that connection.
    pipeline(fs.createReadStream(options.file), socket, { end: false }).catch(() => socket.destroy());
  });
});
