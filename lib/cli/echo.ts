// `ipdaemon echo`: sends back what comes. A client that sends and does not read is slowed down: no more is
// taken from it until it has read, so it costs a bounded amount of memory and loses nothing.

import {
  type DataInParam,
  ErrorCode,
  EventId,
  ipdaemon_do_disconnect,
  ipdaemon_do_send,
  ipdaemon_get,
  ipdaemon_get_last_error,
  ipdaemon_open,
  ipdaemon_register_callback,
  ipdaemon_set,
  Property,
  type Resource,
} from '../index';
import { readServerOptions } from './command-line';
import { serve } from './serve';

/** Answers every piece of input. A refused answer waits as UserData, with the client's input stopped. */
export function answerInput(server: Resource, answerTo: (param: DataInParam) => string): void {
  const answer = (id: number, text: string) => {
    const code = ipdaemon_do_send(server, id, text);
    if (code === ErrorCode.WouldBlock) {
      ipdaemon_set(server, Property.UserData, id, text);
      ipdaemon_set(server, Property.AcceptData, id, false);
    } else if (code !== 0) {
      console.log(`${id}: ${code} ${ipdaemon_get_last_error(server)}`);
      ipdaemon_do_disconnect(server, id);
    }
  };
  ipdaemon_register_callback(server, EventId.DataIn, (param) => answer(param.connectionid, answerTo(param)));
  ipdaemon_register_callback(server, EventId.ReadyToSend, ({ connectionid: id }) => {
    const waiting = ipdaemon_get(server, Property.UserData, id) ?? '';
    // The first ReadyToSend of a connection comes without a refusal.
    if (waiting === '') return;
    ipdaemon_set(server, Property.UserData, id, '');
    ipdaemon_set(server, Property.AcceptData, id, true);
    answer(id, waiting);
  });
}

export function echo(args: string[]): number {
  const options = readServerOptions(args);
  const server = ipdaemon_open();
  answerInput(server, ({ text }) => text);
  return serve(server, options);
}
