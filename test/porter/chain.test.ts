// The way of a script that PORTING.md begins with: run unchanged, recorded, ported, played again.
import { cpSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { expect, test } from '@jest/globals';
import { freePort } from '../../lib/cli/listening';
import { outcome, withTool } from '../cli/tool';
import { describePhp, phpArgs } from '../php/php';
import { Client } from '../support/client';
import { root, withProgram } from '../support/program';
import { projectFolder, scripts } from './porting';

describePhp('the commands with which PORTING.md begins', () => {
  test('lead from a script to a port that answers as the script does', async () => {
    const cwd = projectFolder();
    cpSync(path.join(scripts, '01-echo.php'), path.join(cwd, 'server.php'));
    const commands = /^```\n([\s\S]*?)```/m.exec(readFileSync(path.join(root, 'PORTING.md'), 'utf8'))?.[1] ?? '';
    const [run = [], record = [], , port = [], replay = []] = commands
      .trim()
      .split('\n')
      .map((line) => line.split(' ').slice(1));
    const ownPort = String(await freePort());
    const fill = (args: string[]) => args.map((arg) => arg.replace('7777', ownPort).replace('7778', '0'));
    // `ipdaemon php` starts this; here it has to end with the test.
    expect(run[1]).toBe('php');
    await withProgram(
      phpArgs(...(fill(run.slice(2)) as [string, ...string[]])),
      async (server) => {
        await server.says(/\n/);
        await withTool(
          fill(record.slice(1)),
          async (recorder) => {
            const client = new Client(await recorder.port());
            client.write('hello');
            await client.receives('hello');
            client.end();
            await client.isGone();
            recorder.signal('SIGINT');
            expect((await recorder.ends()).code).toBe(0);
          },
          { cwd },
        );
      },
      { cwd, host: 'php' },
    );
    expect(await outcome(port.slice(1), { cwd })).toMatchObject({ errors: '' });
    const result = await outcome(replay.slice(1), { cwd });
    expect([result.output, result.code]).toEqual([expect.stringContaining('1 passed, 0 failed'), 0]);
  });
});
