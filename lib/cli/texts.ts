// What the program tells about itself.

import * as fs from 'node:fs';
import * as path from 'node:path';

export const help = `Usage: ipdaemon COMMAND [OPTION]...

Servers to try things with, and a look at what this machine can do.

Commands:
  echo         sends back what comes, byte by byte
  lines        sends back each line when it is complete
  file FILE    sends a file to every client and ends the connection
  php          prints how PHP runs a script for the PHP edition on this library
  php SCRIPT   runs it, with what follows as its arguments
  doctor       tells whether a server can run here, and what to change

Options of echo, lines and file:
  -p, --port N            port to listen on, 7777 by default; 0: the system chooses
      --host ADDRESS      address to listen on, 127.0.0.1 by default; 0.0.0.0 or :: for all
      --tls               TLS from the first byte on, with a self-signed certificate made for this run
      --certificate FILE  another certificate with its key: PEM, PFX and others
      --password TEXT     opens the certificate's file
      --file FILE         the same as FILE

Option of doctor:
      --json              prints JSON

  -h, --help              prints this
      --version           prints the version

The exit code is 0, 1 when the command cannot do its work, 2 when the command line is wrong.`;

interface PackageFile {
  version: string;
  engines: { node: string };
}

/** What package.json says; this file is in the folder dist/lib/cli. */
export function packageFile(): PackageFile {
  return JSON.parse(fs.readFileSync(path.join(__dirname, '..', '..', '..', 'package.json'), 'utf8')) as PackageFile;
}

export function version(): string {
  return packageFile().version;
}
