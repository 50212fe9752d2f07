// A gateway for ISO 8583: messages with a length of two bytes in front, which Framing cuts. It answers requests with
// response code 00, and with 30, format error, what it cannot read.
import {
  EventId,
  ipdaemon_close,
  ipdaemon_do_config,
  ipdaemon_do_disconnect,
  ipdaemon_do_send,
  ipdaemon_do_shutdown,
  ipdaemon_get,
  ipdaemon_get_last_error,
  ipdaemon_get_last_error_code,
  ipdaemon_open,
  ipdaemon_register_callback,
  ipdaemon_set,
  Property,
} from 'ipdaemon';
import { options } from './shared/options.ts';

/** Fields of a fixed length that this gateway knows, in ASCII. Replace them by those of your network. */
const lengths: Record<number, number> = {
  3: 6,
  4: 12,
  7: 10,
  11: 6,
  12: 6,
  13: 4,
  37: 12,
  39: 2,
  41: 8,
  42: 15,
  49: 3,
};
const responseCode = 39;

interface Message {
  /** The message type indicator, four digits. */
  type: string;
  fields: Map<number, string>;
}

const { host, port, framing } = options('iso8583', { framing: 'length=u16be,max=4096' });
const res = ipdaemon_open();

/** Undefined for what is no message with fields of the table. */
function parse(text: string): Message | undefined {
  const type = text.slice(0, 4);
  if (!/^\d{4}$/.test(type) || text.length < 12) {
    return undefined;
  }
  const fields = new Map<number, string>();
  let at = 12;
  for (let field = 1; field <= 64; field += 1) {
    if ((text.charCodeAt(4 + ((field - 1) >> 3)) & (0x80 >> ((field - 1) & 7))) !== 0) {
      const length = lengths[field];
      if (length === undefined || at + length > text.length) {
        return undefined;
      }
      fields.set(field, text.slice(at, at + length));
      at += length;
    }
  }
  return at === text.length ? { type, fields } : undefined;
}

function format({ type, fields }: Message): Buffer {
  const bitmap = Buffer.alloc(8);
  const ordered = [...fields].sort(([a], [b]) => a - b);
  for (const [field] of ordered) {
    bitmap[(field - 1) >> 3] = (bitmap[(field - 1) >> 3] ?? 0) | (0x80 >> ((field - 1) & 7));
  }
  const body = Buffer.concat([
    Buffer.from(type),
    bitmap,
    Buffer.from(ordered.map(([, text]) => text).join(''), 'latin1'),
  ]);
  const header = Buffer.alloc(2);
  header.writeUInt16BE(body.length);
  return Buffer.concat([header, body]);
}

/** 0200 becomes 0210, 0800 becomes 0810. */
const answerType = (type: string) => `${type.slice(0, 2)}${(Number(type[2]) + 1) % 10}${type[3]}`;

ipdaemon_register_callback(res, EventId.DataIn, ({ connectionid, text, eol }) => {
  // eol is false for a message that the peer did not finish.
  if (!eol) {
    return;
  }
  const request = parse(text);
  if (request !== undefined && Number(request.type[2]) % 2 !== 0) {
    return; // An answer, or an advice's.
  }
  const type = /^\d{4}/.test(text) ? answerType(text.slice(0, 4)) : '0810';
  const fields = new Map(request?.fields).set(responseCode, request === undefined ? '30' : '00');
  if (ipdaemon_do_send(res, connectionid, format({ type, fields })) !== 0) {
    ipdaemon_do_disconnect(res, connectionid);
  }
});

ipdaemon_register_callback(res, EventId.Disconnected, ({ connectionid, statuscode, description }) => {
  if (statuscode !== 0) {
    console.log(`${connectionid}: ${statuscode}: ${description}`);
  }
});

function fail(): never {
  console.error(`iso8583: ${ipdaemon_get_last_error_code(res)}: ${ipdaemon_get_last_error(res)}`);
  process.exit(1);
}

ipdaemon_do_config(res, `DefaultFraming=${framing}`);
if (ipdaemon_get_last_error_code(res) !== 0) {
  fail();
}
ipdaemon_set(res, Property.LocalHost, host);
ipdaemon_set(res, Property.LocalPort, port);
if (ipdaemon_set(res, Property.Listening, true) !== 0) {
  fail();
}
console.log(`listening on ${ipdaemon_get(res, Property.LocalHost)}:${ipdaemon_get(res, Property.LocalPort)}`);

process.on('SIGINT', () => {
  ipdaemon_do_shutdown(res);
  ipdaemon_close(res);
});
