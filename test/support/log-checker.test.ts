// The log checker itself: it finds each kind of broken promise, and nothing in a log that keeps them.
import { expect, test } from '@jest/globals';
import type { ClientRecord } from './client';
import type { EventName } from './ids';
import { type LogEntry, violations } from './log-checker';

const peer = { host: '127.0.0.1', port: 5000 };
const request = event('ConnectionRequest', 0, { address: '127.0.0.1', port: 5000, accept: true });
const connected = event('Connected', 1, { connectionid: 1, statuscode: 0, description: 'OK' }, { peer });
const ready = event('ReadyToSend', 1, { connectionid: 1 });
const gone = event('Disconnected', 1, { connectionid: 1, statuscode: 0, description: 'OK' });
const data = (text: string, eol = true, framing = { eol: '\n', recordLength: 0, singleLine: false }) =>
  event('DataIn', 1, { connectionid: 1, text, eol }, { framing });
const send = (bytes: string, code = 0, bytesSent = code === 0 ? bytes.length : 0): LogEntry[] => [
  { kind: 'send', at: 0, id: 1, bytes, code, bytesSent, ready: code === 0, timeout: 0 },
];

function event(
  name: EventName,
  id: number,
  param: Record<string, unknown>,
  more: Partial<Extract<LogEntry, { kind: 'event' }>> = {},
): LogEntry[] {
  return [
    { kind: 'event', at: 0, name, id, param, ...more },
    { kind: 'return', name, id, threw: false },
  ];
}

const client = (written: string, text: string, more: Partial<ClientRecord> = {}): ClientRecord => ({
  localPort: 5000,
  recorded: true,
  written,
  text,
  finished: true,
  brokeOff: false,
  ended: true,
  error: undefined,
  ...more,
});

const good = [request, connected, ready, data('line'), send('answer'), gone];

test('a log that keeps the promises has no violations', () => {
  expect(violations(good.flat(), [client('line\n', 'answer')])).toEqual([]);
});

const status = (message: string) => event('SSLStatus', 1, { connectionid: 1, message });
const begun = status('handshake started');
const done = status('handshake complete, TLSv1.3, TLS_AES_128_GCM_SHA256');
const error = (errorcode: number) => event('Error', 1, { connectionid: 1, errorcode });
const notConnected = (statuscode: number) => event('Connected', 1, { connectionid: 1, statuscode });
const hello = event('SSLConnectionRequest', 1, { connectionid: 1 });
const startSsl = (code = 0): LogEntry[] => [{ kind: 'startssl', id: 1, code }];
const goneWith = (statuscode: number) => event('Disconnected', 1, { connectionid: 1, statuscode });

test.each([
  ['implicit TLS', [request, begun, hello, done, connected, ready, data('x'), status('session closed'), gone]],
  ['a failed handshake', [request, begun, hello, error(276), status('handshake failed'), notConnected(276)]],
  ['StartSSL', [request, connected, ready, data('x'), startSsl(), begun, hello, done, data('y'), gone]],
  ['a failed handshake after StartSSL', [request, connected, ready, startSsl(), begun, error(276), goneWith(276)]],
  ['a refused StartSSL', [request, connected, ready, startSsl(282), data('x'), gone]],
])('%s has no violations', (_title, log) => {
  expect(violations(log.flat(), [])).toEqual([]);
});

