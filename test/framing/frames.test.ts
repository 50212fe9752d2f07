// The settings Framing and DefaultFraming: frames against a short reference in TypeScript, at every cut of the stream,
// and what a program sees when they change or when a peer does not keep to them.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { covers } from '../support/coverage';
import { Code, P } from '../support/ids';
import { Random, seedOfRun } from '../support/random';
import { everyType, type FramingRules, frames, framingText, header, plainRules } from '../support/reference-frames';
import { behaviour, type ServerKind, type TestServer, withServer } from '../support/server';
import { explicit } from '../support/tls';

const seed = seedOfRun();
// The log checker compares with what clients wrote, and knows nothing of headers.
const check = { bytes: false };

const bytesIn = (server: TestServer) => server.api.ipdaemon_counter(server.res, server.api.Counter.BytesIn);

function withFraming(kind: ServerKind, framing: string, body: (server: TestServer) => Promise<void>): Promise<void> {
  return withServer(
    kind,
    {
      check,
      before: (server) => expect([server.configCode(`DefaultFraming=${framing}`), server.error]).toEqual([0, '']),
    },
    body,
  );
}

/** What comes of a stream that is sent in these parts. */
async function received(server: TestServer, parts: string[]) {
  const { client, id } = await server.connect();
  for (const part of parts) {
    const before = bytesIn(server);
    client.write(part);
    if (part !== parts[parts.length - 1]) {
      await server.until(() => bytesIn(server) === before + part.length, 'the part to arrive');
    }
  }
  client.end();
  const { statuscode } = await server.event('Disconnected', id);
  return { pieces: server.pieces(id), code: statuscode, skipped: server.count('Error', id) };
}

/** Rules with options by chance, and a stream that mostly keeps to them. */
function randomCase(random: Random, rules: FramingRules): { rules: FramingRules; stream: string } {
  const isLength = rules.kind === 'length';
  const options: FramingRules = {
    ...rules,
    max: random.pick([4, 9, 14, 1000]),
    over: random.pick(['close', 'skip', 'split']),
    ...(isLength && random.chance(3) ? { offset: random.between(1, 3) } : {}),
    ...(isLength && random.chance(3) ? { adjust: random.between(-2, 2) } : {}),
    ...(isLength && random.chance(3) ? { strip: random.between(0, 6) } : {}),
  };
  let stream = '';
  for (let n = 0; n < 4; n += 1) {
    const body = random.between(Math.max(0, options.adjust), 9 + Math.min(0, options.adjust));
    if (rules.kind === 'eols' || (rules.kind === 'syslog' && random.chance(2))) {
      stream += random.text(body, 'xy<>b!\r') + (rules.kind === 'eols' ? random.pick(rules.ends) : '\n');
    } else if (isLength) {
      stream += header(options, body, random) + random.text(body);
    } else {
      stream += `${body + 1} ${random.text(body)}${random.pick(['\n', 'z'])}`;
    }
  }
  if (random.chance(3)) {
    stream = stream.slice(0, -1) + (random.chance(2) ? random.text(random.between(1, 6)) : '');
  }
  return { rules: options, stream };
}

const everyKind: FramingRules[] = [
  ...everyType.map((type) => ({ ...plainRules, type })),
  { ...plainRules, kind: 'octets' },
  { ...plainRules, kind: 'syslog' },
  { ...plainRules, kind: 'eols', ends: ['\n'] },
  { ...plainRules, kind: 'eols', ends: ['\r\n', '!', 'xyb!b'] },
];

