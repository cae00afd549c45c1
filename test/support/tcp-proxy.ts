import {connect, createServer, type AddressInfo} from 'node:net';
import {onTestFinished} from 'vitest';
import {type Faults, TcpLink, type Way} from './tcp-link.js';

/**
 * A network between client and room that fails on demand. Each fault takes the
 * place of the one before, for connections that are open and for new ones.
 */
export interface TcpProxy {
  /** `127.0.0.1:PORT`, in place of the host behind it. */
  readonly host: string;
  /** Bytes that arrived from either side since `resetBytes`. */
  readonly bytes: {fromClient: number; fromServer: number};
  /** Bytes from clients that got lost. */
  readonly swallowed: number;
  /** How many connections are open. */
  readonly connectionCount: number;
  resetBytes(): void;
  /** Kills all connections, and refuses new ones until `resume`. */
  cut(): void;
  /** Holds back everything, one way or both, until `resume`. */
  stall(way?: Way): void;
  /** Throws away what clients send, as if it got lost, until `resume`. */
  swallow(): void;
  /** Throws away what the server sends, as if it got lost, until `resume`. */
  deafen(): void;
  /** Kills each connection in the midst of what it carries, after so much. */
  truncate(way: Way, bytes: number): void;
  /** Holds back each chunk for a while of its own; they keep their order. */
  delay(getDelayMs: () => number): void;
  /**
   * Leaves what is open now half-open for good: nothing arrives, and neither end
   * hears that the other has gone. New connections are well.
   */
  abandon(): void;
  /**
   * Lets everything pass again, also what `stall` held back. Connections that
   * have lost something die.
   */
  resume(): void;
}

/** Starts a proxy in front of `127.0.0.1:port`; it ends with the test. */
export const startTcpProxy = async (port: number): Promise<TcpProxy> => {
  const links = new Set<TcpLink>();
  const bytes = {fromClient: 0, fromServer: 0};
  let swallowed = 0;
  let isCut = false;
  let faults: Faults = {up: {}, down: {}};

  const listener = createServer((client) => {
    if (isCut) {
      client.resetAndDestroy();
      return;
    }
    const link = new TcpLink(client, connect(port, '127.0.0.1'), {
      onBytes: (way, count) => {
        bytes[way == 'up' ? 'fromClient' : 'fromServer'] += count;
      },
      onLoss: (way, count) => {
        swallowed += way == 'up' ? count : 0;
      },
      onEnd: () => links.delete(link),
    });
    links.add(link);
    link.setFaults(faults);
  });

  const apply = (next: Partial<Faults>): void => {
    isCut = false;
    faults = {up: {}, down: {}, ...next};
    links.forEach((link) => link.setFaults(faults));
  };

  const cut = (): void => {
    isCut = true;
    links.forEach((link) => link.destroy());
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
      return links.size;
    },
    resetBytes: () => {
      bytes.fromClient = bytes.fromServer = 0;
    },
    cut,
    stall: (way) =>
      apply({
        up: {isStalled: way != 'down'},
        down: {isStalled: way != 'up'},
      }),
    swallow: () => apply({up: {isLossy: true}}),
    deafen: () => apply({down: {isLossy: true}}),
    truncate: (way, bytesLeft) => apply({[way]: {bytesLeft}}),
    delay: (getDelayMs) => apply({up: {getDelayMs}, down: {getDelayMs}}),
    abandon: () => {
      links.forEach((link) => link.abandon());
      apply({});
    },
    resume: () => apply({}),
  };
};
