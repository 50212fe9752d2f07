// Which JavaScript host this is, and what its loop can do.

const { bun, deno } = process.versions as { readonly bun?: string; readonly deno?: string };

/** The host with its version, for people. */
export const host = bun !== undefined ? `Bun ${bun}` : deno !== undefined ? `Deno ${deno}` : `Node ${process.version}`;

/**
 * Whether native code can let the loop wait for a descriptor. In Bun, asking for it ends the process; Deno tells that
 * it is readable once and not again.
 */
export const loopWaits = bun === undefined && deno === undefined;
