// When TLS begins: SSLEnabled and SSLStartMode, do_startssl, and what is in clear before.
import { expect, test } from '@jest/globals';
import { Code, E, P } from '../support/ids';
import { behaviour, stays, type TestServer, withServer } from '../support/server';
import { configure, explicit, implicit, StartMode, serve, statuses } from '../support/tls';
import { clientHello, RecordType } from '../support/tls-client';

/** A server of lines that starts TLS when it is told to, as mail servers do. */
const lines = explicit('p256', (server) => {
  server.set(P.DefaultEOL, '\r\n');
  server.on('DataIn', ({ connectionid, text }) => {
    if (text === 'STARTTLS') {
      server.must(server.send(connectionid, '220 go ahead\r\n'));
      server.must(server.startSsl(connectionid));
    } else {
      server.send(connectionid, `echo ${text}\r\n`);
    }
  });
});

const inMode = (mode: number) => (server: TestServer) => {
  serve(server, 'p256');
  server.must(server.set(P.SSLStartMode, mode));
};

/** A client that will speak TLS, and is in, in clear. */
async function inClear(server: TestServer) {
  const client = server.tlsClient({ clear: true });
  await client.isConnected();
  await server.event('ReadyToSend');
  return { client, id: server.idOf(client) };
}

behaviour('SSLStartMode', (kind) => {
  test.each([
    ['automatic', StartMode.automatic],
    ['implicit', StartMode.implicit],
  ])('%s begins with the handshake, and data goes both ways', (_name, mode) =>
    withServer(kind, { before: inMode(mode) }, async (server) => {
      const { client, id } = await server.connectTls();
      client.write('ping');
      await server.until(() => server.input(id) === 'ping', 'the data of the client');
      server.must(server.send(id, 'pong'));
      await client.receives('pong');
      expect(server.get(P.Connected, id)).toBe(true);
      expect(server.events('Connected', id)).toMatchObject([{ statuscode: 0, description: 'OK' }]);
    }),
  );

  test('set through SSLEnabled alone is implicit TLS', () =>
    withServer(
      kind,
      {
        before: (server) => {
          serve(server, 'p256');
          server.must(server.set(P.SSLEnabled, true));
        },
      },
      async (server) => {
        await server.connectTls();
      },
    ));

  test('explicit and none begin in clear', async () => {
    for (const mode of [StartMode.explicit, StartMode.none]) {
      await withServer(kind, { before: inMode(mode) }, async (server) => {
        const { client, id } = await server.connect();
        client.write('in clear');
        await server.until(() => server.input(id) === 'in clear', 'input in clear');
        expect(statuses(server, id)).toEqual([]);
      });
    }
  });

  test('changed while listening counts for connections accepted from then on', () =>
    withServer(kind, { before: (server) => serve(server, 'p256') }, async (server) => {
      const clear = await server.connect();
      server.must(server.set(P.SSLStartMode, StartMode.implicit));
      await server.connectTls();
      clear.client.write('still in clear');
      await server.until(() => server.input(clear.id) === 'still in clear', 'input of the connection in clear');
      server.must(server.set(P.SSLStartMode, StartMode.none));
      await server.connect();
    }));

  test('implicit without a certificate fails at Listening with 282, and nothing is bound', () =>
    withServer(kind, { listen: false }, (server) => {
      server.must(server.set(P.SSLStartMode, StartMode.implicit));
      server.api.ipworks_ipdaemon_register_callback(server.res, E.SSLConnectionRequest, null);
      expect(server.set(P.Listening, true)).toBe(Code.NoServerCertificate);
      expect(server.get(P.Listening)).toBe(false);
      expect(server.get(P.LocalPort)).toBe(0);
      server.must(server.set(P.SSLStartMode, StartMode.none));
      server.must(server.set(P.Listening, true));
    }));

  test('implicit changed to while listening without a certificate is refused, or serves nobody in clear', () =>
    withServer(kind, { without: ['SSLConnectionRequest'] }, async (server) => {
      const code = server.set(P.SSLStartMode, StartMode.implicit);
      if (code !== 0) {
        expect(code).toBe(Code.NoServerCertificate);
        expect(server.get(P.SSLStartMode)).toBe(StartMode.none);
        return;
      }
      const client = server.client();
      client.socket.write('plain');
      await client.isGone();
      expect(server.events('Connected').map((param) => param.statuscode)).not.toContain(0);
    }));
});

