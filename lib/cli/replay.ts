// `ipdaemon replay`: plays sessions against a server that runs, or against one that it starts for each of them.

import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { UsageError } from './command-line';
import { Difference, differing } from './difference';
import { freePort, listens } from './listening';
import { masked, Player, type PlayOptions, Waiter } from './player';
import { ServerProcess } from './server-process';
import { compiledMask, type Mask, readMaskOption, readSession, type Session } from './session-file';

/** Milliseconds that a server may take to listen. */
const start_max = 30_000;
/** Bytes of what the server printed that a report shows. */
const shown_max = 4000;

interface Options {
  to: { host: string; port: number } | undefined;
  command: string[];
  masks: Mask[];
  patience: number;
}

/** HOST:PORT; an IPv6 address stands in brackets. */
export function targetOf(text: string): { host: string; port: number } {
  const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(text) ?? [];
  if (host === '' || Number(port) < 1 || Number(port) > 65535) {
    throw new UsageError(`--to is HOST:PORT, not ${JSON.stringify(text)}`);
  }
  return { host, port: Number(port) };
}

function patienceOf(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) {
    throw new UsageError(`--patience must be a number of milliseconds from 1 to 9999999, not ${JSON.stringify(text)}`);
  }
  return Number(text);
}

/** What the session has on disk: its files, and a certificate if the server wants one. */
async function prepare(session: Session, words: string[]): Promise<string | undefined> {
  const wantsCertificate = words.some((word) => word.includes('{cert}'));
  const wantsFolder = words.some((word) => word.includes('{dir}'));
  const hasFiles = Object.keys(session.files).length > 0 || session.steps.some(([verb]) => verb === 'file');
  if (!hasFiles && !wantsFolder && !wantsCertificate) return undefined;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ipdaemon-replay-'));
  for (const [name, content] of Object.entries(session.files)) {
    const file = path.join(folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, content, 'latin1');
  }
  if (wantsCertificate) {
    const { selfSignedCertificate } = await import('../index.js');
    fs.writeFileSync(path.join(folder, 'certificate.pem'), selfSignedCertificate());
  }
  return folder;
}

/** The command line of the server; a command that does not say where the port goes gets the arguments of the session. */
function commandOf(session: Session, command: string[]): string[] {
  return command.some((word) => word.includes('{port}')) ? command : [...command, ...session.args];
}

function filled(words: string[], port: number, session: Session, folder: string | undefined): string[] {
  const values: Record<string, string> = {
    port: String(port),
    dir: folder ?? '',
    cert: path.join(folder ?? '', 'certificate.pem'),
    name: path.basename(session.file).replace(/(\.session)?\.json$/, ''),
  };
  return words.map((word) => {
    const text = word.replace(/\{(port|dir|cert|name)\}/g, (_all, key: string) => values[key] as string);
    // In a folder of its own, the server still finds the files of its command line.
    return folder !== undefined && fs.existsSync(text) ? path.resolve(text) : text;
  });
}

async function startServer(server: ServerProcess, port: number, waiter: Waiter): Promise<void> {
  await waiter.until(
    async () => server.exit !== undefined || (server.pid !== undefined && (await listens(port, server.pid))),
    start_max,
  );
  if (server.exit !== undefined) throw new Difference(`the server ended before it listened: ${server.ending}`);
  if (server.pid === undefined || !(await listens(port, server.pid))) {
    throw new Difference(`the server does not listen on port ${port} after ${start_max / 1000} seconds`);
  }
}

/** What the server printed and how it ended count, too, if the session has them. */
async function compareProcess(session: Session, options: PlayOptions, waiter: Waiter): Promise<void> {
  const { server, masks, folder, patience } = options;
  if (server === undefined) return;
  if (session.stdout !== undefined) {
    const goal = masked(session.stdout.join('\n'), masks, folder);
    const got = () => masked(server.output, masks, folder);
    const isEqual = await waiter.until(() => got() === goal, patience);
    if (!isEqual) throw differing('what the server printed differs', goal, got());
  }
  if (session.exit !== undefined) {
    await waiter.until(() => server.exit !== undefined, patience);
    if (server.exit !== session.exit) {
      throw new Difference(`the server ended with ${server.ending} and not with ${session.exit}`);
    }
  } else if (server.exit !== undefined) throw new Difference(`the server ended by itself: ${server.ending}`);
}

