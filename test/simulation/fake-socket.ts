/** What a client of the library sees of a PartySocket. */
import {Wire, type WireHost} from './network.js';
import type {Random} from './random.js';
import type {World} from './world.js';

type Listener = (event: any) => void;

/** As long as a PartySocket waits for a connection, if not told otherwise. */
const CONNECTION_TIMEOUT_MS = 4_000;

export class FakeSocket {
  readonly name = 'main';
  room = 'room';
  readonly #listeners: {[type: string]: Set<Listener>} = {};
  readonly #random: Random;
  #wire: Wire | undefined;
  #wires = 0;
  #waiting: string[] = [];
  #closed = false;
  /** How many times a connection has opened, and ended. */
  opens = 0;
  ends = 0;

  constructor(
    readonly world: World,
    readonly client: string,
    readonly hosts: {[room: string]: WireHost},
    /** What a PartySocket calls itself (`_pk`), however often it reconnects. */
    readonly connectionId = client,
  ) {
    this.#random = world.random.of(`socket ${client}`);
    this.#connect();
  }

  get partySocketOptions(): {host: string; room: string} {
    return {host: 'room.test', room: this.room};
  }

  get roomUrl(): string {
    return `wss://room.test/parties/main/${this.room}`;
  }

  get _url(): string {
    return `${this.roomUrl}?_pk=x&client=${this.client}`;
  }

  get wire(): Wire | undefined {
    return this.#wire;
  }

  get readyState(): number {
    return this.#wire ? (this.#wire.isOpen ? 1 : this.#wire.isDone ? 3 : 0) : 3;
  }

  addEventListener(type: string, listener: Listener): void {
    (this.#listeners[type] ??= new Set()).add(listener);
  }

  removeEventListener(type: string, listener: Listener): void {
    this.#listeners[type]?.delete(listener);
  }

  send(data: string): boolean {
    if (this.readyState == 1) {
      this.world.note(this.client, '>', data);
      this.world.count(`frame up ${data[0] ?? ''}`);
      this.#wire!.sendUp(data);
      return true;
    }
    this.#waiting.push(data);
    return false;
  }

  reconnect(): void {
    this.world.note(this.client, 'reconnects');
    this.world.count('reconnect');
    this.#closed = false;
    if (this.#wire && !this.#wire.isDone) {
      this.#wire.closeByClient();
      this.#onClose();
    }
    this.#connect();
  }

  close(): void {
    this.#closed = true;
    if (this.#wire && !this.#wire.isDone) {
      this.#wire.closeByClient();
      this.#onClose();
    }
  }

  /** Frames that wait for a connection, as a PartySocket keeps them. */
  get waitingCount(): number {
    return this.#waiting.length;
  }

  #connect(): void {
    if (this.#wire && !this.#wire.isDone) {
      return;
    }
    const wire: Wire = new Wire(
      this.world,
      {
        id: `${this.client}/${this.#wires++}`,
        connectionId: this.connectionId,
        owner: this.client,
      },
      {
        onOpen: () => {
          this.opens++;
          this.#waiting.splice(0).forEach((frame) => wire.sendUp(frame));
          this.world.note(this.client, 'open', wire.id);
          this.#dispatch('open', {});
        },
        onFrame: (data) => {
          this.world.note(this.client, '<', data);
          this.world.count(`frame down ${data[0] ?? ''}`);
          this.#dispatch('message', {data});
        },
        onClose: () => wire == this.#wire && this.#retry(),
      },
      this.hosts[this.room]!,
    );
    this.#wire = wire;
    const giveUp = () => {
      if (wire == this.#wire && !wire.isOpen && !wire.isDone) {
        wire.closeByClient();
        this.#retry();
      }
    };
    this.world.clock.after(CONNECTION_TIMEOUT_MS, giveUp, this.client);
  }

  #retry(): void {
    this.#onClose();
    const connect = () => {
      if (!this.#closed) {
        this.#connect();
      }
    };
    const delayMs = this.#random.pick([0, 500, 3_000]);
    this.world.clock.after(delayMs, connect, this.client);
  }

  #onClose(): void {
    this.ends++;
    this.world.note(this.client, 'close', this.#wire?.id);
    this.#dispatch('close', {});
  }

  #dispatch(type: string, event: object): void {
    this.#listeners[type]?.forEach((listener) => listener(event));
  }
}
