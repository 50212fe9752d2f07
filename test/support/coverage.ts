// How a test says which row of the tables it covers. row-coverage.test.ts reads the test sources for these
// declarations and fails for a row that nobody covers, so the names stand in the code as plain literals.

export type Kind = 'property' | 'setting' | 'method' | 'event';

/** A title for describe or test that declares: the behaviour of these rows is tested here. */
export function covers(kind: Kind, ...names: string[]): string {
  return `${kind} ${names.join(', ')}`;
}
