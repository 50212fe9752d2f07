// Bytes wherever they are taken: views of every kind and buffer, and those whose bytes are gone.
import { expect, test } from '@jest/globals';
import { Code, P } from '../support/ids';
import { behaviour, withServer } from '../support/server';

interface Resizable extends ArrayBuffer {
  resize(length: number): void;
  transfer(): ArrayBuffer;
}

function resizable(length: number, maxByteLength: number): Resizable {
  const make = ArrayBuffer as unknown as new (length: number, options: { maxByteLength: number }) => Resizable;
  return new make(length, { maxByteLength });
}

/** Takes the bytes away from a view. */
function detached<View extends ArrayBufferView | ArrayBuffer>(view: View): View {
  structuredClone(null, { transfer: [view instanceof ArrayBuffer ? view : (view.buffer as ArrayBuffer)] });
  return view;
}

/** A view of fixed length whose buffer became shorter. */
function cutOff(): Uint8Array {
  const buffer = resizable(16, 16);
  const bytes = new Uint8Array(buffer, 8, 8);
  buffer.resize(4);
  return bytes;
}

const gone: Record<string, () => unknown> = {
  'a Uint8Array whose buffer was transferred': () => detached(new Uint8Array([1, 2, 3])),
  'an empty one': () => detached(new Uint8Array(0)),
  'a Uint8ClampedArray whose buffer was transferred': () => detached(new Uint8ClampedArray(3)),
  'a Uint16Array whose buffer was transferred': () => detached(new Uint16Array(3)),
  'a DataView whose buffer was transferred': () => detached(new DataView(new ArrayBuffer(3))),
  'an ArrayBuffer that was transferred': () => detached(new ArrayBuffer(3)),
  'a Uint8Array whose buffer became shorter': cutOff,
};

const here: Record<string, () => unknown> = {
  'a Uint8Array': () => new Uint8Array([65, 66]),
  'a part of a Uint8Array': () => new Uint8Array([64, 65, 66, 67]).subarray(1, 3),
  'a Buffer': () => Buffer.from('AB'),
  'a Uint16Array': () => new Uint16Array([0x4241]),
  'a DataView': () => new DataView(Uint8Array.from([65, 66]).buffer),
  'an ArrayBuffer': () => Uint8Array.from([65, 66]).buffer,
  'shared memory': () => {
    const bytes = new Uint8Array(new SharedArrayBuffer(2));
    bytes.set([65, 66]);
    return bytes.buffer;
  },
  'a Uint8Array in shared memory': () => {
    const bytes = new Uint8Array(new SharedArrayBuffer(2));
    bytes.set([65, 66]);
    return bytes;
  },
  'a Uint8Array that became as long as its buffer': () => {
    const buffer = resizable(1, 8);
    const bytes = new Uint8Array(buffer);
    buffer.resize(2);
    bytes.set([65, 66]);
    return bytes;
  },
};

/** An array that says of itself that it is longer than it is. */
class Boasting extends Uint8Array {
  override get length(): number {
    return 1000;
  }
  override get byteLength(): number {
    return 1000;
  }
}

/** What has the looks of bytes, and has none. */
const pretended: Record<string, () => unknown> = {
  'a Proxy of a Uint8Array': () => new Proxy(new Uint8Array(4), {}),
  'an object with the prototype of Uint8Array': () => Object.create(Uint8Array.prototype),
  'a Proxy that was revoked': () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
};

const nothing: Record<string, () => unknown> = {
  'an empty Uint8Array': () => new Uint8Array(0),
  'an empty ArrayBuffer': () => new ArrayBuffer(0),
  'an empty DataView': () => new DataView(new ArrayBuffer(0)),
};

