/** Counts what passes between a client and a server. */
import {once} from 'node:events';
import {type AddressInfo, connect, createServer} from 'node:net';

export type CountingProxy = {
  /** `127.0.0.1:PORT`, in place of the server's. */
  host: string;
  /** Bytes since `reset`. */
  getBytes: () => {up: number; down: number};
  reset: () => void;
};

export const startCountingProxy = async (
  host: string,
): Promise<CountingProxy> => {
  const [hostname, port] = host.split(':');
  let [up, down] = [0, 0];
  const proxy = createServer((client) => {
    const server = connect(Number(port), hostname);
    client.on('data', ({length}) => (up += length));
    server.on('data', ({length}) => (down += length));
    client.pipe(server).pipe(client);
    client.on('error', () => server.destroy());
    server.on('error', () => client.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    host: `127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    getBytes: () => ({up, down}),
    reset: () => {
      [up, down] = [0, 0];
    },
  };
};