behaviour('a connection in its handshake', (kind) => {
  test('reads Connected False, takes no data, and has its address', () =>
    withServer(kind, { before: implicit() }, async (server) => {
      const inside: unknown[] = [];
      server.on('SSLConnectionRequest', ({ connectionid }) => {
        inside.push(
          server.get(P.Connected, connectionid),
          server.send(connectionid, 'too early'),
          server.get(P.RemoteHost, connectionid),
          server.get(P.ConnectionCount),
        );
      });
      const { client, id } = await server.connectTls();
      expect(inside).toEqual([false, Code.WouldBlock, '127.0.0.1', 0]);
      expect(server.count('ReadyToSend', id)).toBe(1);
      await stays(() => client.bytesReceived > 0, 'the refused data');
    }));

  test('tells its progress in SSLStatus and ends it before Connected', () =>
    withServer(kind, { before: implicit() }, async (server) => {
      const { id } = await server.connectTls({ version: 'TLSv1.3', servername: 'localhost' });
      const said = statuses(server, id);
      expect(said[0]).toBe('handshake started');
      expect(said[1]).toMatch(/^client hello received.*localhost/);
      expect(said.at(-1)).toMatch(/^handshake complete, TLSv1\.3, TLS_[A-Z0-9_]+$/);
      expect(server.story(id)).toEqual([
        'SSLStatus',
        'SSLStatus',
        'SSLConnectionRequest',
        'SSLStatus',
        'Connected',
        'ReadyToSend',
      ]);
    }));

  test('that the program disconnects ends with Error 10053 and Connected 10053', () =>
    withServer(kind, { before: implicit() }, async (server) => {
      const half = (await clientHello()).subarray(0, 40);
      const client = server.client();
      await client.isConnected();
      client.socket.write(half);
      const { connectionid: id } = await server.event('SSLStatus');
      server.must(server.disconnect(id));
      await client.isGone();
      await server.event('Connected', id);
      expect(server.events('Error', id)).toMatchObject([{ errorcode: Code.Aborted }]);
      expect(server.events('Connected', id)).toMatchObject([{ statuscode: Code.Aborted }]);
      expect(server.disconnect(id)).toBe(Code.UnknownConnection);
    }));

  test('that its own handler disconnects fails, and others go on', () =>
    withServer(kind, { before: implicit() }, async (server) => {
      server.on('SSLConnectionRequest', ({ connectionid, servername }) => {
        if (servername === 'other.example') {
          server.must(server.disconnect(connectionid));
        }
      });
      const unwanted = server.tlsClient({ servername: 'other.example' });
      await unwanted.isRefused();
      await server.event('Connected', server.idOf(unwanted));
      expect(server.events('Connected', server.idOf(unwanted))).toMatchObject([{ statuscode: Code.Aborted }]);
      await server.connectTls();
    }));

  test('ends without a further event when its handler closes the server', () =>
    withServer(kind, { before: implicit() }, async (server) => {
      server.on('SSLConnectionRequest', () => server.close());
      const client = server.tlsClient();
      await client.isRefused();
      expect(client.secure).toBe(false);
    }));
});

