// What a PROXY header has told about a connection, taken apart.

import { IPDaemonError } from './errors';
import {
  ipworks_ipdaemon_do_config,
  ipworks_ipdaemon_get_last_error,
  ipworks_ipdaemon_get_last_error_code,
} from './ipdaemon';
import type { Resource } from './resource';

/** How the client spoke TLS with the proxy. */
export interface ProxySsl {
  /** Such as `TLSv1.3`. */
  version?: string;
  cipher?: string;
  /** Of the client's certificate. */
  commonName?: string;
  /** Whether it has shown one: over this connection, or in the session that this one resumed. */
  clientCertificate: 'none' | 'connection' | 'session';
  /** It has shown one, and the proxy has verified it. */
  verified: boolean;
}

/** What a PROXY header says. */
export interface ProxyInfo {
  version: 1 | 2;
  command: 'PROXY' | 'LOCAL' | 'UNKNOWN';
  /** The client's end points; absent where the header names none of TCP. */
  source?: string;
  sourcePort?: number;
  destination?: string;
  destinationPort?: number;
  /** Address and port of the proxy, with a blank between. */
  peer: string;
  alpn?: string;
  /** The name that the client asked for. */
  authority?: string;
  uniqueId?: Uint8Array;
  ssl?: ProxySsl;
  /** All of version 2, in their order; the SSL block in one piece. */
  tlvs: { type: number; value: Uint8Array }[];
}

interface Tlv {
  type: number;
  value: Uint8Array;
}

const certificateOverConnection = 0x02;
const certificateInSession = 0x04;

function bytesOfHex(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

function tlvOf(text: string): Tlv {
  const [type = '', value = ''] = text.split('=');
  return { type: Number.parseInt(type, 16), value: bytesOfHex(value) };
}

/** The SSL block as it came: its five bytes, and the values within. */
function joined(head: Tlv, inner: readonly Tlv[]): Tlv {
  const parts = inner.map(({ type, value }) => Buffer.from([type, value.length >> 8, value.length & 255, ...value]));
  return { type: head.type, value: Uint8Array.from(Buffer.concat([head.value, ...parts])) };
}

function textOf(tlvs: readonly Tlv[], type: number): string | undefined {
  const found = tlvs.find((tlv) => tlv.type === type);
  return found === undefined ? undefined : Buffer.from(found.value).toString('utf8');
}

function sslOf(head: Uint8Array, inner: readonly Tlv[]): ProxySsl {
  const client = head[0] ?? 0;
  const overConnection = (client & certificateOverConnection) !== 0;
  const inSession = (client & certificateInSession) !== 0;
  const ssl: ProxySsl = {
    clientCertificate: overConnection ? 'connection' : inSession ? 'session' : 'none',
    // That nothing is wrong says nothing where there is no certificate.
    verified: (overConnection || inSession) && head.length >= 5 && head.subarray(1, 5).every((byte) => byte === 0),
  };
  const values = { version: textOf(inner, 0x21), cipher: textOf(inner, 0x23), commonName: textOf(inner, 0x22) };
  return { ...ssl, ...present(values) };
}

type Present<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

function present<T extends object>(values: T): Present<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Present<T>;
}

function endPoints(header: string): Pick<ProxyInfo, 'source' | 'sourcePort' | 'destination' | 'destinationPort'> {
  const [, , protocol = '', source = '', destination = '', sourcePort, destinationPort] = header.split(' ');
  if (!protocol.startsWith('TCP')) return {};
  return { source, sourcePort: Number(sourcePort), destination, destinationPort: Number(destinationPort) };
}

/**
 * What the PROXY header of a connection says; undefined without one. See docs/reference/proxy.md.
 *
 * @throws IPDaemonError with code 126 if there is no such connection.
 */
export function proxyInfo(res: Resource, connectionid: number): ProxyInfo | undefined {
  const read = (setting: string): string => {
    const value = ipworks_ipdaemon_do_config(res, `${setting}[${connectionid}]`);
    const code = ipworks_ipdaemon_get_last_error_code(res);
    if (code !== 0) throw new IPDaemonError(code, ipworks_ipdaemon_get_last_error(res));
    return value;
  };
  const header = read('ProxyHeader');
  if (header === '') return undefined;
  const [version, command] = header.split(' ');
  const texts = read('ProxyTLVs').split(' ');
  const inner = texts.filter((text) => text.startsWith('20.')).map((text) => tlvOf(text.slice(3)));
  const outer = texts.filter((text) => text !== '' && !text.startsWith('20.')).map(tlvOf);
  const sslHead = outer.find(({ type }) => type === 0x20);
  const values = {
    alpn: textOf(outer, 0x01),
    authority: textOf(outer, 0x02),
    uniqueId: outer.find(({ type }) => type === 0x05)?.value,
    ssl: sslHead === undefined ? undefined : sslOf(sslHead.value, inner),
  };
  return {
    version: version === 'v1' ? 1 : 2,
    command: command as ProxyInfo['command'],
    ...endPoints(header),
    peer: read('ProxyPeer'),
    ...present(values),
    tlvs: outer.map((tlv) => (tlv === sslHead ? joined(tlv, inner) : tlv)),
  };
}
