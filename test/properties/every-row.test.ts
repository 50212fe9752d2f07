// What every property has in common, driven by the rows of the table.
import { expect, test } from '@jest/globals';
import { Code, P } from '../support/ids';
import { behaviour, type TestServer, withServer } from '../support/server';
import { integerMax, type PropertyRow, properties } from '../support/tables';

const server = properties.filter((row) => row.per === 'SERVER');
const connection = properties.filter((row) => row.per === 'CONNECTION');
const writable = (rows: PropertyRow[]) => rows.filter((row) => row.access === 'READ_WRITE');
const each = (rows: PropertyRow[]) => rows.map((row) => [row.name, row] as const);

/** The default of a row in JavaScript's types. */
function fallback(row: PropertyRow): unknown {
  switch (row.type) {
    case 'INTEGER':
    case 'FLAGS':
      return Number(row.fallback);
    case 'BOOLEAN':
      return row.fallback === '1';
    default:
      return row.fallback;
  }
}

/** A value that is allowed and differs from the default. */
function sample(row: PropertyRow): unknown {
  switch (row.type) {
    case 'INTEGER':
    case 'FLAGS':
      return row.maximum === integerMax ? 1234 : row.maximum;
    case 'BOOLEAN':
      return row.fallback !== '1';
    case 'BYTES':
      return 'a\u0000b\u00ff';
    default:
      return '127.0.0.1';
  }
}

/** What a value reads back as: DefaultMaxLineLength has a floor inside its range. */
function inForce(row: PropertyRow, value: unknown): unknown {
  return row.name === 'DefaultMaxLineLength' ? Math.max(256, value as number) : value;
}

/** SSLCertEncoded takes certificates only; test/tls has them. */
const takesAnything = (row: PropertyRow) => row.name !== 'SSLCertEncoded';