behaviour('do_startssl', (kind) => {
  test('begins TLS on a connection in clear, after the answer in clear', () =>
    withServer(kind, { before: lines }, async (server) => {
      const client = server.tlsClient({ clear: true });
      await client.isConnected();
      client.write('hello\r\n');
      await client.receives('echo hello\r\n');
      client.write('STARTTLS\r\n');
      await client.receives('echo hello\r\n220 go ahead\r\n');
      client.startTls();
      await client.isSecure();
      client.write('secret\r\n');
      await client.receives('echo hello\r\n220 go ahead\r\necho secret\r\n');
      const id = server.idOf(client);
      expect(server.config(`SSLNegotiatedVersion[${id}]`)).toBe('TLSv1.3');
      expect(server.count('Connected', id)).toBe(1);
      expect(statuses(server, id).at(-1)).toMatch(/^handshake complete/);
    }));

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'discards what is glued behind the command, in clear, before %s: it is not executed',
    (version) =>
      withServer(kind, { before: lines, check: { bytes: false } }, async (server) => {
        const client = server.tlsClient({ clear: true, version });
        await client.isConnected();
        client.write('STARTTLS\r\nDELETE everything\r\nunfinished');
        await client.receives('220 go ahead\r\n');
        client.startTls();
        await client.isSecure();
        client.write('first\r\n');
        await client.receives('220 go ahead\r\necho first\r\n');
        expect(server.pieces(server.idOf(client)).map((piece) => piece.text)).toEqual(['STARTTLS', 'first']);
      }),
  );

  test('does not take what is glued behind the command as a record of TLS', () =>
    withServer(
      kind,
      {
        before: (server) => {
          lines(server);
          configure(server, 'DefaultConnectionTimeout=1');
        },
        check: { bytes: false },
      },
      async (server) => {
        const { client, id } = await server.connect();
        client.write(Buffer.concat([Buffer.from('STARTTLS\r\n'), await clientHello()]));
        // The client waits for an answer to a message that was thrown away, until its time is up.
        await server.event('Disconnected', id);
        await client.isGone();
        expect(client.text).toBe('220 go ahead\r\n');
        expect(server.count('SSLConnectionRequest', id)).toBe(0);
        expect(server.events('Error', id)).toMatchObject([{ errorcode: Code.TimedOut }]);
        expect(server.events('Disconnected', id)).toMatchObject([{ statuscode: Code.TimedOut }]);
      },
    ));

  test('refuses sends until the handshake is done, then says so once', () =>
    withServer(kind, { before: explicit() }, async (server) => {
      const { client, id } = await inClear(server);
      server.must(server.startSsl(id));
      expect(server.send(id, 'one')).toBe(Code.WouldBlock);
      expect(server.send(id, 'two')).toBe(Code.WouldBlock);
      expect(server.get(P.ReadyToSend, id)).toBe(false);
      expect(server.get(P.BytesSent, id)).toBe(0);
      client.startTls();
      await server.event('ReadyToSend', id, 2);
      server.must(server.send(id, 'three'));
      await client.receives('three');
      expect(server.count('ReadyToSend', id)).toBe(2);
    }));

  test('without a refused send fires no ReadyToSend', () =>
    withServer(kind, { before: explicit() }, async (server) => {
      const { client, id } = await inClear(server);
      server.must(server.startSsl(id));
      client.startTls();
      await client.isSecure();
      client.write('x');
      await server.event('DataIn', id);
      expect(server.count('ReadyToSend', id)).toBe(1);
    }));

  test('sends in clear what was accepted before, however much', () =>
    withServer(kind, { smallBuffers: true, before: explicit() }, async (server) => {
      const { client, id } = await inClear(server);
      const bulk = 'in clear '.repeat(600_000);
      server.must(server.send(id, bulk));
      server.must(server.startSsl(id));
      await client.receives(bulk);
      client.startTls();
      await client.isSecure();
      await server.until(() => server.send(id, 'sealed') === 0, 'the connection to take data again');
      await client.receives(`${bulk}sealed`);
    }));

  test('answers 126, 211 and 282 as the case may be, and leaves the connection alone', () =>
    withServer(kind, { without: ['SSLConnectionRequest'] }, async (server) => {
      const { client, id } = await inClear(server);
      expect(server.startSsl(id + 1)).toBe(Code.UnknownConnection);
      expect(server.startSsl(id)).toBe(Code.NoServerCertificate);
      client.write('still here');
      await server.until(() => server.input(id) === 'still here', 'input in clear');
      serve(server, 'p256');
      server.must(server.startSsl(id));
      expect(server.startSsl(id)).toBe(Code.BadState);
      client.startTls();
      await client.isSecure();
      await server.until(() => statuses(server, id).some((text) => /complete/.test(text)), 'the handshake');
      expect(server.startSsl(id)).toBe(Code.BadState);
    }));

  test('answers 211 on a connection of implicit TLS', () =>
    withServer(kind, { before: implicit() }, async (server) => {
      const { id } = await server.connectTls();
      expect(server.startSsl(id)).toBe(Code.BadState);
    }));

  test('works with start mode none as well', () =>
    withServer(kind, { before: (server) => serve(server, 'rsa') }, async (server) => {
      const { client, id } = await inClear(server);
      server.must(server.startSsl(id));
      client.startTls();
      await client.isSecure();
      expect(client.served).toBe('localhost rsa');
    }));

  test('that fails ends with Error and Disconnected, both with the reason', () =>
    withServer(kind, { before: explicit(), check: { bytes: false } }, async (server) => {
      const { client, id } = await server.connect();
      server.must(server.startSsl(id));
      client.write('this is no TLS at all, whatever it may be');
      await server.event('Disconnected', id);
      expect(server.events('Error', id)).toMatchObject([{ errorcode: Code.TlsHandshake }]);
      expect(server.events('Disconnected', id)).toMatchObject([{ statuscode: Code.TlsHandshake }]);
      expect(server.input(id)).toBe('');
      expect(statuses(server, id).at(-1)).toMatch(/^handshake failed: /);
    }));

  test('inside DataIn applies to the very next byte: nothing cut ahead is delivered', () =>
    withServer(kind, { before: lines, check: { bytes: false } }, async (server) => {
      const client = server.tlsClient({ clear: true });
      await client.isConnected();
      client.write(`STARTTLS\r\n${'injected\r\n'.repeat(500)}`);
      await client.receives('220 go ahead\r\n');
      client.startTls();
      await client.isSecure();
      client.write('real\r\n');
      await client.receives('220 go ahead\r\necho real\r\n');
      expect(server.pieces(server.idOf(client)).map((piece) => piece.text)).toEqual(['STARTTLS', 'real']);
    }));

  test('ends TLS with a notice when the program disconnects', () =>
    withServer(kind, { before: explicit() }, async (server) => {
      const { client, id } = await inClear(server);
      server.must(server.startSsl(id));
      client.startTls({ version: 'TLSv1.2', tap: true });
      await client.isSecure();
      await server.until(() => statuses(server, id).some((text) => /complete/.test(text)), 'the handshake');
      server.must(server.disconnect(id));
      await client.isGone();
      expect(client.recordsReceived.at(-1)?.type).toBe(RecordType.alert);
    }));
});
