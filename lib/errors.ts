// The error that the class throws.

/** An operation of the class failed. The message is `<code>: <text>`. */
export class IPDaemonError extends Error {
  /** The error code, see docs/reference/errors.md. */
  readonly code: number;

  constructor(code: number, text: string) {
    super(`${code}: ${text}`);
    this.name = 'IPDaemonError';
    this.code = code;
  }
}