const broken: [promise: string, log: LogEntry[][], client: ClientRecord][] = [
  ['1: a byte is lost', [request, connected, ready, data('lin'), gone], client('line\n', '')],
  ['1: bytes are delivered twice', [request, connected, ready, data('a'), data('a'), gone], client('a\n', '')],
  ['1: the last line is never delivered', [request, connected, ready, gone], client('line\n', '')],
  ['1: the end of a line is inside the text', [request, connected, ready, data('a\nb'), gone], client('a\nb\n', '')],
  ['1: eol without an end of a line', [request, connected, ready, data('a'), data('b'), gone], client('ab\n', '')],
  [
    '1: a record of another length',
    [request, connected, ready, data('abc', true, { eol: '', recordLength: 2, singleLine: false }), gone],
    client('abc', ''),
  ],
  ['2: Connected twice', [request, request, connected, connected, ready, gone], client('', '')],
  ['2: Connected without a request', [connected, ready, gone], client('', '')],
  ['2: no Disconnected', [request, connected, ready], client('', '')],
  ['2: an event after Disconnected', [request, connected, ready, gone, data('x')], client('x\n', '')],
  ['2: DataIn before ReadyToSend', [request, connected, data('x'), ready, gone], client('x\n', '')],
  ['2: DataIn before Connected', [request, data('x')], client('x\n', '')],
  [
    '2: DataIn inside DataIn',
    [request, connected, ready, data('x').slice(0, 1), data('y'), data('x').slice(1), gone],
    client('x\ny\n', ''),
  ],
  ['3: a ReadyToSend that nobody waits for', [request, connected, ready, ready, gone], client('', '')],
  ['3: accepted bytes are lost', [request, connected, ready, send('abc'), gone], client('', 'ab')],
  ['3: refused bytes are sent', [request, connected, ready, send('abc', 10035), ready, gone], client('', 'abc')],
  ['3: bytes are sent twice', [request, connected, ready, send('abc'), gone], client('', 'abcabc')],
  ['3: BytesSent after a refusal', [request, connected, ready, send('abc', 10035, 2), gone], client('', '')],
  ['3: BytesSent is short', [request, connected, ready, send('abc', 0, 2), gone], client('', 'abc')],
  ['3: a send after Disconnected', [request, connected, ready, gone, send('x')], client('', '')],
  [
    '4: a line above its limit',
    [request, connected, ready, data('l'.repeat(3000)), gone],
    client(`${'l'.repeat(3000)}\n`, ''),
  ],
  [
    '5: an idle time-out too early',
    [
      request,
      connected,
      ready,
      event('Disconnected', 1, { connectionid: 1, statuscode: 10060 }, { at: 500, idleTimeout: 1 }),
    ],
    client('', '', { ended: false }),
  ],
  ['6: a handler that never returns', [request, connected, ready, gone, data('x').slice(0, 1)], client('', '')],
  ['2: a failed handshake without Error', [request, begun, notConnected(276)], client('', '')],
  ['2: two errors', [request, begun, error(276), error(276), notConnected(276)], client('', '')],
  ['2: another code in Connected', [request, begun, error(276), notConnected(275)], client('', '')],
  ['2: Disconnected after a failed handshake', [request, begun, error(276), notConnected(276), gone], client('', '')],
  ['2: SSLStatus after a failed handshake', [request, error(276), notConnected(276), begun], client('', '')],
  ['2: a handshake that never ends', [request, begun], client('', '')],
  ['7: Connected without a complete handshake', [request, begun, connected, ready, gone], client('', '')],
  ['7: an event of TLS in clear', [request, connected, ready, hello, gone], client('', '')],
  ['7: DataIn during a handshake', [request, connected, ready, startSsl(), data('x'), done, gone], client('x\n', '')],
  ['7: StartSSL twice', [request, connected, ready, startSsl(), startSsl(), done, gone], client('', '')],
  ['7: a send during a handshake', [request, connected, ready, startSsl(), send('x'), done, gone], client('', 'x')],
  ['7: a failed handshake ends well', [request, connected, ready, startSsl(), error(276), gone], client('', '')],
  ['7: a handshake ends silently', [request, connected, ready, startSsl(), begun, goneWith(276)], client('', '')],
  [
    '8: an event after close',
    [request, connected, ready, [{ kind: 'call', name: 'close', id: 0 }], gone],
    client('', ''),
  ],
];

test.each(broken)('finds promise %s', (promise, log, record) => {
  const found = violations(log.flat(), [record]);
  expect(found.some((text) => text.startsWith(`promise ${promise[0]},`))).toBe(true);
});

test('counts connections against MaxConnections', () => {
  const other = event('Connected', 2, { connectionid: 2, statuscode: 0 }, { peer: { ...peer, port: 6000 } });
  const log = [connected, other].flat();
  const options = { maxConnections: 1, requests: false, allGone: false };
  expect(violations(log, [], options)).toEqual(['promise 4, connection 2: 2 connections with MaxConnections 1']);
});

test('takes what a peer that broke off missed as it is', () => {
  const log = [request, connected, ready, send('abcdef'), gone].flat();
  expect(violations(log, [client('x', 'abc', { brokeOff: true })])).toEqual([]);
});
