// Several copies of the package in one thread, as a test runner makes them that loads modules anew: a server belongs to
// the copy that opened it, every function of another one refuses it, and nothing happens to it.
import { describe, expect, test } from '@jest/globals';
import { eachBinding, forEachBinding } from '../support/bindings';
import { Client } from '../support/client';
import { root, script, withProgram } from '../support/program';

/** In a program: `copy(binding)` loads another copy, and `refusals(api, res)` is what its functions say of a handle. */
const helpers = `
  const copy = (binding) => {
    for (const file of Object.keys(require.cache)) delete require.cache[file];
    process.env.IPDAEMON_BINDING = binding;
    return require(${JSON.stringify(root)});
  };
  const parameters = {
    close: [], do_config: ['BuildInfo'], do_disconnect: [1], do_doevents: [], do_interrupt: [1], do_reset: [],
    do_send: [1, 'x'], do_sendfile: [1, __filename], do_sendline: [1, 'x'], do_shutdown: [], do_startssl: [1],
    get: [P.LocalPort], get_bytes: [P.LocalPort], get_last_error: [], get_last_error_code: [],
    register_callback: [E.DataIn, null], set: [P.Listening, false],
  };
  const refusals = (api, res) => {
    const functions = Object.keys(api).filter((name) => name.startsWith('ipworks_') && !name.endsWith('_open'));
    if (functions.length !== Object.keys(parameters).length) throw new Error('the list above is not whole');
    return new Set(functions.map((name) => {
      try {
        return name + ' answers ' + api[name](res, ...parameters[name.slice('ipworks_ipdaemon_'.length)]);
      } catch (error) {
        return error.name + error.message.slice(error.message.indexOf(':'));
      }
    }));
  };
  const serve = (api) => {
    const res = api.ipworks_ipdaemon_open();
    api.ipworks_ipdaemon_register_callback(res, E.DataIn, (param) => {
      api.ipworks_ipdaemon_do_send(res, param.connectionid, param.text);
    });
    api.ipworks_ipdaemon_set(res, P.LocalHost, 0, '127.0.0.1');
    api.ipworks_ipdaemon_set(res, P.Listening, 0, true);
    return res;
  };
  const port = (api, res) => api.ipworks_ipdaemon_get(res, P.LocalPort, 0);
`;

const invalid = 'TypeError: the supplied resource is not a valid ipdaemon resource: ';

async function echoes(port: number): Promise<void> {
  const client = new Client(port);
  client.write('still here');
  await client.receives('still here');
  client.destroy();
}

forEachBinding('another copy of the package', ({ binding }) => {
  test('is refused a server by every function, and the server goes on', async () => {
    const body = `${helpers}
      const res = serve(ipdaemon);
      const other = copy(${JSON.stringify(binding)});
      const own = serve(other);
      console.log('said', JSON.stringify([...refusals(other, res), ...refusals(ipdaemon, own)]));
      console.log('ports', port(ipdaemon, res), port(other, own));
      process.stdin.once('data', () => {
        ipdaemon.ipworks_ipdaemon_close(res);
        other.ipworks_ipdaemon_close(own);
        process.stdin.destroy();
      });`;
    await withProgram(script(body), async (program) => {
      const [, ...ports] = await program.says(/ports (\d+) (\d+)/);
      const [, said = ''] = await program.says(/said (.*)/);
      const sentence = `${invalid}The handle was opened through another copy of this package.`;
      expect(JSON.parse(said)).toEqual([sentence, sentence]);
      for (const port of ports) await echoes(Number(port));
      program.write('end\n');
      expect(await program.ends()).toEqual({ code: 0, signal: null });
    });
  });

  test('pumps its own server inside a handler, and each throws what its own handlers throw', async () => {
    const body = `${helpers}
      const other = copy(${JSON.stringify(binding)});
      const [res, own] = [serve(ipdaemon), serve(other)];
      const thrown = [];
      // Only the handler pumps it, not the loop.
      other.ipworks_ipdaemon_do_config(own, 'ProcessIdleEvents=False');
      other.ipworks_ipdaemon_register_callback(own, E.DataIn, () => { throw new Error('of the other'); });
      ipdaemon.ipworks_ipdaemon_register_callback(res, E.DataIn, (param) => {
        while (thrown.length === 0) {
          try {
            other.ipworks_ipdaemon_do_doevents(own);
          } catch (error) {
            thrown.push(error.message);
          }
        }
        ipdaemon.ipworks_ipdaemon_do_send(res, param.connectionid, 'caught ' + thrown);
      });
      console.log('ports', port(ipdaemon, res), port(other, own));`;
    await withProgram(script(body), async (program) => {
      const [, one, two] = await program.says(/ports (\d+) (\d+)/);
      const clients = [new Client(Number(two)), new Client(Number(one))];
      for (const client of clients) client.write('x');
      await clients[1]?.receives('caught of the other');
      expect(program.exit).toBeUndefined();
      for (const client of clients) client.destroy();
    });
  });

  test('may be the twelfth without a warning', async () => {
    const body = `${helpers}
      for (let i = 0; i < 12; i += 1) copy(${JSON.stringify(binding)}).ipworks_ipdaemon_open();`;
    await withProgram(script(body), async (program) => {
      expect(await program.ends()).toEqual({ code: 0, signal: null });
      expect(program.errors).toBe('');
    });
  });
});

const bindings = eachBinding().map(({ binding }) => binding);

(bindings.includes('addon') && bindings.includes('koffi') ? describe : describe.skip)('the addon and koffi', () => {
  test.each([
    ['addon', 'koffi'],
    ['koffi', 'addon'],
  ])('in one thread know nothing of each other (%s, then %s)', async (first, second) => {
    const body = `${helpers}
      const one = copy(${JSON.stringify(first)});
      const two = copy(${JSON.stringify(second)});
      const [res, own] = [serve(one), serve(two)];
      console.log('said', JSON.stringify([...refusals(two, res), ...refusals(one, own)]));
      console.log('ports', port(one, res), port(two, own));`;
    await withProgram(script(body), async (program) => {
      const [, ...ports] = await program.says(/ports (\d+) (\d+)/);
      const [, said = ''] = await program.says(/said (.*)/);
      const sentence = `${invalid}The handle is closed or was never opened.`;
      expect(JSON.parse(said)).toEqual([sentence, sentence]);
      for (const port of ports) await echoes(Number(port));
    });
  });
});
