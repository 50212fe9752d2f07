// Tests that need programs that are not ours. Where one is not installed, its tests are skipped with the reason; with
// IPDAEMON_REQUIRE_TOOLS, as under .ci/run, they fail.
import { accessSync, constants } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, test } from '@jest/globals';

export function isInstalled(name: string): boolean {
  return (process.env.PATH ?? '').split(path.delimiter).some((folder) => {
    try {
      accessSync(path.join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** A describe whose tests need these programs. */
export function withTools(title: string, tools: string[], body: () => void): void {
  const missing = tools.filter((tool) => !isInstalled(tool));
  if (missing.length === 0) {
    describe(title, body);
  } else if (process.env.IPDAEMON_REQUIRE_TOOLS === '1') {
    test(`${title}: ${missing.join(', ')} must be installed`, () => expect(missing).toEqual([]));
  } else {
    process.stderr.write(`left out, not installed: ${missing.join(', ')}: ${title}\n`);
    describe.skip(`${title} (${missing.join(', ')} not installed)`, body);
  }
}
