// The addon when calls of Node-API fail, or there is no memory, as the core is tested in the simulator: a server lives
// its life again and again, and each time another step fails.
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { eachBinding } from '../support/bindings';
import { root, withProgram } from '../support/program';
import { patience } from '../support/waiting';

const folder = process.env.IPDAEMON_NATIVE_BUILD ?? path.join(root, 'build', 'Release');
const program = path.join(root, 'test', 'programs', 'failing-life.js');
const read = (...name: string[]) => readFileSync(path.join(root, ...name), 'utf8');

const isTested = eachBinding().some(({ binding }) => binding === 'addon');

(isTested ? describe : describe.skip)('the addon, when any one step fails,', () => {
  test.each([
    ['node', 'loop'],
    ['node', 'thread'],
    ['doevents', 'loop'],
    ['node', 'loop', 'together'],
    ['doevents', 'loop', 'together'],
  ])(
    'goes on, tells it, and loses no event of another connection (%s, %s, %s)',
    async (pump, waker, how = 'alone') => {
      const env = {
        IPDAEMON_BINDING: 'addon',
        IPDAEMON_ADDON: path.join(folder, 'ipdaemon_failing.node'),
        IPDAEMON_WAKER: waker,
      };
      await withProgram(
        [program, pump, how],
        async (life) => {
          await life.ends(10 * patience);
          expect(life.exit).toEqual({ code: 0, signal: null });
          expect(`${life.output}${life.errors}`).toMatch(/^lives \d+\n$/);
          // Each has hundreds of steps.
          expect(Number(life.output.slice('lives '.length))).toBeGreaterThan(200);
        },
        { env },
      );
    },
    11 * patience,
  );

  test('has no call of Node-API that cannot fail in that', () => {
    const sources = readdirSync(path.join(root, 'bindings', 'addon')).filter((name) => /\.(cc|h)$/.test(name));
    const calls = sources.flatMap((name) => read('bindings', 'addon', name).match(/\bnapi_\w+(?=\()/g) ?? []);
    const failing = read('test', 'native', 'addon', 'failing.h').match(/(?<=^#define )napi_\w+/gm) ?? [];
    expect([...new Set(calls)].sort()).toEqual(failing.sort());
  });
});
