// `ipdaemon record`: stands between clients and a server, passes all bytes on, and writes them as a session.

import * as net from 'node:net';
import { parseArgs } from 'node:util';
import { UsageError } from './command-line';
import { Recording } from './recording';
import { targetOf } from './replay';
import { readMaskOption } from './session-file';

interface Options {
  listen: number;
  host: string;
  to: { host: string; port: number };
  out: string;
  masks: [string, string][];
}

function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      listen: { type: 'string' },
      host: { type: 'string', default: '127.0.0.1' },
      to: { type: 'string' },
      out: { type: 'string' },
      mask: { type: 'string', multiple: true, default: [] },
    },
  });
  const { listen, host, to, out, mask } = values;
  if (listen === undefined || to === undefined || out === undefined) {
    throw new UsageError('record needs --listen PORT, --to HOST:PORT and --out FILE');
  }
  if (!/^\d+$/.test(listen) || Number(listen) > 65535) {
    throw new UsageError(`--listen must be a number from 0 to 65535, not ${JSON.stringify(listen)}`);
  }
  return { listen: Number(listen), host, to: targetOf(to), out, masks: mask.map(readMaskOption) };
}

/** A record of TLS whose content is a ClientHello. */
function isClientHello(bytes: Buffer): boolean {
  return bytes.length > 5 && bytes[0] === 0x16 && bytes[1] === 3 && bytes[5] === 1;
}

/** The address that a client came from, if a player can come from it, too, and would not by itself. */
function ownAddress(address: string | undefined): string[] {
  const plain = address?.replace(/^::ffff:/, '') ?? '';
  return plain.startsWith('127.') && plain !== '127.0.0.1' ? [plain] : [];
}

/** One client with its connection to the server. */
class Pair {
  private readonly server: net.Socket;
  private isOpen = false;
  private serverEnded = false;
  private isOver = false;
  private warned = false;

  constructor(
    private readonly client: net.Socket,
    private readonly name: string,
    to: Options['to'],
    private readonly recording: Recording,
  ) {
    const from = ownAddress(client.remoteAddress);
    const isLocal = /^(127\.|localhost$)/.test(to.host);
    this.server = net.connect({
      ...to,
      localAddress: isLocal ? from[0] : undefined,
      allowHalfOpen: true,
      noDelay: true,
    });
    client.setNoDelay(true);
    client.on('error', () => this.clientReset());
    client.on('close', () => this.clientReset());
    this.server.on('error', (error: NodeJS.ErrnoException) => this.serverReset(error));
    this.server.on('connect', () => {
      this.isOpen = true;
      recording.step('open', name, ...from);
      this.passClient();
      this.passServer();
      client.resume();
    });
  }

  /** Reads on only when what was read has left: memory stays small however slow the other side is. */
  private pass(bytes: Buffer, from: net.Socket, to: net.Socket): void {
    if (to.write(bytes)) return;
    from.pause();
    to.once('drain', () => from.resume());
  }

  private passClient(): void {
    this.client.on('data', (bytes: Buffer) => {
      if (isClientHello(bytes) && !this.warned) {
        this.warned = true;
        const advice = 'record inside the server with IPDAEMON_RECORD, see `ipdaemon php`';
        console.error(`client ${this.name} begins TLS: its bytes are encrypted and cannot be played again; ${advice}`);
      }
      this.recording.sent(this.name, bytes.toString('latin1'));
      this.pass(bytes, this.client, this.server);
    });
    this.client.on('end', () => {
      // Behind the end of the server it says nothing new: playing, the client ends then, too.
      if (!this.serverEnded) this.recording.step('shut', this.name);
      this.server.end();
      this.finish();
    });
  }

  private passServer(): void {
    this.server.on('data', (bytes: Buffer) => {
      this.recording.answer('expect', this.name, bytes.toString('latin1'));
      this.pass(bytes, this.server, this.client);
    });
    this.server.on('end', () => {
      this.serverEnded = true;
      this.recording.answer('eof', this.name);
      this.client.end();
      this.finish();
    });
  }

  private finish(): void {
    if (this.serverEnded && this.client.readableEnded) this.isOver = true;
  }

  private clientReset(): void {
    if (this.isOver) return;
    this.isOver = true;
    if (this.isOpen) this.recording.step('close', this.name, 'reset');
    this.server.resetAndDestroy();
  }

  private serverReset(error: NodeJS.ErrnoException): void {
    if (this.isOver) return;
    this.isOver = true;
    if (this.isOpen && !this.serverEnded) this.recording.answer('reset', this.name);
    if (!this.isOpen)
      console.error(`client ${this.name} is not recorded: the server does not accept it: ${error.message}`);
    this.client.resetAndDestroy();
  }
}

/** Runs until a signal; the exit code is that of a recording that ended in order. */
export function record(args: string[]): Promise<number> {
  const options = readOptions(args);
  const { host, port } = options.to;
  return new Promise((resolve, reject) => {
    let clients = 0;
    let recording: Recording | undefined;
    const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
      clients += 1;
      new Pair(client, String(clients), options.to, recording as Recording);
    });
    const stop = () => {
      recording?.close();
      console.log(`recorded ${recording?.steps} steps of ${clients} clients in ${options.out}`);
      // Connections that are still there end with the program.
      resolve(0);
      setImmediate(() => process.exit());
    };
    server.on('error', reject);
    server.listen(options.listen, options.host, () => {
      try {
        recording = new Recording(options.out, `Recorded in front of ${host}:${port}.`, options.masks);
      } catch (error) {
        server.close();
        reject(error);
        return;
      }
      const { address, port: own } = server.address() as net.AddressInfo;
      console.log(`listening on ${address}:${own}, and passing everything on to ${host}:${port}`);
      console.log('Press Ctrl-C to end the recording.');
      process.on('SIGINT', stop).on('SIGTERM', stop);
    });
  });
}
