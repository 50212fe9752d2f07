// Application protocols and server names, with clients that are not ours.
import { expect, test } from '@jest/globals';
import { selfSignedCertificate } from '../../lib/index';
import { writeTemporary } from '../support/certificates';
import { behaviour, type TestServer, withServer } from '../support/server';
import { configure, implicit } from '../support/tls';
import { withTools } from '../support/tools';
import { host, run } from './tools';

const before = implicit('p256', (server) =>
  configure(
    server,
    'SSLAlpnProtocols=mqtt,h2',
    'SSLStrictSNI=True',
    `SSLSniCertificates=${writeTemporary('one.pem', selfSignedCertificate(['one.example', '*.two.example']))}`,
  ),
);

/** The client ends when the server does. */
const options = { before, without: ['SSLConnectionRequest' as const], check: { bytes: false } };
const ending = (server: TestServer) => {
  server.on('Connected', ({ connectionid, statuscode }) => {
    if (statuscode === 0) server.disconnect(connectionid);
  });
};

withTools('application protocols and server names', ['openssl', 'gnutls-cli'], () => {
  behaviour('with openssl s_client', (kind) => {
    const visit = (server: TestServer, ...args: string[]) =>
      run('openssl', ['s_client', '-connect', `${host}:${server.port}`, ...args], { endInput: true });

    test.each(['-tls1_2', '-tls1_3'])('%s', (version) =>
      withServer(kind, options, async (server) => {
        ending(server);
        const { output } = await visit(server, version, '-servername', 'one.example', '-alpn', 'http/1.1,h2');
        expect(output).toMatch(/subject=CN = one\.example/);
        expect(output).toMatch(/ALPN protocol: h2/);
        const second = await visit(server, version, '-servername', 'a.two.example');
        expect(second.output).toMatch(/subject=CN = one\.example/);
        expect(second.output).toMatch(/No ALPN negotiated/);
        const other = await visit(server, version, '-servername', 'one.example', '-alpn', 'http/1.1');
        expect(other.output).toMatch(/SSL alert number 120/);
        const stranger = await visit(server, version, '-servername', 'stranger.example');
        expect(stranger.output).toMatch(/SSL alert number 112/);
        expect((await visit(server, version, '-noservername')).output).toMatch(/SSL alert number 112/);
      }),
    );
  });

  behaviour('with gnutls-cli', (kind) => {
    const visit = (server: TestServer, name: string, ...args: string[]) =>
      run('gnutls-cli', ['--insecure', '--port', String(server.port), `--sni-hostname=${name}`, ...args, host], {
        endInput: true,
      });

    test('what both speak, and nothing in common', () =>
      withServer(kind, options, async (server) => {
        ending(server);
        const { output } = await visit(server, 'one.example', '--alpn=http/1.1', '--alpn=mqtt');
        expect(output).toMatch(/subject .CN=one\.example/);
        expect(output).toMatch(/Application protocol: mqtt/);
        expect((await visit(server, 'one.example', '--alpn=http/1.1')).output).toMatch(
          /No supported application protocol/i,
        );
        expect((await visit(server, 'stranger.example')).output).toMatch(/server name/i);
      }));
  });
});
