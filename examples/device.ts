// A server for devices that send records: a header of four bytes (kind and length of the body, big-endian)
// and the body. RecordLength is switched inside DataIn from the header to the body and back, so every event
// carries exactly one of them, however the bytes arrive.
import {
  EventId,
  ipdaemon_close,
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

const headerLength = 4;
const kinds = { store: 1, count: 2 } as const;

interface Device {
  /** The kind of the record whose body comes next; undefined while a header is awaited. */
  kind: number | undefined;
  readings: number;
}

const { host, port } = options('device');
const res = ipdaemon_open();
const devices = new Map<number, Device>();

function reply(id: number, kind: number, text: string): void {
  const body = Buffer.from(text, 'latin1');
  const header = Buffer.alloc(headerLength);
  header.writeUInt16BE(kind | 0x8000, 0);
  header.writeUInt16BE(body.length, 2);
  if (ipdaemon_do_send(res, id, Buffer.concat([header, body])) !== 0) {
    ipdaemon_do_disconnect(res, id);
  }
}

function record(id: number, device: Device, kind: number, body: string): void {
  switch (kind) {
    case kinds.store:
      device.readings += 1;
      reply(id, kind, `stored ${body.length} bytes`);
      break;
    case kinds.count:
      reply(id, kind, `${device.readings} readings`);
      break;
    default:
      reply(id, kind, 'unknown kind');
  }
}

ipdaemon_register_callback(res, EventId.Connected, ({ connectionid, statuscode }) => {
  if (statuscode === 0) {
    devices.set(connectionid, { kind: undefined, readings: 0 });
    ipdaemon_set(res, Property.RecordLength, connectionid, headerLength);
  }
});

ipdaemon_register_callback(res, EventId.DataIn, ({ connectionid, text, eol }) => {
  const device = devices.get(connectionid);
  // eol is false for a record that the device did not finish.
  if (!device || !eol) {
    return;
  }
  if (device.kind !== undefined) {
    const { kind } = device;
    device.kind = undefined;
    ipdaemon_set(res, Property.RecordLength, connectionid, headerLength);
    record(connectionid, device, kind, text);
    return;
  }
  const kind = (text.charCodeAt(0) << 8) | text.charCodeAt(1);
  const length = (text.charCodeAt(2) << 8) | text.charCodeAt(3);
  if (length === 0) {
    // An empty body is not a piece, and RecordLength 0 would turn records off.
    record(connectionid, device, kind, '');
  } else {
    device.kind = kind;
    ipdaemon_set(res, Property.RecordLength, connectionid, length);
  }
});

ipdaemon_register_callback(res, EventId.Disconnected, ({ connectionid }) => {
  devices.delete(connectionid);
});

ipdaemon_set(res, Property.LocalHost, host);
ipdaemon_set(res, Property.LocalPort, port);
if (ipdaemon_set(res, Property.Listening, true) !== 0) {
  console.error(`device: ${ipdaemon_get_last_error_code(res)}: ${ipdaemon_get_last_error(res)}`);
  process.exit(1);
}
console.log(`listening on ${ipdaemon_get(res, Property.LocalHost)}:${ipdaemon_get(res, Property.LocalPort)}`);

process.on('SIGINT', () => {
  ipdaemon_do_shutdown(res);
  ipdaemon_close(res);
});
