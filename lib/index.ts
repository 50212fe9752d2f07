// The public exports and nothing else.

export { IPWorks_IPDaemon } from './class';
export { IPDaemonError } from './errors';
export * from './generated/constants';
export { ErrorCode } from './generated/errors';
export {
  ConnectedParam,
  ConnectionRequestParam,
  DataInParam,
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
export type { Resource } from './resource';
