// What the tests ask the native side directly: the rows of its tables, and its counters.
import { binding } from '../../bindings/choose';
import type { TestServer } from './server';

/** All rows of a table; the columns by the names that the caller gives them. */
export function describeTable(table: number, columns: Record<string, number>): Record<string, unknown>[] {
  const rows: Record<string, unknown>[] = [];
  for (let row = 0; ; row += 1) {
    const entries = Object.entries(columns).map(([name, column]) => [name, binding.describe(table, row, column)]);
    if (entries.every(([, value]) => value === null)) {
      return rows;
    }
    rows.push(Object.fromEntries(entries) as Record<string, unknown>);
  }
}

export const Counter = {
  accepted: 1,
  refusedFull: 2,
  refusedProgram: 3,
  bytesIn: 4,
  bytesOut: 5,
  memory: 6,
} as const;

/** A counter of ipdaemon_counter. */
export function counter(server: TestServer, which: keyof typeof Counter): number {
  return server.kind.native.counter(server.res, Counter[which]);
}
