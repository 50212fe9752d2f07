// The setting Metrics and what lib makes of it; why and how long a connection was there.
import { expect, test } from '@jest/globals';
import { covers } from '../support/coverage';
import { P } from '../support/ids';
import { behaviour, type TestServer, withServer } from '../support/server';

interface Family {
  type: string;
  samples: Map<string, number>;
}

/** Prometheus' text format as its specification has it, and nothing else: throws at the first line that is not. */
function parse(text: string, openMetrics = false): Map<string, Family> {
  const families = new Map<string, Family>();
  const lines = text.split('\n');
  expect(lines.pop()).toBe('');
  if (openMetrics) expect(lines.pop()).toBe('# EOF');
  let current = '';
  let helped = '';
  for (const line of lines) {
    const help = /^# HELP ([a-z_]+) (\S.*)$/.exec(line);
    const type = /^# TYPE ([a-z_]+) (counter|gauge|histogram)$/.exec(line);
    const sample = /^([a-z_]+)\{((?:[a-z_]+="[^"\\\n]*",?)*)\} (\d+(?:\.\d+)?)$/.exec(line);
    if (help) {
      helped = help[1] ?? '';
      if (families.has(helped)) throw new Error(`a second HELP: ${line}`);
    } else if (type) {
      current = type[1] ?? '';
      if (current !== helped) throw new Error(`TYPE without its HELP: ${line}`);
      families.set(current, { type: type[2] ?? '', samples: new Map() });
    } else if (sample) {
      const [, name = '', labels = '', value] = sample;
      const family = families.get(current);
      const endings = family?.type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
      if (openMetrics && family?.type === 'counter') endings.splice(0, 1, '_total');
      if (!endings.some((ending) => name === current + ending)) throw new Error(`not of ${current}: ${line}`);
      const key = `${name}{${labels}}`;
      if (family?.samples.has(key)) throw new Error(`twice: ${line}`);
      family?.samples.set(key, Number(value));
    } else {
      throw new Error(`no line of the format: ${JSON.stringify(line)}`);
    }
  }
  return families;
}

const total = (families: Map<string, Family>, name: string) =>
  [...(families.get(name)?.samples.values() ?? [])].reduce((sum, value) => sum + value, 0);

function checkSum(families: Map<string, Family>): void {
  const there = total(families, 'ipdaemon_connections') + total(families, 'ipdaemon_unfinished_handshakes');
  expect(total(families, 'ipdaemon_accepted_total')).toBe(total(families, 'ipdaemon_closed_total') + there);
}

function checkHistograms(families: Map<string, Family>): void {
  for (const [name, { type, samples }] of families) {
    if (type !== 'histogram') continue;
    const buckets = [...samples].filter(([key]) => key.startsWith(`${name}_bucket`)).map(([, value]) => value);
    expect([...buckets].sort((a, b) => a - b)).toEqual(buckets);
    expect([name, buckets.length]).toEqual([name, 13]);
    const count = [...samples].find(([key]) => key.startsWith(`${name}_count`))?.[1];
    expect([name, buckets.at(-1)]).toEqual([name, count]);
  }
}

const withoutPort = (key: string) => key.replace(/port="\d+"/, '');

function neverFalls(before: Map<string, Family>, after: Map<string, Family>): void {
  for (const [name, { type, samples }] of before) {
    if (type === 'gauge') continue;
    // The port may change in between, the counters go on.
    const now = new Map([...(after.get(name)?.samples ?? [])].map(([key, value]) => [withoutPort(key), value]));
    for (const [key, value] of samples) {
      expect([key, (now.get(withoutPort(key)) ?? -1) >= value]).toEqual([key, true]);
    }
  }
}

behaviour(covers('setting', 'Metrics'), (kind) => {
  const read = (server: TestServer) => {
    const families = parse(server.config('Metrics'));
    checkSum(families);
    checkHistograms(families);
    return families;
  };

  test('is Prometheus text in which counters never fall and connections add up', () =>
    withServer(kind, {}, async (server) => {
      const port = Number(server.get(P.LocalPort));
      let before = read(server);
      const next = () => {
        const after = read(server);
        neverFalls(before, after);
        before = after;
        return after;
      };
      const one = await server.connect();
      next();
      one.client.write('a\nb\n');
      await server.until(() => server.config(`BytesReceived[${one.id}]`) === '4', 'four bytes');
      const two = await server.connect();
      server.must(server.send(two.id, '123'));
      await two.client.receives('123');
      next();
      one.client.end();
      await server.event('Disconnected', one.id);
      server.must(server.disconnect(two.id));
      await server.event('Disconnected', two.id);
      const label = `port="${port}"`;
      const last = next();
      const sample = (name: string, labels = '') => last.get(name)?.samples.get(`${name}{${label}${labels}}`);
      expect(sample('ipdaemon_accepted_total')).toBe(2);
      expect(sample('ipdaemon_closed_total', ',reason="peer"')).toBe(1);
      expect(sample('ipdaemon_closed_total', ',reason="program"')).toBe(1);
      expect(sample('ipdaemon_received_bytes_total')).toBe(4);
      expect(sample('ipdaemon_sent_bytes_total')).toBe(3);
      expect(sample('ipdaemon_connections')).toBe(0);
      expect(last.get('ipdaemon_connection_seconds')?.samples.get(`ipdaemon_connection_seconds_count{${label}}`)).toBe(
        2,
      );
      server.must(server.reset());
      next();
    }));

  test('is joined for several servers, and an object for one', () =>
    withServer(kind, {}, (one) =>
      withServer(kind, {}, async (two) => {
        await one.connect();
        const families = parse(one.api.metricsText([one.res, two.res]));
        expect(families.get('ipdaemon_accepted_total')?.samples.size).toBe(2);
        expect(total(families, 'ipdaemon_accepted_total')).toBe(1);
        const open = parse(one.api.metricsText([one.res, two.res], { openMetrics: true }), true);
        expect(open.get('ipdaemon_accepted')?.samples.size).toBe(2);
        expect(open.has('ipdaemon_accepted_total')).toBe(false);
        const metrics = one.api.ipdaemon_metrics(one.res);
        expect(metrics).toMatchObject({ ipdaemon_accepted_total: 1, ipdaemon_connections: 1 });
        expect(metrics.ipdaemon_closed_total).toMatchObject({ peer: 0, idle: 0, reset: 0 });
        expect(metrics.ipdaemon_turn_seconds).toMatchObject({ count: expect.any(Number), sum: expect.any(Number) });
      }),
    ));
});

behaviour(covers('setting', 'CloseReason', 'BytesReceived', 'BytesDelivered', 'ConnectionTime'), (kind) => {
  const names = ['CloseReason', 'BytesReceived', 'BytesDelivered'];

  test('tell inside Disconnected why the connection has ended, and what it has carried', () =>
    withServer(kind, {}, async (server) => {
      const told: string[][] = [];
      server.on('Disconnected', ({ connectionid }) => {
        told.push(names.map((name) => server.config(`${name}[${connectionid}]`)));
      });
      const one = await server.connect();
      one.client.write('12345\n');
      await server.event('DataIn', one.id);
      server.must(server.send(one.id, '123'));
      await one.client.receives('123');
      expect(names.map((name) => server.config(`${name}[${one.id}]`))).toEqual(['', '6', '3']);
      one.client.end();
      await server.event('Disconnected', one.id);
      const two = await server.connect();
      server.must(server.disconnect(two.id));
      await server.event('Disconnected', two.id);
      expect(told).toEqual([
        ['peer', '6', '3'],
        ['program', '0', '0'],
      ]);
    }));

  test('count milliseconds from accept on', () =>
    withServer(kind, {}, async (server) => {
      const before = performance.now();
      const { id } = await server.connect();
      const time = () => Number(server.config(`ConnectionTime[${id}]`));
      const first = time();
      await server.until(() => time() > first + 5, 'the time to go on');
      expect(time()).toBeLessThanOrEqual(performance.now() - before + 1);
    }));
});