behaviour('every property', (kind) => {
  const closed = (body: (server: TestServer) => void) => withServer(kind, { listen: false }, body);
  /** Connected is what the connection is, not what it starts with. */
  const starting = connection.filter((row) => row.access === 'READ_WRITE' && row.name !== 'Connected');

  test('is in the table once, with the numbers of the documented interface', () => {
    expect(Object.fromEntries(properties.map((row) => [row.name, row.id]))).toEqual(P);
  });

  test.each(each(server.filter((row) => row.access !== 'WRITE_ONLY' && row.name !== 'Version')))(
    '%s has its default after open',
    (_name, row) =>
      closed((s) => {
        expect(s.get(row.id)).toBe(fallback(row));
        expect(s.code).toBe(0);
      }),
  );

  test.each(each(writable(server).filter(takesAnything)))('%s reads back what was set', (_name, row) =>
    closed((s) => {
      expect([s.set(row.id, sample(row)), s.error]).toEqual([0, '']);
      expect(s.get(row.id)).toBe(sample(row));
    }),
  );

  test.each(each(starting))('%s of a new connection has its default, and reads back what was set', (_name, row) =>
    withServer(kind, {}, async (s) => {
      const { id } = await s.connect();
      expect(s.get(row.id, id)).toBe(fallback(row));
      expect([s.set(row.id, id, sample(row)), s.error]).toEqual([0, '']);
      expect(s.get(row.id, id)).toBe(sample(row));
    }),
  );

  test.each(each(writable(server).filter((row) => row.type === 'INTEGER')))(
    '%s takes both limits and refuses one past each',
    (_name, row) =>
      closed((s) => {
        const kept = s.get(row.id);
        expect(s.set(row.id, row.minimum - 1)).toBe(Code.InvalidValue);
        expect(s.set(row.id, row.maximum + 1)).toBe(Code.InvalidValue);
        expect(s.get(row.id)).toBe(kept);
        expect(s.set(row.id, row.minimum)).toBe(0);
        expect(s.get(row.id)).toBe(inForce(row, row.minimum));
        expect(s.set(row.id, row.maximum)).toBe(0);
        expect(s.get(row.id)).toBe(row.maximum);
      }),
  );

  test.each(each(writable(connection).filter((row) => row.type === 'INTEGER')))(
    '%s of a connection takes both limits and refuses one past each',
    (_name, row) =>
      withServer(kind, {}, async (s) => {
        const { id } = await s.connect();
        for (const [value, code] of [
          [row.minimum - 1, Code.InvalidValue],
          [row.maximum + 1, Code.InvalidValue],
          [row.maximum, 0],
          [row.minimum, 0],
        ] as const) {
          expect([value, s.set(row.id, id, value)]).toEqual([value, code]);
        }
        expect(s.get(row.id, id)).toBe(row.minimum);
      }),
  );

  const sized = (rows: PropertyRow[]) =>
    writable(rows.filter(takesAnything)).filter(
      (row) => (row.type === 'TEXT' || row.type === 'BYTES') && row.maximum <= 1_048_576,
    );

  test.each(each(sized(server)))('%s takes its greatest length and refuses one byte more', (_name, row) =>
    closed((s) => {
      expect(s.set(row.id, 'x'.repeat(row.maximum + 1))).toBe(Code.InvalidValue);
      expect(s.get(row.id)).toBe(fallback(row));
      expect(s.set(row.id, 'x'.repeat(row.maximum))).toBe(0);
      expect((s.get(row.id) as string).length).toBe(row.maximum);
    }),
  );

  test.each(each(sized(connection)))('%s of a connection takes its greatest length and no more', (_name, row) =>
    withServer(kind, {}, async (s) => {
      const { id } = await s.connect();
      expect(s.set(row.id, id, 'x'.repeat(row.maximum + 1))).toBe(Code.InvalidValue);
      expect(s.set(row.id, id, 'x'.repeat(row.maximum))).toBe(0);
      expect((s.get(row.id, id) as string).length).toBe(row.maximum);
    }),
  );

  test.each(each(writable(server).filter((row) => row.type === 'INTEGER')))(
    '%s takes a numeric string, and refuses other text',
    (_name, row) =>
      closed((s) => {
        const value = row.maximum === integerMax ? 77 : row.maximum;
        expect(s.set(row.id, String(value))).toBe(0);
        expect(s.get(row.id)).toBe(value);
        for (const wrong of ['', 'many', '1.5', '12x', '99999999999999999999']) {
          expect([wrong, s.set(row.id, wrong)]).toEqual([wrong, Code.InvalidValue]);
        }
        for (const wrong of [1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
          expect([wrong, s.set(row.id, wrong)]).toEqual([wrong, Code.InvalidValue]);
        }
        expect(s.get(row.id)).toBe(value);
      }),
  );

  test.each(each(writable(server).filter((row) => row.type === 'BOOLEAN' && row.name !== 'Listening')))(
    '%s takes the words and numbers that mean true and false, and refuses others',
    (_name, row) =>
      closed((s) => {
        for (const yes of [true, 1, 'true', 'True', 'YES', 'on', '1']) {
          s.set(row.id, false);
          expect([yes, s.set(row.id, yes), s.get(row.id)]).toEqual([yes, 0, true]);
        }
        for (const no of [false, 0, 'false', 'No', 'off', '0']) {
          s.set(row.id, true);
          expect([no, s.set(row.id, no), s.get(row.id)]).toEqual([no, 0, false]);
        }
        expect(s.set(row.id, 'perhaps')).toBe(Code.InvalidValue);
        expect(s.get(row.id)).toBe(false);
      }),
  );

  test.each(each(server.filter((row) => row.access === 'READ_ONLY')))('%s refuses to be set', (_name, row) =>
    closed((s) => {
      const kept = s.get(row.id);
      expect(s.set(row.id, sample(row))).toBe(Code.ReadOnly);
      expect(s.error).toContain('This is read-only');
      expect(s.get(row.id)).toEqual(kept);
    }),
  );

  test.each(each(connection.filter((row) => row.access === 'READ_ONLY')))(
    '%s of a connection refuses to be set',
    (_name, row) =>
      withServer(kind, {}, async (s) => {
        const { id } = await s.connect();
        const kept = s.get(row.id, id);
        expect(s.set(row.id, id, sample(row))).toBe(Code.ReadOnly);
        expect(s.get(row.id, id)).toEqual(kept);
      }),
  );

  test.each(each(properties.filter((row) => row.access === 'WRITE_ONLY')))('%s refuses to be read', (_name, row) =>
    withServer(kind, {}, async (s) => {
      const { id } = await s.connect();
      expect(s.get(row.id, id)).toBeNull();
      expect(s.code).toBe(Code.WriteOnly);
    }),
  );

  test.each(each(properties.filter((row) => row.when === 'NOT_LISTENING')))(
    '%s keeps its value while listening, and changes after',
    (_name, row) =>
      withServer(kind, {}, (s) => {
        const kept = s.get(row.id);
        const code = s.set(row.id, sample(row));
        expect([Code.LocalHostWhileListening, Code.LocalPortWhileListening]).toContain(code);
        expect(s.error).toContain('while listening');
        expect(s.get(row.id)).toBe(kept);
        s.set(P.Listening, false);
        expect(s.set(row.id, sample(row))).toBe(0);
        expect(s.get(row.id)).toBe(sample(row));
      }),
  );

  test.each(each(connection))('%s fails for a connection that does not exist', (_name, row) =>
    withServer(kind, {}, (s) => {
      for (const id of [0, 1, 999_999, -1]) {
        if (row.access !== 'WRITE_ONLY') {
          expect(s.get(row.id, id)).toBeNull();
          expect(s.code).toBe(Code.UnknownConnection);
        }
        if (row.access !== 'READ_ONLY') {
          expect(s.set(row.id, id, sample(row))).toBe(Code.UnknownConnection);
        }
      }
    }),
  );

  test('that does not exist can neither be read nor set', () =>
    closed((s) => {
      for (const id of [-1, 36, 999, 2009, 2012, 1e9]) {
        expect(s.get(id)).toBeNull();
        expect(s.code).toBe(Code.UnknownName);
        expect(s.set(id, 1)).toBe(Code.UnknownName);
      }
    }));

  test.each(each(writable(server).filter((row) => row.name !== 'RuntimeLicense' && takesAnything(row))))(
    '%s has its default again after do_reset',
    (_name, row) =>
      closed((s) => {
        expect(s.set(row.id, sample(row))).toBe(0);
        expect(s.reset()).toBe(0);
        expect(s.get(row.id)).toBe(fallback(row));
      }),
  );
});
