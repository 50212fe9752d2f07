// The servers of the program `ipdaemon`, exercised by foreign clients on node:net and node:tls.
import type { X509Certificate } from 'node:crypto';
import { rmSync } from 'node:fs';
import * as net from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { certificates, serverPem, store, temporaryFolder, writeTemporary } from '../support/certificates';
import { Client } from '../support/client';
import { linkLocal } from '../support/link-local';
import { TlsClient } from '../support/tls-client';
import { waitFor } from '../support/waiting';
import { outcome, withTool, withToolServer } from './tool';

const everyByte = Array.from({ length: 4096 }, (_, i) => String.fromCharCode((i * 7) & 255)).join('');

/** Goes to the server and back some times, so that it had a chance to do something else, too. */
async function roundTrips(port: number, count: number): Promise<void> {
  const client = new Client(port);
  for (let i = 1; i <= count; i += 1) {
    client.write('.\n');
    await client.receives('.\n'.repeat(i));
  }
  client.destroy();
}

async function secureClient(port: number, ...options: ConstructorParameters<typeof TlsClient>[1][]) {
  const client = new TlsClient(port, ...options);
  await client.isSecure();
  return client;
}

describe('ipdaemon echo', () => {
  test('sends back what comes, and tells where it listens, how to talk to it, and who comes and goes', () =>
    withToolServer(['echo'], async (port, program) => {
      expect(program.output).toBe(
        `listening on 127.0.0.1:${port}\n` +
          `Talk to it from another terminal with: nc 127.0.0.1 ${port}\n` +
          'Press Ctrl-C to stop it.\n',
      );
      const client = new Client(port);
      client.write('no end of line');
      await client.receives('no end of line');
      client.write(everyByte);
      await client.receives(`no end of line${everyByte}`);
      client.end();
      await client.isGone();
      await program.says(
        new RegExp(`^1: connected from 127\\.0\\.0\\.1, port ${client.localPort}\n1: disconnected, 0 OK\n`, 'm'),
      );
    }));

  test.each([
    ['127.0.0.2', '127.0.0.2', /^listening on 127\.0\.0\.2:\d+\n.* nc 127\.0\.0\.2 \d+\n/],
    ['::1', '::1', /^listening on \[::1\]:\d+\n.* nc ::1 \d+\n/],
    ['::', '127.0.0.1', /^listening on \[::\]:\d+\n.* nc ::1 \d+\n/],
    ['0.0.0.0', '127.0.0.1', /^listening on 0\.0\.0\.0:\d+\n.* nc 127\.0\.0\.1 \d+\n/],
  ])('listens on %s', (host, from, says) =>
    withToolServer(['echo', '--host', host], async (port, program) => {
      expect(program.output).toMatch(says);
      const client = new Client(port, { host: from });
      client.write('x');
      await client.receives('x');
      client.destroy();
    }),
  );

  test.each(['clear', 'TLS'])(
    'takes no more from clients that do not read, serves others, and loses nothing: %s',
    (way) =>
      withToolServer(way === 'TLS' ? ['echo', '--tls'] : ['echo'], async (port) => {
        // More than the system keeps in both directions on the way.
        const text = 'do you read this? '.repeat(2_000_000);
        const slow = Array.from({ length: 3 }, () =>
          way === 'TLS'
            ? new TlsClient(port, { paused: true, record: false })
            : new Client(port, { paused: true, record: false }),
        );
        for (const client of slow) {
          await (client instanceof TlsClient ? client.isSecure() : client.isConnected());
          client.write(text);
        }
        if (way === 'clear') {
          await roundTrips(port, 300);
        } else {
          const other = await secureClient(port);
          for (let i = 1; i <= 300; i += 1) {
            other.write('.');
            await other.receives('.'.repeat(i));
          }
          other.destroy();
        }
        // The server could have taken all by now.
        expect(slow.map((client) => client.socket.writableLength > 0)).toEqual([true, true, true]);
        for (const client of slow) {
          let at = 0;
          client.socket.on('data', (bytes: Buffer) => {
            if (bytes.toString('latin1') !== text.slice(at, at + bytes.length)) {
              client.socket.destroy(new Error(`the echo differs within ${bytes.length} bytes from ${at} on`));
            }
            at += bytes.length;
          });
          client.socket.resume();
          client.end();
        }
        for (const client of slow) {
          await client.awaits(
            () => client.bytesReceived >= text.length || client.closed,
            () => `the echo; ${client.bytesReceived} of ${text.length} bytes came`,
          );
          await client.isGone();
          expect([client.bytesReceived, client.error]).toEqual([text.length, undefined]);
        }
      }),
  );

  test('speaks TLS with a certificate of its own for the names it has', () =>
    withToolServer(['echo', '--tls', '--host', '127.0.0.2'], async (port, program) => {
      await program.says(new RegExp(`openssl s_client -quiet -connect 127\\.0\\.0\\.2:${port}\\n`));
      expect(program.output).toContain('self-signed, for localhost, 127.0.0.1, ::1, 127.0.0.2.');
      const client = await secureClient(port, { host: '127.0.0.2', version: 'TLSv1.3' });
      const certificate = client.tls.getPeerX509Certificate() as X509Certificate;
      expect(certificate.verify(certificate.publicKey)).toBe(true);
      expect(certificate.checkHost('localhost')).toBe('localhost');
      for (const address of ['127.0.0.1', '127.0.0.2', '::1']) {
        expect(certificate.checkIP(address)).toBe(address);
      }
      client.write(everyByte);
      await client.receives(everyByte);
      await program.says(/^1: connected from 127\.0\.0\.\d, port \d+, TLSv1\.3, TLS_AES_\w+$/m);
      client.destroy();
      const clear = new Client(port, { host: '127.0.0.2' });
      clear.write('GET / HTTP/1.0\r\n\r\n');
      await clear.isGone();
      await program.says(/^2: no connection, 276 /m);
    }));

  (linkLocal ? test : test.skip)(
    'speaks TLS on a link-local address, for which the certificate needs no interface',
    () => {
      const { address, name } = linkLocal as NonNullable<typeof linkLocal>;
      return withToolServer(['echo', '--tls', '--host', `${address}%${name}`], async (port, program) => {
        await program.says(new RegExp(`^listening on \\[${address}%${name}\\]:${port}$`, 'm'));
        const client = await secureClient(port, { host: `${address}%${name}` });
        expect(client.tls.getPeerX509Certificate()?.checkIP(address)).toBe(address);
        client.destroy();
      });
    },
  );

  test('speaks TLS with the certificate that it is given, and tells that one has expired', async () => {
    const { password, pem } = certificates();
    const pfx = writeTemporary('st\u00f6re \u20ac.pfx', store('pfx'));
    await withToolServer(['echo', '--tls', '--certificate', pfx, '--password', password], async (port, program) => {
      expect(program.output).not.toContain('self-signed');
      const client = await secureClient(port, { ca: pem.serverRoot });
      client.write('x');
      await client.receives('x');
      client.destroy();
    });
    const expired = writeTemporary('expired.pem', serverPem('expired'));
    await withToolServer(['echo', '--tls', '--certificate', expired], async (_port, program) => {
      await program.says(/expired/);
    });
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('ends in order with %s', async (signal) => {
    let client: Client | undefined;
    await withToolServer(
      ['echo'],
      async (port) => {
        client = new Client(port);
        client.write('x');
        await client.receives('x');
      },
      signal,
    );
    await client?.isGone();
    expect([client?.ended, client?.error]).toEqual([true, undefined]);
  });

  test('ends at once with a second Ctrl-C, though a client does not take its last bytes', () =>
    withTool(['echo', '--port', '0'], async (program) => {
      const port = await program.port();
      const client = new Client(port, { paused: true, record: false });
      client.write('x'.repeat(30_000_000));
      await roundTrips(port, 100);
      program.signal('SIGINT');
      await waitFor(() => refuses(port), 'the server to stop listening');
      expect(program.exit).toBeUndefined();
      program.signal('SIGINT');
      expect((await program.ends()).signal).toBe('SIGINT');
      client.destroy();
    }));
});

const refused = new Set<number>();

/** Whether a port has refused a connection; each call tries once more. */
function refuses(port: number): boolean {
  const probe = net.connect(port, '127.0.0.1');
  probe.on('error', () => refused.add(port));
  probe.on('connect', () => probe.destroy());
  return refused.delete(port);
}

describe('ipdaemon lines', () => {
  test('sends back each complete line, with LF or CR LF', () =>
    withToolServer(['lines'], async (port) => {
      const client = new Client(port);
      client.write('first\nsec');
      await client.receives('first\n');
      await roundTrips(port, 10);
      expect(client.text).toBe('first\n');
      client.write('ond\r\n\n\r\n');
      await client.receives('first\nsecond\r\n\n\r\n');
      client.destroy();
    }));

  test('sends back lines of any length, and what has no end, as they came', () =>
    withToolServer(['lines'], async (port) => {
      const client = new Client(port);
      const text = `${'long '.repeat(100_000)}\n${everyByte}\nrest`;
      client.write(text);
      client.end();
      await client.receives(text);
      await client.isGone();
    }));

  test('loses nothing of many lines to a client that reads late', () =>
    withToolServer(['lines'], async (port) => {
      const client = new Client(port, { paused: true });
      const text = Array.from({ length: 500_000 }, (_, i) => `line ${i}\n`).join('');
      client.write(text);
      await roundTrips(port, 100);
      client.socket.resume();
      await client.receives(text);
      client.destroy();
    }));

  test('speaks TLS', () =>
    withToolServer(['lines', '--tls'], async (port) => {
      const client = await secureClient(port);
      client.write('one\ntwo\n');
      await client.receives('one\ntwo\n');
      client.destroy();
    }));
});

describe('ipdaemon file', () => {
  const content = everyByte.repeat(2000);

  test.each([
    ['FILE', (name: string) => [name]],
    ['--file FILE', (name: string) => ['--file', name]],
    ['FILE --tls', (name: string) => [name, '--tls']],
  ])('sends %s to every client, also one that reads late, and ends the connections', (_, args) => {
    const name = writeTemporary('content.bin', Buffer.from(content, 'latin1'));
    return withToolServer(['file', ...args(name)], async (port, program) => {
      const isTls = args(name).includes('--tls');
      const clients = [true, false].map((paused) =>
        isTls ? new TlsClient(port, { paused }) : new Client(port, { paused }),
      );
      const [late, prompt] = clients as [Client, Client];
      await waitFor(() => !(prompt instanceof TlsClient) || prompt.secure, 'the handshake');
      prompt.write('this is not looked at');
      await prompt.receives(content);
      await prompt.isGone();
      late.socket.resume();
      await late.receives(content);
      await late.isGone();
      expect([prompt.error, late.error]).toEqual([undefined, undefined]);
      expect(program.output).toContain(isTls ? 's_client -quiet -connect' : `nc 127.0.0.1 ${port} > copy\n`);
    });
  });

  test('tells when the file is gone, and goes on', () => {
    const name = writeTemporary('content.txt', 'content');
    return withToolServer(['file', name], async (port, program) => {
      const client = new Client(port);
      await client.receives('content');
      rmSync(name);
      for (const id of [2, 3]) {
        const other = new Client(port);
        await other.isGone();
        expect(other.text).toBe('');
        await program.says(new RegExp(`^${id}: 302 .*content\\.txt`, 'm'));
      }
    });
  });
});

describe('a server of ipdaemon that cannot be', () => {
  test('says that the port is taken', () =>
    withToolServer(['echo'], async (port) => {
      const { code, output, errors } = await outcome(['lines', '--port', String(port)]);
      expect([code, output]).toEqual([1, '']);
      expect(errors).toContain('10048');
      expect(errors).toContain(`127.0.0.1:${port}`);
    }));

  test.each([
    [['echo', '--host', '192.0.2.1'], '192.0.2.1'],
    [['file', '/no/such.file'], '/no/such.file'],
    [['file', '/'], '/ is not a regular file'],
    [['echo', '--tls', '--certificate', '/no/such.pem'], '/no/such.pem'],
    [['echo', '--tls', '--certificate', '/'], '/ is not a regular file'],
    [['echo', '--tls', '--host', 'no name'], 'no name'],
  ])('says what is wrong with %j', async (args, reason) => {
    const { code, output, errors } = await outcome([...args, '--port', '0']);
    expect([code, output]).toEqual([1, '']);
    expect(errors).toMatch(/^ipdaemon: .*\n$/);
    expect(errors).toContain(reason);
  });

  test('says what is wrong with a certificate', async () => {
    const folder = temporaryFolder();
    const bad: [string, string | Buffer, string[], string][] = [
      ['text.pem', 'no certificate', [], '271'],
      ['alone.pem', certificates().servers.rsa.certificate, [], '27'],
      ['store.pfx', store('pfx'), ['--password', 'wrong'], 'password'],
    ];
    for (const [name, content, more, reason] of bad) {
      const file = writeTemporary(name, content);
      const { code, output, errors } = await outcome(['echo', '--port', '0', '--tls', '--certificate', file, ...more]);
      expect([name, code, output]).toEqual([name, 1, '']);
      expect(errors).toContain(reason);
    }
    rmSync(folder, { recursive: true });
  });
});
