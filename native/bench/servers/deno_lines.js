// Deno, echoing lines at its fastest that still makes a value of each line, see lines.js; a write per chunk. Lines
// are UTF-8 here, whose coders are many times faster in Deno than those of single bytes.
const { listen, send } = require('./deno.js');
const { LineEcho } = require('./lines.js');

const encoder = new TextEncoder();

listen((connection, bytes, peer) => {
  peer.lines ??= new LineEcho();
  peer.decoder ??= new TextDecoder();
  const answers = peer.lines.answer(peer.decoder.decode(bytes, { stream: true }));
  return answers ? send(connection, encoder.encode(answers)) : undefined;
});
