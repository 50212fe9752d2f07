// do_doevents: what one call delivers, and what a nested one does.
import { expect, test } from '@jest/globals';
import { covers } from '../support/coverage';
import { behaviour, type Peer, withServer } from '../support/server';
import { patience } from '../support/waiting';

behaviour(covers('method', 'DoEvents'), (kind) => {
  test('delivers what is ready and returns 0', () =>
    withServer({ ...kind, pump: 'doevents' }, {}, async (server) => {
      const client = server.client();
      await server.until(() => server.count('ReadyToSend') === 1, 'the client to get in');
      client.write('data');
      await server.until(() => server.doEvents() === 0 && server.input() === 'data', 'DataIn');
    }));

  test('serves every ready connection once before any a second time', () =>
    withServer({ ...kind, pump: 'doevents' }, {}, async (server) => {
      const peers: Peer[] = [];
      for (let i = 0; i < 5; i += 1) {
        peers.push(await server.connect({ record: false }));
      }
      const greedy = peers[0];
      const block = Buffer.alloc(8 << 20);
      greedy?.client.write(block);
      for (const { client } of peers.slice(1)) {
        client.write('polite');
      }
      const before = server.seen.length;
      await server.until(() => peers.every(({ id }) => server.count('DataIn', id) > 0), 'DataIn of every connection');
      const order = server.seen.slice(before).filter((event) => event.name === 'DataIn');
      const lastFirst = Math.max(...peers.map(({ id }) => order.findIndex((event) => event.param.connectionid === id)));
      // Before the last of them is served the first time, the greedy one has had its turn a few times at most.
      expect(order.slice(0, lastFirst).filter((event) => event.param.connectionid === greedy?.id).length).toBeLessThan(
        20,
      );
    }));

  test('inside a handler serves the others, and never the connection whose handler is running', () =>
    withServer(kind, {}, async (server) => {
      const first = await server.connect();
      const second = await server.connect();
      let nested = 0;
      server.on('DataIn', ({ connectionid, text }) => {
        if (connectionid === first.id && text === 'outer') {
          first.client.write('inner');
          second.client.write('other');
          const deadline = performance.now() + patience;
          while (server.count('DataIn', second.id) === 0 && performance.now() < deadline) {
            server.must(server.doEvents());
            nested += 1;
          }
          expect(server.count('DataIn', first.id)).toBe(1);
        }
      });
      first.client.write('outer');
      await server.event('DataIn', second.id);
      await server.until(() => server.input(first.id) === 'outerinner', 'the input that waited');
      expect(nested).toBeGreaterThan(0);
    }));

  test('nested deeper than 64 begins no DataIn, but moves everything else', () =>
    withServer(kind, {}, async (server) => {
      const peers: Peer[] = [];
      for (let i = 0; i < 70; i += 1) {
        peers.push(await server.connect());
      }
      let depth = 0;
      let deepest = 0;
      server.on('DataIn', () => {
        depth += 1;
        deepest = Math.max(deepest, depth);
        expect(server.doEvents()).toBe(0);
        depth -= 1;
      });
      for (const { client } of peers) {
        client.write('.');
      }
      await server.until(() => server.count('DataIn') >= peers.length, 'all input');
      expect(deepest).toBeGreaterThan(1);
      expect(deepest).toBeLessThanOrEqual(64);
    }));
});
