// The command line of the program `ipdaemon`: help, version, and what it says to mistakes.
import { describe, expect, test } from '@jest/globals';
import { outcome } from './tool';

const { version } = require('../../package.json') as { version: string };

/** The program finds no native part. */
const withoutNative = { env: { IPDAEMON_ADDON: '/no/such.node' } };

describe('ipdaemon', () => {
  test.each([['--help'], ['-h'], ['echo', '--help'], ['lines', '--port', '1', '-h'], ['nonsense', '--help']])(
    'explains itself with %s %s',
    async (...args) => {
      const { code, output, errors } = await outcome(args, withoutNative);
      expect([code, errors]).toEqual([0, '']);
      for (const word of ['echo', 'lines', 'file FILE', 'doctor', '--port', '--tls', '--certificate', '--json']) {
        expect(output).toContain(word);
      }
    },
  );

  test('tells its version', async () => {
    expect(await outcome(['--version'], withoutNative)).toEqual({ code: 0, output: `${version}\n`, errors: '' });
  });

  test.each([
    [[], 'no command was given'],
    [['serve'], 'unknown command: serve'],
    [['toString'], 'unknown command: toString'],
    [['echo', '--prot', '1'], "'--prot'"],
    [['echo', 'loudly'], "'loudly'"],
    [['echo', '--port'], '--port'],
    [['echo', '--port', ''], 'not ""'],
    [['echo', '--port', '65536'], 'not "65536"'],
    [['lines', '--port', '1e3'], 'not "1e3"'],
    [['lines', '--tls=yes'], '--tls'],
    [['echo', '--certificate', 'a.pem'], '--certificate and --password need --tls'],
    [['echo', '--tls', '--password', 'secret'], '--password needs --certificate'],
    [['file'], 'takes one FILE'],
    [['file', 'a', 'b'], 'takes one FILE'],
    [['file', 'a', '--file', 'b'], 'takes one FILE'],
    [['doctor', '--port', '1'], "'--port'"],
  ])('refuses %j with the reason and exit code 2', async (args, reason) => {
    const { code, output, errors } = await outcome(args);
    expect([code, output]).toEqual([2, '']);
    expect(errors).toMatch(/^ipdaemon: .*\n`ipdaemon --help` shows the commands and their options\.\n$/);
    expect(errors).toContain(reason);
  });

  test('says why the native part cannot be loaded', async () => {
    const { code, output, errors } = await outcome(['echo'], withoutNative);
    expect([code, output]).toEqual([1, '']);
    expect(errors).toContain('/no/such.node: no such file');
  });
});
