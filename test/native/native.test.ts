// The native checks as part of this suite: the tests of the C++ parts, those of the poller in the simulated world, too,
// and the simulator over a range of seeds. `npm test` builds all; IPDAEMON_SIM_SEEDS sets the number of seeds (10000 in
// the full run).
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { root } from '../support/program';
import { backstop } from '../support/waiting';

const seeds = process.env.IPDAEMON_SIM_SEEDS ?? '300';
/** Ten thousand seeds take minutes where nothing else runs. */
const simulatorLimit = 6 * backstop;
const folder = process.env.IPDAEMON_NATIVE_BUILD ?? path.join(root, 'build', 'Release');

function run(name: string, args: string[], timeout = backstop): { passed: number; failed: number } {
  const file = path.join(folder, name);
  if (!existsSync(file)) {
    throw new Error(`${file} does not exist; npm run build:native builds it`);
  }
  const { status, stdout, stderr, error } = spawnSync(file, args, { encoding: 'utf8', timeout, maxBuffer: 1 << 28 });
  const summary = /(\d+) passed, (\d+) failed\s*$/.exec(stdout.trimEnd());
  if (error || status !== 0 || summary === null) {
    const told = stdout.replace(/^ok .*\n/gm, '');
    throw new Error(`${name} ended with ${status ?? error}:\n${told.slice(-4000)}${stderr.slice(-2000)}`);
  }
  process.stdout.write(`${name} ${args.join(' ')}: ${summary[0]}\n`);
  return { passed: Number(summary[1]), failed: Number(summary[2]) };
}

describe('the native core', () => {
  test('passes its own tests', () => {
    const { passed, failed } = run('native_tests', []);
    expect(failed).toBe(0);
    expect(passed).toBeGreaterThan(20);
  });

  test('finds in the simulator a poller like every other, and a server that reads PROXY headers however they come', () => {
    const { passed, failed } = run('ipdaemon_sim_tests', []);
    expect(failed).toBe(0);
    expect(passed).toBeGreaterThan(20);
  });

  test(
    `keeps its promises in the simulator for ${seeds} seeds`,
    () => {
      const { passed, failed } = run('ipdaemon_sim', ['--seeds', seeds], simulatorLimit);
      expect(failed).toBe(0);
      expect(passed).toBeGreaterThanOrEqual(Number(seeds));
    },
    simulatorLimit,
  );

  test('keeps them with the settings that came later, for 100 seeds', () => {
    const { passed, failed } = run('ipdaemon_sim', ['--seeds', '100', '--from', '100000']);
    expect(failed).toBe(0);
    expect(passed).toBe(100);
  });

  test('keeps nothing of 20,000 connections that come and go while one callback pumps', () => {
    const { passed, failed } = run('ipdaemon_sim', ['--scenario', 'gateway', '--connections', '20000']);
    expect(failed).toBe(0);
    expect(passed).toBe(1);
  });
});
