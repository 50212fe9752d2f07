// Senders of syslog that are not ours: what they frame by counting octets and what they frame by LF is the same text.
import { mkdirSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { expect, test } from '@jest/globals';
import { temporaryFolder } from '../support/certificates';
import { withProgram } from '../support/program';
import { behaviour, type TestServer, withServer } from '../support/server';
import { withTools } from '../support/tools';
import { host, run } from './tools';

const texts = ['one', 'two with <13> and 5 digits', '12 monkeys', 'three: ä€', 'x'.repeat(1500), 'end'];

/** What stands behind the header of RFC 3164 or 5424, which has the time. */
const textOf = (message: string) => Buffer.from(message.slice(message.indexOf('MARK ') + 5), 'latin1').toString();

const onSyslog = (server: TestServer) => expect(server.configCode('DefaultFraming=syslog')).toBe(0);

async function arrived(server: TestServer): Promise<string[]> {
  await server.event('DataIn', undefined, texts.length);
  expect(server.events('DataIn').every(({ eol }) => eol)).toBe(true);
  return server.events('DataIn').map(({ text }) => textOf(text));
}

const options = { check: { bytes: false, allGone: false }, before: onSyslog };

withTools('logger', ['logger'], () => {
  behaviour('logger', (kind) => {
    test.each([['--octet-count'], []])('with %s delivers the same texts', (...counting) =>
      withServer(kind, options, async (server) => {
        for (const text of texts) {
          const to = ['--tcp', '--server', host, '--port', String(server.port)];
          const { status, output } = await run('logger', [...to, ...counting, '--size', '8KiB', `MARK ${text}`]);
          expect([status, output]).toEqual([0, '']);
        }
        expect(await arrived(server)).toEqual(texts);
      }),
    );
  });
});

withTools('rsyslog', ['rsyslogd'], () => {
  behaviour('rsyslog', (kind) => {
    test.each(['octet-counted', 'traditional'])('with %s framing delivers the same texts', (framing) =>
      withServer(kind, options, async (server) => {
        const folder = temporaryFolder();
        mkdirSync(path.join(folder, 'work'));
        writeFileSync(path.join(folder, 'input'), texts.map((text) => `MARK ${text}\n`).join(''));
        writeFileSync(
          path.join(folder, 'rsyslog.conf'),
          `global(workDirectory="${folder}/work")
           module(load="imfile")
           input(type="imfile" file="${folder}/input" tag="test" readMode="0")
           action(type="omfwd" target="${host}" port="${server.port}" protocol="tcp" TCP_Framing="${framing}")\n`,
        );
        const args = ['-n', '-f', path.join(folder, 'rsyslog.conf'), '-i', path.join(folder, 'rsyslog.pid')];
        await withProgram(
          args,
          async (program) => {
            expect(await arrived(server)).toEqual(texts);
            program.signal('SIGTERM');
            await program.ends();
          },
          { host: 'rsyslogd' },
        );
      }),
    );
  });
});
