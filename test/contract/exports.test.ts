// What the package exports: the documented names, the short names, the constants.
import { expect, test } from '@jest/globals';
import { forEachBinding } from '../support/bindings';
import { Code, E, P } from '../support/ids';

const functions = [
  'open',
  'close',
  'register_callback',
  'get_last_error',
  'get_last_error_code',
  'set',
  'get',
  'get_bytes',
  'do_config',
  'do_disconnect',
  'do_doevents',
  'do_interrupt',
  'do_reset',
  'do_send',
  'do_sendfile',
  'do_sendline',
  'do_shutdown',
  'do_startssl',
];

forEachBinding('the package', ({ api }) => {
  const exported = api as unknown as Record<string, unknown>;

  test.each(functions)('exports %s under its documented and its short name, as one function', (name) => {
    expect(typeof exported[`ipworks_ipdaemon_${name}`]).toBe('function');
    expect(exported[`ipdaemon_${name}`]).toBe(exported[`ipworks_ipdaemon_${name}`]);
  });

  test('exports no procedural function beyond these', () => {
    const found = Object.keys(exported).filter((key) => /^(ipworks_)?ipdaemon_/.test(key));
    // The original has no counters, so there is no name of its own for them.
    const documented = functions.flatMap((name) => [`ipdaemon_${name}`, `ipworks_ipdaemon_${name}`]);
    expect(found.sort()).toEqual([...documented, 'ipdaemon_counter', 'ipdaemon_metrics'].sort());
  });

  test('exports the numbers of properties, events and errors', () => {
    expect(exported.Property).toMatchObject(P);
    const { CodePage: _c, RuntimeLicense: _r, Version: _v, ...documented } = P;
    expect(Object.keys(documented).length).toBe(35);
    expect(Object.values(exported).some((value) => contains(value, E))).toBe(true);
    expect(Object.values(exported).some((value) => contains(value, { WouldBlock: Code.WouldBlock }))).toBe(true);
  });

  test('exports the class and its error', () => {
    expect(typeof exported.IPWorks_IPDaemon).toBe('function');
    expect(typeof exported.IPDaemonError).toBe('function');
  });
});

function contains(value: unknown, part: Record<string, number>): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.entries(part).every(([name, number]) => (value as Record<string, unknown>)[name] === number)
  );
}
