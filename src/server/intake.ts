/** What one connection may ask of the room, so that others are not kept waiting. */
import {
  HELLO_PERIOD_MS,
  MAX_HELLOS,
  MESSAGE_OVERHEAD,
  type RoomLimits,
} from '../protocol/limits.js';

type Load = {
  /** Length of what it has waiting. */
  waiting: number;
  /** Hellos since. */
  hellos: number;
  since: number;
};

export class Intake<Connection extends object> {
  readonly #limits: Pick<RoomLimits, 'maxQueuedLength'>;
  #loads = new WeakMap<Connection, Load>();

  constructor(limits: Pick<RoomLimits, 'maxQueuedLength'>) {
    this.#limits = limits;
  }

  /** Whether a message may wait; if so, call `release` with the same text. */
  admit(connection: Connection, text: string): boolean {
    const load = this.#getLoad(connection);
    load.waiting += text.length + MESSAGE_OVERHEAD;
    return load.waiting <= this.#limits.maxQueuedLength;
  }

  release(connection: Connection, text: string): void {
    const load = this.#getLoad(connection);
    load.waiting = Math.max(load.waiting - text.length - MESSAGE_OVERHEAD, 0);
  }

  /** Whether one more hello is not too many. */
  admitHello(connection: Connection, now: number): boolean {
    const load = this.#getLoad(connection);
    if (now - load.since > HELLO_PERIOD_MS) {
      load.hellos = 0;
      load.since = now;
    }
    return ++load.hellos <= MAX_HELLOS;
  }

  /** Nothing waits any more. */
  clear(): void {
    this.#loads = new WeakMap();
  }

  #getLoad(connection: Connection): Load {
    let load = this.#loads.get(connection);
    if (!load) {
      load = {waiting: 0, hellos: 0, since: 0};
      this.#loads.set(connection, load);
    }
    return load;
  }
}
