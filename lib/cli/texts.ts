// What the program says about itself.

import * as fs from 'node:fs';
import * as path from 'node:path';

export const help = `Usage: ipdaemon COMMAND [OPTION]...

Ready-made servers to experiment with, a recorder and a player for sessions, and a check of what this machine supports.

Commands:
  echo         sends back every byte it receives
  lines        sends back each complete line
  file FILE    sends a file to every client and ends the connection
  php          prints how PHP runs a script for the PHP edition on this library
  php SCRIPT   runs it with the arguments that follow
  port SCRIPT  writes it as a program for Node, line for line, and tells what is left to do
  record       stands before a server and writes what clients and server say as a session
  replay FILE...  plays sessions against a server and shows the first byte that differs
  doctor       checks whether a server can run here and says what to change

Options of echo, lines and file:
  -p, --port N            port to listen on, 7777 by default; 0: the system chooses
      --host ADDRESS      address to listen on, 127.0.0.1 by default; 0.0.0.0 or :: for all
      --tls               TLS from the first byte on, with a self-signed certificate made for this run
      --certificate FILE  certificate and key to use instead: PEM, PFX and others
      --password TEXT     password of the certificate file
      --file FILE         the same as FILE

Options of port:
      --out FILE              where to write; SCRIPT with .ts or .mjs otherwise, and - for standard output
      --js                    JavaScript, not TypeScript
      --index ORDER           where set and get have the index: auto, third or last
      --php N                 whose comparison == is: 7 or 8 (default)
      --json                  prints the report as JSON
      --force                 replaces an existing file

Options of record and replay:
      --listen PORT       record: port for the clients; 0: the system chooses
      --host ADDRESS      record: address to listen on, 127.0.0.1 by default
      --out FILE          record: the session; an existing file is replaced
      --to HOST:PORT      the server
      --mask PATTERN=>TEXT  what changes with each run (times, ports), and what stands for it, * by default
      --patience MS       replay: milliseconds to wait for an answer, 5000 by default
      -- COMMAND {port}   replay: starts this server for each session, instead of --to

Option of doctor:
      --json              prints JSON

  -h, --help              prints this help
      --version           prints the version

The exit code is 0 on success, 1 if the command failed and 2 if the command line was wrong.`;

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
