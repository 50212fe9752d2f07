// The echo server as a class with overridden fire methods. Node's own loop delivers the events; there is no
// pump loop. Errors are exceptions.
import { type ConnectedParam, type DataInParam, type DisconnectedParam, IPWorks_IPDaemon } from 'ipdaemon';
import { options } from './shared/options.ts';

class EchoServer extends IPWorks_IPDaemon {
  override fireConnected(param: ConnectedParam): ConnectedParam {
    console.log(`${param.connectionid}: connected from ${this.getRemoteHost(param.connectionid)}`);
    return param;
  }

  override fireDataIn(param: DataInParam): DataInParam {
    // eol is false for a part of a line that is longer than DefaultMaxLineLength.
    try {
      this.doSend(param.connectionid, param.eol ? `${param.text}\n` : param.text);
    } catch (error) {
      // The client is gone, or did not read for too long: not a reason to end the server.
      console.log(`${param.connectionid}: ${error instanceof Error ? error.message : String(error)}`);
      this.doDisconnect(param.connectionid);
    }
    return param;
  }

  override fireDisconnected(param: DisconnectedParam): DisconnectedParam {
    console.log(`${param.connectionid}: disconnected, ${param.statuscode} ${param.description}`);
    return param;
  }
}

const { host, port } = options('echo-class');
const server = new EchoServer();

try {
  server.setLocalHost(host);
  server.setLocalPort(port);
  server.setDefaultEOL('\n');
  // A send waits up to 10 seconds for a slow client, and serves the others meanwhile.
  server.setDefaultTimeout(10);
  server.setListening(true);
  console.log(`listening on ${server.getLocalHost()}:${server.getLocalPort()}`);
} catch (error) {
  console.error(`echo-class: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}

process.on('SIGINT', () => {
  server.doShutdown();
  server[Symbol.dispose]();
});
