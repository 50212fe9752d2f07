// A server on this library through its procedural interface: opened, configured as all bench servers
// are, and driven by Node's own loop or, with --pump, by calling do_doevents for ever as old programs do.
const { options, announce, endWithParent } = require('./common.js');
const ipdaemon = require(process.env.IPDAEMON_BENCH_LIBRARY || '../../..');

const DATA_IN = 3;
const DISCONNECTED = 4;
const READY_TO_SEND = 6;
const CONNECTION_BACKLOG = 1;
const ACCEPT_DATA = 3;
const DEFAULT_EOL = 18;
const LISTENING = 25;
const LOCAL_HOST = 26;
const LOCAL_PORT = 27;
const SSL_CERT_STORE = 30;
const SSL_CERT_STORE_TYPE = 32;
const SSL_CERT_SUBJECT = 33;
const SSL_START_MODE = 35;
const PEM_KEY_FILE = 6;
const IMPLICIT = 1;
const WOULD_BLOCK = 10035;

function check(server, code) {
  if (code !== 0) throw new Error(`${code}: ${ipdaemon.ipworks_ipdaemon_get_last_error(server)}`);
}

function configure(server, setting) {
  ipdaemon.ipworks_ipdaemon_do_config(server, setting);
  check(server, ipdaemon.ipworks_ipdaemon_get_last_error_code(server));
}

// What tls.hpp asks of the others, too: one version, AES-128-GCM, X25519.
function speakTls(server) {
  configure(server, `SSLEnabledProtocols=${options.tls === '1.2' ? 3072 : 12288}`);
  configure(
    server,
    options.tls === '1.2'
      ? 'SSLEnabledCipherSuites=TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'
      : 'SSLEnabledCipherSuites=TLS_AES_128_GCM_SHA256',
  );
  configure(server, `${options.tls === '1.2' ? 'TLS12' : 'TLS13'}SupportedGroups=ecdhe_x25519,ecdhe_secp256r1`);
  check(server, ipdaemon.ipworks_ipdaemon_set(server, SSL_CERT_STORE_TYPE, 0, PEM_KEY_FILE));
  check(server, ipdaemon.ipworks_ipdaemon_set(server, SSL_CERT_STORE, 0, options.certificate));
  check(server, ipdaemon.ipworks_ipdaemon_set(server, SSL_CERT_SUBJECT, 0, '*'));
  check(server, ipdaemon.ipworks_ipdaemon_set(server, SSL_START_MODE, 0, IMPLICIT));
}

// `dataIn(server, parameters)` is called for each event; `eol` is what ends a line, '' for no lines.
function serve(eol, dataIn) {
  const server = ipdaemon.ipworks_ipdaemon_open();
  configure(server, 'MaxConnections=20000');
  configure(server, `TcpNoDelay=${!options.delay}`);
  check(server, ipdaemon.ipworks_ipdaemon_set(server, CONNECTION_BACKLOG, 0, 1024));
  check(server, ipdaemon.ipworks_ipdaemon_set(server, LOCAL_HOST, 0, '127.0.0.1'));
  check(server, ipdaemon.ipworks_ipdaemon_set(server, LOCAL_PORT, 0, options.port));
  check(server, ipdaemon.ipworks_ipdaemon_set(server, DEFAULT_EOL, 0, eol));
  if (options.certificate) speakTls(server);
  ipdaemon.ipworks_ipdaemon_register_callback(server, DATA_IN, (parameters) => dataIn(server, parameters));
  check(server, ipdaemon.ipworks_ipdaemon_set(server, LISTENING, 0, true));
  announce(ipdaemon.ipworks_ipdaemon_get(server, LOCAL_PORT, 0));
  if (options.pump) pump(server);
  else endWithParent();
}

// Node's loop never turns here, so the end of the parent is looked for now and then.
function pump(server) {
  const parent = process.ppid;
  for (let turn = 1; turn % 1000 !== 0 || process.ppid === parent; ++turn) {
    ipdaemon.ipworks_ipdaemon_do_doevents(server);
  }
}

// As `serve`, sending what `reply(text)` gives for each DataIn. A peer that does not take it is not read from until
// it has.
function serveReplies(eol, reply) {
  const {
    ipworks_ipdaemon_do_send: send,
    ipworks_ipdaemon_set: set,
    ipworks_ipdaemon_register_callback: register,
  } = ipdaemon;
  const refused = new Map();

  // Registered when something is refused only, as these events come on every connection.
  const waitForReadyToSend = (server) => {
    register(server, READY_TO_SEND, ({ connectionid }) => {
      const text = refused.get(connectionid);
      if (text === undefined) return;
      refused.delete(connectionid);
      check(server, set(server, ACCEPT_DATA, connectionid, true));
      check(server, send(server, connectionid, text));
    });
    register(server, DISCONNECTED, ({ connectionid }) => refused.delete(connectionid));
  };

  serve(eol, (server, { connectionid, text }) => {
    const answer = reply(text);
    if (send(server, connectionid, answer) !== WOULD_BLOCK) return;
    if (refused.size === 0) waitForReadyToSend(server);
    refused.set(connectionid, answer);
    check(server, set(server, ACCEPT_DATA, connectionid, false));
  });
}

module.exports = { ipdaemon, check, serve, serveReplies };
