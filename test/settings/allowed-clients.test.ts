// AllowedClients: who may connect, by address, range and family.
import { expect, test } from '@jest/globals';
import { covers } from '../support/coverage';
import { Code, P } from '../support/ids';
import { linkLocal } from '../support/link-local';
import { behaviour, withServer } from '../support/server';

behaviour(covers('setting', 'AllowedClients'), (kind) => {
  const allows = async (list: string, host: string): Promise<boolean> => {
    let preset: unknown;
    await withServer(
      kind,
      {
        before: (server) => {
          server.config(`UseIPv6=${host.includes(':') ? 1 : 0}`);
          server.config(`AllowedClients=${list}`);
          server.must(server.code);
        },
        on: {
          ConnectionRequest: ({ accept }) => {
            preset = accept;
          },
        },
      },
      async (server) => {
        const client = server.client({ host });
        await server.until(() => preset !== undefined, 'ConnectionRequest');
        if (preset === false) {
          await server.until(() => client.closed || client.ended, 'the client to be refused');
          expect(server.count('Connected')).toBe(0);
        } else {
          await server.event('Connected');
        }
      },
    );
    return preset as boolean;
  };

  test.each([
    ['*', true],
    ['127.0.0.1', true],
    ['127.0.0.2', false],
    ['10.0.0.0/8, 127.0.0.0/8', true],
    ['127.0.0.0/32', false],
    ['127.0.0.0/31', true],
    ['127.0.0.*', true],
    ['127.0.1.*', false],
    ['192.168.1.*,localhost', true],
    ['::ffff:127.0.0.1', true],
    ['::1', false],
    ['fe80::/10', false],
  ])('%s answers a peer from 127.0.0.1 with accept %s', async (list, accept) => {
    expect(await allows(list, '127.0.0.1')).toBe(accept);
  });

  (linkLocal ? test : test.skip).each([
    ['ADDRESS', true],
    ['ADDRESS%INTERFACE', true],
    ['fe80::/10', true],
    ['fe80::%INTERFACE/10', true],
    ['ADDRESS%lo', false],
    ['fe80::%lo/10', false],
  ])('%s answers a peer from ADDRESS of INTERFACE with accept %s', async (list, accept) => {
    const { address, name } = linkLocal as NonNullable<typeof linkLocal>;
    const named = list.replace('ADDRESS', address).replace('INTERFACE', name);
    expect(await allows(named, `${address}%${name}`)).toBe(accept);
  });

  test.each([
    ['fe80::1%no-such-interface', "there is no interface 'no-such-interface'"],
    ['fe80::%no-such-interface/10', "there is no interface 'no-such-interface'"],
    ['::1%lo', 'only link-local addresses'],
  ])('refuses %s and says what is wrong with its interface', (entry, reason) =>
    withServer(kind, { listen: false }, (server) => {
      expect(server.configCode(`AllowedClients=${entry}`)).toBe(Code.InvalidValue);
      expect(server.error).toContain(reason);
    }),
  );

  test('lets ConnectionRequest decide otherwise in both directions', () =>
    withServer(
      kind,
      {
        before: (server) => server.config('AllowedClients=192.0.2.1'),
        on: {
          ConnectionRequest: (param) => {
            param.accept = !param.accept;
          },
        },
      },
      async (server) => {
        await server.connect();
        server.config('AllowedClients=*');
        const refused = server.client();
        await server.until(() => refused.ended || refused.closed, 'the client to be refused');
        expect(server.count('Connected')).toBe(1);
      },
    ));

  test('with a name that cannot be found admits nobody for it, and reports it once', () =>
    withServer(kind, { before: (server) => server.config('AllowedClients=no-such-host.invalid') }, async (server) => {
      for (let i = 0; i < 3; i += 1) {
        const client = server.client();
        await server.until(() => client.ended || client.closed, 'the client to be refused');
      }
      await server.event('Error');
      expect(server.count('Error')).toBe(1);
      expect(server.events('Error')[0]?.description).toContain('no-such-host.invalid');
      expect([11001, 11002, 11003, 11004]).toContain(server.events('Error')[0]?.errorcode);
      expect(server.count('Connected')).toBe(0);
    }));

  test('applies to new connections at once and leaves the others alone', () =>
    withServer(kind, {}, async (server) => {
      const { id } = await server.connect();
      expect(server.config('AllowedClients=192.0.2.0/24')).toBe('192.0.2.0/24');
      const refused = server.client();
      await server.until(() => refused.ended || refused.closed, 'the client to be refused');
      expect(server.get(P.Connected, id)).toBe(true);
    }));

  test.each(['', ' ', '127.0.0.1,,::1', '127.0.0.1/33', '::1/129', '127.0.0.1/x', '1.2.3.4/'])(
    'refuses the list "%s" and keeps the old one',
    (list) =>
      withServer(kind, { listen: false }, (server) => {
        expect(server.configCode(`AllowedClients=${list}`)).toBe(Code.InvalidValue);
        expect(server.config('AllowedClients')).toBe('*');
      }),
  );
});
