// The servers that are attacked, each in a process of its own, bounded in descriptors and in processor time, so that
// one that hangs ends whatever happens to us.
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { Program, root } from '../../support/program';

/** A server gets so many seconds of processor time. */
const seconds = 180;

export interface Host {
  name: string;
  title: string;
  /** Why there is none here. */
  missing?: string;
  /** What runs it, if it is not this Node. */
  program?: string;
  script: string;
  env?: NodeJS.ProcessEnv;
  /** Whether it has do_doevents. */
  pumps?: boolean;
}

/** The columns of the table. */
export function hosts(addon: string | undefined, koffi: boolean, bun: string | undefined): Host[] {
  const ipdaemon = { script: 'ipdaemon.js', pumps: true };
  // What names an addon is for one column, and not for the checkout to compare with.
  const addonOf = (file: string) => ({ IPDAEMON_BINDING: 'addon', IPDAEMON_ADDON: file });
  const list: Host[] = [
    { ...ipdaemon, name: 'ipdaemon', title: 'ipdaemon', env: addonOf(addon ?? '') },
    { ...ipdaemon, name: 'koffi', title: 'over koffi', env: { IPDAEMON_BINDING: 'koffi' } },
    {
      ...ipdaemon,
      name: 'before',
      title: 'before',
      env: { ...addonOf(''), IPDAEMON_STRESS_PACKAGE: process.env.IPDAEMON_BEFORE },
    },
    { name: 'node', title: 'node', script: 'node.js' },
    { name: 'bun', title: 'Bun', script: 'bun.js', program: bun, missing: bun ? undefined : 'not here' },
  ];
  const isWanted = (host: Host) =>
    (host.name !== 'koffi' || koffi) && (host.name !== 'before' || process.env.IPDAEMON_BEFORE);
  return list.filter(isWanted);
}

/** Files with key and certificate, by the kind of the key. */
export type Certificates = Record<'p256' | 'rsa', string>;

let certificates: Certificates | undefined;

/** What the servers in TLS have; P-256 unless an attack says otherwise. */
export function useCertificates(files: Certificates): void {
  certificates = files;
}

export function withKey(kind: keyof Certificates): string[] {
  return certificates ? ['--certificate', certificates[kind]] : [];
}

export class Server {
  private constructor(
    private readonly program: Program,
    readonly clear: number,
    readonly tls: number,
  ) {}

  static async start(host: Host, args: string[] = [], descriptors = 20_000): Promise<Server> {
    const words = [path.join(__dirname, 'servers', host.script), ...withKey('p256'), ...args];
    const options = { host: host.program, env: host.env, descriptors, seconds };
    const program = new Program(words, options);
    const [, clear, tls] = await program.says(/listening (\d+) (\d+)/);
    return new Server(program, Number(clear), Number(tls));
  }

  get pid(): number {
    return this.program.child.pid as number;
  }

  /** Resident memory in bytes. */
  get memory(): number {
    return 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1]);
  }

  /** Processor time of its main thread, in milliseconds. */
  get cpuTime(): number {
    return Number(readFileSync(`/proc/${this.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  }

  get descriptors(): number {
    return readdirSync(`/proc/${this.pid}/fd`).length;
  }

  /** See servers/common.js for what there is to be done. */
  async command(word: 'count' | 'expire' | 'trim'): Promise<number> {
    this.program.forget();
    this.program.write(`${word}\n`);
    return Number((await this.program.says(new RegExp(`did ${word} (\\d*)\n`)))[1]);
  }

  /** The server stands still meanwhile, so that all of an attack waits for it, however slow the attackers are. */
  async findsAtOnce(attackers: Attackers): Promise<void> {
    this.program.signal('SIGSTOP');
    await attackers.attack();
    this.program.signal('SIGCONT');
  }

  async end(): Promise<void> {
    this.program.signal('SIGKILL');
    await this.program.ends();
  }
}

/** Runs a body with a server, and ends the server whatever happens. */
export async function withServer<Result>(
  host: Host,
  args: string[],
  body: (server: Server) => Promise<Result>,
  descriptors?: number,
): Promise<Result> {
  const server = await Server.start(host, args, descriptors);
  try {
    return await body(server);
  } finally {
    await server.end();
  }
}

/** The clients of an attack, in a process of their own: see clients.ts. */
export class Attackers {
  private constructor(private readonly program: Program) {}

  static async prepare(attack: string, port: number, count: number): Promise<Attackers> {
    const hook = path.join(root, 'test', 'stress', 'typescript.js');
    const program = new Program(['-r', hook, path.join(__dirname, 'clients.ts'), attack, `${port}`, `${count}`], {
      seconds,
      descriptors: 20_000,
    });
    await program.says(/ready/, 120_000);
    return new Attackers(program);
  }

  /** Resolves as soon as the attack has begun. */
  async attack(): Promise<void> {
    this.program.write('attack\n');
    await this.program.says(/attacking/);
  }

  /** How many connections the server has not ended. */
  async open(): Promise<number> {
    this.program.forget();
    this.program.write('open\n');
    return Number((await this.program.says(/open (\d+)/))[1]);
  }

  /** All of them leave at once. */
  async leave(): Promise<void> {
    this.program.signal('SIGKILL');
    await this.program.ends();
  }
}

/** Runs a body with attackers who are ready, and ends them whatever happens. */
export async function withAttackers<Result>(
  attack: string,
  port: number,
  count: number,
  body: (attackers: Attackers) => Promise<Result>,
): Promise<Result> {
  const attackers = await Attackers.prepare(attack, port, count);
  try {
    return await body(attackers);
  } finally {
    await attackers.leave();
  }
}
