// This library under attack, as its pages say that one should write it. IPDAEMON_STRESS_PACKAGE names another checkout
// of it than the one that this file is in.
'use strict';
const path = require('node:path');
const { options, block, blocks, compute, announce } = require('./common.js');

const ipdaemon = require(process.env.IPDAEMON_STRESS_PACKAGE ?? path.resolve(__dirname, '..', '..', '..', '..'));
const { EventId, Property, SSLCertStoreType, SSLStartMode } = ipdaemon;
const {
  ipdaemon_do_config: config,
  ipdaemon_do_disconnect: disconnect,
  ipdaemon_do_doevents: doevents,
  ipdaemon_do_send: send,
  ipdaemon_get: get,
  ipdaemon_register_callback: register,
  ipdaemon_set: set,
} = ipdaemon;

/** Those that are there, by server. */
const connections = [];

function check(res) {
  const code = ipdaemon.ipdaemon_get_last_error_code(res);
  if (code !== 0) throw new Error(`${code}: ${ipdaemon.ipdaemon_get_last_error(res)}`);
}

/** The loop of PORTING.md. */
function sendMuch(res, id) {
  for (let i = 0; i < blocks; i += 1) {
    while (send(res, id, block) === 10035) {
      while (get(res, Property.ReadyToSend, id) === false) doevents(res);
    }
  }
}

function listen(secure) {
  const res = ipdaemon.ipdaemon_open();
  const ids = new Set();
  connections.push([res, ids]);
  let isFull = false;
  config(res, `MaxConnections=${options.busy ? 10 : 18_000}`);
  set(res, Property.ConnectionBacklog, 4096);
  set(res, Property.DefaultEOL, '\n');
  set(res, Property.LocalHost, '127.0.0.1');
  if (secure) {
    set(res, Property.SSLCertStoreType, SSLCertStoreType.PEMKeyFile);
    set(res, Property.SSLCertStore, options.certificate);
    set(res, Property.SSLCertSubject, '*');
    set(res, Property.SSLStartMode, SSLStartMode.Implicit);
  }
  register(res, EventId.Connected, ({ connectionid, statuscode }) => {
    if (statuscode !== 0) return;
    if (options.busy && isFull) {
      send(res, connectionid, 'busy\n');
      disconnect(res, connectionid);
      return;
    }
    isFull = true;
    ids.add(connectionid);
  });
  register(res, EventId.Disconnected, ({ connectionid }) => ids.delete(connectionid));
  register(res, EventId.DataIn, ({ connectionid, text }) => {
    if (text === 'much') {
      sendMuch(res, connectionid);
      return;
    }
    if (text === 'throw') throw new Error('the handler throws');
    if (text === 'compute') compute();
    send(res, connectionid, `${text}\n`);
  });
  set(res, Property.Listening, true);
  check(res);
  return res;
}

function count() {
  return connections.reduce((sum, [, ids]) => sum + ids.size, 0);
}

function expire() {
  for (const [res, ids] of connections) {
    for (const id of ids) set(res, Property.IdleTimeout, id, 2);
  }
}

function trim() {
  require('koffi').load(null).func('int malloc_trim(size_t)')(0);
}

/** Node's loop never turns here, so the end of who has started us is looked for now and then. */
function pump(res) {
  const parent = process.ppid;
  for (let turn = 1; turn % 1000 !== 0 || process.ppid === parent; turn += 1) {
    try {
      doevents(res);
    } catch {
      // One of our handlers; there is always a next turn.
    }
  }
}

const clear = listen(false);
const secure = listen(true);
announce(get(clear, Property.LocalPort), get(secure, Property.LocalPort), { count, expire, trim });
if (options.pump) pump(clear);
else process.on('uncaughtException', () => {});
