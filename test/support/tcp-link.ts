/** One connection through a proxy, and what befalls it. */
import type {Socket} from 'node:net';

/** From client to server, and from server to client. */
export type Way = 'up' | 'down';

export const WAYS: readonly Way[] = ['up', 'down'];

/** What befalls one way; nothing of it where all is well. */
export interface Fault {
  /** Nothing is read: what is sent piles up at the sender. */
  isStalled?: boolean;
  /** Everything is thrown away. */
  isLossy?: boolean;
  /** The connection dies after so many bytes more. */
  bytesLeft?: number;
  /** How long to hold back a chunk; chunks keep their order. */
  getDelayMs?: () => number;
}

export type Faults = Record<Way, Fault>;

export interface LinkEvents {
  onBytes(way: Way, count: number): void;
  onLoss(way: Way, count: number): void;
  onEnd(): void;
}

export class TcpLink {
  readonly #ends: Record<Way, readonly [from: Socket, to: Socket]>;
  readonly #events: LinkEvents;
  readonly #queues = {up: Promise.resolve(), down: Promise.resolve()};
  #faults: Faults = {up: {}, down: {}};
  /** TCP delivers nothing after what it has lost. */
  readonly #lossy = new Set<Way>();
  #isAbandoned = false;

  constructor(client: Socket, server: Socket, events: LinkEvents) {
    this.#ends = {up: [client, server], down: [server, client]};
    this.#events = events;
    for (const way of WAYS) {
      const [from] = this.#ends[way];
      from.setNoDelay(true);
      from.on('data', (chunk) => this.#take(way, chunk));
      from.on('error', () => this.#end(way));
      from.on('close', () => this.#end(way));
    }
  }

  /** Puts other faults in the place of those until now. */
  setFaults(faults: Faults): void {
    if (this.#isAbandoned) {
      return;
    }
    this.#faults = {up: {...faults.up}, down: {...faults.down}};
    if ([...this.#lossy].some((way) => !faults[way].isLossy)) {
      this.destroy();
      return;
    }
    for (const way of WAYS) {
      const [from] = this.#ends[way];
      faults[way].isStalled ? from.pause() : from.resume();
    }
  }

  /** From here on neither end hears of the other, not even that it has gone. */
  abandon(): void {
    this.setFaults({up: {isLossy: true}, down: {isLossy: true}});
    this.#isAbandoned = true;
  }

  destroy(): void {
    this.#ends.up.forEach((socket) => socket.resetAndDestroy());
    this.#events.onEnd();
  }

  #take(way: Way, chunk: Buffer): void {
    this.#events.onBytes(way, chunk.length);
    const fault = this.#faults[way];
    if (fault.isLossy) {
      this.#lossy.add(way);
      this.#events.onLoss(way, chunk.length);
      return;
    }
    const [from, to] = this.#ends[way];
    const {bytesLeft = Infinity} = fault;
    fault.bytesLeft = bytesLeft - chunk.length;
    const delayMs = fault.getDelayMs?.() ?? 0;
    this.#inOrder(way, delayMs, () => {
      to.write(chunk.length < bytesLeft ? chunk : chunk.subarray(0, bytesLeft));
      if (chunk.length >= bytesLeft) {
        // What has passed arrives: a reset would overtake it.
        to.destroySoon();
        from.resetAndDestroy();
      }
    });
  }

  /** One end has gone: the other hears of it after all that was sent. */
  #end(way: Way): void {
    if (!this.#isAbandoned) {
      this.#inOrder(way, 0, () => {
        this.#ends[way][1].destroySoon();
        this.#events.onEnd();
      });
    }
  }

  #inOrder(way: Way, delayMs: number, run: () => void): void {
    this.#queues[way] = this.#queues[way].then(async () => {
      if (delayMs) {
        await new Promise((resolve) => setTimeout(resolve, delayMs));
      }
      if (!this.#ends[way][1].destroyed) {
        run();
      }
    });
  }
}
