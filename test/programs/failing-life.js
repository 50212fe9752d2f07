// The life of a server, again and again, while one step after the other fails in the addon: `failing-life.js PUMP
// [together]`, with IPDAEMON_ADDON naming `ipdaemon_failing.node` (test/native/addon/failing.cc). PUMP is node or
// doevents. With `together`, handlers only answer, and clients write at the same time, so that input and answers of
// several connections cross together. Checks each life and prints what is wrong; ends with the number of lives.
'use strict';
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');

const ipd = require(path.join(__dirname, '..', '..'));
const { failAt, failed } = require(process.env.IPDAEMON_ADDON);
const { ErrorCode, EventId, Property } = ipd;
const pumps = process.argv[2] === 'doevents';
const together = process.argv[3] === 'together';
const lines = ['one', 'two', 'three'];
const patience = Number(process.env.IPDAEMON_TEST_PATIENCE ?? 10_000);

// What went wrong is told by one of these, and by nothing else.
const codes = [ErrorCode.OutOfMemory, ErrorCode.HandlerStopped, ErrorCode.NoBuffers, ErrorCode.TooManySockets];
const texts = [/^ipdaemon: .*Node-API call failed/, /no more servers can be opened/];
let reports = [];
let problems = [];

process.on('uncaughtException', (error) => report(error));

function report(error) {
  reports.push(error);
  if (!texts.some((text) => text.test(error?.message))) problems.push(`an exception of another kind: ${error?.stack}`);
}

function note(res, name, code) {
  if (code === 0) return;
  reports.push(`${name}: ${code}`);
  if (!codes.includes(code)) problems.push(`${name} answered ${code}: ${ipd.ipdaemon_get_last_error(res)}`);
}

/** Makes a call that may fail by a code or by an exception. */
function attempt(call) {
  try {
    return call();
  } catch (error) {
    report(error);
    return undefined;
  }
}

/** An answer that may be kept until others are there, too. */
function answer(res, id, text) {
  const code = attempt(() => ipd.ipdaemon_do_send(res, id, `<${text}>${text === 'two' ? 'x'.repeat(1997) : ''}\r\n`));
  if (code === 0) return;
  if (code !== undefined) note(res, 'do_send', code);
  attempt(() => ipd.ipdaemon_do_disconnect(res, id));
}

