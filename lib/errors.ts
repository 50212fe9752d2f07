// The error that the class throws.

/** An operation of the class failed. The message is `<code>: <text>`, with the code only once. */
export class IPDaemonError extends Error {
  /** The error code, see docs/reference/errors.md. */
  readonly code: number;

  constructor(code: number, text: string) {
    // Texts of network errors begin with their code.
    const twice = `[${code}] `;
    super(`${code}: ${text.startsWith(twice) ? text.slice(twice.length) : text}`);
    this.name = 'IPDaemonError';
    this.code = code;
  }
}
