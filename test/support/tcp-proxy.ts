import {connect, createServer, type AddressInfo, type Socket} from 'node:net';
import {onTestFinished} from 'vitest';

/** A network between client and room that fails on demand. */
export interface TcpProxy {
  /** `127.0.0.1:PORT`, in place of the host behind it. */
  readonly host: string;
  /** Bytes that arrived from either side since `resetBytes`. */
  readonly bytes: {fromClient: number; fromServer: number};
  /** Bytes from clients that `swallow` threw away. */
  readonly swallowed: number;
  /** How many connections are open. */
  readonly connectionCount: number;
  resetBytes(): void;
  /** Kills all connections, and refuses new ones until `resume`. */
  cut(): void;
  /** Holds back everything, both ways, until `resume`. */
  stall(): void;
  /** Throws away what clients send, as if it got lost, until `resume`. */
  swallow(): void;
  /** Throws away what the server sends, as if it got lost, until `resume`. */
  deafen(): void;
  /** Lets everything pass again, also what `stall` held back. */
  resume(): void;
}

/** Starts a proxy in front of `127.0.0.1:port`; it ends with the test. */
export const startTcpProxy = async (port: number): Promise<TcpProxy> => {
  const pairs = new Set<readonly [client: Socket, server: Socket]>();
  const bytes = {fromClient: 0, fromServer: 0};
  let mode: 'pass' | 'cut' | 'stall' | 'swallow' | 'deafen' = 'pass';
  let swallowed = 0;

  const listener = createServer((client) => {
    if (mode == 'cut') {
      client.resetAndDestroy();
      return;
    }
    const server = connect(port, '127.0.0.1');
    const pair = [client, server] as const;
    pairs.add(pair);
    client.setNoDelay(true);
    server.setNoDelay(true);
    client.on('data', (chunk) => {
      bytes.fromClient += chunk.length;
      if (mode == 'swallow') {
        swallowed += chunk.length;
      } else {
        server.write(chunk);
      }
    });
    server.on('data', (chunk) => {
      bytes.fromServer += chunk.length;
      if (mode != 'deafen') {
        client.write(chunk);
      }
    });
    const end = (): void => {
      pairs.delete(pair);
      pair.forEach((socket) => socket.destroy());
    };
    pair.forEach((socket) => socket.on('error', end).on('close', end));
    if (mode == 'stall') {
      pair.forEach((socket) => socket.pause());
    }
  });

  const cut = (): void => {
    mode = 'cut';
    pairs.forEach(([client, server]) => {
      client.resetAndDestroy();
      server.resetAndDestroy();
    });
    pairs.clear();
  };

  await new Promise<void>((resolve) =>
    listener.listen(0, '127.0.0.1', () => resolve()),
  );
  onTestFinished(async () => {
    cut();
    await new Promise((resolve) => listener.close(resolve));
  });

  return {
    host: `127.0.0.1:${(listener.address() as AddressInfo).port}`,
    bytes,
    get swallowed() {
      return swallowed;
    },
    get connectionCount() {
      return pairs.size;
    },
    resetBytes: () => {
      bytes.fromClient = bytes.fromServer = 0;
    },
    cut,
    stall: () => {
      mode = 'stall';
      pairs.forEach((pair) => pair.forEach((socket) => socket.pause()));
    },
    swallow: () => {
      mode = 'swallow';
    },
    deafen: () => {
      mode = 'deafen';
    },
    resume: () => {
      mode = 'pass';
      pairs.forEach((pair) => pair.forEach((socket) => socket.resume()));
    },
  };
};
