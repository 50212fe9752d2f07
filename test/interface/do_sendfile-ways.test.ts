// do_sendfile where the system does not send a file by itself, and of files that are unlike others. Linux has both.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { constants, tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { forEachBinding } from '../support/bindings';
import { Client } from '../support/client';
import { Code, P } from '../support/ids';
import { Program, root, script } from '../support/program';
import { behaviour, withServer } from '../support/server';
import { waitFor } from '../support/waiting';

const onLinux = process.platform === 'linux' ? describe : describe.skip;
let folder = '';
const file = (name: string) => path.join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ipdaemon-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

onLinux('where sendfile fails', () => {
  const library = () => file('failing-sendfile.so');
  beforeAll(() => {
    const compiler = spawnSync('gcc', ['--version']).error ? 'g++' : 'gcc';
    const source = path.join(root, 'test', 'programs', 'failing-sendfile.c');
    execFileSync(compiler, ['-shared', '-fPIC', '-x', 'c', '-o', library(), source]);
    let content = '';
    for (let i = 0; content.length < 4_000_000; i += 1) {
      content += `${i.toString(36)} `;
    }
    writeFileSync(file('large'), content, 'latin1');
  });

  const serve = script(`
    const res = ipdaemon.ipworks_ipdaemon_open();
    ipdaemon.ipworks_ipdaemon_register_callback(res, E.Connected, ({ connectionid }) => {
      console.log('code', ipdaemon.ipworks_ipdaemon_do_sendfile(res, connectionid, process.env.FILE_TO_SEND));
      ipdaemon.ipworks_ipdaemon_do_disconnect(res, connectionid);
    });
    ipdaemon.ipworks_ipdaemon_register_callback(res, E.Disconnected, ({ statuscode }) => console.log('ended', statuscode));
    ipdaemon.ipworks_ipdaemon_set(res, P.LocalHost, 0, '127.0.0.1');
    ipdaemon.ipworks_ipdaemon_set(res, P.Listening, 0, true);
    console.log('listening', ipdaemon.ipworks_ipdaemon_get(res, P.LocalPort, 0));
  `);
  const { EPERM, EACCES, EINVAL, ENOSYS, EOPNOTSUPP, EOVERFLOW, ESPIPE, EXDEV, EIO, ENOMEM, EAGAIN, EINTR } =
    constants.errno;
  const errors = [EPERM, EACCES, EINVAL, ENOSYS, EOPNOTSUPP, EOVERFLOW, ESPIPE, EXDEV, EIO, ENOMEM, EAGAIN, EINTR];

  forEachBinding('a file', () => {
    test.each([
      ['the first time, and later works', [EPERM, 0, 0]],
      ['behind its beginning', [0, ...errors]],
      ['always, for a file system or a filter', errors],
    ])('arrives whole when it fails %s', async (_when, list) => {
      const preload = [process.env.LD_PRELOAD, library()].filter((name) => name).join(':');
      const program = new Program(serve, {
        env: { LD_PRELOAD: preload, SENDFILE_ERRORS: list.join(','), FILE_TO_SEND: file('large') },
      });
      const client = new Client(await program.port());
      try {
        await client.receives(readFileSync(file('large'), 'latin1'));
        await program.says(/ended 0/);
        expect(program.output).toContain('code 0');
        await waitFor(() => program.errors.includes('sendfile fails'), 'sendfile to have failed');
      } finally {
        client.destroy();
        program.signal('SIGKILL');
        await program.ends();
      }
    });
  });
});

onLinux('files that are unlike others', () => {
  behaviour('SendFile', (kind) => {
    const made = [
      '/proc/version',
      '/proc/filesystems',
      '/sys/class/net/lo/mtu',
      '/sys/kernel/mm/transparent_hugepage/enabled',
    ];
    test.each(made.filter((name) => existsSync(name)))('sends all of %s, whose size the system does not tell', (name) =>
      withServer(kind, {}, async (server) => {
        const { client, id } = await server.connect();
        const content = readFileSync(name, 'latin1');
        expect(content.length).toBeGreaterThan(0);
        server.must(server.sendFile(id, name));
        expect(server.get(P.BytesSent, id)).toBe(content.length);
        server.must(server.send(id, ' after'));
        await client.receives(`${content} after`);
      }),
    );

    test('refuses a file that never ends', () =>
      withServer(kind, {}, async (server) => {
        const { client, id } = await server.connect();
        // The map of the memory of this process.
        expect(server.sendFile(id, '/proc/self/pagemap')).toBe(Code.FileUnusable);
        server.must(server.send(id, 'still here'));
        await client.receives('still here');
      }));

    test('sends a file that is all hole', () =>
      withServer(kind, {}, async (server) => {
        const { client, id } = await server.connect();
        const descriptor = openSync(file(`hole-${kind.pump}`), 'w');
        ftruncateSync(descriptor, 30_000);
        closeSync(descriptor);
        server.must(server.sendFile(id, file(`hole-${kind.pump}`)));
        await client.receives('\0'.repeat(30_000));
      }));

    test('refuses pipes and devices at once', () =>
      withServer(kind, {}, async (server) => {
        const { client, id } = await server.connect();
        const pipe = file(`pipe-${kind.pump}-${server.port}`);
        execFileSync('mkfifo', [pipe]);
        for (const name of [pipe, '/dev/zero', '/dev/ptmx', '/proc/self']) {
          expect({ name, code: server.sendFile(id, name) }).toEqual({ name, code: Code.FileUnusable });
        }
        server.must(server.send(id, 'still here'));
        await client.receives('still here');
      }));
  });
});
