// Every error code that a call of a test gives has to be one that ipdaemon_calls.def lists for that call.
import type { NativeBinding } from '../../bindings/contract';

interface CallError {
  group: string;
  code: number;
  name: string;
  who: 'ALL' | 'ABI' | 'BINDING';
}

/** The tables as a binding describes them, not yet watched. */
function tablesOf(native: NativeBinding) {
  const rows = <Row>(table: number, row: (cell: (column: number) => unknown) => Row): Row[] => {
    const found: Row[] = [];
    for (let at = 0; native.describe(table, at, 2) !== null; at += 1) {
      found.push(row((column) => native.describe(table, at, column)));
    }
    return found;
  };
  const calls = rows(7, (cell) => ({ name: cell(2) as string, symbol: cell(14) as string }));
  const errors = rows(8, (cell): CallError => {
    return {
      group: cell(11) as string,
      code: cell(1) as number,
      name: cell(2) as string,
      who: cell(15) as CallError['who'],
    };
  });
  return { calls, errors };
}

// A handle that is none, and no memory: errors of every call.
const ofAll = [2006, 2007, 2010, 2011];

// What Disconnected, Connected and Error report, and a call on such a connection repeats.
const endsConnection = (code: number) => code >= 10000 || (code >= 274 && code <= 302);

/** Whether a call may give a code, by the rows. */
export function mayGive(tables: ReturnType<typeof tablesOf>, name: string, code: number): boolean {
  const symbol = tables.calls.find((call) => call.name === name)?.symbol;
  return tables.errors
    .filter((row) => row.group === symbol && row.who !== 'ABI')
    .some((row) => {
      if (row.code !== 0) return row.code === code;
      const [, other] = /^those of (\w+)$/.exec(row.name) ?? [];
      return other === undefined ? endsConnection(code) : mayGive(tables, other, code);
    });
}

const camel = (name: string) => name.replace(/_(\w)/g, (_all, letter: string) => letter.toUpperCase());

/** Puts itself before the calls of a binding. Returns what gives, once, the codes that have no row. */
export function watchCodes(native: NativeBinding): () => string[] {
  const tables = tablesOf(native);
  const unlisted = new Set<string>();
  const members = native as unknown as Record<string, (handle: number, ...rest: unknown[]) => unknown>;
  for (const { name } of tables.calls) {
    const call = members[camel(name)];
    if (call === undefined) throw new Error(`the binding has no function ${camel(name)} for the row ${name}`);
    if (name.startsWith('get_last_error')) continue;
    const listed = new Set<number>([0, ...ofAll]);
    members[camel(name)] = (handle, ...rest) => {
      const result = call(handle, ...rest);
      const givesCode = name !== 'get' && name !== 'do_config';
      const code = Number((givesCode ? result : result === null && native.getLastErrorCode(handle)) ?? 0);
      if (listed.has(code)) return result;
      if (mayGive(tables, name, code)) listed.add(code);
      else unlisted.add(`${name} gave ${code}, which ipdaemon_calls.def does not list`);
      return result;
    };
  }
  return () => {
    const found = [...unlisted];
    unlisted.clear();
    return found;
  };
}
