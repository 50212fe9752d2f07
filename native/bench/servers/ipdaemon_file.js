// This library, answering whatever comes by a file.
const { options } = require('./common.js');
const { ipdaemon, check, serve } = require('./ipdaemon.js');

serve('', (server, { connectionid }) => {
  check(server, ipdaemon.ipworks_ipdaemon_do_sendfile(server, connectionid, options.file));
});
