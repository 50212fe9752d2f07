// Ports scripts into a folder in which the package is installed, and runs what comes out.
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import type { Report } from '../../lib/porter/report';
import { outcome } from '../cli/tool';
import { temporaryFolder } from '../support/certificates';
import { root } from '../support/program';

/** The scripts with sessions, which the drop-in runs as they are. */
export const scripts = path.join(root, 'test', 'php', 'sessions');
export const scriptNames = readdirSync(scripts)
  .filter((file) => file.endsWith('.php'))
  .map((file) => path.basename(file, '.php'));

/** Whether this Node runs TypeScript as it is. */
export const runsTypeScript =
  (process.features as { typescript?: unknown }).typescript !== undefined &&
  (process.features as { typescript?: unknown }).typescript !== false;

/** A folder in which `ipdaemon` can be imported. */
export function projectFolder(): string {
  const folder = temporaryFolder();
  mkdirSync(path.join(folder, 'node_modules'));
  symlinkSync(root, path.join(folder, 'node_modules', 'ipdaemon'));
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
  return folder;
}

export interface Result {
  code: number | null;
  errors: string;
  report: Report;
  /** The file that came out. */
  file: string;
  text: string;
}

/** Ports a file of a folder. */
export async function portIn(folder: string, name: string, ...args: string[]): Promise<Result> {
  const { code, output, errors } = await outcome(['port', path.join(folder, name), '--json', ...args]);
  if (!output.startsWith('{')) return { code, errors, report: undefined as never, file: '', text: '' };
  const report = JSON.parse(output) as Report;
  return { code, errors, report, file: report.out, text: readFileSync(report.out, 'latin1') };
}

/** Ports a script that is given as a text of bytes. */
export function portText(source: string, ...args: string[]): Promise<Result> {
  const folder = projectFolder();
  writeFileSync(path.join(folder, 'script.php'), source, 'latin1');
  return portIn(folder, 'script.php', ...args);
}

/** Ports a script from a folder of scripts. */
export function portScript(from: string, ...args: string[]): Promise<Result> {
  const folder = projectFolder();
  cpSync(from, path.join(folder, path.basename(from)));
  return portIn(folder, path.basename(from), ...args);
}
