// Five more servers for the PHP edition, each hard in a way of its own, against the sessions that the drop-in recorded.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import * as path from 'node:path';
import { expect, test } from '@jest/globals';
import { describePhp } from './php';
import { play } from './session';

const servers = path.join(__dirname, 'servers');
const names = readdirSync(servers)
  .filter((file) => file.endsWith('.php'))
  .map((file) => path.basename(file, '.php'));

const hasSqlite = () => /^pdo_sqlite$/m.test(String(spawnSync('php', ['-m']).stdout));

describePhp('a server with', () => {
  test('bits, files, SQLite, STARTTLS, loose comparisons: five of them', () =>
    expect(names).toEqual(['11-bits', '12-files', '13-ledger', '14-mail', '15-stock']));

  const isPlayed = (name: string) => name !== '13-ledger' || process.env.CI !== undefined || hasSqlite();

  test.each(names.filter(isPlayed))('%s answers its session byte for byte', async (name) => {
    await play(path.join(servers, `${name}.php`), path.join(servers, `${name}.session.json`));
  });

  const unplayed = names.filter((name) => !isPlayed(name));
  if (unplayed.length > 0) test.skip.each(unplayed)('%s: this PHP has no pdo_sqlite (php-sqlite3 in Debian)', () => {});
});
