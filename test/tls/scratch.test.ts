import { test } from '@jest/globals';
import { eachServer, withServer } from '../support/server';
import { implicit } from '../support/tls';
const kind = eachServer()[0]!;
test('x', () =>
  withServer(kind, { before: implicit() }, async (server) => {
      server.on('SSLConnectionRequest', ({ connectionid, servername }) => {
        if (servername === 'other.example') {
          server.must(server.disconnect(connectionid));
        }
      });
    const c = server.tlsClient({ servername: 'other.example' });
    const t = Date.now();
    while (Date.now() - t < 1500 && !c.closed) await new Promise((r) => setTimeout(r, 20));
    console.log(c.closed, c.ended, c.error, Date.now() - t, JSON.stringify(server.seen.map((e) => [e.name, e.param])), server.tail());
  }),
);
