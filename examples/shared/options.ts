// The command line that all examples share: --port, --host, --help.
import { parseArgs } from 'node:util';

export interface Options {
  host: string;
  port: number;
  /** Further options of one example. */
  folder: string;
}

/** Reads the command line; prints what is wrong with it and ends the program otherwise. */
export function options(name: string, defaults: Partial<Options> = {}): Options {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', short: 'p', default: String(defaults.port ?? 7777) },
        host: { type: 'string', default: defaults.host ?? '127.0.0.1' },
        folder: { type: 'string', default: defaults.folder ?? '.' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const port = Number(values.port);
    if (!Number.isInteger(port) || port < 0 || port > 65535) {
      throw new Error(`--port takes a number from 0 to 65535, and not ${values.port}`);
    }
    if (values.help) {
      console.log(`${name} [--port N] [--host ADDRESS]${defaults.folder === undefined ? '' : ' [--folder PATH]'}`);
      process.exit(0);
    }
    return { host: values.host, port, folder: values.folder };
  } catch (error) {
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(2);
  }
}
