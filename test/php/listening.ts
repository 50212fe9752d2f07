// A PHP script that listens: over plain TCP or TLS, with the handlers of a test, run with fibers or without.
import { everyServer, serverPem, writeTemporary } from '../support/certificates';
import { Client } from '../support/client';
import type { Program, ProgramOptions } from '../support/program';
import { TlsClient } from '../support/tls-client';
import { withPhp } from './php';

/** How a server of a test speaks, and where its handlers run. */
export const ways = [
  { tls: false, fibers: true, title: 'over plain TCP' },
  { tls: true, fibers: true, title: 'over TLS' },
  { tls: false, fibers: false, title: 'over plain TCP, inside the callback of C' },
  { tls: true, fibers: false, title: 'over TLS, inside the callback of C' },
];
export type Way = (typeof ways)[number];

/** A server that listens; `handlers` is PHP with `$s` in sight, `loop` what the script does then. */
export async function withServer(
  { tls, fibers }: Pick<Way, 'tls' | 'fibers'>,
  handlers: string,
  body: (open: () => Promise<Client>, program: Program) => Promise<void>,
  loop = 'while (true) ipworks_ipdaemon_do_doevents($s);',
  options: ProgramOptions = {},
): Promise<void> {
  const text = `
$s = ipworks_ipdaemon_open('key');
${handlers}
ipworks_ipdaemon_set($s, 26, 0, '127.0.0.1');
if ($argv[1] === 'tls') {
  ipworks_ipdaemon_set($s, 32, 0, 7);
  ipworks_ipdaemon_set($s, 30, 0, file_get_contents($argv[2]));
  ipworks_ipdaemon_set($s, 33, 0, '*');
  ipworks_ipdaemon_set($s, 35, 0, 1);
}
ipworks_ipdaemon_set($s, 25, 0, true) == 0 or die(ipworks_ipdaemon_get_last_error($s));
echo 'listening on ', ipworks_ipdaemon_get($s, 27, 0), "\\n";
${loop}`;
  const pem = writeTemporary('server.pem', serverPem('rsa'));
  await withPhp(
    text,
    async (program) => {
      const port = await program.port();
      const open = async () => {
        const client = tls ? new TlsClient(port, { ca: everyServer() }) : new Client(port);
        if (client instanceof TlsClient) await client.isSecure();
        else await client.isConnected();
        return client;
      };
      await body(open, program);
    },
    { ...options, env: { ...options.env, ...(fibers ? {} : { IPDAEMON_FIBERS: '0' }) } },
    tls ? 'tls' : 'plain',
    pem,
  );
}
