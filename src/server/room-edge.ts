/** What a room needs from the platform that it runs on. */
import type {Store} from 'tinybase';
import type {RoomLimits} from '../protocol/limits.js';
import type {Hooks} from './authorise.js';
import type {Residence} from './move/residence.js';
import type {KeyValueStorage} from './storage/key-value-storage.js';
import type {MaybePromise} from './verdicts.js';

/** One WebSocket. */
export interface RoomConnection {
  readonly id: string;
}

/** What a connection's hello said, kept for as long as the socket lives. */
export type Greeting = {clientId: string; mark: string};

/** The part of the edge that concerns connections. */
export interface RoomConnections<Connection extends RoomConnection> {
  getConnections(): Iterable<Connection>;
  send(connection: Connection, frame: string): void;
  close(connection: Connection, code: number, reason: string): void;
  /** Keeps a greeting, also while the room sleeps. */
  remember(connection: Connection, greeting: Greeting): void;
  recall(connection: Connection): Greeting | undefined;
}

export interface RoomEdge<
  Connection extends RoomConnection = RoomConnection,
> extends RoomConnections<Connection> {
  readonly storage: KeyValueStorage;
  readonly storagePrefix: string;
  /** Whether the room lives in that storage; it does where nobody says. */
  readonly residence?: Residence;
  readonly messagePrefix: string;
  readonly limits: RoomLimits;
  /** Whether the room has a live feed over HTTP. */
  readonly hasFeed: boolean;
  /** How many bytes of the log are kept for history, where that is told. */
  readonly historyLimit: number | undefined;
  readonly hooks: Hooks;
  /** Whether any of the hooks is not the default that allows everything. */
  hasHooks(): boolean;
  /** Whether it is noted with each commit whose doing it was. */
  hasAuthors(): boolean;
  /** Whose doing it is what a request or connection does. */
  getAuthor(who: unknown): MaybePromise<unknown>;
  /** Whether the Store is to be loaded whatever is asked of the room. */
  needsStore(): boolean;
  createStore(): Store;
  /** A random id of a room's history. */
  createEpoch(): string;
  /** A random id of a greeting, or of a ping: letters and digits. */
  createMark(): string;
  now(): number;
  /**
   * Runs when the messages that are there already have been received, or after
   * a delay; until then the room stays awake. Answers how to cancel it.
   */
  schedule(run: () => void, delayMs?: number): () => void;
}
