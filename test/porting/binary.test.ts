// Binary data in ported programs. Text is one character per byte; Node's own functions take it as UTF-8 unless they are
// told otherwise. The lines that the pages give for that are run here as they stand.
import { createHash, createHmac } from 'node:crypto';
import * as fs from 'node:fs';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import * as zlib from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { forEachBinding } from '../support/bindings';
import { Client } from '../support/client';
import { Code } from '../support/ids';
import { root, script, withProgram } from '../support/program';
import { behaviour, withServer } from '../support/server';

/** Every value of a byte, four times. */
const bytes = Buffer.from(Array.from({ length: 1024 }, (_, i) => i & 255));
const text = bytes.toString('latin1');

// What PHP says of them.
const md5 = 'b2ea9f7fcea831a4a63b213f41a8855b';
const sha1 = '5b00669c480d5cffbdfa8bdba99561160f2d1b77';
const crc32 = 3070970918;
const hmac = '3275da40c3b57c770cf3008f351a0a46aad72f7de65de06672dd5ea4fa660653';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ipdaemon-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Lines of a table of a page: the first column is PHP, the others are JavaScript. */
function rows(page: string, heading: string): [php: string, ...js: string[]][] {
  const [, below = ''] = readFileSync(path.join(root, page), 'utf8').split(heading);
  const [table = ''] = /^\|.*?\n\n/ms.exec(below) ?? [];
  return table
    .trim()
    .split('\n')
    .slice(2)
    .map((line) => [...line.matchAll(/`([^`]+)`/g)].map(([, code]) => code))
    .map((cells) => [cells[0] ?? '', ...cells.filter((code) => !(code ?? '').includes('$'))] as [string, ...string[]]);
}

const pages = [
  ...rows('PORTING.md', '### Files, hashes and encodings'),
  ...rows('docs/reference/text.md', '# Text is bytes'),
];

/** What a line of JavaScript comes to in place of a line of PHP. */
function outcome(php: string, js: string): unknown {
  const f = path.join(folder, 'stored');
  writeFileSync(f, php.startsWith('file_get_contents') ? bytes : '');
  const h = openSync(f, 'r+');
  try {
    const key = '\u0000k\u00ff\u00e4';
    const s = bytes.toString(php.startsWith('hex2bin') ? 'hex' : 'base64');
    const names = { fs, zlib, createHash, createHmac, t: text, f, h, s, key };
    const value: unknown = new Function(...Object.keys(names), `return ${js};`)(...Object.values(names));
    if (/^(file_put_contents|fwrite)/.test(php)) return readFileSync(f).toString('latin1');
    return value instanceof Buffer ? zlib.inflateSync(value).toString('latin1') : value;
  } finally {
    closeSync(h);
  }
}

/** What it has to come to. */
const wanted: Record<string, unknown> = {
  file_put_contents: text,
  fwrite: text,
  file_get_contents: text,
  md5,
  sha1,
  hash_hmac: hmac,
  crc32,
  base64_encode: bytes.toString('base64'),
  base64_decode: text,
  bin2hex: bytes.toString('hex'),
  hex2bin: text,
  gzcompress: text,
  strlen: 1024,
};

describe('the pages about text', () => {
  test('have the lines that servers written in PHP need', () => {
    const names = new Set(pages.map(([php]) => php.split('(')[0]));
    expect([...names].sort()).toEqual(Object.keys(wanted).sort());
  });

  const here = pages.filter(([php]) => !php.startsWith('crc32') || 'crc32' in zlib);

  test.each(here)('%s is %s, with the same bytes', (php, right) => {
    expect(outcome(php, right ?? '')).toEqual(wanted[php.split('(')[0] ?? '']);
  });

  const traps = here.flatMap(([php, , wrong]) => (wrong === undefined ? [] : [[php, wrong] as const]));

  test.each(traps)('%s is not %s, which has other bytes', (php, wrong) => {
    expect(outcome(php, wrong)).not.toEqual(wanted[php.split('(')[0] ?? '']);
  });
});

forEachBinding('a binary drop', () => {
  test('that is ported line by line stores every byte as it came, with the hashes that PHP has', async () => {
    const drop = mkdtempSync(path.join(folder, 'drop'));
    await withProgram(
      script(`
        const fs = require('node:fs');
        const { createHash } = require('node:crypto');
        const { ipworks_ipdaemon_open, ipworks_ipdaemon_set, ipworks_ipdaemon_get, ipworks_ipdaemon_register_callback,
          ipworks_ipdaemon_do_sendline, ipworks_ipdaemon_do_send, ipworks_ipdaemon_get_last_error } = ipdaemon;
        const folder = process.argv[1];
        const names = {};
        const res = ipworks_ipdaemon_open();
        ipworks_ipdaemon_register_callback(res, 3, (param) => {
          const id = param.connectionid;
          if (names[id] === undefined) {
            // DROP name length, or GET name
            const [command, name, length] = param.text.split(' ');
            if (command === 'GET') {
              ipworks_ipdaemon_do_send(res, id, fs.readFileSync(folder + '/' + name, 'latin1'));
              ipworks_ipdaemon_do_send(res, id, fs.readFileSync(folder + '/' + name));
              return;
            }
            names[id] = name;
            ipworks_ipdaemon_set(res, 12, id, Number(length));
          } else {
            const file = folder + '/' + names[id];
            fs.writeFileSync(file, param.text, 'latin1');
            fs.appendFileSync(file + '.twice', param.text, 'latin1');
            fs.appendFileSync(file + '.twice', param.text, 'latin1');
            const sha1 = createHash('sha1').update(param.text, 'latin1').digest('hex');
            ipworks_ipdaemon_do_sendline(res, id, [names[id], param.text.length, fs.statSync(file).size, sha1,
              Buffer.from(param.text, 'latin1').toString('base64')].join(' '));
            names[id] = undefined;
            ipworks_ipdaemon_set(res, 12, id, 0);
          }
        });
        ipworks_ipdaemon_set(res, 18, 0, "\\n");
        if (ipworks_ipdaemon_set(res, 25, 0, true)) throw new Error(ipworks_ipdaemon_get_last_error(res));
        console.log('listening', ipworks_ipdaemon_get(res, 27, 0));
      `).concat(drop),
      async (program) => {
        const client = new Client(await program.port());
        client.write(`DROP mail 1024\n${text}DROP rest 3\n\u00e4\n\u00ff`);
        const reply = `mail 1024 1024 ${sha1} ${bytes.toString('base64')}\r\n`;
        const rest = Buffer.from('\u00e4\n\u00ff', 'latin1');
        const second = `rest 3 3 ${createHash('sha1').update(rest).digest('hex')} ${rest.toString('base64')}\r\n`;
        await client.receives(reply + second);
        expect(readFileSync(path.join(drop, 'mail')).equals(bytes)).toBe(true);
        expect(readFileSync(path.join(drop, 'mail.twice')).equals(Buffer.concat([bytes, bytes]))).toBe(true);
        client.write('GET mail\n');
        await client.receives(reply + second + text + text);
        client.destroy();
      },
    );
  });
});

behaviour('a file that was read as UTF-8', (kind) => {
  test('is refused with 434 where it cannot be bytes, and is other bytes where it can', () =>
    withServer(kind, {}, async (server) => {
      const file = path.join(folder, 'utf8');
      const { client, id } = await server.connect();
      writeFileSync(file, '5 \u20ac');
      expect(server.send(id, readFileSync(file, 'utf8'))).toBe(Code.TextNotConvertible);
      server.must(server.send(id, readFileSync(file)));
      server.must(server.send(id, readFileSync(file, 'latin1')));
      await client.receives('5 \u00e2\u0082\u00ac5 \u00e2\u0082\u00ac');
      writeFileSync(file, '\u00fc');
      server.must(server.send(id, readFileSync(file, 'utf8')));
      await client.receives('5 \u00e2\u0082\u00ac5 \u00e2\u0082\u00ac\u00fc');
    }));
});
