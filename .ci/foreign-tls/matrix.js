// Every client in every combination of test/tls/matrix.json, which has the outcomes, and the combinations that a
// client is not capable of, with the reason. The servers are in this process, so what they saw is compared, too.
'use strict';
const { readFileSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { clients } = require('./clients');
const { certificates, expect, main, root, temporary } = require('./support');
const ipdaemon = require(root);

const { EventId, Property, SSLCertStoreType, SSLStartMode } = ipdaemon;
const matrix = JSON.parse(readFileSync(path.join(root, 'test', 'tls', 'matrix.json'), 'utf8'));
// So that one waits for its client while the other works.
const atOnce = 3;

/** A server with the certificate of one key, that asks its clients for theirs. It notes what it sees. */
class Server {
  constructor(serverKey) {
    this.visits = new Map();
    this.res = ipdaemon.ipdaemon_open();
    const { res } = this;
    const { file } = certificates();
    this.on(EventId.SSLConnectionRequest, (visit, { servername }) => visit.names.push(servername));
    this.on(EventId.SSLClientAuthentication, (visit, param) => {
      visit.statuses.push(param.status);
      visit.recommended = param.accept;
      visit.number = this.visits.size;
      // The first of two is there for the session only.
      if (this.visits.size < this.times) {
        param.accept = true;
      }
    });
    this.on(EventId.SSLStatus, (visit, { message }) => {
      // Only a full handshake sends it.
      visit.full ||= /^sent \S+ Certificate,/.test(message);
    });
    this.on(EventId.Connected, (visit, { statuscode }) => {
      visit.code = statuscode;
    });
    this.on(EventId.Error, (visit, { errorcode }) => visit.errors.push(errorcode));
    this.on(EventId.DataIn, (visit, { connectionid }) => {
      if (visit.answered) {
        return;
      }
      visit.answered = true;
      ipdaemon.ipdaemon_do_send(res, connectionid, `HTTP/1.0 200 OK\r\n\r\nanswer ${visit.number}\n`);
      ipdaemon.ipdaemon_do_disconnect(res, connectionid);
    });
    for (const [property, value] of [
      [Property.LocalHost, '127.0.0.1'],
      [Property.SSLCertStoreType, SSLCertStoreType.PEMKeyBlob],
      [
        Property.SSLCertStore,
        readFileSync(file(`servers-${serverKey}-key`)) + readFileSync(file(`servers-${serverKey}`)),
      ],
      [Property.SSLCertSubject, '*'],
      [Property.SSLAuthenticateClients, true],
      [Property.SSLStartMode, SSLStartMode.Implicit],
    ]) {
      this.must(ipdaemon.ipdaemon_set(res, property, value));
    }
    for (const setting of [`OpenSSLCAFile=${temporary('authority.pem')}`, 'SSLCheckCRL=1', 'LogSSLPackets=True']) {
      ipdaemon.ipdaemon_do_config(res, setting);
      this.must(ipdaemon.ipdaemon_get_last_error_code(res));
    }
    this.must(ipdaemon.ipdaemon_set(res, Property.Listening, true));
    this.port = ipdaemon.ipdaemon_get(res, Property.LocalPort);
  }

  must(code) {
    if (code !== 0) {
      throw new Error(`${code} ${ipdaemon.ipdaemon_get_last_error(this.res)}`);
    }
  }

  on(event, note) {
    ipdaemon.ipdaemon_register_callback(this.res, event, (param) => {
      const id = param.connectionid;
      if (id !== 0 && !this.visits.has(id)) {
        this.visits.set(id, { names: [], statuses: [], errors: [], full: false, answered: false });
      }
      if (id !== 0) {
        note(this.visits.get(id), param);
      }
    });
  }

  /** Forgets what it saw. The next visit has so many connections. */
  begin(times) {
    this.visits.clear();
    this.times = times;
  }

  close() {
    ipdaemon.ipdaemon_close(this.res);
  }
}

/** What is not as the table has it, empty if all is. */
function differences(one, outcome, server, seen) {
  const found = [];
  const differs = (what, actual, expected) => {
    if (actual !== expected) {
      found.push(`${what} is ${actual} and not ${expected}`);
    }
  };
  const visits = [...server.visits.values()];
  const last = visits.at(-1);
  differs('the number of connections', visits.length, server.times);
  if (last === undefined) {
    return found;
  }
  differs('the status code', last.code, outcome.server);
  differs('the number of judgements', last.statuses.length, 1);
  differs(`that status ${last.statuses[0]} matches`, new RegExp(outcome.status).test(last.statuses[0]), true);
  differs('the recommendation', last.recommended, outcome.accept);
  differs('the errors', last.errors.join(), outcome.in ? '' : String(outcome.server));
  differs('the server name', last.names.join(), one.name);
  differs('whether the server resumed', !last.full, one.session === 'resumed');
  differs('whether the client got its answer', seen.output.includes(`answer ${server.times}\n`), outcome.in);
  if (outcome.in && seen.resumed !== null) {
    differs('whether the client says that it resumed', seen.resumed, one.session === 'resumed');
  }
  return found;
}

const exceptions = (matrix.exceptions ?? []).map((exception) => ({ ...exception, cases: 0 }));

/** Whether a combination is listed as one that the client is not capable of. */
function isExcepted(one) {
  const match = exceptions.find(({ reason: _reason, cases: _cases, ...when }) =>
    Object.entries(when).every(([key, value]) => one[key] === value),
  );
  if (match !== undefined) {
    match.cases += 1;
  }
  return match !== undefined;
}

/** The combinations for one client and one key of the server. */
function combinations(client, serverKey) {
  const all = [];
  for (const version of matrix.versions) {
    for (const outcome of matrix.clients) {
      for (const name of matrix.names) {
        for (const session of matrix.sessions) {
          all.push({ client: client.title, version, serverKey, session, name, certificate: outcome.title, outcome });
        }
      }
    }
  }
  return all.filter((one) => !isExcepted(one));
}

async function visitAll(client, serverKey) {
  const { file } = certificates();
  const server = new Server(serverKey);
  const all = combinations(client, serverKey);
  const visits = all.map(({ version, name, session, outcome }) => {
    const own = outcome.certificate === null ? undefined : file(`clients-${outcome.certificate}`);
    return {
      ...{ port: server.port, version, name, times: session === 'resumed' ? 2 : 1 },
      ...{ authority: temporary('servers.pem'), certificate: own, key: own?.replace(/\.pem$/, '-key.pem') },
    };
  });
  const prepared = await client.prepare(visits);
  for (const [index, one] of all.entries()) {
    server.begin(visits[index].times);
    const seen = await prepared.visit(visits[index], index);
    const found = differences(one, one.outcome, server, seen);
    const title = `${client.title}, ${one.version}, ${serverKey}, ${one.session}, name "${one.name}", ${one.certificate}`;
    expect(found.length === 0, title, `${seen.output} | ${found.join('; ')}`);
  }
  await prepared.end();
  server.close();
}

main(async () => {
  const { file } = certificates();
  writeFileSync(temporary('authority.pem'), readFileSync(file('clientAuthority')) + readFileSync(file('revoked')));
  writeFileSync(
    temporary('servers.pem'),
    matrix.serverKeys.map((serverKey) => readFileSync(file(`servers-${serverKey}`), 'utf8')).join(''),
  );
  // Some clients can be named, to try them.
  const wanted = process.argv.slice(2);
  const tasks = clients
    .filter(({ title }) => wanted.length === 0 || wanted.includes(title))
    .flatMap((client) => matrix.serverKeys.map((serverKey) => () => visitAll(client, serverKey)));
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
        await task();
      }
    }),
  );
  for (const { reason, cases, ...when } of exceptions) {
    if (wanted.length > 0 && !wanted.includes(when.client)) {
      continue;
    }
    expect(cases > 0, `the exception of ${when.client}`, `it is for no combination: ${JSON.stringify(when)}`);
    console.log(`left out: ${cases} of ${when.client}: ${reason}`);
  }
});