/** Other calls and then an answer, which so leaves at once. */
function useAndAnswer(res, id, text) {
  attempt(() => note(res, 'set', ipd.ipdaemon_set(res, Property.UserData, id, `about ${id}`)));
  const data = attempt(() => ipd.ipdaemon_get(res, Property.UserData, id));
  if (data === null) note(res, 'get', attempt(() => ipd.ipdaemon_get_last_error_code(res)) ?? 0);
  else if (data !== undefined && data !== `about ${id}` && data !== '') problems.push(`UserData is ${data}`);
  const reply = text === 'two' ? `${'x'.repeat(2000)}\r\n` : Buffer.from(`<${text}>\r\n`);
  const code = attempt(() => ipd.ipdaemon_do_send(res, id, reply));
  if (code === 0) return;
  if (code !== undefined) note(res, 'do_send', code);
  attempt(() => ipd.ipdaemon_do_disconnect(res, id));
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

const answerLength = '<one>\r\n'.length + 2002 + '<three>\r\n'.length;

class Client {
  text = '';
  ended = false;
  connected = false;
  constructor(port) {
    this.socket = net.connect(port, '127.0.0.1', () => {
      this.connected = true;
      if (!together) this.socket.write(lines.map((line) => `${line}\n`).join(''));
    });
    this.socket.on('data', (bytes) => {
      this.text += bytes;
      if (this.text.length >= answerLength) this.socket.end();
    });
    for (const name of ['end', 'error', 'close']) this.socket.on(name, () => (this.ended = true));
  }
}

// The next line of all clients at once, when all have their answers to the one before.
function writeTogether(clients, told) {
  const there = clients.filter((client) => !client.ended);
  const isAnswered = (client) => client.connected && (client.text.match(/\n/g) ?? []).length === told.lines;
  if (told.lines === lines.length || !there.every(isAnswered)) return;
  for (const client of there) client.socket.write(`${lines[told.lines]}\n`);
  told.lines += 1;
}

async function life(step) {
  reports = [];
  problems = [];
  const logs = new Map();
  let res;
  failAt(step);
  const clients = [];
  const log = (name) => (param) => {
    const id = param.connectionid;
    if (!logs.has(id)) logs.set(id, []);
    logs.get(id).push(name === 'DataIn' ? param.text : name);
    if (name === 'Error') reports.push(`Error ${param.errorcode}`);
    if (name === 'Disconnected' && param.statuscode !== 0) reports.push(`Disconnected ${param.statuscode}`);
    if (name !== 'DataIn') return;
    const act = together ? answer : useAndAnswer;
    act(res, id, param.text);
  };
  res = attempt(() => ipd.ipdaemon_open());
  if (res !== undefined) {
    for (const name of ['Connected', 'ReadyToSend', 'DataIn', 'Disconnected', 'Error']) {
      attempt(() => note(res, name, ipd.ipdaemon_register_callback(res, EventId[name], log(name))));
    }
    const admit = (param) => ({ accept: param.port > 0 });
    attempt(() => note(res, 'request', ipd.ipdaemon_register_callback(res, EventId.ConnectionRequest, admit)));
    attempt(() => ipd.ipdaemon_do_config(res, 'MaxConnections=10'));
    note(res, 'do_config', attempt(() => ipd.ipdaemon_get_last_error_code(res)) ?? 0);
    attempt(() => note(res, 'DefaultEOL', ipd.ipdaemon_set(res, Property.DefaultEOL, '\n')));
    attempt(() => note(res, 'LocalHost', ipd.ipdaemon_set(res, Property.LocalHost, '127.0.0.1')));
    attempt(() => note(res, 'Listening', ipd.ipdaemon_set(res, Property.Listening, true)));
    const port = attempt(() => ipd.ipdaemon_get(res, Property.LocalPort));
    if (port === null) note(res, 'LocalPort', attempt(() => ipd.ipdaemon_get_last_error_code(res)) ?? 0);
    if (reports.length === 0) for (let i = 0; i < 3; i += 1) clients.push(new Client(port));
    const told = { lines: 0 };
    for (let end = Date.now() + patience; !clients.every((client) => client.ended); await turn()) {
      if (together) writeTogether(clients, told);
      if (pumps) attempt(() => note(res, 'do_doevents', ipd.ipdaemon_do_doevents(res)));
      // What a failure has taken from a client is reported; nothing else keeps one waiting.
      if (Date.now() < end) continue;
      problems.push(`clients wait: ${clients.map((client) => client.text.length)}`);
      break;
    }
    attempt(() => note(res, 'do_shutdown', ipd.ipdaemon_do_shutdown(res)));
    attempt(() => ipd.ipdaemon_close(res));
  }
  const name = failed();
  failAt(0);
  // What failed while it was closed.
  if (res !== undefined)
    try {
      ipd.ipdaemon_close(res);
    } catch {}
  for (const client of clients) client.socket.destroy();
  await turn();
  check(logs, clients);
  if (name !== '' && problems.length === 0) return name;
  for (const problem of problems) console.log(`step ${step} (${name}): ${problem}`);
  return name;
}

function check(logs, clients) {
  const whole = ['Connected', 'ReadyToSend', ...lines, 'Disconnected'];
  let broken = 0;
  for (const [id, log] of logs) {
    if (id === 0) continue;
    const events = log.filter((event) => event !== 'Error');
    if (new Set(events).size !== events.length) problems.push(`connection ${id} has events twice: ${log}`);
    if (events.join() !== whole.join()) broken += 1;
  }
  broken += clients.length - [...logs.keys()].filter((id) => id !== 0).length;
  // One failure is the matter of one connection, unless it was in a call that is about all.
  if (broken > 0 && reports.length === 0) problems.push(`events are missing and nothing was reported: ${show(logs)}`);
  // Where answers crossed together, their failure is that of all whose answers they were.
  if (broken > 1 && !together) problems.push(`${broken} connections suffer: ${show(logs)}; ${reports}`);
}

const show = (logs) => JSON.stringify([...logs]);
const descriptors = () => fs.readdirSync('/proc/self/fd').length;

async function main() {
  await life(0);
  const before = descriptors();
  let lives = 0;
  // Until a life has fewer steps than the one that shall fail.
  while ((await life(lives + 1)) !== '') lives += 1;
  await life(0);
  if (problems.length > 0 || reports.length > 0) console.log(`the last life was disturbed: ${problems} ${reports}`);
  for (let end = Date.now() + patience; descriptors() > before && Date.now() < end; ) await turn();
  if (descriptors() > before) console.log(`there were ${before} descriptors, and are ${descriptors()}`);
  console.log(`lives ${lives}`);
  process.exit(0);
}

main().catch((error) => {
  console.log(error.stack);
  process.exit(1);
});
