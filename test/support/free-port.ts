import {createServer} from 'node:net';

/** Asks the system for a TCP port that nobody listens on. */
export const findFreePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '0.0.0.0', () => {
      const address = server.address();
      server.close(() =>
        address == null || typeof address === 'string'
          ? reject(new Error('a TCP server without a port'))
          : resolve(address.port),
      );
    });
  });
