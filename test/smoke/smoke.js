// The package in short, without any tool, for every host that may load it: node test/smoke/smoke.js [PACKAGE]
// PACKAGE is the folder of the package, this checkout if it is left out. Ends with "N passed, N failed".
'use strict';
const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const tls = require('node:tls');
const { Worker } = require('node:worker_threads');
const { count, totals } = require('../../.ci/checks');

const folder = path.resolve(process.argv[2] ?? path.join(__dirname, '..', '..'));
const ipd = require(folder);
const { EventId, Property } = ipd;
const patience = Number(process.env.IPDAEMON_TEST_PATIENCE ?? 30_000);

/** Resolves or fails with the promise, and fails when that takes too long. */
async function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${patience} ms for ${what}`)), patience);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function must(server, code) {
  if (code !== 0) throw new ipd.IPDaemonError(code, ipd.ipdaemon_get_last_error(server));
}

/** Runs a body with a server that listens, and closes it. Handlers get the server and the parameters. */
async function withServer({ handlers = {}, properties = {}, settings = [] }, body) {
  const server = ipd.ipdaemon_open();
  try {
    for (const [event, handler] of Object.entries(handlers)) {
      must(
        server,
        ipd.ipdaemon_register_callback(server, EventId[event], (param) => handler(server, param)),
      );
    }
    for (const setting of settings) {
      ipd.ipdaemon_do_config(server, setting);
      must(server, ipd.ipdaemon_get_last_error_code(server));
    }
    for (const [name, value] of Object.entries({ LocalHost: '127.0.0.1', ...properties, Listening: true })) {
      must(server, ipd.ipdaemon_set(server, Property[name], value));
    }
    return await body(ipd.ipdaemon_get(server, Property.LocalPort), server);
  } finally {
    ipd.ipdaemon_close(server);
  }
}

/** Sends a text and gives what has come when `isAll` says so, or when the server has ended the connection. */
function answerTo(socket, text, isAll) {
  const answer = new Promise((resolve, reject) => {
    let got = '';
    socket.on('data', (bytes) => {
      got += bytes.toString('latin1');
      if (isAll(got)) resolve(got);
    });
    socket.on('end', () => resolve(got));
    socket.on('error', reject);
    socket.write(text, 'latin1');
  });
  return within(answer, 'the answer').finally(() => socket.destroy());
}

const connect = (port) => net.connect({ host: '127.0.0.1', port });
const echo = (server, { connectionid, text }) => must(server, ipd.ipdaemon_do_send(server, connectionid, text));
const everyByte = Buffer.from(Array.from({ length: 50_000 }, (_, i) => i & 255)).toString('latin1');

const checks = {
  async 'what comes is sent back, every value of a byte'() {
    await withServer({ handlers: { DataIn: echo } }, async (port) => {
      assert.strictEqual(await answerTo(connect(port), everyByte, (got) => got.length === everyByte.length), everyByte);
    });
  },

  async 'input comes line by line'() {
    const handlers = {
      DataIn: (server, { connectionid, text }) => must(server, ipd.ipdaemon_do_send(server, connectionid, `<${text}>`)),
    };
    await withServer({ handlers, properties: { DefaultEOL: '\n' } }, async (port) => {
      assert.strictEqual(
        await answerTo(connect(port), 'a\nbc\n\ndef\n', (got) => got.endsWith('f>')),
        '<a><bc><><def>',
      );
    });
  },

  async 'a client that trusts the self-signed certificate gets its echo in TLS'() {
    const certificate = ipd.selfSignedCertificate(['localhost']);
    const properties = {
      SSLCertStoreType: ipd.SSLCertStoreType.PEMKeyBlob,
      SSLCertStore: certificate,
      SSLCertSubject: '*',
      SSLStartMode: ipd.SSLStartMode.Implicit,
    };
    await withServer({ handlers: { DataIn: echo }, properties }, async (port) => {
      const client = tls.connect({ host: '127.0.0.1', port, ca: certificate, servername: 'localhost' });
      assert.strictEqual(await answerTo(client, everyByte, (got) => got.length === everyByte.length), everyByte);
      assert.strictEqual(client.authorized, true);
    });
  },

  async 'a blocking send returns when all has been taken, and the client has it all'() {
    const size = 8 << 20;
    const text = everyByte.repeat(Math.ceil(size / everyByte.length)).slice(0, size);
    // A thread of its own, as this one is inside the send.
    const reader = ({ port }) => {
      const { parentPort } = require('node:worker_threads');
      const hash = require('node:crypto').createHash('sha256');
      const socket = require('node:net').connect({ host: '127.0.0.1', port });
      socket.on('data', (bytes) => hash.update(bytes));
      socket.on('end', () => {
        socket.destroy();
        parentPort.postMessage(hash.digest('hex'));
      });
    };
    let id;
    let connected;
    const isConnected = new Promise((resolve) => {
      connected = resolve;
    });
    const handlers = {
      ReadyToSend: (_server, { connectionid }) => {
        id = connectionid;
        connected();
      },
    };
    await withServer({ handlers }, async (port, server) => {
      const worker = new Worker(`(${reader})(${JSON.stringify({ port })})`, { eval: true });
      try {
        const told = new Promise((resolve, reject) => {
          worker.on('message', resolve);
          worker.on('error', reject);
        });
        await within(isConnected, 'the connection');
        must(server, ipd.ipdaemon_set(server, Property.Timeout, id, Math.ceil(patience / 1000)));
        must(server, ipd.ipdaemon_do_send(server, id, text));
        assert.strictEqual(ipd.ipdaemon_get(server, Property.BytesSent, id), size);
        must(server, ipd.ipdaemon_do_disconnect(server, id));
        const hash = createHash('sha256').update(Buffer.from(text, 'latin1')).digest('hex');
        assert.strictEqual(await within(told, 'the end of what the client reads'), hash);
      } finally {
        await worker.terminate();
      }
    });
  },

  async 'without ProcessIdleEvents only do_doevents delivers'() {
    let pumping = false;
    const handlers = {
      DataIn: (server, param) => {
        assert.strictEqual(pumping, true);
        echo(server, param);
      },
    };
    await withServer({ handlers, settings: ['ProcessIdleEvents=False'] }, async (port, server) => {
      let answer;
      const asked = answerTo(connect(port), 'x', (got) => got === 'x').then((got) => {
        answer = got;
      });
      for (const end = Date.now() + patience; answer === undefined && Date.now() < end; ) {
        pumping = true;
        must(server, ipd.ipdaemon_do_doevents(server));
        pumping = false;
        await new Promise((resolve) => setImmediate(resolve));
      }
      await asked;
    });
  },

  async 'a file is sent, and the connection ends behind it'() {
    const work = fs.mkdtempSync(path.join(os.tmpdir(), 'ipdaemon-'));
    try {
      const file = path.join(work, 'bytes');
      const content = everyByte.repeat(20);
      fs.writeFileSync(file, content, 'latin1');
      const handlers = {
        DataIn: (server, { connectionid }) => {
          must(server, ipd.ipdaemon_do_sendfile(server, connectionid, file));
          must(server, ipd.ipdaemon_do_disconnect(server, connectionid));
        },
      };
      await withServer({ handlers }, async (port) => {
        assert.strictEqual((await answerTo(connect(port), 'x', () => false)) === content, true);
      });
    } finally {
      fs.rmSync(work, { recursive: true });
    }
  },

  async 'a server in a worker answers, and goes with its worker'() {
    const server = (folder) => {
      const ipd = require(folder);
      const res = ipd.ipdaemon_open();
      ipd.ipdaemon_register_callback(res, ipd.EventId.DataIn, ({ connectionid, text }) => {
        ipd.ipdaemon_do_send(res, connectionid, text);
      });
      ipd.ipdaemon_set(res, ipd.Property.Listening, true);
      require('node:worker_threads').parentPort.postMessage(ipd.ipdaemon_get(res, ipd.Property.LocalPort));
    };
    const worker = new Worker(`(${server})(${JSON.stringify(folder)})`, { eval: true });
    let port;
    try {
      const told = new Promise((resolve, reject) => {
        worker.on('message', resolve);
        worker.on('error', reject);
      });
      port = await within(told, 'the port of the worker');
      assert.strictEqual(await answerTo(connect(port), 'worker', (got) => got === 'worker'), 'worker');
    } finally {
      await worker.terminate();
    }
    await assert.rejects(
      answerTo(connect(port), 'x', () => true),
      { code: 'ECONNREFUSED' },
    );
  },

  async 'the port of a closed server is free'() {
    const port = await withServer({}, (port) => port);
    await assert.rejects(
      answerTo(connect(port), 'x', () => true),
      { code: 'ECONNREFUSED' },
    );
  },
};

// As a program of its own this file opens a server and throws where nobody catches: `smoke.js PACKAGE --throw WHERE`.
const throwing = {
  open: () => setTimeout(() => ipd.ipdaemon_open() && fail(), 0),
  listening: () => withServer({}, () => new Promise(() => setTimeout(fail, 0))),
  handler: () => withServer({ handlers: { Connected: fail } }, (port) => new Promise(() => connect(port))),
};

function fail() {
  throw new Error('nobody catches this');
}

for (const where of Object.keys(throwing)) {
  checks[`an exception that nobody catches is told and ends the program (${where})`] = () => {
    // Where the host runs in an emulator, that has to be started.
    const [program, ...emulated] = process.env.IPDAEMON_SMOKE_HOST?.split(' ') ?? [process.execPath];
    const words = [...emulated, ...(process.versions.deno ? ['run', '--allow-all'] : [])];
    const child = spawnSync(program, [...words, __filename, folder, '--throw', where], { timeout: patience });
    assert.match(String(child.stderr), /nobody catches this/);
    assert.strictEqual(child.signal, null);
    assert.notStrictEqual(child.status, 0);
    assert.ok(child.status < 128, `it ended with ${child.status}: ${child.stderr}`);
  };
}

async function main() {
  const server = ipd.ipdaemon_open();
  const { bun, deno } = process.versions;
  const host = bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : `Node ${process.version}`;
  console.log(`${host} on ${process.arch}: ${ipd.ipdaemon_do_config(server, 'BuildInfo')}`);
  ipd.ipdaemon_close(server);
  for (const [title, check] of Object.entries(checks)) {
    if ((deno || (bun && process.env.IPDAEMON_BINDING === 'koffi')) && title.includes('worker')) {
      console.log(`not  ${title}: workers of this host are not supported`);
      continue;
    }
    try {
      await check();
      count(title);
    } catch (error) {
      count(title, error.stack ?? error);
    }
  }
  // Everything is closed, so from here on nothing may keep the process; this timer does not.
  const late = setTimeout(() => {
    finish(new Error(`it was still there after ${patience} ms`));
    process.exit();
  }, patience);
  late.unref();
  process.once('beforeExit', () => finish());
}

function finish(error) {
  count('the process ends by itself', error?.message);
  totals();
}

if (process.argv[3] === '--throw') throwing[process.argv[4]]();
else main();
