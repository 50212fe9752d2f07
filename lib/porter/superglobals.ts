// Variables that PHP has everywhere.

/** Those of a web server, which does not exist here. */
export function isRefused(name: string): boolean {
  return /^_(GET|POST|REQUEST|COOKIE|SESSION|FILES)$/.test(name);
}
