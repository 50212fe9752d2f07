// This library, echoing lines: one DataIn and one do_send for each line.
const { serveReplies } = require('./ipdaemon.js');

serveReplies('\n', (text) => `${text}\n`);
