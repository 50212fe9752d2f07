// Bun, echoing what it reads.
const { listen, send } = require('./bun.js');

listen(send);