behaviour('bytes', (kind) => {
  test.each(Object.keys(gone))('are refused when they are gone: %s', (name) =>
    withServer(kind, {}, async (server) => {
      const { id } = await server.connect();
      const { api, res } = server;
      const bytes = () => gone[name]?.() as Uint8Array;
      const calls = [
        () => api.ipworks_ipdaemon_do_send(res, id, bytes()),
        () => api.ipworks_ipdaemon_do_sendline(res, id, bytes()),
        () => api.ipworks_ipdaemon_set(res, P.DataToSend, id, bytes()),
        () => api.ipworks_ipdaemon_set(res, P.UserData, id, bytes()),
        () => api.ipworks_ipdaemon_set(res, P.SSLCertStore, bytes()),
      ];
      for (const call of calls) {
        expect(call()).toBe(Code.InvalidValue);
        expect(api.ipworks_ipdaemon_get_last_error(res)).toContain('detached or shrunk');
      }
      if (!name.includes('Uint8Array')) return;
      expect(server.set(P.LocalHost, bytes() as never)).toBe(Code.InvalidValue);
    }),
  );

  test.each([2, 200_000])('are as many as there are, not as the array says: %d', (length) =>
    withServer(kind, { record: false }, async (server) => {
      const { client, id } = await server.connect();
      server.must(server.send(id, new Boasting(length).fill(65)));
      expect(server.get(P.BytesSent, id)).toBe(length);
      server.must(server.send(id, 'end'));
      await client.receives(`${'A'.repeat(length)}end`);
    }),
  );

  test.each(Object.keys(pretended))('are not taken from %s, nor is anything else', (name) =>
    withServer(kind, {}, async (server) => {
      const { id } = await server.connect();
      const { api, res } = server;
      const value = () => pretended[name]?.() as never;
      const calls: [number, () => unknown][] = [
        [Code.InvalidValue, () => api.ipworks_ipdaemon_do_send(res, id, value())],
        [Code.InvalidValue, () => api.ipworks_ipdaemon_do_sendline(res, id, value())],
        [Code.InvalidValue, () => api.ipworks_ipdaemon_set(res, P.DataToSend, id, value())],
        [Code.InvalidValue, () => api.ipworks_ipdaemon_set(res, P.LocalHost, 0, value())],
        [Code.InvalidValue, () => api.ipworks_ipdaemon_register_callback(res, 3, value())],
        [Code.UnknownConnection, () => api.ipworks_ipdaemon_do_send(res, value(), 'x')],
      ];
      for (const [code, call] of calls) {
        expect(call()).toBe(code);
        expect(api.ipworks_ipdaemon_get_last_error(res)).toMatch(/a Proxy|an object/);
      }
      if (!name.includes('revoked')) return;
      expect(api.ipworks_ipdaemon_do_sendfile(res, id, value())).toBe(Code.FileUnusable);
      expect(api.ipworks_ipdaemon_do_config(res, value())).toBe('');
      expect(api.ipworks_ipdaemon_get_last_error_code(res)).toBe(Code.InvalidValue);
    }),
  );

  test.each(Object.keys(here))('are taken as they are: %s', (name) =>
    withServer(kind, { record: false }, async (server) => {
      const { client, id } = await server.connect();
      const bytes = () => here[name]?.() as Uint8Array;
      server.must(server.send(id, bytes()));
      server.must(server.sendLine(id, bytes()));
      server.must(server.set(P.DataToSend, id, bytes()));
      server.must(server.set(P.UserData, id, bytes()));
      expect(server.get(P.UserData, id)).toBe('AB');
      await client.receives('ABAB\r\nAB');
    }),
  );

  test.each(Object.keys(nothing))('may be none: %s', (name) =>
    withServer(kind, {}, async (server) => {
      const { client, id } = await server.connect();
      const bytes = () => nothing[name]?.() as Uint8Array;
      server.on('DataIn', () => {
        server.must(server.send(id, bytes()));
        server.must(server.sendLine(id, bytes()));
      });
      server.must(server.sendLine(id, bytes()));
      server.must(server.set(P.UserData, id, bytes()));
      expect(server.get(P.UserData, id)).toBe('');
      client.write('go');
      await client.receives('\r\n\r\n');
    }),
  );
});
