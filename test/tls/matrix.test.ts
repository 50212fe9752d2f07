// The matrix of versions, keys, client certificates, sessions and names: matrix.json has the outcomes, for this
// client and for others. Node's own TLS is the client here.
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { type ClientName, certificates, everyServer, type ServerName } from '../support/certificates';
import { behaviour, type Param, type ServerOptions, type TestServer, withServer } from '../support/server';
import { checkingRevocation, serve } from '../support/tls';
import type { TlsClient, TlsClientOptions, Version } from '../support/tls-client';

interface Matrix {
  versions: Version[];
  serverKeys: ServerName[];
  sessions: ('fresh' | 'resumed')[];
  names: string[];
  clients: {
    title: string;
    certificate: ClientName | null;
    in: boolean;
    accept: boolean;
    server: number;
    status: string;
  }[];
}

const matrix = JSON.parse(readFileSync(path.join(__dirname, 'matrix.json'), 'utf8')) as Matrix;

/** Lets one client come, to its Connected. */
async function comes(server: TestServer, options: TlsClientOptions): Promise<{ client: TlsClient; connected: Param }> {
  const before = server.count('Connected');
  const client = server.tlsClient(options);
  const connected = await server.event('Connected', undefined, before + 1);
  return { client, connected };
}

describe('the matrix', () => {
  test('has every combination that the issue asks for', () => {
    expect(matrix.versions).toEqual(['TLSv1.2', 'TLSv1.3']);
    expect(matrix.serverKeys).toEqual(['rsa', 'p256', 'ed25519']);
    expect(matrix.sessions).toEqual(['fresh', 'resumed']);
    expect(matrix.names.map((name) => name !== '')).toEqual([true, false]);
    expect(matrix.clients.map((client) => client.title)).toEqual([
      'no client certificate',
      'good',
      'expired',
      'revoked',
      'wrong CA',
      'self-signed',
    ]);
  });
});

behaviour('in the matrix', (kind) => {
  const options: ServerOptions = { before: checkingRevocation('revoked', 1) };

  describe.each(matrix.versions)('%s', (version) => {
    describe.each(matrix.serverKeys)('with a server key of %s', (serverKey) => {
      test.each(matrix.clients.map((outcome) => [outcome.title, outcome] as const))('client: %s', (_title, outcome) =>
        withServer(kind, options, async (server) => {
          serve(server, serverKey);
          for (const session of matrix.sessions) {
            for (const name of matrix.names) {
              const client: TlsClientOptions = {
                version,
                ca: everyServer(),
                ...(name === '' ? {} : { servername: name }),
                ...(outcome.certificate === null ? {} : { identity: certificates().clients[outcome.certificate] }),
              };
              if (session === 'resumed') {
                server.on('SSLClientAuthentication', (param) => {
                  param.accept = true;
                });
                const first = await comes(server, client);
                expect(first.connected.statuscode).toBe(0);
                client.session = await first.client.hasSession();
                server.on('SSLClientAuthentication', () => undefined);
              }
              const { client: one, connected } = await comes(server, client);
              const id = connected.connectionid;
              const where = `${session}, name "${name}"`;
              expect([where, connected.statuscode]).toEqual([where, outcome.server]);
              const judged = server.events('SSLClientAuthentication', id);
              expect(judged).toHaveLength(1);
              expect(judged[0]?.status).toMatch(new RegExp(outcome.status));
              expect(judged[0]?.certencoded === '').toBe(outcome.certificate === null);
              expect(server.events('SSLConnectionRequest', id)).toMatchObject([{ servername: name }]);
              if (!outcome.in) {
                await one.isRefused();
                expect(one.bytesReceived).toBe(0);
                expect(server.events('Error', id)).toMatchObject([{ errorcode: outcome.server }]);
                continue;
              }
              await one.isSecure();
              await server.event('ReadyToSend', id);
              expect([where, one.resumed]).toEqual([where, session === 'resumed']);
              if (session === 'fresh') {
                // Of a resumed session Node does not keep the certificate.
                expect(one.served).toBe(`localhost ${serverKey}`);
              }
              one.write('question');
              await server.until(() => server.input(id) === 'question', 'the question of the client');
              server.must(server.send(id, 'answer'));
              await one.receives('answer');
            }
          }
        }),
      );
    });
  });
});
