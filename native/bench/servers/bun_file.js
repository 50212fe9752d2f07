// Bun, answering whatever comes by a file, which is mapped into memory.
const { options } = require('./common.js');
const { listen, send } = require('./bun.js');

const content = Bun.mmap(options.file);

listen((socket) => send(socket, content));
