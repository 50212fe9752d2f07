// Ported servers against the sessions that were recorded from PHP.
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { play } from '../php/session';
import { portScript, runsTypeScript, scriptNames, scripts } from './porting';

const sessionOf = (name: string) => path.join(scripts, `${name}.session.json`);
const languages = [['--js'], ...(runsTypeScript ? [['--force']] : [])];

describe.each(languages)('a server ported with %s', (option) => {
  test.each(scriptNames)('%s answers its session byte for byte', async (name) => {
    const { file, report } = await portScript(path.join(scripts, `${name}.php`), option);
    expect(report.refused).toEqual([]);
    expect(readFileSync(file).length).toBeGreaterThan(0);
    await play(file, sessionOf(name), { host: process.execPath }, (script, ...args) => [script, ...args]);
  });
});