async function playSteps(session: Session, options: PlayOptions, waiter: Waiter): Promise<void> {
  const player = new Player(options, waiter);
  const last = new Map<unknown, number>();
  session.steps.forEach((step, i) => {
    last.set(step[1], step[0] === 'open' ? -1 : i);
  });
  try {
    for (const [i, step] of session.steps.entries()) {
      await player.step(step, last.get(step[1]) === i || last.get(step[1]) === -1).catch((error: unknown) => {
        if (!(error instanceof Difference)) throw error;
        const who = typeof step[1] === 'string' ? ` ${step[1]}` : '';
        const where = `step ${i + 1} of ${session.steps.length} (line ${session.lines[i]}), ${step[0]}${who}`;
        throw new Difference(`${where}: ${error.message}`);
      });
    }
    await player.finish();
    await compareProcess(session, options, waiter);
  } finally {
    player.close();
  }
}

function printed(server: ServerProcess | undefined): string {
  const parts = [
    ['the server printed', server?.output ?? ''],
    ['the server printed to standard error', server?.errors ?? ''],
  ] as const;
  return parts
    .filter(([, text]) => text !== '')
    .map(([title, text]) => `\n  ${title}:\n${text.slice(-shown_max).trimEnd().replace(/^/gm, '    ')}`)
    .join('');
}

/** Plays one session; gives the report of the difference, or undefined. */
async function play(session: Session, { to, command, masks, patience }: Options): Promise<string | undefined> {
  const waiter = new Waiter();
  const words = to === undefined ? commandOf(session, command) : [];
  const folder = await prepare(session, words);
  let server: ServerProcess | undefined;
  const endServer = () => server?.end();
  const onSignal = () => {
    void Promise.resolve(endServer()).then(() => process.exit(1));
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    const target = to ?? { host: '127.0.0.1', port: await freePort() };
    if (to === undefined) {
      server = new ServerProcess(filled(words, target.port, session, folder), folder, waiter.wake);
      await startServer(server, target.port, waiter);
    }
    await playSteps(session, { to: target, masks: [...session.masks, ...masks], patience, folder, server }, waiter);
    return undefined;
  } catch (error) {
    if (!(error instanceof Difference)) throw error;
    await endServer();
    return `${error.message}${printed(server)}`;
  } finally {
    await endServer();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    if (folder !== undefined) fs.rmSync(folder, { recursive: true, force: true });
  }
}

function readOptions(args: string[]): Options & { files: string[] } {
  const cut = args.indexOf('--');
  const command = cut < 0 ? [] : args.slice(cut + 1);
  const { values, positionals: files } = parseArgs({
    args: cut < 0 ? args : args.slice(0, cut),
    options: {
      to: { type: 'string' },
      mask: { type: 'string', multiple: true, default: [] },
      patience: { type: 'string', default: '5000' },
    },
    allowPositionals: true,
  });
  if (files.length === 0) throw new UsageError('the command replay takes FILE...');
  if ((values.to === undefined) === (command.length === 0)) {
    throw new UsageError('replay needs either --to HOST:PORT or -- COMMAND');
  }
  return {
    files,
    to: values.to === undefined ? undefined : targetOf(values.to),
    command,
    masks: values.mask.map((mask) => compiledMask(...readMaskOption(mask))),
    patience: patienceOf(values.patience),
  };
}

export async function replay(args: string[]): Promise<number> {
  const { files, ...options } = readOptions(args);
  // All files are checked before anything is played.
  const sessions = files.map(readSession);
  const withFiles = sessions.find(({ steps }) => steps.some(([verb]) => verb === 'file'));
  if (options.to !== undefined && withFiles !== undefined) {
    throw new UsageError(`${withFiles.file} looks at files of the server: replay it with -- COMMAND`);
  }
  let failed = 0;
  for (const session of sessions) {
    const difference = await play(session, options);
    if (difference === undefined) console.log(`ok      ${session.file}: ${session.steps.length} steps`);
    else console.log(`FAILED  ${session.file}: ${difference}`);
    if (difference !== undefined) failed += 1;
  }
  console.log(`${sessions.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}
