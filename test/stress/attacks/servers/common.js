// What the servers under attack do the same way, whatever they are written for. All take lines:
//
//   much      is answered by 16 MiB, of which the server sends on when the peer has read
//   compute   keeps the handler busy for 20 ms, and is echoed
//   throw     makes the handler throw
//   others    are echoed
//
// They listen on two ports, in clear and in TLS, print both, and end with who has started them. Options:
//
//   --certificate FILE   key and certificate of the port in TLS
//   --busy               only the first connection is kept; the others are told that the server is busy, and ended
//   --pump               a loop around do_doevents in place of the host's own loop
//
// On standard input they take words, and answer each by a line, "did WORD":
//
//   count     with the number of connections that they have, in clear and past the handshake in TLS
//   expire    ends what has been silent for two seconds, from now on
//   trim      hands back to the system what the allocator keeps
'use strict';
const fs = require('node:fs');
const { parseArgs } = require('node:util');

const { values: options } = parseArgs({
  options: { certificate: { type: 'string' }, busy: { type: 'boolean' }, pump: { type: 'boolean' } },
});

/** The pieces of the answer to `much`. */
const block = 'm'.repeat(256 * 1024);
const blocks = 64;

function compute() {
  const end = performance.now() + 20;
  while (performance.now() < end);
}

/** Cuts chunks of text into lines, for hosts that do not. */
class Lines {
  unfinished = '';

  /** Whoever stops in the middle, since a handler throws, loses the rest of the chunk. */
  *take(chunk) {
    const text = this.unfinished + chunk;
    this.unfinished = text.slice(text.lastIndexOf('\n') + 1);
    let begin = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', begin)) {
      yield text.slice(begin, end);
      begin = end + 1;
    }
  }
}

/** Tells the ports, and does what standard input says: `commands` has a function for each word. */
function announce(clear, tls, commands) {
  fs.writeSync(1, `listening ${clear} ${tls}\n`);
  process.stdin.on('data', (text) => {
    for (const word of String(text).trim().split('\n')) {
      fs.writeSync(1, `did ${word} ${commands[word]() ?? ''}\n`);
    }
  });
  process.stdin.on('end', () => process.exit());
}

module.exports = { options, block, blocks, compute, Lines, announce };
