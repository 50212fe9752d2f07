// The public exports and nothing else.

export type { Bytes } from './bytes';
export { IPWorks_IPDaemon } from './class';
export { type Drained, type DrainOptions, drain } from './drain';
export { IPDaemonError } from './errors';
export * from './generated/constants';
export { ErrorCode } from './generated/errors';
export {
  ConnectedParam,
  ConnectionRequestParam,
  DataInParam,
  type Decision,
  DisconnectedParam,
  ErrorParam,
  EventId,
  type EventParams,
  ReadyToSendParam,
  SSLClientAuthenticationParam,
  SSLConnectionRequestParam,
  SSLStatusParam,
} from './generated/events';
export { Property, type PropertyInputs, type PropertyTypes } from './generated/properties';
export { Setting, type SettingName } from './generated/settings';
export * from './ipdaemon';
export { type HistogramValue, ipdaemon_metrics, type Metrics, metricsText } from './metrics';
export { type ProxyInfo, type ProxySsl, proxyInfo } from './proxy';
export type { Resource } from './resource';
export { selfSignedCertificate } from './self-signed';

// The compiler re-exports through getters, and an object full of getters is slow to read from: that
// alone was a fifth of the cost of a small message to a program that calls `ipdaemon.ipdaemon_do_send`. So the
// program gets plain values. The flag is for other compiled modules, which otherwise make a copy of their own.
function withoutGetters(entry: NodeJS.Module): void {
  entry.exports = Object.defineProperty({ ...entry.exports }, '__esModule', { value: true });
}

withoutGetters(module);
