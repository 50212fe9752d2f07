// Who waits for a server while the program does something else: Node's loop, or a thread for each server.
import * as fs from 'node:fs';
import { expect, test } from '@jest/globals';
import { forEachBinding } from '../support/bindings';

const threads = () => fs.readdirSync('/proc/self/task').length;

// Where threads can be counted.
const testOnLinux = process.platform === 'linux' ? test : test.skip;

forEachBinding('an open server', ({ binding, api }) => {
  testOnLinux('has a thread of its own exactly if that was wished for, and until it is closed', () => {
    // What the host starts with the first server is not the server's.
    api.ipdaemon_close(api.ipdaemon_open());
    const before = threads();
    const servers = [api.ipdaemon_open(), api.ipdaemon_open()];
    const expected = binding === 'addon' && process.env.IPDAEMON_WAKER === 'thread' ? 2 : 0;
    expect(threads() - before).toBe(expected);
    for (const server of servers) api.ipdaemon_close(server);
    expect(threads()).toBe(before);
  });
});
