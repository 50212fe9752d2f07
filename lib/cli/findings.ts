// What doctor finds, and the findings that need nothing but Node: versions, descriptors, the system's limits.

import * as fs from 'node:fs';
import { libc } from '../../bindings/files';
import { packageFile } from './texts';

/** `warning`: servers run, but less well than they could. `failed`: no server can run. */
export interface Finding {
  state: 'ok' | 'warning' | 'failed';
  text: string;
  /** What to do about it, or to get more. */
  advice?: string;
  /** The same as numbers, for programs. */
  numbers?: Record<string, number>;
}

/** MaxConnections takes no more. */
const connectionsMax = 100_000;
/** MaxConnections, unless it is set. */
const connectionsDefault = 1000;
/** A backlog that system administrators left alone is larger. */
const backlogSmall = 128;

function read(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    // Other systems have no such file; what is not known is said to be unknown.
    return undefined;
  }
}

export function system(): Finding {
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  const library = [libc(), header?.glibcVersionRuntime ?? ''].join(' ').trim();
  const text = `${process.platform} ${process.arch}${library === '' ? '' : `, ${library}`}`;
  return { state: 'ok', text };
}

export function node(): Finding {
  const { engines } = packageFile();
  const needed = Number(/\d+/.exec(engines.node)?.[0]);
  const text = process.version;
  if (Number.parseInt(text.slice(1), 10) >= needed) return { state: 'ok', text };
  return { state: 'warning', text, advice: `this version is not tested; use Node ${needed} or later` };
}

/** The limits of this process. Node raises the soft one to the hard one when it starts, as far as it may. */
export function descriptors(): Finding {
  const limits = /^Max open files\s+(\d+|unlimited)\s+(\d+|unlimited)/m.exec(read('/proc/self/limits') ?? '');
  if (limits === null) return { state: 'ok', text: 'limit unknown here; `ulimit -Hn` shows it' };
  const [soft = 0, hard = 0] = limits.slice(1).map((limit) => (limit === 'unlimited' ? Infinity : Number(limit)));
  const inUse = fs.readdirSync('/proc/self/fd').length;
  const connections = Math.max(0, Math.min(hard - inUse, connectionsMax));
  const finding: Finding = {
    state: connections < connectionsDefault ? 'warning' : 'ok',
    text: `soft limit ${limits[1]}, hard limit ${limits[2]}: MaxConnections up to ${connections} is possible`,
    numbers: { soft, hard, connections },
  };
  if (connections < connectionsMax) {
    finding.advice =
      'for more, raise the hard limit: `ulimit -n 200000` as root before Node starts,\n' +
      'LimitNOFILE=200000 in a systemd service, or `user hard nofile 200000` in /etc/security/limits.conf';
  }
  return finding;
}

/** How many peers may wait to be accepted: `wanted` is ConnectionBacklog. */
export function backlog(wanted: number): Finding {
  const content = read('/proc/sys/net/core/somaxconn');
  if (content === undefined)
    return { state: 'ok', text: `ConnectionBacklog is ${wanted}; the system's maximum is unknown` };
  const allowed = Number(content);
  const text = `ConnectionBacklog is ${wanted} by default, the system allows ${allowed} (net.core.somaxconn)`;
  const numbers = { wanted, allowed };
  return allowed < backlogSmall
    ? {
        state: 'warning',
        text,
        numbers,
        advice: 'for bursts of connections: `sysctl -w net.core.somaxconn=4096` as root',
      }
    : { state: 'ok', text, numbers, advice: `a busy server should set ConnectionBacklog, to ${allowed} for example` };
}
