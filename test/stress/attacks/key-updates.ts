// Clients in TLS 1.3 that change their keys again and again: 27 bytes each, for which the server derives keys anew.
//
// node:tls has no call for it. So it makes the handshake and tells the secret of what the client sends, as it does for
// key logs, and from there on the records are made here (RFC 8446, sections 4.6.3, 5.2 and 7.1), before the attack.
import { createCipheriv, createHmac } from 'node:crypto';
import * as net from 'node:net';
import { Duplex } from 'node:stream';
import * as tls from 'node:tls';
import type { Attack } from './attack';
import { withAttackers, withServer } from './hosts';
import { answersAll, look, observe, Polite } from './polite';

const updates = 2400;
/** The body of a KeyUpdate; the server has to answer with one of its own. */
const updateRequested = 1;

function expandLabel(secret: Buffer, label: string, length: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  const info = Buffer.concat([Buffer.from([0, length, name.length]), name, Buffer.from([0, 1])]);
  return createHmac('sha256', secret).update(info).digest().subarray(0, length);
}

/** So many KeyUpdates in a row, each in a record under the keys that the one before it brought. */
function keyUpdates(first: Buffer, count: number): Buffer {
  const header = Buffer.from([23, 3, 3, 0, 22]);
  const message = Buffer.from([24, 0, 0, 1, updateRequested, 22]);
  const records: Buffer[] = [];
  let secret = first;
  for (let i = 0; i < count; i += 1) {
    // The first record of its keys: its number is 0, which leaves the vector as it is.
    const cipher = createCipheriv('aes-128-gcm', expandLabel(secret, 'key', 16), expandLabel(secret, 'iv', 12));
    cipher.setAAD(header);
    records.push(header, cipher.update(message), cipher.final(), cipher.getAuthTag());
    secret = expandLabel(secret, 'traffic upd', 32);
  }
  return Buffer.concat(records);
}

/** Makes a handshake; gives the socket below it, and the secret of what the client sends from now on. */
function handshake(port: number): Promise<{ socket: net.Socket; secret: Buffer }> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    const below = new Duplex({
      read() {},
      write: (chunk: Buffer, _encoding, done) => socket.write(chunk, () => done()),
    });
    let secret: Buffer | undefined;
    const upper = tls.connect({
      socket: below as net.Socket,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.3',
      ciphers: 'TLS_AES_128_GCM_SHA256',
    });
    socket.on('data', (chunk) => below.push(chunk));
    socket.on('error', reject);
    upper.on('error', reject);
    upper.on('keylog', (line: Buffer) => {
      const [label, , value] = String(line).trim().split(' ');
      if (label === 'CLIENT_TRAFFIC_SECRET_0') secret = Buffer.from(value as string, 'hex');
    });
    upper.on('secureConnect', () => {
      // Until here it has sent all of its handshake, and nothing more.
      setImmediate(() => {
        if (secret) resolve({ socket, secret });
        else reject(new Error('node:tls has not told the secret'));
      });
    });
  });
}

export const keyUpdateFlood: Attack = {
  name: 'key-updates',
  title: '50 clients with 2,400 KeyUpdates each',
  figures: [
    { key: 'same', title: 'longest wait on the same handle', unit: 'ms', atMost: 4 },
    { key: 'other', title: 'longest wait on another handle', unit: 'ms', atMost: 4 },
    { key: 'open', title: 'attackers not thrown out', unit: 'count' },
  ],

  async crowd(port, count) {
    const live = new Set<net.Socket>();
    const loads: [net.Socket, Buffer][] = [];
    for (let i = 0; i < count; i += 1) {
      const { socket, secret } = await handshake(port);
      const over = () => live.delete(socket);
      live.add(socket);
      socket.on('error', over);
      socket.on('end', over);
      socket.on('close', over);
      loads.push([socket, keyUpdates(secret, updates)]);
    }
    return {
      attack() {
        for (const [socket, bytes] of loads) socket.write(bytes);
      },
      open: () => live.size,
    };
  },

  measure: (host, { count, duration }) =>
    withServer(host, [], async (server) => {
      const same = await Polite.meet(server.tls, true);
      const other = await Polite.meet(server.clear);
      return withAttackers('key-updates', server.tls, count(50), async (attackers) => {
        await server.findsAtOnce(attackers);
        await observe([same, other], duration / 2);
        await answersAll([same, other], 60_000);
        return { same: look([same]).longest, other: look([other]).longest, open: await attackers.open() };
      });
    }),
};
