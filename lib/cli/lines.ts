// `ipdaemon lines`: sends back each line once its end has come. The framing is the library's: a handler sees
// whole lines, however the network cut them. A CR before the end goes back as it came.

import { ipdaemon_open, Property } from '../index';
import { readServerOptions } from './command-line';
import { answerInput } from './echo';
import { mustSet, serve } from './serve';

export function lines(args: string[]): number {
  const options = readServerOptions(args);
  const server = ipdaemon_open();
  mustSet(server, Property.DefaultEOL, '\n');
  // Without an end: a part of a line that is longer than DefaultMaxLineLength, or the rest before the client's end.
  answerInput(server, ({ text, eol }) => (eol ? `${text}\n` : text));
  return serve(server, options);
}
