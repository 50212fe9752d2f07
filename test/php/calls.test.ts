// The functions of the drop-in: values, the index, errors; and what it says where it cannot work.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { expect, test } from '@jest/globals';
import { temporaryFolder, writeTemporary } from '../support/certificates';
import { describePhp, dropIn, library, phpOutcome } from './php';

function php(args: string[], env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync('php', ['-d', 'display_errors=stderr', ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return { status, stdout, stderr };
}

const open = (file = dropIn) => ['-r', `require ${JSON.stringify(file)}; var_dump(ipworks_ipdaemon_open());`];

/** The drop-in in a folder of its own, as it is or changed. */
function copied(change: (text: string) => string = (text) => text): string {
  const file = path.join(temporaryFolder(), 'lib', 'php', 'ipworks_ipdaemon.php');
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, change(readFileSync(dropIn, 'utf8')));
  return file;
}

describePhp('the functions in PHP', () => {
  test('take and give integers, booleans, bytes and null', async () => {
    const { code, output, errors } = await phpOutcome(`
      $s = ipworks_ipdaemon_open();
      function show(...$values) { echo json_encode($values), "\\n"; }
      show(ipworks_ipdaemon_set($s, 27, 0, '7777'), ipworks_ipdaemon_get($s, 27, 0));
      show(ipworks_ipdaemon_set($s, 27, 0, 7778.0), ipworks_ipdaemon_get($s, 27));
      show(ipworks_ipdaemon_set($s, 23, 0, 'yes'), ipworks_ipdaemon_get($s, 23, 0));
      show(ipworks_ipdaemon_set($s, 23, 0, null), ipworks_ipdaemon_get($s, 23, 0));
      show(ipworks_ipdaemon_set($s, 18, "\\0\\xff\\n"), bin2hex(ipworks_ipdaemon_get($s, 18)));
      show(ipworks_ipdaemon_set($s, 18, 0, false), ipworks_ipdaemon_get($s, 18, 0));
      show(ipworks_ipdaemon_get($s, 13, 5), ipworks_ipdaemon_get_last_error_code($s));
      show(ipworks_ipdaemon_set($s, 27, 0, 'many'), ipworks_ipdaemon_get($s, 27), ipworks_ipdaemon_set($s, 27, 0, array()));
      show(ipworks_ipdaemon_do_config($s, 'TcpNoDelay=False'), ipworks_ipdaemon_do_config($s, 'tcpnodelay'));
      show(ipworks_ipdaemon_do_config($s, 'Nothing'), ipworks_ipdaemon_get_last_error_code($s));
      show(ipworks_ipdaemon_do_send($s, 'x', 'y'), ipworks_ipdaemon_do_sendfile($s, 1, '/none'), ipworks_ipdaemon_do_send($s, 1, array()));
      show(ipworks_ipdaemon_register_callback($s, 3, 5), ipworks_ipdaemon_register_callback($s, 10, 'f'));
      show(ipworks_ipdaemon_do_reset($s), ipworks_ipdaemon_get($s, 27), ipworks_ipdaemon_close($s));`);
    expect([code, errors]).toEqual([0, '']);
    expect(output.split('\n')).toEqual([
      '[0,7777]',
      '[0,7778]',
      '[0,true]',
      '[0,false]',
      '[0,"00ff0a"]',
      '[0,""]',
      '[null,126]',
      '[2002,7778,2002]',
      '["False","False"]',
      '["",2001]',
      '[126,126,2002]',
      '[2002,2001]',
      '[0,0,0]',
      '',
    ]);
  });

  test('have the index third, or last if that is said; never guessed', async () => {
    const third = 'show(ipworks_ipdaemon_set($s, 27, 0, 99), ipworks_ipdaemon_get($s, 27, 0));';
    const last = 'show(ipworks_ipdaemon_set($s, 27, 99, 0), ipworks_ipdaemon_get($s, 27, 0));';
    const body = `$s = ipworks_ipdaemon_open(); function show(...$values) { echo implode(' ', $values), "\\n"; } ${third} ${last}`;
    const outputs = [
      await phpOutcome(body),
      await phpOutcome(body, { env: { IPDAEMON_INDEX: 'last' } }),
      await phpOutcome(`define('IPDAEMON_INDEX', 'last'); ${body}`),
    ].map(({ output }) => output);
    expect(outputs).toEqual(['0 99\n0 0\n', '0 0\n0 99\n', '0 0\n0 99\n']);
    const { code, errors } = await phpOutcome(body, { env: { IPDAEMON_INDEX: 'second' } });
    expect([code, errors]).toEqual([
      255,
      expect.stringContaining("IPDAEMON_INDEX is 'third' or 'last', and not 'second'"),
    ]);
  });

  test('throw a TypeError for what is no server', async () => {
    const { output, errors } = await phpOutcome(`
      $closed = ipworks_ipdaemon_open();
      ipworks_ipdaemon_close($closed);
      foreach (array($closed, 0, null, 'x', 1.5, 4711) as $res) {
        foreach (array('close', 'do_doevents', 'do_reset', 'do_shutdown', 'get_last_error', 'get_last_error_code') as $name) {
          try { call_user_func("ipworks_ipdaemon_$name", $res); } catch (TypeError $e) { echo 'T'; }
        }
        foreach (array('get', 'do_config', 'do_disconnect', 'do_interrupt', 'do_startssl') as $name) {
          try { call_user_func("ipworks_ipdaemon_$name", $res, 1); } catch (TypeError $e) { echo 'T'; }
        }
        foreach (array('set', 'do_send', 'do_sendline', 'do_sendfile') as $name) {
          try { call_user_func("ipworks_ipdaemon_$name", $res, 1, 'x'); } catch (TypeError $e) { echo 'T'; }
        }
        try { ipworks_ipdaemon_register_callback($res, 3, 'f'); } catch (TypeError $e) { echo 'T'; }
        echo "\\n";
      }`);
    expect([output, errors]).toEqual([`${'T'.repeat(16)}\n`.repeat(6), '']);
  });
});

describePhp('the drop-in', () => {
  test('has no syntax error, and no syntax that PHP 7.4 has not', () => {
    expect(php(['-l', dropIn]).status).toBe(0);
    const newer = `
      $newer = array('T_MATCH', 'T_NULLSAFE_OBJECT_OPERATOR', 'T_ATTRIBUTE', 'T_ENUM', 'T_READONLY', 'T_NAME_QUALIFIED_RELATIVE');
      $text = '';
      foreach (token_get_all(file_get_contents($argv[1])) as $token) {
        if (is_array($token) && in_array(token_name($token[0]), $newer)) echo token_name($token[0]), ' ', $token[2], "\\n";
        // Without comments and texts, for the patterns below.
        if (!is_array($token)) $text .= $token;
        elseif (!in_array($token[0], array(T_COMMENT, T_DOC_COMMENT, T_CONSTANT_ENCAPSED_STRING, T_ENCAPSED_AND_WHITESPACE))) $text .= $token[1];
      }
      foreach (array(
        'union type' => '/\\\\b(int|string|bool|array|float|null|false|[A-Z]\\\\w+)\\\\|(int|string|bool|array|float|null|false|[A-Z]\\\\w+)\\\\b(?! \\\\$\\\\w+\\\\) \\\\{)/',
        'mixed, static or never' => '/(: \\\\??(mixed|static|never)|\\\\(mixed \\\\$)/',
        'comma behind the last parameter' => '/function[^(]*\\\\([^()]*,\\\\s*\\\\)/',
        'promotion' => '/__construct\\\\([^)]*(public|private|protected)/',
        'named argument' => '/[(,]\\\\s*[a-z]\\\\w*: /',
        'throw as an expression' => '/(\\\\?\\\\?|=>|\\\\?) throw/',
        'first-class callable' => '/\\\\(\\\\.\\\\.\\\\.\\\\)/',
        'new in a default' => '/function[^(]*\\\\([^()]*= new/',
      ) as $what => $pattern) if (preg_match($pattern, $text, $found)) echo $what, ': ', $found[0], "\\n";`;
    expect(php(['-r', newer, '--', dropIn])).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  test('finds the library by IPDAEMON_LIBRARY, beside itself, in build/Release, in prebuilds', () => {
    const file = copied();
    const root = path.dirname(path.dirname(path.dirname(file)));
    const system = `linux-${process.arch}`;
    const { status, stderr } = php(open(file));
    expect(status).toBe(255);
    const places = [
      path.join(path.dirname(file), 'libipdaemon.so'),
      path.join(root, 'build', 'Release', 'libipdaemon.so'),
      path.join(root, 'prebuilds', system, 'libipdaemon.glibc.so'),
    ];
    expect(stderr).toContain(`Tried:\n${places.map((place) => `  ${place}: no such file\n`).join('')}What helps:\n`);
    expect(stderr).toContain('IPDAEMON_LIBRARY=FILE');
    for (const place of places.reverse()) {
      mkdirSync(path.dirname(place), { recursive: true });
      copyFileSync(library, place);
      expect(php(open(file)).stdout).toMatch(/^int\(\d+\)\n$/);
      writeFileSync(place, 'no library');
    }
    expect(php(open(file), { IPDAEMON_LIBRARY: library }).stdout).toMatch(/^int\(\d+\)\n$/);
    const named = php(open(file), { IPDAEMON_LIBRARY: '/no/such.so' });
    expect(named.stderr).toContain('Tried:\n  /no/such.so: no such file\nWhat helps:\n');
  });

  test('refuses a library of another version', () => {
    const file = copied((text) => text.replace(/const VERSION = '[^']*'/, "const VERSION = '9.8.7'"));
    const { status, stderr } = php(open(file), { IPDAEMON_LIBRARY: library });
    expect([status, stderr]).toEqual([
      255,
      expect.stringMatching(/is version \d+\.\d+\.\d+, and this file needs 9\.8\.7\n/),
    ]);
  });

  test('refuses a library that lacks a function', () => {
    const file = copied((text) => text.replace('ipdaemon_do_reset(ipdaemon_t', 'ipdaemon_do_nothing(ipdaemon_t'));
    const { status, stderr } = php(open(file), { IPDAEMON_LIBRARY: library });
    expect([status, stderr]).toEqual([255, expect.stringContaining('ipdaemon_do_nothing')]);
  });

  test('says what to do where PHP has no FFI, and where it may not use it', () => {
    const without = php(['-n', ...open()]);
    expect([without.status, without.stderr]).toEqual([255, expect.stringContaining('has no FFI extension')]);
    expect(without.stderr).toContain('extension=ffi');
    const forbidden = php(['-d', 'ffi.enable=0', ...open()]);
    expect([forbidden.status, forbidden.stderr]).toEqual([255, expect.stringContaining('php -d ffi.enable=1')]);
  });

  test('says so when the session cannot be recorded', () => {
    const { status, stderr } = php(open(), { IPDAEMON_RECORD: path.join(writeTemporary('file', ''), 'below') });
    expect([status, stderr]).toEqual([255, expect.stringContaining('cannot be written')]);
  });
});
