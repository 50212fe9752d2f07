// Values that are longer than a string can be, and values for which there is no memory: an error, and nothing else.
import { constants } from 'node:buffer';
import { freemem } from 'node:os';
import { describe, expect, test } from '@jest/globals';
import { forEachBinding } from '../support/bindings';
import { Code } from '../support/ids';
import { script, withProgram } from '../support/program';
import { patience } from '../support/waiting';

// The sanitizers take all addresses for themselves, and most of the memory.
const isSanitized = (process.env.LD_PRELOAD ?? '').includes('asan');
const tooLong = constants.MAX_STRING_LENGTH + 1;

// It takes 1.1 GB, and as much again of the system on the way.
(isSanitized || freemem() < 4e9 ? describe.skip : describe)('what is longer than a string', () => {
  forEachBinding('as a value', () => {
    test(
      'is null with a code where it is read, and ends the connection where it is received',
      async () => {
        const body = `
        const res = ipdaemon.ipworks_ipdaemon_open();
        const say = (...words) => require('node:fs').writeSync(1, words.join(' ') + '\\n');
        ipdaemon.ipworks_ipdaemon_register_callback(res, E.Connected, ({ connectionid }) => {
          ipdaemon.ipworks_ipdaemon_set(res, P.RecordLength, connectionid, ${tooLong});
          ipdaemon.ipworks_ipdaemon_set(res, P.UserData, connectionid, new Uint8Array(${tooLong}));
          for (const get of ['get', 'get_bytes']) {
            const value = ipdaemon['ipworks_ipdaemon_' + get](res, P.UserData, connectionid);
            say(get, value, ipdaemon.ipworks_ipdaemon_get_last_error_code(res));
          }
          ipdaemon.ipworks_ipdaemon_set(res, P.UserData, connectionid, '');
        });
        // The longest text, which has no room for an end of line, to nobody.
        say('sendline', ipdaemon.ipworks_ipdaemon_do_sendline(res, 999, 'x'.repeat(${tooLong - 1})));
        ipdaemon.ipworks_ipdaemon_register_callback(res, E.DataIn, ({ text }) => say('DataIn', text.length));
        ipdaemon.ipworks_ipdaemon_register_callback(res, E.Error, ({ errorcode }) => say('Error', errorcode));
        ipdaemon.ipworks_ipdaemon_register_callback(res, E.Disconnected, ({ statuscode, description }) => {
          say('Disconnected', statuscode, description);
          // Others are served.
          const other = net.connect(ipdaemon.ipworks_ipdaemon_get(res, P.LocalPort, 0), '127.0.0.1');
          ipdaemon.ipworks_ipdaemon_register_callback(res, E.Connected, () => process.exit(7));
        });
        ipdaemon.ipworks_ipdaemon_set(res, P.LocalHost, 0, '127.0.0.1');
        ipdaemon.ipworks_ipdaemon_set(res, P.Listening, 0, true);
        const client = (port) => {
          const socket = require('node:net').connect(port, '127.0.0.1');
          const bytes = Buffer.alloc(1 << 20);
          let left = ${tooLong};
          const pour = () => {
            while (left > 0) {
              const part = bytes.subarray(0, Math.min(left, bytes.length));
              left -= part.length;
              if (!socket.write(part)) return void socket.once('drain', pour);
            }
          };
          socket.on('error', () => process.exit());
          pour();
        };
        const port = ipdaemon.ipworks_ipdaemon_get(res, P.LocalPort, 0);
        require('node:child_process').spawn(process.execPath, ['-e', '(' + client + ')(' + port + ')']);`;
        await withProgram(script(body), async (program) => {
          expect(await program.ends(6 * patience)).toEqual({ code: 7, signal: null });
          const code = Code.MessageTooLong;
          expect(program.output.split('\n')).toEqual([
            `sendline ${Code.UnknownConnection}`,
            `get  ${code}`,
            `get_bytes  ${code}`,
            `Error ${code}`,
            expect.stringMatching(new RegExp(`^Disconnected ${code} .*set a smaller RecordLength`)),
            '',
          ]);
        });
      },
      7 * patience,
    );
  });
});

(isSanitized || process.platform === 'win32' ? describe.skip : describe)('memory that is short', () => {
  const length = 400_000_000;
  const program = (freed: number) => `
    const res = ipdaemon.ipworks_ipdaemon_open();
    const text = Buffer.alloc(${length}, 'x').toString('latin1');
    const taken = [];
    try {
      for (;;) taken.push(new ArrayBuffer(1 << 24));
    } catch {}
    // Enough for Node itself, and for the text once or twice.
    for (let i = 0; i < ${freed}; i += 1) structuredClone(null, { transfer: [taken.pop()] });
    const calls = {
      set: () => ipdaemon.ipworks_ipdaemon_set(res, P.RuntimeLicense, text),
      binary: () => ipdaemon.ipworks_ipdaemon_set(res, P.DefaultEOL, text),
      do_sendfile: () => ipdaemon.ipworks_ipdaemon_do_sendfile(res, 1, text),
      do_send: () => ipdaemon.ipworks_ipdaemon_do_send(res, 1, text),
      do_sendline: () => ipdaemon.ipworks_ipdaemon_do_sendline(res, 1, text),
      do_config: () => ipdaemon.ipworks_ipdaemon_do_config(res, text) || ipdaemon.ipworks_ipdaemon_get_last_error_code(res),
      utf8: () => {
        ipdaemon.ipworks_ipdaemon_do_config(res, 'CodePage=65001');
        return ipdaemon.ipworks_ipdaemon_do_send(res, 1, text);
      },
    };
    for (const [name, call] of Object.entries(calls)) console.log(name, call());
    console.log('port', ipdaemon.ipworks_ipdaemon_get(res, P.LocalPort, 0));
    process.exit(0);`;

  forEachBinding('in a call with a text of 400 MB', () => {
    // 64 MB are too little for anything, 480 MB for the second copy, and in 900 MB what is wrong is found.
    test.each([4, 30, 56])(
      'is an error of the call, and the process goes on (%d blocks free)',
      async (freed) => {
        await withProgram(
          script(program(freed)),
          async (limited) => {
            expect(await limited.ends(4 * patience)).toEqual({ code: 0, signal: null });
            const said = limited.output.trimEnd().split('\n');
            expect(said.map((line) => line.split(' ')[0])).toEqual([
              ...['set', 'binary', 'do_sendfile', 'do_send', 'do_sendline', 'do_config', 'utf8', 'port'],
            ]);
            const codes = said.slice(0, -1).map((line) => Number(line.split(' ')[1]));
            const allowed = [Code.OutOfMemory, Code.InvalidValue, Code.UnknownConnection, Code.UnknownName];
            expect(codes.filter((code) => !allowed.includes(code as never))).toEqual([]);
            if (freed === 4) expect(codes).toEqual(codes.map(() => Code.OutOfMemory));
            expect(said.at(-1)).toBe('port 0');
          },
          { addresses: 3_800_000 },
        );
      },
      5 * patience,
    );
  });
});
