// `ipdaemon php`: how PHP runs a script on this library, or running one; and what doctor says about PHP.

import { spawn, spawnSync } from 'node:child_process';
import * as path from 'node:path';
import { packageRoot } from '../../bindings/files';
import type { Finding } from './findings';

const folder = path.join(packageRoot(), 'bindings', 'php');
const installing = 'Debian and Ubuntu: apt-get install php-cli';

/** What PHP prints for a line of code; undefined where there is no PHP. */
function evaluated(code: string): { ok: boolean; output: string; errors: string } | undefined {
  const { error, status, stdout, stderr } = spawnSync('php', ['-d', 'display_errors=stderr', '-r', code], {
    encoding: 'utf8',
  });
  return error === undefined ? { ok: status === 0, output: stdout, errors: stderr } : undefined;
}

/** The include path of PHP with the folder of the drop-in before all others. */
function includePath(): string {
  const usual = evaluated('echo get_include_path();')?.output || '.';
  return [folder, usual].join(path.delimiter);
}

function run(args: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn('php', ['-d', `include_path=${includePath()}`, ...args], { stdio: 'inherit' });
    // A signal of the terminal reaches both, and the script decides what becomes of it.
    const stay = () => undefined;
    process.on('SIGINT', stay);
    child.on('error', () => reject(new Error(`php was not found in PATH. ${installing}`)));
    child.on('exit', (code, signal) => {
      process.off('SIGINT', stay);
      resolve(code ?? (signal === null ? 1 : 128));
    });
  });
}

/** With a script, runs it; without, prints what to write in its place. */
export function php(args: string[]): number | Promise<number> {
  if (args.length > 0) return run(args);
  console.log(folder);
  console.log(`php -d include_path=${includePath()} SCRIPT`);
  return 0;
}

const trial = `
require ${JSON.stringify(path.join(folder, 'ipworks_ipdaemon.php'))};
$server = ipworks_ipdaemon_open();
ipworks_ipdaemon_set($server, 26, 0, '127.0.0.1');
if (ipworks_ipdaemon_set($server, 25, 0, true) !== 0) throw new Exception(ipworks_ipdaemon_get_last_error($server));
echo 'PHP ', PHP_VERSION, ' with FFI can listen', PHP_VERSION_ID < 80100 ? '; exit() in handlers needs PHP 8.1' : '';`;

/** Whether scripts for the PHP edition can run here. Servers of Node need no PHP. */
export function phpFinding(): Finding {
  const tried = evaluated(trial);
  if (tried === undefined) return { state: 'ok', text: `not found; only PHP scripts need it. ${installing}` };
  if (tried.ok) return { state: 'ok', text: tried.output, advice: '`npx ipdaemon php` shows how to run a script' };
  const reason = /(?:Uncaught (?:\w+: )?)([\s\S]*?)(?: in \S+:\d+|$)/.exec(tried.errors)?.[1] ?? tried.errors.trim();
  return { state: 'warning', text: 'PHP scripts cannot run here', advice: reason };
}
