// This library, echoing lines: one DataIn and one do_send for each line.
const { ipdaemon, serve } = require('./ipdaemon.js');

const { ipworks_ipdaemon_do_send: send } = ipdaemon;

serve('\n', (server, { connectionid, text }) => {
  send(server, connectionid, `${text}\n`);
});
