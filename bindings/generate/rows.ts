// The tables of the compiled library as rows, read through ipdaemon_describe.

import { binding } from '../choose';

enum Table {
  Properties = 1,
  Settings = 2,
  Events = 3,
  Parameters = 4,
  Constants = 5,
  Errors = 6,
  Calls = 7,
  CallErrors = 8,
}

const columns = {
  id: 1,
  name: 2,
  summary: 3,
  type: 4,
  per: 5,
  access: 6,
  when: 7,
  minimum: 8,
  maximum: 9,
  fallback: 10,
  group: 11,
  direction: 12,
  symbol: 14,
  who: 15,
} as const;

export type Type = 'INTEGER' | 'BOOLEAN' | 'TEXT' | 'BYTES' | 'FLAGS' | 'OPAQUE';

/** One row. Columns that a table does not have read as 0 or ''. */
export interface Row {
  id: number;
  name: string;
  summary: string;
  type: Type;
  per: 'SERVER' | 'CONNECTION';
  access: 'READ_WRITE' | 'READ_ONLY' | 'WRITE_ONLY';
  when: 'ALWAYS' | 'NOT_LISTENING';
  minimum: number;
  maximum: number;
  fallback: string;
  group: string;
  direction: 'IN' | 'INOUT';
  symbol: string;
  who: '' | 'ALL' | 'ABI' | 'BINDING';
}

function text(table: Table, row: number, column: number): string {
  return String(binding.describe(table, row, column) ?? '');
}

function number(table: Table, row: number, column: number): number {
  return Number(binding.describe(table, row, column) ?? 0);
}

function rowsOf(table: Table): Row[] {
  const rows: Row[] = [];
  for (let row = 0; binding.describe(table, row, columns.summary) !== null; row += 1) {
    rows.push({
      id: number(table, row, columns.id),
      name: text(table, row, columns.name),
      summary: text(table, row, columns.summary),
      type: text(table, row, columns.type) as Type,
      per: text(table, row, columns.per) as Row['per'],
      access: text(table, row, columns.access) as Row['access'],
      when: text(table, row, columns.when) as Row['when'],
      minimum: number(table, row, columns.minimum),
      maximum: number(table, row, columns.maximum),
      fallback: text(table, row, columns.fallback),
      group: text(table, row, columns.group),
      direction: text(table, row, columns.direction) as Row['direction'],
      symbol: text(table, row, columns.symbol),
      who: text(table, row, columns.who) as Row['who'],
    });
  }
  return rows;
}

export const properties = rowsOf(Table.Properties);
export const settings = rowsOf(Table.Settings);
export const events = rowsOf(Table.Events);
export const parameters = rowsOf(Table.Parameters);
export const constants = rowsOf(Table.Constants);
export const errors = rowsOf(Table.Errors);
export const calls = rowsOf(Table.Calls);
export const callErrors = rowsOf(Table.CallErrors);

/** What a binding's user sees of the errors of a call: by code, and behind them those that cannot be listed. */
export function errorsOf(call: Row): Row[] {
  const last = (row: Row) => (row.id === 0 ? Number.POSITIVE_INFINITY : row.id);
  return callErrors
    .filter((row) => row.group === call.symbol && row.who !== 'ABI')
    .sort((one, other) => (last(one) === last(other) ? 0 : last(one) - last(other)));
}

/** The parameters of an event, in order. */
export function parametersOf(event: Row): Row[] {
  return parameters.filter((row) => [event.name, event.symbol, String(event.id)].includes(row.group));
}

/** UNKNOWN_NAME as UnknownName. */
export function pascal(symbol: string): string {
  return symbol
    .split('_')
    .map((word) => word.charAt(0) + word.slice(1).toLowerCase())
    .join('');
}

const limitless = 2147483647;

/** What a value may be, in words. */
export function range(row: Row): string {
  switch (row.type) {
    case 'BOOLEAN':
      return 'true, false';
    case 'TEXT':
    case 'BYTES':
    case 'OPAQUE':
      if (row.access === 'READ_ONLY') return '';
      return row.maximum >= limitless ? 'any length' : `up to ${row.maximum} bytes`;
    default:
      return row.maximum >= limitless ? `${row.minimum} and up` : `${row.minimum} to ${row.maximum}`;
  }
}

/** The default as it reads back, in words. */
export function fallback(row: Row): string {
  if (row.type === 'BOOLEAN') return row.fallback === '1' ? 'true' : 'false';
  return row.fallback === '' ? 'empty' : row.fallback;
}
