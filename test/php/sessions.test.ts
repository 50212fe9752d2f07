// Scripts for the PHP edition, unchanged, against sessions that were recorded from them.
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { expect, test } from '@jest/globals';
import { temporaryFolder } from '../support/certificates';
import { describePhp } from './php';
import { play } from './session';

const sessions = path.join(__dirname, 'sessions');
const names = readdirSync(sessions)
  .filter((file) => file.endsWith('.php'))
  .map((file) => path.basename(file, '.php'));

const scriptOf = (name: string) => path.join(sessions, `${name}.php`);
const sessionOf = (name: string) => path.join(sessions, `${name}.session.json`);

describePhp('a script for the PHP edition', () => {
  test('is one of four', () => expect(names).toEqual(['01-echo', '02-lines', '05-chat', '07-class']));

  test.each(names)('%s answers its session byte for byte', (name) => play(scriptOf(name), sessionOf(name)));

  test.each(names)('%s does so with handlers inside the callbacks of C, as before PHP 8.1', (name) =>
    play(scriptOf(name), sessionOf(name), { env: { IPDAEMON_FIBERS: '0' } }),
  );

  test.each(names)('%s can be recorded, and answers that session, too', async (name) => {
    const recorded = path.join(temporaryFolder(), 'recorded.json');
    await play(scriptOf(name), sessionOf(name), { env: { IPDAEMON_RECORD: recorded } });
    const { steps } = JSON.parse(readFileSync(recorded, 'utf8')) as { steps: string[][] };
    const original = JSON.parse(readFileSync(sessionOf(name), 'utf8')) as { steps: string[][] };
    const count = (all: string[][], verb: string) => all.filter((step) => step[0] === verb).length;
    expect(count(steps, 'open')).toBe(count(original.steps, 'open'));
    await play(scriptOf(name), recorded);
  });
});
