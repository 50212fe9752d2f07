// What pages say, tried out: code of the reference pages, links between them and PORTING.md, the ten questions.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { forEachBinding } from '../support/bindings';
import { serverPem } from '../support/certificates';
import { Client } from '../support/client';
import { root, script, withProgram } from '../support/program';
import { TlsClient } from '../support/tls-client';
import { waitFor } from '../support/waiting';

/** The first code below a heading of a page. */
function codeOf(page: string, heading: string): string {
  const [, below = ''] = readFileSync(path.join(root, 'docs', 'reference', page), 'utf8').split(`# ${heading}\n`);
  const [, code = 'there is no code'] = /```js\n(.*?)```/s.exec(below) ?? [];
  return code;
}

/** A server around such code, which has `res` and the names of the package. */
const server = (code: string, before = '') =>
  script(`
    const { EventId, Property, SSLCertStoreType, SSLStartMode, ...functions } = ipdaemon;
    const { ipdaemon_set, ipdaemon_get, ipdaemon_do_send, ipdaemon_do_disconnect, ipdaemon_register_callback } = functions;
    const res = functions.ipdaemon_open();
    ${before}
    ${code}
    ipdaemon_set(res, Property.LocalHost, '127.0.0.1');
    if (ipdaemon_set(res, Property.Listening, true) !== 0) throw new Error(functions.ipdaemon_get_last_error(res));
    console.log('listening', ipdaemon_get(res, Property.LocalPort));
  `);

forEachBinding('the code of the page', () => {
  test('about records with their length in front keeps the framing, also behind empty ones and however they are cut', () =>
    withProgram(
      server(
        codeOf('receiving.md', 'Records with their length in front'),
        "const onRecord = (id, body) => ipdaemon_do_send(res, id, '<' + body.toString('latin1') + '>');",
      ),
      async (program) => {
        const port = await program.port();
        const record = (body: string) => {
          const header = Buffer.alloc(4);
          header.writeUInt32BE(body.length);
          return header.toString('latin1') + body;
        };
        const long = 'l'.repeat(100_000);
        const stream = ['', 'one', '', '', 'two', long, '', 'end', ''].map(record).join('');
        for (const size of [1, 3, 4, 5, 70_000, stream.length]) {
          const client = new Client(port);
          // The long one is not cut so small.
          for (let [at, end] = [0, 0]; at < stream.length; at = end) {
            end = at + (stream[at] === 'l' ? 70_000 : size);
            client.write(stream.slice(at, end));
          }
          await client.receives(`<><one><><><two><${long}><><end><>`);
          client.end();
          await client.isGone();
        }
        const greedy = new Client(port);
        greedy.write('\u0000\u00ff\u0000\u0000');
        await greedy.isGone();
        expect(greedy.text).toBe('');
      },
    ));

  test('about a late answer brings it to a client that has ended its side', () =>
    withProgram(
      server(
        codeOf('connections.md', 'An answer that comes later'),
        `const lookUp = (text) => new Promise((resolve) => {
           process.stdin.on('data', () => resolve('the answer to ' + text));
         });
         ipdaemon_register_callback(res, EventId.Disconnected, ({ statuscode }) => console.log('gone', statuscode));`,
      ),
      async (program) => {
        const port = await program.port();
        const client = new Client(port, { allowHalfOpen: true });
        client.write('everything');
        client.end();
        await waitFor(() => client.socket.writableFinished, 'the client to end its side');
        // Another one has come and gone since then.
        const other = new Client(port);
        await other.isConnected();
        other.destroy();
        await program.says(/gone/);
        expect([client.ended, client.closed]).toEqual([false, false]);
        program.write('now\n');
        await client.receives('the answer to everything');
        await client.isGone();
        expect(client.error).toBeUndefined();
        await program.says(/gone \d+\ngone 0/);
      },
    ));

  test('about a variable of the environment serves its certificate', () =>
    withProgram(
      server(
        `${codeOf('certificates.md', 'Out of a variable of the environment')}
         if (ipdaemon_set(res, Property.SSLCertSubject, '*') !== 0) throw new Error('no certificate');
         ipdaemon_set(res, Property.SSLStartMode, SSLStartMode.Implicit);`,
      ),
      async (program) => {
        const client = new TlsClient(await program.port());
        await client.isSecure();
        expect(client.served).toBe('localhost p256');
        client.destroy();
      },
      { env: { TLS_PEM: serverPem('p256').replaceAll('\n', '\\n') } },
    ));
});

describe('PORTING.md', () => {
  const porting = readFileSync(path.join(root, 'PORTING.md'), 'utf8');

  /** The sections of the reference that say "Compatibility", each as PORTING.md would link to it. */
  function sections(): { link: string; text: string }[] {
    const reference = path.join(root, 'docs', 'reference');
    return readdirSync(reference).flatMap((page) => {
      const [head = '', ...rest] = readFileSync(path.join(reference, page), 'utf8').split(/\n##+ /);
      const anchor = (heading: string) =>
        `#${heading
          .toLowerCase()
          .replace(/[^\w -]/g, '')
          .replaceAll(' ', '-')}`;
      return [
        { link: `(docs/reference/${page})`, text: head },
        ...rest.map((text) => ({ link: `(docs/reference/${page}${anchor(text.split('\n', 1)[0] ?? '')})`, text })),
      ].filter(({ text }) => text.includes('\n**Compatibility:**'));
    });
  }

  test('links to each section in which the library differs from the original, which links back', () => {
    expect(sections().length).toBeGreaterThan(15);
    expect(sections().filter(({ link }) => !porting.includes(link))).toEqual([]);
    expect(sections().filter(({ text }) => !/^\*\*Compatibility:\*\* .*\/PORTING\.md#/m.test(text))).toEqual([]);
  });
});

describe('CONTRIBUTING.md', () => {
  const [, section = ''] = readFileSync(path.join(root, 'CONTRIBUTING.md'), 'utf8').split('\n## Ten questions\n');
  const questions = [...section.matchAll(/^\| ([^|]+\?) \| (?:file name )?`([^`]+)` \| `([^`]+)`/gm)].map(
    ([, ...cells]) => cells,
  );

  test('has ten questions', () => {
    expect(questions).toHaveLength(10);
  });

  test.each(questions)('answers: %s', (_, look = '', file = '') => {
    const [, text, folder = ''] = /^grep -rn "?([^\s"]+)"? (\S+)$/.exec(look) ?? [];
    if (text === undefined) {
      expect(path.basename(file)).toContain(look);
      expect(existsSync(path.join(root, file))).toBe(true);
    } else {
      expect(file.startsWith(`${folder}/`)).toBe(true);
      expect(readFileSync(path.join(root, file), 'utf8')).toContain(text);
    }
  });
});
