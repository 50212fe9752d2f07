// The server under attack: echoes lines, MaxConnections as large as the descriptors allow.
'use strict';
const path = require('node:path');
const ipdaemon = require(path.resolve(__dirname, '..', '..'));

const res = ipdaemon.ipworks_ipdaemon_open();
ipdaemon.ipworks_ipdaemon_do_config(res, 'MaxConnections=18000');
ipdaemon.ipworks_ipdaemon_set(res, 1, 0, 4096);
ipdaemon.ipworks_ipdaemon_set(res, 18, 0, '\n');
ipdaemon.ipworks_ipdaemon_set(res, 26, 0, '127.0.0.1');
ipdaemon.ipworks_ipdaemon_register_callback(res, 3, (param) => {
  if (param.eol) {
    ipdaemon.ipworks_ipdaemon_do_send(res, param.connectionid, `${param.text}\n`);
  }
});
const code = ipdaemon.ipworks_ipdaemon_set(res, 25, 0, true);
if (code !== 0) {
  throw new Error(ipdaemon.ipworks_ipdaemon_get_last_error(res));
}
console.log(`listening ${ipdaemon.ipworks_ipdaemon_get(res, 27, 0)}`);
process.stdin.on('data', () => {
  const memory = process.memoryUsage();
  const connections = ipdaemon.ipworks_ipdaemon_get(res, 2, 0);
  console.log(`report ${JSON.stringify({ rss: memory.rss, heap: memory.heapUsed, connections })}`);
});
