// An echo server that looks like a legacy script: procedural, property numbers, an endless pump loop. Node's own
// loop never runs then, so timers and promises do not work; Ctrl-C still ends the program. New programs need no
// pump loop: see lines.ts.
import * as fs from 'node:fs';
import {
  ipworks_ipdaemon_do_doevents,
  ipworks_ipdaemon_do_send,
  ipworks_ipdaemon_get,
  ipworks_ipdaemon_get_last_error,
  ipworks_ipdaemon_get_last_error_code,
  ipworks_ipdaemon_open,
  ipworks_ipdaemon_register_callback,
  ipworks_ipdaemon_set,
} from 'ipdaemon';
import { options } from './shared/options.ts';

const { host, port } = options('echo');

/** Prints at once: console.log may wait for Node's loop, which a pump loop never runs. */
function say(text: string): void {
  fs.writeSync(1, `${text}\n`);
}

const res = ipworks_ipdaemon_open();

ipworks_ipdaemon_register_callback(res, 1, (param) => {
  const peer = `${ipworks_ipdaemon_get(res, 13, param.connectionid)}:${ipworks_ipdaemon_get(res, 14, param.connectionid)}`;
  say(`${param.connectionid}: connected from ${peer}`);
});

ipworks_ipdaemon_register_callback(res, 3, (param) => {
  // 10035 means that the client does not read fast enough: wait for ReadyToSend, then send all of it again.
  while (ipworks_ipdaemon_do_send(res, param.connectionid, param.text) === 10035) {
    while (ipworks_ipdaemon_get(res, 11, param.connectionid) === false) {
      ipworks_ipdaemon_do_doevents(res);
    }
  }
});

ipworks_ipdaemon_register_callback(res, 4, (param) => {
  say(`${param.connectionid}: disconnected, ${param.statuscode} ${param.description}`);
});

ipworks_ipdaemon_set(res, 26, 0, host); // LocalHost
ipworks_ipdaemon_set(res, 27, 0, port); // LocalPort
if (ipworks_ipdaemon_set(res, 25, 0, true) !== 0) {
  // Listening
  fs.writeSync(2, `echo: ${ipworks_ipdaemon_get_last_error_code(res)}: ${ipworks_ipdaemon_get_last_error(res)}\n`);
  process.exit(1);
}

say(`listening on ${ipworks_ipdaemon_get(res, 26, 0)}:${ipworks_ipdaemon_get(res, 27, 0)}`);
say(`Talk to it from another terminal with: nc ${host} ${ipworks_ipdaemon_get(res, 27, 0)}`);
say('Press Ctrl-C to stop it.');

while (true) {
  ipworks_ipdaemon_do_doevents(res);
}