behaviour(covers('setting', 'DefaultFraming', 'Framing'), (kind) => {
  test.each(
    everyKind.map((rules, i) => [rules.kind === 'length' ? rules.type : `${rules.kind} ${i}`, rules, i] as const),
  )('random frames of %s are those of the reference, at every cut of the stream', async (_name, plain, i) => {
    const random = new Random(seed + i);
    for (let round = 0; round < 3; round += 1) {
      const { rules, stream } = randomCase(random, plain);
      const expected = frames(rules, stream);
      await withFraming(kind, framingText(rules), async (server) => {
        const peers = [];
        for (let cut = 0; cut < stream.length; cut += 1) {
          peers.push({ cut, ...(await server.connect()) });
        }
        const before = bytesIn(server);
        let sum = 0;
        for (const { client, cut } of peers) {
          client.write(stream.slice(0, cut));
          sum += cut;
        }
        await server.until(() => bytesIn(server) >= before + sum, 'the first parts to arrive');
        for (const { client, cut } of peers) {
          client.write(stream.slice(cut));
          client.end();
        }
        for (const { id, cut } of peers) {
          const { statuscode } = await server.event('Disconnected', id);
          const got = { pieces: server.pieces(id), code: statuscode, skipped: server.count('Error', id) };
          const where = { seed, framing: framingText(rules), stream, cut };
          expect({ ...where, ...got }).toEqual({ ...where, ...expected });
        }
      });
    }
  });

  test('a switch reads length=u16le and changes Framing in the middle of a packet', () =>
    withFraming(kind, 'length=u16le', async (server) => {
      server.on('DataIn', ({ connectionid: id, text }) => {
        const next: Record<string, string> = { lines: 'eols=\\r\\n|;', fixed: '', back: 'length=u16le' };
        if (next[text] === undefined) {
          return;
        }
        expect(server.configCode(`Framing[${id}]=${next[text]}`)).toBe(0);
        if (text === 'fixed') {
          server.must(server.set(P.RecordLength, id, 3));
        }
      });
      const frame = (text: string) => String.fromCharCode(text.length & 255, text.length >> 8) + text;
      const stream = `${frame('one')}${frame('lines')}two;three\r\nback;${frame('x'.repeat(300))}${frame('fixed')}abcdef`;
      const texts = ['one', 'lines', 'two', 'three', 'back', 'x'.repeat(300), 'fixed', 'abc', 'def'];
      for (const cut of [0, 1, 4, 11, 12, 13, 30, stream.length - 4]) {
        const { pieces } = await received(
          server,
          [stream.slice(0, cut), stream.slice(cut)].filter((part) => part !== ''),
        );
        expect([cut, pieces]).toEqual([cut, texts.map((text) => ({ text, eol: true }))]);
      }
    }));

  test('Framing goes before RecordLength, SingleLineMode and EOL, which decide again when it is empty', () =>
    withFraming(kind, '', async (server) => {
      server.on('Connected', ({ connectionid: id }) => {
        server.must(server.set(P.RecordLength, id, 1));
        server.must(server.set(P.SingleLineMode, id, true));
        server.must(server.set(P.EOL, id, 'a'));
        expect(server.config(`Framing[${id}]`)).toBe('');
        expect(server.config(`framing[${id}] = length=u8`)).toBe(
          'length=u8,offset=0,adjust=0,strip=header,max=1048576,over=close',
        );
      });
      server.on('DataIn', ({ connectionid: id, text }) => {
        if (text === 'off') {
          expect([server.config(`Framing[${id}]=`), server.code]).toEqual(['', 0]);
        }
      });
      const { pieces } = await received(server, ['\u0003bab\u0003offxyz']);
      expect(pieces.map(({ text }) => text)).toEqual(['bab', 'off', 'x', 'y', 'z']);
    }));

  test('DefaultFraming counts for new connections, reads back complete, and is gone after do_reset', () =>
    withServer(kind, { record: false }, async (server) => {
      server.must(server.configCode('DefaultFraming= OCTETS, max=9 '));
      expect(server.config('DefaultFraming')).toBe('octets,max=9,over=close');
      const { id } = await server.connect();
      server.must(server.set(P.DefaultMaxLineLength, 300));
      expect(server.config('DefaultFraming=eols=\\n')).toBe('eols=\\n,max=300,over=split');
      expect(server.config(`Framing[${id}]`)).toBe('octets,max=9,over=close');
      const second = await server.connect();
      expect(server.config(`Framing[${second.id}]`)).toBe('eols=\\n,max=300,over=split');
      expect(server.config('DefaultFraming=')).toBe('');
      const third = await server.connect();
      expect(server.config(`Framing[${third.id}]`)).toBe('');
      server.config('DefaultFraming=syslog');
      server.reset();
      expect(server.config('DefaultFraming')).toBe('');
      server.listen();
      const fourth = await server.connect();
      expect(server.config(`Framing[${fourth.id}]`)).toBe('');
    }));

  test('a value that is not allowed is refused with 2002 and a text that says what would do', () =>
    withFraming(kind, 'syslog', async (server) => {
      const { id } = await server.connect();
      for (const [value, wanted] of [
        ['lines', "cannot be 'lines'; use length=TYPE, eols=END|END..., octets or syslog"],
        ['length=u64', "cannot be 'u64'; use u8, u16be"],
        ['length=u8,max=0', "cannot be '0'; use 1 to 2147483647"],
        ['length=u8,offset=65', "cannot be '65'; use 0 to 64"],
        ['length=u8,adjust=70000', "cannot be '70000'; use -65535 to 65535"],
        ['length=u8,strip=-1', "cannot be '-1'; use header or 0 to 65535"],
        ['octets,over=cut', "cannot be 'cut'; use close, skip or split"],
        ['octets,offset=1', "has no option 'offset' here; use max or over"],
        ['eols=\\r|\\r\\n', 'use SingleLineMode'],
        ['eols=\\q', 'two hexadecimal digits'],
        [`eols=${'a'.repeat(1100)}`, 'cannot have 1105 bytes'],
      ] as const) {
        for (const setting of ['DefaultFraming', `Framing[${id}]`]) {
          expect([value, server.configCode(`${setting}=${value}`)]).toEqual([value, Code.InvalidValue]);
          expect(server.error).toContain(wanted);
          expect(server.error).toContain(setting.replace(/\[.*/, ' ').trim());
        }
      }
      expect(server.config('DefaultFraming')).toBe('syslog,max=65536,over=close');
      expect(server.config(`Framing[${id}]`)).toBe('syslog,max=65536,over=close');
      expect(server.configCode(`Framing[${id + 9}]=syslog`)).toBe(Code.UnknownConnection);
      expect(server.configCode('Framing[x]=syslog')).toBe(Code.UnknownConnection);
      expect(server.configCode('Framing=syslog')).toBe(Code.UnknownName);
    }));

  test('a malformed frame ends with 2012, behind what was complete, and queued answers still arrive', () =>
    withFraming(kind, 'length=dec4', async (server) => {
      const answer = 'r'.repeat(3_000_000);
      server.on('DataIn', ({ connectionid: id }) => server.must(server.send(id, answer)));
      const { client, id } = await server.connect({ paused: true });
      client.write('0003oneoops, no length and more of it');
      await server.event('DataIn', id);
      client.socket.resume();
      const { statuscode, description } = await server.event('Disconnected', id);
      expect([server.pieces(id), statuscode, server.count('Error', id)]).toEqual([
        [{ text: 'one', eol: true }],
        2012,
        0,
      ]);
      expect(description).toBe('The frame is malformed: the length field of a frame is not a number');
      await server.until(() => client.ended, 'the end');
      expect(client.text === answer).toBe(true);
    }));

  test('a send that was refused is followed by ReadyToSend before a malformed frame ends the connection', () =>
    withFraming(kind, 'length=dec4', async (server) => {
      const refused: number[] = [];
      server.on('DataIn', ({ connectionid: id }) => {
        let code = 0;
        while (code === 0) code = server.send(id, 'r'.repeat(1_000_000));
        refused.push(code);
      });
      const { client, id } = await server.connect({ paused: true });
      const before = server.count('ReadyToSend', id);
      client.write('0003oneoops');
      await server.event('DataIn', id);
      client.socket.resume();
      expect((await server.event('Disconnected', id)).statuscode).toBe(2012);
      expect([refused, server.count('ReadyToSend', id) - before]).toEqual([[Code.WouldBlock], 1]);
    }));

  test('without Linger a malformed frame ends the connection at once', () =>
    withFraming(kind, 'length=varint', async (server) => {
      server.must(server.set(P.Linger, false));
      const { client, id } = await server.connect();
      client.write('\u0001a\u00ff\u00ff\u00ff\u00ff\u00ff');
      expect((await server.event('Disconnected', id)).statuscode).toBe(2012);
      expect(server.pieces(id)).toEqual([{ text: 'a', eol: true }]);
    }));

  test('a frame longer than max ends with 10040 as soon as its header is there', () =>
    withFraming(kind, 'length=u32be,max=100', async (server) => {
      const { client, id } = await server.connect();
      client.write('\u0000\u0000\u0000\u0001a\u0000\u0000\u0000\u0061');
      const { statuscode, description } = await server.event('Disconnected', id);
      expect([statuscode, server.pieces(id)]).toEqual([10040, [{ text: 'a', eol: true }]]);
      expect(description).toMatch(/longer than the max of Framing/);
    }));

  test('over=skip tells of each frame with one Error, and a handler may change Framing there', () =>
    withFraming(kind, 'length=dec4,max=20,over=skip', async (server) => {
      const { client, id } = await server.connect();
      client.write(`0001a0500${'x'.repeat(500)}0001b`);
      await server.event('DataIn', id, 2);
      expect(server.pieces(id).map(({ text }) => text)).toEqual(['a', 'b']);
      expect(server.events('Error', id).map(({ errorcode }) => errorcode)).toEqual([10040]);
      server.on('Error', () => {
        server.config(`Framing[${id}]=eols=;`);
      });
      // The next byte is the first of the body.
      client.write('0500line;');
      await server.event('DataIn', id, 3);
      expect(server.pieces(id)[2]).toEqual({ text: 'line', eol: true });
    }));

  test('a handler of the Error may end the connection', () =>
    withFraming(kind, 'syslog,max=4,over=skip', async (server) => {
      server.on('Error', ({ connectionid: id }) => server.disconnect(id));
      const { client, id } = await server.connect();
      client.write('abc\ntoo long\nabc\n');
      expect((await server.event('Disconnected', id)).statuscode).toBe(0);
      expect(server.pieces(id)).toEqual([{ text: 'abc', eol: true }]);
    }));

  test('frames wait while AcceptData is False, and none is lost', () =>
    withFraming(kind, 'length=u8', async (server) => {
      server.on('DataIn', ({ connectionid: id, text }) => {
        if (text.length % 2 === 0) {
          server.must(server.set(P.AcceptData, id, false));
          setImmediate(() => server.closed || server.set(P.AcceptData, id, true));
        }
      });
      const texts = Array.from({ length: 40 }, (_, i) => 'x'.repeat(i));
      const stream = texts.map((text) => String.fromCharCode(text.length) + text).join('');
      const { pieces } = await received(server, [stream.slice(0, 301), stream.slice(301)]);
      expect(pieces.map(({ text }) => text)).toEqual(texts);
    }));

  test('do_startssl begins anew: what is left of a frame is dropped, and the first byte of TLS is a header', () =>
    withServer(
      kind,
      {
        check,
        before: explicit('p256', (server) => {
          server.must(server.configCode('DefaultFraming=length=dec1,max=4,over=split'));
          server.on('DataIn', ({ connectionid: id, text }) => text === 'go' && server.must(server.startSsl(id)));
        }),
      },
      async (server) => {
        const client = server.tlsClient({ clear: true });
        await client.isConnected();
        const { connectionid: id } = await server.event('ReadyToSend');
        // The second frame is too long and not complete.
        client.write('2go9unfin');
        await server.event('DataIn', id);
        client.startTls();
        await client.isSecure();
        client.write('3tls');
        await server.event('DataIn', id, 2);
        expect(server.pieces(id).map(({ text }) => text)).toEqual(['go', 'tls']);
      },
    ));

  test('a frame that announces 2 GiB costs what has come of it', () =>
    withFraming(kind, 'length=u32be,max=2147483647', async (server) => {
      const before = process.memoryUsage().rss;
      const mapped = virtualMemory();
      const sent = 'x'.repeat(50_000);
      for (let n = 0; n < 20; n += 1) {
        const { client } = await server.connect();
        client.write(`\u007f\u00ff\u0000\u0000${sent}`);
      }
      await server.until(() => bytesIn(server) === 20 * 50_004, 'all bytes');
      expect(server.count('DataIn')).toBe(0);
      expect(process.memoryUsage().rss - before).toBeLessThan(200_000_000);
      expect(virtualMemory() - mapped).toBeLessThan(2_000_000_000);
    }));
});

/** Bytes that are mapped, used or not; 0 where the system does not tell. */
function virtualMemory(): number {
  if (process.platform !== 'linux') {
    return 0;
  }
  const [, kilobytes = '0'] = /VmSize:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

describe('the reference', () => {
  test('knows what stands in the specification', () => {
    const of = (change: Partial<FramingRules>, stream: string) => frames({ ...plainRules, ...change }, stream);
    expect(of({ type: 'u16be', adjust: -2 }, '\u0000\u0004ab').pieces).toEqual([{ text: 'ab', eol: true }]);
    expect(of({ kind: 'octets' }, '4 <1>\n').pieces).toEqual([{ text: '<1>\n', eol: true }]);
    expect(of({ kind: 'syslog' }, '4 <1>\n\n\n<2>\n').pieces.map(({ text }) => text)).toEqual(['<1>', '<2>']);
    expect(of({ type: 'dec4' }, '0001a    b').code).toBe(2012);
    expect(of({ type: 'dec1', max: 2, over: 'split' }, '5abcde').pieces).toEqual([
      { text: 'ab', eol: false },
      { text: 'cd', eol: false },
      { text: 'e', eol: true },
    ]);
  });
});
