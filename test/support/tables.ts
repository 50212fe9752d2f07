// The rows of the library's tables, read through describe at run time: what the row-driven tests loop over.
import { describeTable } from './native';

export interface PropertyRow {
  id: number;
  name: string;
  type: 'INTEGER' | 'BOOLEAN' | 'TEXT' | 'BYTES' | 'FLAGS' | 'OPAQUE';
  per: 'SERVER' | 'CONNECTION';
  access: 'READ_WRITE' | 'READ_ONLY' | 'WRITE_ONLY';
  when: 'ALWAYS' | 'NOT_LISTENING';
  minimum: number;
  maximum: number;
  fallback: string;
  summary: string;
}

const Column = {
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
};

function propertyRows(table: number): PropertyRow[] {
  return describeTable(table, Column) as unknown as PropertyRow[];
}

export const properties = propertyRows(1);
export const settings = propertyRows(2);
export const events = describeTable(3, { id: 1, name: 2 }) as { id: number; name: string }[];
export const parameters = describeTable(4, { id: 1, name: 2, type: 4, group: 11, direction: 12 }) as {
  id: number;
  name: string;
  type: string;
  group: string;
  direction: string;
}[];
export const errors = describeTable(6, { id: 1, summary: 3, symbol: 14 }) as {
  id: number;
  summary: string;
  symbol: string;
}[];
export const calls = describeTable(7, { name: 2, callable: 13 }) as { name: string; callable: string }[];

/** The number of a row with integer limits that means: no other limit than that of the type. */
export const integerMax = 2147483647;
