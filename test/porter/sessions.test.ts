// Ported servers against the sessions that were recorded from PHP.
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { play } from '../php/session';
import { portScript, runsTypeScript, scriptNames, scripts } from './porting';

const sessionOf = (name: string, folder = scripts) => path.join(folder, `${name}.session.json`);

/** Servers that are hard to port. */
const servers = path.join(scripts, '..', 'servers');
const languages = [['--js'], ...(runsTypeScript ? [['--force']] : [])];

describe.each(languages)('a server ported with %s', (option) => {
  test.each(scriptNames)('%s answers its session byte for byte', async (name) => {
    const { file, report } = await portScript(path.join(scripts, `${name}.php`), option);
    expect(report.refused).toEqual([]);
    expect(readFileSync(file).length).toBeGreaterThan(0);
    await play(file, sessionOf(name), { host: process.execPath }, (script, ...args) => [script, ...args]);
  });

  test.each(['11-bits', '12-files', '14-mail', '15-stock'])('%s, hard in its own way, does so too', async (name) => {
    const { file, report } = await portScript(path.join(servers, `${name}.php`), option);
    expect(report.refused).toEqual([]);
    await play(file, sessionOf(name, servers), { host: process.execPath }, (script, ...args) => [script, ...args]);
  });

  test('13-ledger needs PDO: each use is refused by name at its line', async () => {
    const source = readFileSync(path.join(servers, '13-ledger.php'), 'latin1').split('\n');
    const { report } = await portScript(path.join(servers, '13-ledger.php'), option);
    expect(report.refused.length).toBeGreaterThan(0);
    for (const { line, what } of report.refused) {
      expect([what, source[line - 1]]).toEqual([expect.stringMatching(/PDO/), expect.stringContaining('PDO')]);
    }
  });
});
