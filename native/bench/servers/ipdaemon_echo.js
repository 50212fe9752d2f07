// This library, echoing what it reads: one DataIn and one do_send for each piece.
const { ipdaemon, serve } = require('./ipdaemon.js');

const { ipworks_ipdaemon_do_send: send } = ipdaemon;

serve('', (server, { connectionid, text }) => {
  send(server, connectionid, text);
});
