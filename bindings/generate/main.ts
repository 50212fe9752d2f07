// Writes what follows from the tables of the compiled library: lib/generated, the reference tables, and parts of the
// drop-in for PHP, of lib/ipdaemon.ts and of methods.md.
// With --check it writes nothing and fails when a file is not what it would write.

import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { packageRoot } from '../files';
import * as markdown from './markdown';
import { methodsFile, methodsPage, methodsSource, methodsText } from './methods';
import { phpFile, phpText } from './php';
import * as typescript from './typescript';

const root = packageRoot();

// The layout of TypeScript is the formatter's, so that generated files pass the same check as all others.
function formatted(file: string, text: string): string {
  if (!file.endsWith('.ts')) return text;
  const biome = path.join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
  const options = ['format', `--stdin-file-path=${file}`];
  return execFileSync(process.execPath, [biome, ...options], { cwd: root, input: text, encoding: 'utf8' });
}

const files: Record<string, string> = {
  'lib/generated/class.ts': typescript.classFile(),
  'lib/generated/constants.ts': typescript.constantsFile(),
  'lib/generated/errors.ts': typescript.errorsFile(),
  'lib/generated/events.ts': typescript.eventsFile(),
  'lib/generated/properties.ts': typescript.propertiesFile(),
  'lib/generated/settings.ts': typescript.settingsFile(),
  [methodsFile]: methodsSource(),
  [phpFile]: phpText(),
  [methodsPage]: methodsText(),
  'PROPERTIES.md': markdown.propertiesPage(),
  'docs/reference/constants.md': markdown.constantsPage(),
  'docs/reference/errors.md': markdown.errorsPage(),
  'docs/reference/events.md': markdown.eventsPage(),
  'docs/reference/messages.md': markdown.messagesPage(),
  'docs/reference/settings.md': markdown.settingsPage(),
};

const checking = process.argv.includes('--check');
const different: string[] = [];
for (const [file, text] of Object.entries(files)) {
  const place = path.join(root, file);
  const wanted = formatted(file, text);
  if (fs.existsSync(place) && fs.readFileSync(place, 'utf8') === wanted) continue;
  different.push(file);
  if (checking) continue;
  fs.mkdirSync(path.dirname(place), { recursive: true });
  fs.writeFileSync(place, wanted);
}

if (checking && different.length > 0) {
  console.error(`Not what the tables say: ${different.join(', ')}. Run \`npm run generate\` and commit the result.`);
  process.exitCode = 1;
} else {
  console.log(different.length === 0 ? 'Generated files are up to date.' : `Written: ${different.join(', ')}`);
}
