// Certificates, authorities and revocation lists that change while the server listens: new handshakes use the
// new ones, connections that are up stay up.
import { renameSync, writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { certificates, serverPem, writeTemporary } from '../support/certificates';
import { Code, P } from '../support/ids';
import { behaviour, type TestServer, type TlsPeer, withServer } from '../support/server';
import {
  authenticating,
  checkingRevocation,
  choose,
  configure,
  expectCrowd,
  implicit,
  Store,
  serve,
} from '../support/tls';

async function echoes(server: TestServer, { client, id }: TlsPeer, text: string): Promise<void> {
  const before = client.text;
  const input = server.input(id);
  client.write(text);
  await server.until(() => server.input(id) === input + text, 'the data of a connection that was up before');
  server.must(server.send(id, text));
  await client.receives(before + text);
}

behaviour('a certificate that changes while listening', (kind) => {
  test('is served to the next client, and the old connection lives on', () =>
    withServer(kind, { before: implicit('p256') }, async (server) => {
      const old = await server.connectTls();
      serve(server, 'second');
      const young = await server.connectTls();
      expect([old.client.served, young.client.served]).toEqual(['localhost p256', 'second']);
      await echoes(server, old, 'old');
      await echoes(server, young, 'young');
      expect(server.get(P.SSLCertSubject)).toBe('CN=second, OU=Servers, O=Test, C=DE');
    }));

  test('to one that cannot be used is refused, and the old one is served on', () =>
    withServer(kind, { before: implicit('p256') }, async (server) => {
      const { certificate } = certificates().servers.rsa;
      const code = server.set(P.SSLCertStore, certificate + certificates().servers.second.key);
      expect(code || server.set(P.SSLCertSubject, '*')).toBe(Code.TlsCertificate);
      const { client } = await server.connectTls();
      expect(client.served).toBe('localhost p256');
    }));

  test('of another kind of key works too', () =>
    withServer(kind, { before: implicit('p256') }, async (server) => {
      for (const name of ['rsa', 'ed25519', 'leafRsa', 'p256'] as const) {
        serve(server, name);
        const { client } = await server.connectTls();
        expect(client.served).toBe(name === 'leafRsa' ? 'leaf rsa' : `localhost ${name}`);
      }
    }));

  test('in its file is read again at the assignment, not before', () => {
    let file = '';
    return withServer(
      kind,
      {
        before: (server) => {
          file = writeTemporary('rotating.pem', serverPem('p256'));
          server.must(choose(server, { type: Store.pemFile, store: file }));
          server.must(server.set(P.SSLEnabled, true));
        },
      },
      async (server) => {
        writeFileSync(`${file}.new`, serverPem('second'));
        renameSync(`${file}.new`, file);
        expect((await server.connectTls()).client.served).toBe('localhost p256');
        server.must(server.set(P.SSLCertStore, file));
        server.must(server.set(P.SSLCertSubject, '*'));
        expect((await server.connectTls()).client.served).toBe('second');
      },
    );
  });

  test('under a hundred clients leaves none without a complete handshake', () =>
    withServer(kind, { before: implicit('p256', expectCrowd) }, async (server) => {
      const served = new Set<string>();
      const some = async (count: number) => {
        const peers = await Promise.all(Array.from({ length: count }, () => server.connectTls()));
        for (const { client } of peers) {
          served.add(client.served);
          client.end();
        }
      };
      for (let i = 0; i < 5; i += 1) {
        const waiting = some(20);
        serve(server, i % 2 === 0 ? 'second' : 'p256');
        await waiting;
      }
      expect([...served].sort()).toEqual(['localhost p256', 'second']);
      expect(server.events('Connected').every((param) => param.statuscode === 0)).toBe(true);
    }));
});

behaviour('authorities and revocation lists that change while listening', (kind) => {
  const status = async (server: TestServer, name: 'good' | 'wrongCa') => {
    const before = server.count('Connected');
    server.tlsClient({ identity: certificates().clients[name] });
    return (await server.event('Connected', undefined, before + 1)).statuscode;
  };

  test('count for the next client, and the old connection lives on', () =>
    withServer(kind, { before: authenticating() }, async (server) => {
      const old = await server.connectTls({ identity: certificates().clients.good });
      expect(await status(server, 'wrongCa')).toBe(Code.TlsChain);
      configure(server, `SSLServerCACerts=${certificates().pem.wrongAuthority}`);
      expect(await status(server, 'wrongCa')).toBe(0);
      expect(await status(server, 'good')).toBe(Code.TlsChain);
      await echoes(server, old, 'old');
    }));

  test('refuse from then on a client whose certificate was revoked', () =>
    withServer(kind, { before: checkingRevocation('nothingRevoked', 2) }, async (server) => {
      const old = await server.connectTls({ identity: certificates().clients.good });
      const { pem } = certificates();
      configure(server, `OpenSSLCAFile=${writeTemporary('now.pem', pem.clientAuthority + pem.goodRevoked)}`);
      expect(await status(server, 'good')).toBe(Code.TlsChain);
      await echoes(server, old, 'old');
    }));

  test('in the same file are read when the setting is assigned again', () =>
    withServer(kind, { before: checkingRevocation('nothingRevoked', 2) }, async (server) => {
      const { pem } = certificates();
      const file = server.config('OpenSSLCAFile');
      writeFileSync(file, pem.clientAuthority + pem.goodRevoked);
      configure(server, `OpenSSLCAFile=${file}`);
      expect(await status(server, 'good')).toBe(Code.TlsChain);
    }));
});
