// This library, echoing what it reads: one DataIn and one do_send for each piece.
const { serveReplies } = require('./ipdaemon.js');

serveReplies('', (text) => text);
