// `ipdaemon php`, and what `ipdaemon doctor` says about PHP.
import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { expect, test } from '@jest/globals';
import { outcome } from '../cli/tool';
import { temporaryFolder, writeTemporary } from '../support/certificates';
import { describePhp, folder } from './php';

/** A folder for PATH with a program php that is PHP with more options, or none. */
function pathWith(options?: string): string {
  const place = temporaryFolder();
  if (options !== undefined) {
    const php = spawnSync('sh', ['-c', 'command -v php'], { encoding: 'utf8' }).stdout.trim();
    writeFileSync(path.join(place, 'php'), `#!/bin/sh\nexec ${php} ${options} "$@"\n`);
    chmodSync(path.join(place, 'php'), 0o755);
  }
  return place;
}

async function phpFinding(env: NodeJS.ProcessEnv = {}) {
  const { output, code } = await outcome(['doctor', '--json'], { env });
  const { findings } = JSON.parse(output) as {
    findings: Record<string, { state: string; text: string; advice?: string }>;
  };
  return { code, ...findings.php };
}

describePhp('ipdaemon php', () => {
  test('prints the folder for include_path, and a command line to copy', async () => {
    const { code, output, errors } = await outcome(['php']);
    expect([code, errors]).toEqual([0, '']);
    const [place, command = ''] = output.split('\n');
    expect(place).toBe(folder);
    const script = writeTemporary(
      'script.php',
      "<?php require 'ipworks_ipdaemon.php'; echo is_int(ipworks_ipdaemon_open('key'));",
    );
    const { stdout } = spawnSync('sh', ['-c', command.replace('SCRIPT', script)], { encoding: 'utf8' });
    expect(stdout).toBe('1');
  });

  test('runs a script with its arguments, and ends with its exit code', async () => {
    const script = writeTemporary(
      'script.php',
      "<?php require 'ipworks_ipdaemon.php'; echo implode(' ', array_slice($argv, 1)); exit(is_int(ipworks_ipdaemon_open()) ? 5 : 6);",
    );
    expect(await outcome(['php', script, 'one', '--help'])).toEqual({ code: 5, output: 'one --help', errors: '' });
  });

  test('says what to install where there is no PHP', async () => {
    const { code, output, errors } = await outcome(['php', 'script.php'], { env: { PATH: pathWith() } });
    expect([code, output]).toEqual([1, '']);
    expect(errors).toContain('apt-get install php-cli');
  });
});

describePhp('ipdaemon doctor', () => {
  test('tells that PHP is there, has FFI and can open a server', async () => {
    expect(await phpFinding()).toMatchObject({
      code: 0,
      state: 'ok',
      text: expect.stringMatching(/^PHP \d.* with FFI can listen/),
    });
  });

  test('takes PHP without FFI, or without leave to use it, for a warning that says what to do', async () => {
    for (const [options, advice] of [
      ['-n', 'extension=ffi'],
      ['-d ffi.enable=0', 'php -d ffi.enable=1'],
    ] as const) {
      const PATH = `${pathWith(options)}:${process.env.PATH}`;
      expect(await phpFinding({ PATH })).toMatchObject({
        code: 0,
        state: 'warning',
        advice: expect.stringContaining(advice),
      });
    }
  });

  test('needs no PHP', async () => {
    expect(await phpFinding({ PATH: pathWith() })).toMatchObject({
      code: 0,
      state: 'ok',
      text: expect.stringMatching(/^not found; only PHP scripts need it/),
    });
  });
});
