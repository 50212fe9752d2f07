// Each example server, exercised by a foreign client on node:net, as a program of its own.
import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { certificates, serverPem, store, writeTemporary } from '../support/certificates';
import { Client } from '../support/client';
import { withExample } from '../support/examples';
import { type Program, root, withProgram } from '../support/program';
import { proxyHeader } from '../support/proxy-headers';
import { TlsClient, type TlsClientOptions } from '../support/tls-client';
import { waitFor } from '../support/waiting';

/** A client after its handshake. One of TLS 1.3 comes so far, also if the server refuses its certificate. */
async function secureClient(port: number, options: TlsClientOptions = {}): Promise<TlsClient> {
  const client = new TlsClient(port, options);
  await client.isSecure();
  return client;
}

describe('the example', () => {
  test('echo sends back what it gets, and says how to talk to it', () =>
    withExample('echo', [], async (port, program) => {
      await program.says(new RegExp(`nc 127\\.0\\.0\\.1 ${port}\\n`));
      const client = new Client(port);
      client.write('hello\n');
      await client.receives('hello\n');
      const binary = Array.from({ length: 4096 }, (_, i) => String.fromCharCode((i * 7) & 255)).join('');
      client.write(binary);
      await client.receives(`hello\n${binary}`);
      client.end();
      await client.isGone();
    }));

  test('echo sends everything back to a client that reads late', () =>
    withExample('echo', [], async (port) => {
      const client = new Client(port, { paused: true });
      const text = 'late '.repeat(1_000_000);
      client.write(text);
      client.socket.resume();
      await client.receives(text);
      client.destroy();
    }));

  test('echo listens where it is told', () =>
    withExample('echo', ['--host', '127.0.0.2'], async (port, program) => {
      expect(program.output).toContain('127.0.0.2');
      const client = new Client(port, { host: '127.0.0.2' });
      client.write('x');
      await client.receives('x');
      client.destroy();
    }));

  test('echo explains itself when the port is taken or an option is unknown', async () => {
    await withExample('echo', [], (port) =>
      withProgram([path.join(root, 'dist', 'examples', 'echo.js'), '--port', String(port)], async (second) => {
        expect((await second.ends()).code).toBe(1);
        expect(second.errors).toContain('10048');
      }),
    );
    await withProgram([path.join(root, 'dist', 'examples', 'echo.js'), '--prot', '1'], async (program) => {
      expect((await program.ends()).code).not.toBe(0);
      expect(program.errors).toContain('--prot');
    });
  });

  test('echo-class answers line by line', () =>
    withExample('echo-class', [], async (port) => {
      const client = new Client(port);
      client.write('one\ntwo\n');
      await client.receives('one\ntwo\n');
      client.end();
      await client.isGone();
    }));

  test('lines greets, answers commands and says goodbye', () =>
    withExample('lines', [], async (port) => {
      const client = new Client(port);
      await waitFor(() => /^220 .*\r\n$/.test(client.text), 'the greeting');
      const greeting = client.text;
      client.write('ADD 2 40\r\nadd 1.5 2\nADD x\r\nNONSENSE\r\n');
      const answers = `${greeting}42\r\n3.5\r\n500 ADD takes numbers\r\n500 unknown command\r\n`;
      await client.receives(answers);
      client.write('TIME\r\n');
      await waitFor(() => /\d{4}-\d\d-\d\dT[\d:.]+Z\r\n$/.test(client.text), 'the time');
      client.write('QUIT\r\nTIME\r\n');
      await client.isGone();
      expect(client.text.endsWith('221 bye\r\n')).toBe(true);
      expect(client.error).toBeUndefined();
    }));

  test('chat passes lines on to everybody else', () =>
    withExample('chat', [], async (port) => {
      const alice = new Client(port);
      alice.write('alice\n');
      await waitFor(() => alice.text.includes('welcome, alice'), 'the welcome');
      const bob = new Client(port);
      bob.write('bob\n');
      await waitFor(() => alice.text.includes('bob has joined'), 'the news of bob');
      bob.write('hello there\n');
      await waitFor(() => alice.text.includes('bob: hello there'), 'the line of bob');
      expect(bob.text).not.toContain('bob: hello there');
      bob.end();
      await waitFor(() => alice.text.includes('bob has left'), 'the news that bob left');
      alice.destroy();
    }));

  test('iso8583 answers requests, however they are cut, and explains a framing that it cannot use', async () => {
    const message = (body: string) => String.fromCharCode(body.length >> 8, body.length & 255) + body;
    // The bitmaps say: fields 7 and 11, then 7, 11 and 39.
    const echo = message('0800\u0002\u0020\u0000\u0000\u0000\u0000\u0000\u00001128114500000123');
    const answer = message('0810\u0002\u0020\u0000\u0000\u0002\u0000\u0000\u0000112811450000012300');
    const unknown = message('0200\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0001x');
    const refusal = message('0210\u0000\u0000\u0000\u0000\u0002\u0000\u0000\u000030');
    await withExample('iso8583', [], async (port, program) => {
      for (const size of [1, 2, 3, 30, 1000]) {
        const client = new Client(port);
        const stream = echo + answer + unknown + echo;
        for (let at = 0; at < stream.length; at += size) {
          client.write(stream.slice(at, at + size));
        }
        await client.receives(answer + refusal + answer);
        client.end();
        await client.isGone();
      }
      const greedy = new Client(port);
      greedy.write('\u00ff\u00ff');
      await greedy.isGone();
      await program.says(/10040: .*longer than the max/);
    });
    const file = path.join(root, 'dist', 'examples', 'iso8583.js');
    await withProgram([file, '--framing', 'length=u17'], async (program) => {
      expect((await program.ends()).code).toBe(1);
      expect(program.errors).toMatch(/2002.*'u17'; use u8/);
    });
  });

  test('syslog prints counted messages and lines, and goes on behind one that is too long', () =>
    withExample('syslog', [], async (port, program) => {
      const client = new Client(port);
      client.write('<13>a line\n\n18 <14>counted, lf: \\n\n<11>\u0007bell\n');
      await program.says(/127\.0\.0\.1 1\.notice a line\n/);
      await program.says(/127\.0\.0\.1 1\.err \\x07bell\n/);
      client.write(`99999 ${'x'.repeat(99_999)}<13>behind\n`);
      await program.says(/connection 1: .*skipped\n127\.0\.0\.1 1\.notice behind\n/);
      client.end();
      await client.isGone();
    }));

  test('behind-haproxy answers the announced client, is silent about checks and tells of a missing header', () =>
    withExample('behind-haproxy', [], async (port, program) => {
      const check = new Client(port);
      check.write(proxyHeader('v2-local-check-haproxy').bytes);
      check.write('check\n');
      await waitFor(() => check.text === `127.0.0.1 ${check.localPort} says: check\r\n`, 'the answer to the check');
      const client = new Client(port);
      client.write(proxyHeader('v2-tcp4-haproxy').bytes);
      client.write('hello\n');
      await client.receives('198.51.100.7 56326 says: hello\r\n');
      const direct = new Client(port);
      direct.write('hello\n');
      await direct.isGone();
      expect(direct.text).toBe('');
      await program.says(/2013: .*no PROXY header: 68 65 6c 6c 6f 0a/);
      expect(program.output).toContain(`2: 198.51.100.7 through 127.0.0.1 ${client.localPort}\n2013`);
      expect(program.output).not.toMatch(/^1: /m);
      check.destroy();
      client.destroy();
    }));

  test('device reads header and body of its records, however they are cut', () =>
    withExample('device', [], async (port) => {
      const record = (kind: number, body: string) => {
        const header = Buffer.alloc(4);
        header.writeUInt16BE(kind, 0);
        header.writeUInt16BE(body.length, 2);
        return Buffer.concat([header, Buffer.from(body, 'latin1')]).toString('latin1');
      };
      const client = new Client(port);
      const stream = record(1, 'temperature=21') + record(2, '') + record(1, 'x'.repeat(60_000)) + record(9, '?');
      for (let at = 0; at < stream.length; at += at < 30 ? 1 : 7919) {
        client.write(stream.slice(at, at + (at < 30 ? 1 : 7919)));
      }
      const reply = (kind: number, text: string) => record(kind | 0x8000, text);
      await client.receives(
        reply(1, 'stored 14 bytes') +
          reply(2, '1 readings') +
          reply(1, 'stored 60000 bytes') +
          reply(9, 'unknown kind'),
      );
      client.end();
      await client.isGone();
    }));

  test('files sends the file that a client names, and nothing from outside its folder', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'ipdaemon-'));
    mkdirSync(path.join(folder, 'public', 'sub'), { recursive: true });
    writeFileSync(path.join(folder, 'secret'), 'secret');
    writeFileSync(path.join(folder, 'public', 'a.txt'), 'content of a\n');
    writeFileSync(path.join(folder, 'public', 'sub', 'b.bin'), Buffer.alloc(3_000_000, 'b'));
    try {
      await withExample('files', ['--folder', path.join(folder, 'public')], async (port) => {
        const ask = async (name: string) => {
          const client = new Client(port);
          client.write(`${name}\n`);
          await client.isGone();
          return client.text;
        };
        expect(await ask('a.txt')).toBe('content of a\n');
        expect((await ask('sub/b.bin')).length).toBe(3_000_000);
        for (const name of ['../secret', 'sub/../../secret', path.join(folder, 'secret'), '..', '', 'no-such', 'sub']) {
          expect([name, await ask(name)]).toEqual([name, 'ERROR no such file\r\n']);
        }
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('tls-echo sends back what it gets, and tells version and suite', () =>
    withExample('tls-echo', [], async (port, program) => {
      await program.says(new RegExp(`openssl s_client -connect 127\\.0\\.0\\.1:${port}\\n`));
      const client = await secureClient(port, { version: 'TLSv1.3', ciphers: 'TLS_AES_256_GCM_SHA384' });
      expect(client.served).toBe('localhost');
      const text = 'late '.repeat(200_000);
      client.write(text);
      await client.receives(text);
      await program.says(/^1: TLSv1\.3, TLS_AES_256_GCM_SHA384$/m);
      client.end();
      await client.isGone();
      const clear = new Client(port);
      clear.write('GET / HTTP/1.0\r\n\r\n');
      await clear.isGone();
      await program.says(/^2: no connection, 276 /m);
    }));

  test('tls-echo takes a PFX with its password, and tells that a certificate has expired', async () => {
    const pfx = writeTemporary('store.pfx', store('pfx'));
    const { password, pem } = certificates();
    await withExample('tls-echo', ['--certificate', pfx, '--password', password], async (port) => {
      const client = await secureClient(port, { ca: pem.serverRoot });
      client.write('x');
      await client.receives('x');
      client.destroy();
    });
    const expired = writeTemporary('expired.pem', serverPem('expired'));
    await withExample('tls-echo', ['--certificate', expired], async (_port, program) => {
      await program.says(/expired/);
    });
  });

  test.each([
    ['tls-echo', ['--certificate', 'no-such.pem'], '271'],
    ['starttls', ['--certificate', 'no-such.pem'], '271'],
    ['mutual-tls', ['--ca', 'no-such.pem'], '302'],
    ['mutual-tls', [], '--ca'],
    ['https', ['--certificates', 'docs'], 'NAME.pem'],
  ])('%s with %j ends with %s', (name, args, reason) =>
    withProgram([path.join(root, 'dist', 'examples', `${name}.js`), '--port', '0', ...args], async (program) => {
      expect((await program.ends()).code).not.toBe(0);
      expect(program.errors).toContain(reason);
      expect(program.output).not.toContain('listening');
    }),
  );

  test.each(['tls-echo', 'mutual-tls', 'starttls', 'https'])(
    '%s takes a certificate from a file of any name',
    (name) => {
      const file = writeTemporary('localhost st\u00f6re \u20ac.pem', serverPem('p256'));
      const args = {
        'tls-echo': ['--certificate', file],
        starttls: ['--certificate', file],
        'mutual-tls': ['--certificate', file, '--ca', file],
        https: ['--certificates', path.dirname(file)],
      }[name];
      return withExample(name, args ?? [], async (port) => {
        const client = new TlsClient(port, { clear: name === 'starttls' });
        if (name === 'starttls') {
          client.write('STARTTLS\r\n');
          await client.receives('220 ready\r\n220 go ahead\r\n');
          client.startTls();
        }
        await client.isSecure();
        expect(client.tls.getPeerX509Certificate()?.raw).toEqual(new X509Certificate(serverPem('p256')).raw);
        client.destroy();
      });
    },
  );

  test('starttls goes over to TLS, and drops what came in clear behind the command', () =>
    withExample('starttls', [], async (port) => {
      const client = new TlsClient(port, { clear: true });
      await client.receives('220 ready\r\n');
      client.write('EHLO me\r\nECHO clear\r\n');
      const clear = '220 ready\r\n250-at your service\r\n250-STARTTLS\r\n250 ECHO\r\n250 clear\r\n';
      await client.receives(clear);
      client.write('STARTTLS\r\nECHO injected\r\n');
      await client.receives(`${clear}220 go ahead\r\n`);
      client.startTls();
      await client.isSecure();
      client.write('ECHO secret\r\nSTARTTLS\r\nNONSENSE\r\nQUIT\r\n');
      await client.isGone();
      expect(client.text.slice(clear.length)).toBe(
        '220 go ahead\r\n250 secret\r\n503 this is TLS already\r\n500 unknown command\r\n221 bye\r\n',
      );
    }));

  test('mutual-tls lets in whom it knows and allows, and says who that is', async () => {
    const { clients, pem } = certificates();
    const ca = writeTemporary('authority.pem', pem.clientAuthority + pem.revoked);
    const args = ['--ca', ca, '--crl-check', '--allow', 'CN=somebody', '--allow', 'CN=good, OU=Clients'];
    await withExample('mutual-tls', args, async (port, program) => {
      const client = await secureClient(port, { identity: clients.good });
      client.write('hello\n');
      await client.isGone();
      expect(client.text).toBe('you are CN=good, OU=Clients, O=Test, C=DE\r\n');
      for (const name of ['revoked', 'expired', 'wrongCa', 'selfSigned', undefined] as const) {
        const other = await secureClient(port, name === undefined ? {} : { identity: clients[name] });
        other.write('hello\n');
        await other.isGone();
        expect([name, other.text]).toEqual([name, '']);
      }
      await program.says(/^2: 275 .*revoked\n3: 275 .*expired\n4: 275 .*issuer.*\n5: 275 .*self.signed.*\n6: 281 /m);
    });
    await withExample('mutual-tls', ['--ca', ca, '--allow', 'CN=goo'], async (port, program) => {
      const client = await secureClient(port, { identity: clients.good });
      client.write('hello\n');
      await client.isGone();
      expect(client.text).toBe('');
      await program.says(/^1: 275 .*refused/m);
    });
  });

  test('https shows each name its own certificate', () =>
    withExample('https', [], async (port) => {
      for (const [servername, served] of [
        ['localhost', 'localhost'],
        ['OTHER.localhost', 'other.localhost'],
        ['../other.localhost', 'localhost'],
        [undefined, 'localhost'],
      ]) {
        const client = await secureClient(port, {
          version: 'TLSv1.2',
          ...(servername === undefined ? {} : { servername }),
        });
        expect([servername, client.served]).toEqual([servername, served]);
        client.write('GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n');
        await client.isGone();
        expect(client.text).toMatch(/^HTTP\/1\.0 200 OK\r\n.*\r\n\r\nTLSv1\.2, TLS_\S+\nGET \/page HTTP\/1\.1\n$/s);
      }
    }));
});

describe('npm run certificate', () => {
  test('writes one that the examples take and a client can verify, and never over a file', async () => {
    const cwd = mkdtempSync(path.join(tmpdir(), 'ipdaemon-'));
    const file = path.join(cwd, 'localhost.pem');
    const make = [path.join(root, 'dist', 'examples', 'shared', 'certificate.js')];
    const run = (body: (program: Program) => Promise<void>) => withProgram(make, body, { cwd });
    try {
      await run(async (program) => {
        expect(await program.ends()).toEqual({ code: 0, signal: null });
        expect(program.output).toContain('npm run example -- tls-echo --certificate localhost.pem\n');
      });
      expect(statSync(file).mode & 0o777).toBe(0o600);
      const pem = readFileSync(file, 'utf8');
      await run(async (program) => {
        expect((await program.ends()).code).toBe(1);
        expect(program.errors).toContain('localhost.pem is there');
      });
      expect(readFileSync(file, 'utf8')).toBe(pem);
      await withExample('tls-echo', ['--certificate', file], async (port) => {
        const client = await secureClient(port, { ca: pem });
        client.write('x');
        await client.receives('x');
        const certificate = client.tls.getPeerX509Certificate() as X509Certificate;
        expect([certificate.checkHost('localhost'), certificate.checkIP('127.0.0.1')]).not.toContain(undefined);
        expect(certificate.checkIP('::1')).toBeDefined();
        const days = (Date.parse(certificate.validTo) - Date.now()) / 86_400_000;
        expect(Math.round(days)).toBe(30);
        client.destroy();
      });
      // Its own authority, too.
      await withExample('mutual-tls', ['--ca', file], async (port) => {
        const client = await secureClient(port, { identity: { certificate: pem, key: pem, chain: '' } });
        client.write('hello\n');
        await client.isGone();
        expect(client.text).toBe('you are CN=localhost\r\n');
      });
    } finally {
      rmSync(cwd, { recursive: true });
    }
  });
});
