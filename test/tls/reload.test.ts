// Reload: the files that settings name are read again, all or none.
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { expect, test } from '@jest/globals';
import { selfSignedCertificate } from '../../lib/index';
import { certificates, serverPem, temporaryFolder, writeTemporary } from '../support/certificates';
import { covers } from '../support/coverage';
import { Code, P } from '../support/ids';
import { behaviour, type TestServer, withServer } from '../support/server';
import { choose, configure, StartMode, Store } from '../support/tls';

/** A server all of whose files can change. */
function filesOf() {
  const { pem } = certificates();
  const folder = temporaryFolder();
  const write = (name: string, content: string | Uint8Array) => writeFileSync(path.join(folder, name), content);
  write('server.pem', serverPem('p256'));
  write('names.pem', selfSignedCertificate(['one', 'one.example']));
  write('keys', randomBytes(80));
  write('denied', '192.0.2.1\n');
  write('authorities.pem', pem.clientAuthority);
  const before = (server: TestServer) => {
    server.must(choose(server, { type: Store.pemFile, store: path.join(folder, 'server.pem') }));
    server.must(server.set(P.SSLStartMode, StartMode.implicit));
    server.must(server.set(P.SSLAuthenticateClients, true));
    configure(
      server,
      `SSLSniCertificates=${path.join(folder, 'names.pem')}`,
      `SSLTicketKeys=@${path.join(folder, 'keys')}`,
      `DeniedClients=@${path.join(folder, 'denied')}`,
      `OpenSSLCAFile=${path.join(folder, 'authorities.pem')}`,
      'SSLCheckCRL=1',
    );
  };
  return { folder, write, before };
}

const good = () => ({ identity: certificates().clients.good });
const servedFor = async (server: TestServer, servername?: string) =>
  (await server.connectTls({ ...good(), ...(servername ? { servername } : {}) })).client.served;

/** Whether a client with the certificate is let in. */
async function letsIn(server: TestServer): Promise<boolean> {
  const before = server.events('Connected').length;
  server.tlsClient(good());
  await server.until(() => server.events('Connected').length > before, 'the outcome of a client');
  return server.events('Connected').at(-1)?.statuscode === 0;
}

