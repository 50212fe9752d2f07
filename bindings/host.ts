// Which JavaScript host this is, and what its loop can do.

const { bun, deno, electron, node } = process.versions as Readonly<Partial<Record<string, string>>>;

/** The host with its version, for people. */
export const host = bun !== undefined ? `Bun ${bun}` : deno !== undefined ? `Deno ${deno}` : `Node ${process.version}`;

/**
 * Whether native code can let the loop wait for a descriptor. In Bun, asking for it ends the process; Deno tells that
 * it is readable once and not again.
 */
export const loopWaits = bun === undefined && deno === undefined;

/** Whether a thread has to wait instead of the loop, which the variable IPDAEMON_WAKER may wish for. */
export const wakesByThread = () => !loopWaits || process.env.IPDAEMON_WAKER === 'thread';

/** Whether a value of Node-API is a handle of V8: so in the versions that this was tried with. */
export const valuesAreHandles = (bun ?? deno ?? electron) === undefined && /^(20|22|24|26)\./.test(node ?? '');

const options = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ');

/**
 * Whether what native code calls from the loop runs in the AsyncLocalStorage context in which it was prepared
 * (napi_async_init), as in Node up to 22, if it is not told to keep contexts as later versions do.
 */
export const contextIsKept =
  loopWaits && /^(20|22)\./.test(node ?? '') && !options.includes('--experimental-async-context-frame');
