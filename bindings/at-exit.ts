// What is to be done when the program of a thread ends: by process.exit, by an exception that nobody catches, or because
// its loop has nothing left to do. There may be many copies of the package in a thread, as in a test runner that loads
// modules again, but there is one listener: Node takes more than ten for a leak.

const key = Symbol.for('ipdaemon.atExit');

type Ends = (() => void)[];

function ends(): Ends {
  const holder = process as { [key]?: Ends };
  if (holder[key] === undefined) {
    const all: Ends = [];
    holder[key] = all;
    // Before the listeners of the program, which may end it in their own ways.
    process.prependListener('exit', () => {
      for (const end of all) end();
    });
  }
  return holder[key];
}

/** Calls `end` at the exit, before those that were added by `atExit`. */
export function firstAtExit(end: () => void): void {
  ends().unshift(end);
}

/** Calls `end` at the exit. */
export function atExit(end: () => void): void {
  ends().push(end);
}
