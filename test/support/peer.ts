// A client in a thread of its own: it goes on reading, writing or resetting while the test's thread is
// inside a blocking send. Commands may be given in advance, with a delay, or from inside handlers.
import * as path from 'node:path';
import { Worker } from 'node:worker_threads';
import { Pieces } from './pieces';
import type { TestServer } from './server';
import { somethingHappened, waitFor } from './waiting';

interface Report {
  what: 'connected' | 'resumed' | 'read' | 'end' | 'error' | 'close';
  received: number;
  /** What came since the report before. */
  fresh: string;
  localPort?: number;
  code?: string;
  /** When it was, in milliseconds since 1970. */
  at?: number;
}

export class ThreadPeer {
  localPort = 0;
  readonly reports: Report[] = [];
  private readonly pieces = new Pieces();
  private readonly worker: Worker;
  private readonly gone: Promise<void>;

  constructor(port: number, options: { paused?: boolean; host?: string; secure?: boolean } = {}) {
    this.worker = new Worker(path.join(__dirname, 'peer-worker.js'));
    this.worker.on('message', (report: Report) => {
      this.reports.push(report);
      this.pieces.push(report.fresh);
      this.localPort = report.localPort ?? this.localPort;
      somethingHappened();
    });
    this.gone = new Promise((resolve) => this.worker.on('exit', () => resolve()));
    const { host = '127.0.0.1', paused = false, secure = false } = options;
    this.command({ op: 'connect', port, host, paused, secure });
  }

  /** What the peer had received when it last reported. */
  get text(): string {
    return this.pieces.text;
  }

  command(command: Record<string, unknown> & { op: string }): void {
    this.worker.postMessage(command);
  }

  has(what: Report['what']): boolean {
    return this.reports.some((report) => report.what === what);
  }

  async until(what: Report['what']): Promise<void> {
    await waitFor(() => this.has(what), `the peer in its thread to report "${what}"`);
  }

  async stop(): Promise<void> {
    this.command({ op: 'stop' });
    await this.gone;
  }
}

/** A server with one client in a thread; `body` gets the connection id. */
export async function withThreadPeer(
  server: TestServer,
  options: { paused?: boolean; secure?: boolean },
  body: (peer: ThreadPeer, id: number) => Promise<void> | void,
): Promise<void> {
  const peer = new ThreadPeer(server.port, options);
  try {
    await peer.until('connected');
    let id = 0;
    await waitFor(() => {
      id = server.idOf(peer);
      return id > 0 && server.count('ReadyToSend', id) > 0;
    }, 'Connected of the peer in its thread');
    await body(peer, id);
  } finally {
    await peer.stop();
  }
}
