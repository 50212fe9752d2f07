// The class IPWorks_IPDaemon: the same server behind methods, with exceptions instead of codes.
import { expect, test } from '@jest/globals';
import { forEachBinding } from '../support/bindings';
import { Client } from '../support/client';
import { P } from '../support/ids';
import type { Param } from '../support/server';
import { properties } from '../support/tables';
import { waitFor } from '../support/waiting';

forEachBinding('IPWorks_IPDaemon', ({ api }) => {
  const { IPDaemonError, IPWorks_IPDaemon } = api;
  type Server = InstanceType<typeof IPWorks_IPDaemon>;

  function withInstance<T>(body: (server: Server) => T, server: Server = new IPWorks_IPDaemon()): T {
    let result: T;
    try {
      result = body(server);
    } catch (error) {
      server[Symbol.dispose]();
      throw error;
    }
    if (result instanceof Promise) {
      return result.finally(() => server[Symbol.dispose]()) as T;
    }
    server[Symbol.dispose]();
    return result;
  }

  const withoutMethods = new Set(['Version', 'RuntimeLicense', 'CodePage']);

  test('has a getter for every property that can be read and a setter for every one that can be set', () => {
    withInstance((server) => {
      const methods = server as unknown as Record<string, unknown>;
      for (const row of properties.filter(({ name }) => !withoutMethods.has(name))) {
        expect([row.name, typeof methods[`get${row.name}`]]).toEqual([
          row.name,
          row.access === 'WRITE_ONLY' ? 'undefined' : 'function',
        ]);
        expect([row.name, typeof methods[`set${row.name}`]]).toEqual([
          row.name,
          row.access === 'READ_ONLY' ? 'undefined' : 'function',
        ]);
      }
    });
  });

  test('tells its version and keeps a runtime licence', () => {
    withInstance((server) => {
      expect(server.VERSION()).toMatch(/ipdaemon/i);
      server.setRuntimeLicense('X');
      expect(server.getRuntimeLicense()).toBe('X');
    });
  });

  test('setters and methods return 0 or throw an IPDaemonError with code and message', () => {
    withInstance((server) => {
      expect(server.setDefaultEOL('\n')).toBe(0);
      expect(server.getDefaultEOL()).toBe('\n');
      const attempt = (call: () => unknown) => {
        try {
          call();
        } catch (error) {
          return error as InstanceType<typeof IPDaemonError>;
        }
        throw new Error('the call did not throw');
      };
      const port = attempt(() => server.setLocalPort(70_000));
      expect(port).toBeInstanceOf(IPDaemonError);
      expect(port).toBeInstanceOf(Error);
      expect(port.code).toBe(2002);
      expect(port.message).toMatch(/^2002: .*LocalPort/);
      expect(server.lastErrorCode()).toBe(2002);
      expect(`2002: ${server.lastError()}`).toBe(port.message);
      expect(attempt(() => server.doSend(5, 'x')).code).toBe(126);
      expect(attempt(() => server.doConfig('Nonsense')).message).toMatch(/^2001: /);
      expect(server.doConfig('SelectWaitMillis=1')).toBe('1');
      expect(server.doEvents()).toBe(0);
      expect(server.doShutdown()).toBe(0);
    });
  });

  test('getters never throw', () => {
    withInstance((server) => {
      expect(() => server.getEOL(77)).not.toThrow();
      expect(server.lastErrorCode()).toBe(126);
    });
  });

  test('calls all fire methods of a subclass, with this, and takes what they return', async () => {
    const fired: string[] = [];
    class Own extends IPWorks_IPDaemon {
      override fireConnectionRequest(param: never): never {
        fired.push('ConnectionRequest');
        return { ...(param as object), accept: fired.length > 1 } as never;
      }
      override fireConnected(param: never): never {
        fired.push(`Connected ${this.getRemoteHost((param as Param).connectionid)}`);
        return param;
      }
      override fireReadyToSend(param: never): never {
        fired.push('ReadyToSend');
        this.doSendLine((param as Param).connectionid, 'hello');
        return param;
      }
      override fireDataIn(param: never): never {
        fired.push(`DataIn ${(param as Param).text}`);
        return param;
      }
      override fireDisconnected(param: never): never {
        fired.push('Disconnected');
        return param;
      }
    }
    await withInstance(async (server) => {
      server.setLocalHost('127.0.0.1');
      server.setListening(true);
      const refused = new Client(server.getLocalPort());
      await refused.isGone();
      const client = new Client(server.getLocalPort());
      await client.receives('hello\r\n');
      client.write('x');
      await waitFor(() => fired.includes('DataIn x'), 'DataIn');
      client.end();
      await waitFor(() => fired.includes('Disconnected'), 'Disconnected');
      expect(fired).toEqual([
        'ConnectionRequest',
        'ConnectionRequest',
        'Connected 127.0.0.1',
        'ReadyToSend',
        'DataIn x',
        'Disconnected',
      ]);
    }, new Own());
  });

  test('default fire methods give the parameters back', () => {
    withInstance((server) => {
      const param = { connectionid: 1, text: 'x', eol: true } as never;
      expect(server.fireDataIn(param)).toBe(param);
    });
  });

  test('methods of a connection take the id first', async () => {
    let data = '';
    class Own extends IPWorks_IPDaemon {
      override fireDataIn(param: never): never {
        const { connectionid, text } = param as Param;
        data += text;
        this.setUserData(connectionid, 'seen');
        this.setDataToSend(connectionid, this.getUserData(connectionid) ?? '');
        return param;
      }
    }
    await withInstance(async (server) => {
      server.setLocalHost('127.0.0.1');
      server.setListening(true);
      const client = new Client(server.getLocalPort());
      client.write('x');
      await client.receives('seen');
      expect(data).toBe('x');
      client.end();
      await waitFor(() => server.getConnectionCount() === 0, 'the connection to end');
    }, new Own());
  });

  test('closes with Symbol.dispose, and is of no use afterwards', () => {
    const server = new IPWorks_IPDaemon();
    server.setLocalHost('127.0.0.1');
    server.setListening(true);
    server[Symbol.dispose]();
    expect(() => server.doEvents()).toThrow(TypeError);
    expect(() => server[Symbol.dispose]()).not.toThrow();
  });

  test('exposes the procedural handle, so that both ways can be mixed', () => {
    withInstance((server) => {
      const { handle } = server as unknown as { handle: never };
      server.setDefaultTimeout(7);
      expect(api.ipworks_ipdaemon_get(handle, P.DefaultTimeout, 0)).toBe(7);
    });
  });
});
