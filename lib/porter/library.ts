// The names that `ipdaemon/php` has: what is not among them is refused by its name.

interface HelperLibrary extends Record<string, unknown> {
  names(): string[];
}

/** PHP's functions, constants and classes that are there; other helpers have no name of PHP. */
export function libraryNames(): ReadonlySet<string> {
  const library = require('../php/index.js') as HelperLibrary;
  const classes = Object.keys(library).filter((name) => /^[A-Z].*[a-z]|^stdClass$/.test(name));
  const special = ['echo', 'print', 'exit', '_SERVER', '_ENV', 'argv', 'argc'].filter((name) => name in library);
  return new Set([...library.names(), ...classes, ...special]);
}
