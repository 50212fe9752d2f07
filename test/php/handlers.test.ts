// What handlers in PHP may do: throw, end the script, pump, decide, close; over plain TCP and over TLS, with fibers and
// without.
import { expect, test } from '@jest/globals';
import { everyServer, serverPem, writeTemporary } from '../support/certificates';
import { TlsClient } from '../support/tls-client';
import { ways, withServer } from './listening';
import { describePhp, phpOutcome } from './php';

const echo = `
function on_data($p) { global $s; ipworks_ipdaemon_do_send($s, $p['connectionid'], $p['text']); }
ipworks_ipdaemon_register_callback($s, 3, 'on_data');`;

describePhp('a handler in PHP', () => {
  test.each(ways)('gets and sends every byte $title', (way) =>
    withServer(way, echo, async (open) => {
      const client = await open();
      const text = Array.from({ length: 70_000 }, (_, i) => String.fromCharCode((i * 7) & 255)).join('');
      client.write(Buffer.from(text, 'latin1'));
      await client.receives(text);
      client.destroy();
    }),
  );

  test.each(ways)('gets integers, texts and booleans with the keys of the PHP edition $title', (way) =>
    withServer(
      way,
      `foreach (range(1, 9) as $event) ipworks_ipdaemon_register_callback($s, $event, function ($p) use ($event) {
         foreach ($p as $key => $value) $all[] = $key . ':' . gettype($value);
         echo $event, ' ', implode(' ', $all), "\\n";
         return $p;
       });
       ipworks_ipdaemon_set($s, 18, "\\n");`,
      async (open, program) => {
        const client = await open();
        client.write('one\ntwo\n');
        await program.says(/^3 (.*)\n3 /m);
        client.end();
        await program.says(/^4 .*\n/m);
        const described = 'connectionid:integer statuscode:integer description:string';
        const lines = program.output.split('\n');
        expect(lines).toEqual(expect.arrayContaining([`1 ${described}`, `4 ${described}`, '6 connectionid:integer']));
        expect(lines).toContain('2 address:string port:integer accept:boolean');
        expect(lines).toContain('3 connectionid:integer text:string eol:boolean');
        if (!way.tls) return;
        expect(lines).toContain('9 connectionid:integer message:string');
        expect(lines).toContain(
          '8 connectionid:integer supportedciphersuites:string supportedsignaturealgs:string certstoretype:integer ' +
            'certstore:string certpassword:string certsubject:string servername:string',
        );
      },
    ),
  );

  test.each(ways)('throws: the exception leaves do_doevents with class, message and line, others go on $title', (way) =>
    withServer(
      way,
      `class Odd extends DomainException {}
       function on_data($p) {
         global $s;
         if ($p['text'] === 'throw') throw new Odd('no ' . $p['connectionid']);
         ipworks_ipdaemon_do_send($s, $p['connectionid'], $p['text']);
       }
       ipworks_ipdaemon_register_callback($s, 3, 'on_data');`,
      async (open, program) => {
        const [one, other] = [await open(), await open()];
        one.write('throw');
        await program.says(/^Odd no 1 .*on_data\n/m);
        other.write('still here');
        await other.receives('still here');
        one.write('me too');
        await one.receives('me too');
        expect(program.output.match(/Odd/g)).toHaveLength(1);
      },
      `while (true) {
         try { ipworks_ipdaemon_do_doevents($s); }
         catch (Odd $e) { echo get_class($e), ' ', $e->getMessage(), ' ', $e->getLine() > 1, $e->getTrace()[0]['function'], "\\n"; }
       }`,
    ),
  );

  test.each(ways.filter(({ fibers }) => fibers))(
    'calls exit: its status counts, and all shutdown functions run once $title',
    (way) =>
      withServer(
        way,
        `register_shutdown_function(function () { global $s; echo 'bye ', ipworks_ipdaemon_get($s, 2, 0), "\\n"; });
       ipworks_ipdaemon_register_callback($s, 3, function ($p) {
         global $s;
         ipworks_ipdaemon_do_send($s, $p['connectionid'], 'last words');
         exit(7);
       });`,
        async (open, program) => {
          const client = await open();
          client.write('x');
          expect(await program.ends()).toEqual({ code: 7, signal: null });
          await client.receives('last words');
          expect([program.output.split('\n').slice(1), program.errors]).toEqual([['bye 1', ''], '']);
        },
      ),
  );

  test('calls die with a text, in a pump inside a pump and inside a blocking send', async () => {
    const pumps = `ipworks_ipdaemon_do_doevents($s);`;
    const sends = `ipworks_ipdaemon_do_send($s, $p['connectionid'], str_repeat('.', 50000000));`;
    for (const inner of [pumps, sends]) {
      await withServer(
        { tls: false, fibers: true },
        `ipworks_ipdaemon_set($s, 22, 0, 60);
         ipworks_ipdaemon_register_callback($s, 3, function ($p) {
           global $s;
           if ($p['text'] === 'die') die('so it ends');
           echo "waiting\\n";
           while (true) { ${inner} }
         });`,
        async (open, program) => {
          const [one, two] = [await open(), await open()];
          one.socket.pause();
          one.write('wait');
          await program.says(/waiting/);
          two.write('die');
          expect(await program.ends()).toEqual({ code: 0, signal: null });
          expect([program.output.endsWith('so it ends'), program.errors]).toEqual([true, '']);
        },
      );
    }
  });

  test('throws in several events of one call: the first leaves it, the others are warnings', async () => {
    for (const fibers of [true, false]) {
      await withServer(
        { tls: false, fibers },
        "ipworks_ipdaemon_register_callback($s, 4, function ($p) { throw new Exception('gone ' . $p['connectionid']); });",
        async (open, program) => {
          await open();
          await open();
          expect(await program.ends()).toEqual({ code: 0, signal: null });
          expect(program.output.split('\n').slice(1)).toEqual(['gone 1', '']);
          expect(program.errors).toMatch(/^(PHP )?Warning: +a further handler has thrown: Exception: gone 2 /m);
        },
        `while (ipworks_ipdaemon_get($s, 2) < 2) ipworks_ipdaemon_do_doevents($s);
         try { ipworks_ipdaemon_do_shutdown($s); } catch (Exception $e) { echo $e->getMessage(), "\\n"; }`,
      );
    }
  });

  test('calls exit inside the callback of C, before PHP 8.1: PHP ends with its own message and 255', () =>
    withServer(
      { tls: false, fibers: false },
      'ipworks_ipdaemon_register_callback($s, 3, function ($p) { exit(7); });',
      async (open, program) => {
        (await open()).write('x');
        expect(await program.ends()).toEqual({ code: 255, signal: null });
        expect(program.errors).toContain('Throwing from FFI callbacks is not allowed');
      },
    ));

  test.each(ways)('pumps until another client has answered $title', (way) =>
    withServer(
      way,
      `$answer = null;
       ipworks_ipdaemon_register_callback($s, 3, function ($p) {
         global $s, $answer;
         if ($p['text'] !== 'ask') { $answer = $p['text']; return; }
         while (ipworks_ipdaemon_do_send($s, 2, 'well?') === 10035) ipworks_ipdaemon_do_doevents($s);
         while ($answer === null) ipworks_ipdaemon_do_doevents($s);
         ipworks_ipdaemon_do_send($s, $p['connectionid'], $answer);
       });`,
      async (open) => {
        const [one, two] = [await open(), await open()];
        one.write('ask');
        await two.receives('well?');
        two.write('forty-two');
        await one.receives('forty-two');
      },
    ),
  );

  test.each(ways)('sends and waits, while others are served $title', (way) =>
    withServer(
      way,
      `ipworks_ipdaemon_set($s, 22, 0, 60);
       ipworks_ipdaemon_register_callback($s, 3, function ($p) {
         global $s;
         $text = $p['text'] === 'much' ? str_repeat('m', 20000000) : $p['text'];
         echo ipworks_ipdaemon_do_send($s, $p['connectionid'], $text), "\\n";
       });`,
      async (open, program) => {
        const [one, two] = [await open(), await open()];
        one.socket.pause();
        one.write('much');
        two.write('little');
        await two.receives('little');
        one.socket.resume();
        await one.awaits(
          () => one.text.length === 20_000_000,
          () => `all of it; there are ${one.text.length}`,
        );
        await program.says(/^0\n0\n/m);
      },
    ),
  );

  test.each(ways)('refuses peers by what it returns, by reference, or not at all $title', async (way) => {
    for (const handler of [
      "function ($p) { $p['accept'] = false; return $p; }",
      "function (&$p) { $p['accept'] = false; }",
    ]) {
      await withServer(
        { ...way, tls: false },
        `ipworks_ipdaemon_register_callback($s, 2, ${handler});`,
        async (open) => {
          const client = await open();
          await client.isGone();
        },
      );
    }
    await withServer(
      way,
      `${echo} ipworks_ipdaemon_register_callback($s, 2, function ($p) { $p['accept'] = false; });`,
      async (open) => {
        const client = await open();
        client.write('in');
        await client.receives('in');
      },
    );
  });

  test.each(ways.filter(({ tls }) => tls))('chooses the certificate $title', (way) =>
    withServer(
      way,
      `${echo} ipworks_ipdaemon_register_callback($s, 8, function ($p) {
         $p['certstoretype'] = '7';
         $p['certstore'] = file_get_contents(${JSON.stringify(writeTemporary('p256.pem', serverPem('p256')))});
         $p['certsubject'] = '*';
         return $p;
       });`,
      async (open) => {
        const client = (await open()) as TlsClient;
        expect(client.tls.getPeerCertificate().asn1Curve).toBe('prime256v1');
      },
    ),
  );

  test.each(ways)('closes its server $title', (way) =>
    withServer(
      way,
      `ipworks_ipdaemon_register_callback($s, 3, function ($p) { global $s; ipworks_ipdaemon_close($s); });
       ipworks_ipdaemon_set($s, 18, "\\n");`,
      async (open, program) => {
        const client = await open();
        client.write('a\nb\nc\n');
        await client.isGone();
        await program.says(/is not a valid ipdaemon resource/);
        expect((await program.ends()).code).toBe(0);
      },
      `try { while (true) ipworks_ipdaemon_do_doevents($s); } catch (TypeError $e) { echo $e->getMessage(); }`,
    ),
  );

  test('may be a name in any case, an array, a closure, a static method; null removes it', () =>
    withServer(
      { tls: false, fibers: true },
      `class Many {
         public static function fixed($p) { tell('static', $p); }
         public function method($p) { tell('array', $p); }
       }
       function by_name($p) { tell('name', $p); }
       function tell($how, $p) { global $s, $next; ipworks_ipdaemon_do_send($s, $p['connectionid'], $how); $next(); }
       $handlers = array('BY_Name', array(new Many, 'METHOD'), 'Many::fixed', function ($p) { tell('closure', $p); }, null);
       $next = function () use (&$handlers, $s) { ipworks_ipdaemon_Register_CALLBACK($s, 3, array_shift($handlers)); };
       $next();`,
      async (open) => {
        const client = await open();
        let text = '';
        for (const how of ['name', 'array', 'static', 'closure']) {
          client.write('x');
          text += how;
          await client.receives(text);
        }
      },
    ));

  test('does STARTTLS', () =>
    withServer(
      { tls: false, fibers: true },
      `$pem = file_get_contents($argv[2]);
       ipworks_ipdaemon_set($s, 32, 0, 7); ipworks_ipdaemon_set($s, 30, 0, $pem); ipworks_ipdaemon_set($s, 33, 0, '*');
       ipworks_ipdaemon_register_callback($s, 3, function ($p) {
         global $s;
         ipworks_ipdaemon_do_send($s, $p['connectionid'], $p['text'] === 'STARTTLS' ? 'go' : $p['text']);
         if ($p['text'] === 'STARTTLS') echo ipworks_ipdaemon_do_startssl($s, $p['connectionid']), "\\n";
       });`,
      async (_open, program) => {
        const client = new TlsClient(await program.port(), { clear: true, ca: everyServer() });
        await client.isConnected();
        client.write('STARTTLS');
        await client.receives('go');
        client.startTls();
        await client.isSecure();
        client.write('safe');
        await client.receives('gosafe');
      },
    ));

  test('is recorded in clear also where it speaks TLS', async () => {
    const file = writeTemporary('session.json', '');
    await withServer(
      { tls: true, fibers: true },
      `${echo} ipworks_ipdaemon_register_callback($s, 4, function ($p) { echo "gone\\n"; });`,
      async (open, program) => {
        const client = await open();
        client.write('se"cr\\et\u0001');
        await client.receives('se"cr\\et\u0001');
        client.end();
        await program.says(/gone/);
        program.signal('SIGKILL');
        await program.ends();
      },
      undefined,
      { env: { IPDAEMON_RECORD: file } },
    );
    const { steps } = JSON.parse(require('node:fs').readFileSync(file, 'utf8')) as { steps: string[][] };
    expect(steps).toEqual([
      ['open', '1'],
      ['tls', '1'],
      ['send', '1', 'se"cr\\et\u0001'],
      ['expect', '1', 'se"cr\\et\u0001'],
      ['close', '1'],
    ]);
  });

  test.each(ways.filter(({ tls }) => !tls))('takes 100,000 messages without growing $title', (way) =>
    withServer(
      way,
      `$n = 0;
       ipworks_ipdaemon_set($s, 18, "\\n");
       ipworks_ipdaemon_register_callback($s, 3, function ($p) {
         global $s, $n;
         if (++$n === 20000 || $n === 100000) echo $n, ' ', memory_get_usage(), ' ', resident(), "\\n";
         ipworks_ipdaemon_do_send($s, $p['connectionid'], '.');
       });
       function resident() { return (int) explode(' ', file_get_contents('/proc/self/statm'))[1]; }`,
      async (open, program) => {
        const client = await open();
        const lines = 'a line of 20 letters\n'.repeat(100);
        for (let round = 1; round <= 1000; round += 1) {
          client.write(lines);
          await client.awaits(
            () => client.bytesReceived >= 100 * round,
            () => `${100 * round} answers; there are ${client.bytesReceived}`,
          );
        }
        const [, early, earlyPages, late, latePages] = (
          await program.says(/^20000 (\d+) (\d+)\n100000 (\d+) (\d+)\n/m)
        ).map(Number) as number[];
        // Not 4 bytes a message.
        expect((late as number) - (early as number)).toBeLessThan(80_000 * 4);
        expect(((latePages as number) - (earlyPages as number)) * 4096).toBeLessThan(80_000 * 8);
      },
    ),
  );

  test('ends what the script has left open, and destroys objects that nobody refers to', async () => {
    const { code, output, errors } = await phpOutcome(`
      class Server extends IPWorks_IPDaemon { function FireDataIn($p) {} function __destruct() { parent::__destruct(); echo "gone\\n"; } }
      $one = new Server('key'); $one->setLocalHost('127.0.0.1'); $one->setListening(true); $port = $one->getLocalPort();
      unset($one);
      $two = new Server(); $two->setLocalHost('127.0.0.1'); $two->setLocalPort($port); $two->setListening(true);
      try { $two->setLocalPort(1); } catch (Exception $e) { echo get_class($e), ' ', $e->getCode(), ' ', $e->getMessage(), "\\n"; }
      try { $two->doConfig('nothing'); } catch (Exception $e) { echo $e->getMessage(), "\\n"; }
      echo $two->lastErrorCode(), ' ', $two->lastError(), "\\n", $two->VERSION(), ' ', $two->setRuntimeLicense('k'), $two->getRuntimeLicense();
      echo "\\nend\\n";`);
    expect([code, errors]).toEqual([0, '']);
    expect(output).toMatch(
      /^gone\nException 0 106: LocalPort cannot .*\n2001: .*\n2001 .*\nipdaemon \d\S* 0k\nend\ngone\n$/,
    );
  });
});
