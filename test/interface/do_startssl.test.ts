// do_startssl: a connection goes over to TLS.
import { expect, test } from '@jest/globals';
import { covers } from '../support/coverage';
import { Code } from '../support/ids';
import { behaviour, stays, withServer } from '../support/server';

behaviour(covers('method', 'StartSSL'), (kind) => {
  test('without a certificate fails with 282 and leaves the connection in clear', () =>
    withServer(kind, { without: ['SSLConnectionRequest'] }, async (server) => {
      const { client, id } = await server.connect();
      expect(server.api.ipworks_ipdaemon_do_startssl(server.res, id)).toBe(Code.NoServerCertificate);
      expect(server.api.ipworks_ipdaemon_get_last_error(server.res)).toMatch(/SSLCertStore/);
      client.write('in clear');
      await server.until(() => server.input(id) === 'in clear', 'input in clear');
      await stays(() => server.count('SSLStatus') > 0, 'an event of TLS');
    }));

  test('of an unknown id fails with 126', () =>
    withServer(kind, {}, (server) => {
      expect(server.api.ipworks_ipdaemon_do_startssl(server.res, 12)).toBe(Code.UnknownConnection);
    }));
});
