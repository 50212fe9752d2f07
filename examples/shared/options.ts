// The command line that all examples share: --port, --host, --help, and what one example adds.
import { parseArgs } from 'node:util';

export interface Options {
  host: string;
  port: number;
}

/** Further options by name, with their defaults: a text, a list of texts (given once or more), or a switch. */
export type Further = Record<string, string | string[] | boolean>;

type Widened<T> = T extends boolean ? boolean : T extends string ? string : string[];

/** Reads the command line. If it is wrong, prints why and ends the program. */
export function options<T extends Further>(name: string, further?: T): Options & { [K in keyof T]: Widened<T[K]> } {
  const added = Object.entries(further ?? {});
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', short: 'p', default: '7777' },
        host: { type: 'string', default: '127.0.0.1' },
        help: { type: 'boolean', short: 'h', default: false },
        ...Object.fromEntries(
          added.map(([option, value]) => {
            const type = typeof value === 'boolean' ? ('boolean' as const) : ('string' as const);
            return [option, { type, multiple: Array.isArray(value), default: value }];
          }),
        ),
      },
    });
    if (values.help) {
      const shown = added.map(([option, value]) => ` [--${option}${typeof value === 'boolean' ? '' : ' TEXT'}]`);
      console.log(`${name} [--port N] [--host ADDRESS]${shown.join('')}`);
      process.exit(0);
    }
    const port = Number(values.port);
    if (!Number.isInteger(port) || port < 0 || port > 65535) {
      throw new Error(`--port must be a number from 0 to 65535, not ${values.port}`);
    }
    return { ...values, port } as unknown as ReturnType<typeof options<T>>;
  } catch (error) {
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(2);
  }
}
