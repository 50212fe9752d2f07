// What comes out compiles under the strict rules of TypeScript, and has only types that can be erased.
import { execFileSync } from 'node:child_process';
import { cpSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { expect, test } from '@jest/globals';
import { root } from '../support/program';
import { portIn, projectFolder, scriptNames, scripts } from './porting';

const options = {
  strict: true,
  noEmit: true,
  module: 'nodenext',
  target: 'es2022',
  lib: ['es2023', 'esnext.disposable'],
  types: [],
  skipLibCheck: true,
  erasableSyntaxOnly: true,
};

test('the ports of all scripts have no error of a type', async () => {
  const folder = projectFolder();
  for (const name of scriptNames) {
    cpSync(path.join(scripts, `${name}.php`), path.join(folder, `${name}.php`));
    await portIn(folder, `${name}.php`);
  }
  cpSync(path.join(root, 'test', 'porter', 'rows', 'exact.php'), path.join(folder, 'exact.php'));
  await portIn(folder, 'exact.php');
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['*.ts'] }));
  const compiler = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  expect(() => execFileSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' })).not.toThrow();
});