behaviour(covers('setting', 'Reload'), (kind) => {
  test('reads certificates, authorities, revocation lists, ticket keys and lists again, and not before', () => {
    const { write, before } = filesOf();
    return withServer(kind, { before }, async (server) => {
      const session = await (await server.connectTls(good())).client.hasSession();
      write('server.pem', serverPem('second'));
      write('names.pem', selfSignedCertificate(['two', 'one.example']));
      expect([await servedFor(server), await servedFor(server, 'one.example')]).toEqual(['localhost p256', 'one']);
      expect((await server.connectTls({ ...good(), session })).client.resumed).toBe(true);
      expect([server.config('Reload=True'), server.code]).toEqual(['', 0]);
      expect([await servedFor(server), await servedFor(server, 'one.example')]).toEqual(['second', 'two']);
      expect(server.get(P.SSLCertSubject)).toBe('CN=second, OU=Servers, O=Test, C=DE');
      write('authorities.pem', certificates().pem.clientAuthority + certificates().pem.goodRevoked);
      expect(await letsIn(server)).toBe(true);
      configure(server, 'Reload=1');
      expect(await letsIn(server)).toBe(false);
      write('authorities.pem', certificates().pem.clientAuthority);
      configure(server, 'Reload=1');
      expect(await letsIn(server)).toBe(true);
      write('denied', '127.0.0.1\n');
      configure(server, 'Reload=yes');
      const client = server.client();
      await client.isGone();
      expect(server.get(P.ConnectionCount)).not.toBe(0);
      write('denied', '');
      configure(server, 'Reload=true');
    });
  });

  test('takes new ticket keys: sessions of the old ones are not resumed', () => {
    const { write, before } = filesOf();
    return withServer(kind, { before }, async (server) => {
      const session = await (await server.connectTls(good())).client.hasSession();
      write('keys', randomBytes(80));
      expect((await server.connectTls({ ...good(), session })).client.resumed).toBe(true);
      configure(server, 'Reload=True');
      expect((await server.connectTls({ ...good(), session })).client.resumed).toBe(false);
    });
  });

  test.each([
    ['server.pem', Code.TlsStore],
    ['names.pem', Code.TlsStore],
    ['keys', Code.InvalidValue],
    ['denied', Code.InvalidValue],
    ['authorities.pem', Code.InvalidValue],
  ])('with a %s that is broken names the file, and nothing changes', (broken, code) => {
    const { folder, write, before } = filesOf();
    return withServer(kind, { before }, async (server) => {
      const session = await (await server.connectTls(good())).client.hasSession();
      write('server.pem', serverPem('second'));
      write('names.pem', selfSignedCertificate(['two', 'one.example']));
      write('keys', randomBytes(80));
      write('denied', '127.0.0.1\n');
      write(broken, 'broken!');
      expect(server.configCode('Reload=True')).toBe(code);
      expect(server.error).toContain(path.join(folder, broken));
      expect([await servedFor(server), await servedFor(server, 'one.example')]).toEqual(['localhost p256', 'one']);
      expect(server.get(P.SSLCertSubject)).toBe('CN=localhost p256, OU=Servers, O=Test, C=DE');
      expect((await server.connectTls({ ...good(), session })).client.resumed).toBe(true);
    });
  });

  test('connections that are up stay up, and False does nothing', () => {
    const { write, before } = filesOf();
    return withServer(kind, { before }, async (server) => {
      const { client, id } = await server.connectTls(good());
      write('server.pem', serverPem('second'));
      configure(server, 'Reload=False');
      expect(await servedFor(server)).toBe('localhost p256');
      configure(server, 'Reload=True');
      server.must(server.send(id, 'still here'));
      await client.receives('still here');
    });
  });

  test('works inside a handler, before listening, and without TLS', () => {
    const denied = writeTemporary('denied', '127.0.0.1\n');
    return withServer(kind, { listen: false }, async (server) => {
      configure(server, `DeniedClients=@${denied}`, 'Reload=True');
      writeFileSync(denied, '');
      configure(server, 'Reload=True');
      server.listen();
      const { id } = await server.connect();
      server.on('DataIn', () => {
        writeFileSync(denied, '127.0.0.1\n');
        configure(server, 'Reload=True');
      });
      const { client } = await server.connect();
      client.write('now');
      await server.until(() => server.count('DataIn') > 0, 'DataIn');
      await server.client().isGone();
      expect(server.get(P.Connected, id)).toBe(true);
    });
  });

  test('cannot be read, and takes no other values', () =>
    withServer(kind, { listen: false }, (server) => {
      expect(server.configCode('Reload')).toBe(Code.WriteOnly);
      expect(server.error).toContain('Reload cannot be read');
      expect(server.configCode('Reload=often')).toBe(Code.InvalidValue);
    }));

  test('reads the certificate that was chosen, not another', () => {
    const file = writeTemporary('server.pem', serverPem('p256'));
    return withServer(
      kind,
      {
        before: (server) => {
          server.must(choose(server, { type: Store.pemFile, store: file, subject: 'localhost p256' }));
          server.must(server.set(P.SSLStartMode, StartMode.implicit));
        },
      },
      async (server) => {
        writeFileSync(file, serverPem('second') + serverPem('p256'));
        configure(server, 'Reload=True');
        expect(await servedFor(server)).toBe('localhost p256');
        writeFileSync(file, serverPem('second'));
        expect(server.configCode('Reload=True')).toBe(Code.TlsNoMatch);
        expect(await servedFor(server)).toBe('localhost p256');
      },
    );
  });
});
