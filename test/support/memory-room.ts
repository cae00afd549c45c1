/** A real room, on storage in memory and with connections that only note. */
import {createStore, type Store} from 'tinybase';
import type {Hooks} from '../../src/server/authorise.js';
import {getRoomLimits, type RoomLimits} from '../../src/protocol/limits.js';
import {Room} from '../../src/server/room.js';
import type {Greeting, RoomEdge} from '../../src/server/room-edge.js';
import {createMemoryStorage, type MemoryStorage} from './memory-storage.js';

export interface MemoryConnection {
  readonly id: string;
  /** What the room has sent, without the message prefix. */
  readonly frames: string[];
  /** How the room has closed it. */
  closed?: [code: number, reason: string];
  /** What outlives the room's sleep. */
  greeting?: Greeting;
  /** What the room marks its answers with. */
  readonly mark: string;
  /** Sends a frame; resolves when the room is through with it. */
  say(frame: string): Promise<void> | undefined;
  /** Says hello, and returns the welcome. */
  greet(hello?: {
    clientId?: string;
    nonce?: string;
    epoch?: string;
    offset?: number;
  }): Promise<any[]>;
  /** Sends a push. */
  push(mutationId: number, tables?: object, values?: object): Promise<void>;
  /** What the room has sent since this was called last, letter and JSON. */
  take(): [letter: string, message: any][];
  /** The client goes away. */
  leave(): void;
}

export interface MemoryRoomOptions {
  storage?: MemoryStorage;
  storagePrefix?: string;
  messagePrefix?: string;
  hooks?: Partial<Hooks>;
  needsStore?: boolean;
  /** Whose doing it is; nobody is asked without. */
  getAuthor?: (who: any) => unknown;
  createStore?: () => Store;
  limits?: Partial<RoomLimits>;
  /** It has a feed unless told. */
  hasFeed?: boolean;
  historyLimit?: number;
}

const ALLOW_ALL: Hooks = {
  canSetTable: () => true,
  canDelTable: () => true,
  canSetRow: () => true,
  canDelRow: () => true,
  canSetCell: () => true,
  canDelCell: () => true,
  canSetValue: () => true,
  canDelValue: () => true,
};

export type MemoryRoom = ReturnType<typeof createMemoryRoom>;

export const createMemoryRoom = (options: MemoryRoomOptions = {}) => {
  const {storage = createMemoryStorage(), messagePrefix = ''} = options;
  const connections = new Set<MemoryConnection>();
  let lastEpoch = 0;
  let lastMark = 0;
  let now = 1_000_000;
  const waiting = new Set<() => void>();

  const edge: RoomEdge<MemoryConnection> = {
    storage,
    storagePrefix: options.storagePrefix ?? '',
    messagePrefix,
    limits: getRoomLimits(options.limits),
    hasFeed: options.hasFeed ?? true,
    historyLimit: options.historyLimit,
    hooks: {...ALLOW_ALL, ...options.hooks},
    hasHooks: () => !!options.hooks,
    hasAuthors: () => !!options.getAuthor,
    getAuthor: (who) => options.getAuthor?.(who),
    needsStore: () =>
      !!(options.needsStore ?? options.createStore ?? options.getAuthor),
    createStore: options.createStore ?? createStore,
    getConnections: () => [...connections],
    send: (connection, frame) => {
      if (connections.has(connection)) {
        connection.frames.push(frame.slice(messagePrefix.length));
      }
    },
    close: (connection, code, reason) => {
      connection.closed = [code, reason];
      connections.delete(connection);
    },
    remember: (connection, greeting) => {
      connection.greeting = greeting;
    },
    recall: (connection) => connection.greeting,
    createEpoch: () => `epoch${++lastEpoch}`,
    createMark: () => `mark${++lastMark}`,
    now: () => now,
    schedule: (run, delayMs = 0) => {
      if (!delayMs) {
        setImmediate(run);
        return () => {};
      }
      waiting.add(run);
      return () => void waiting.delete(run);
    },
  };
  let room = new Room(edge);

  const connect = (id = `connection${connections.size + 1}`) => {
    let taken = 0;
    const connection: MemoryConnection = {
      id,
      frames: [],
      get mark() {
        return connection.greeting?.mark ?? '';
      },
      say: (frame) => room.receive(connection, messagePrefix + frame),
      greet: async ({
        clientId = `client of ${id}`,
        nonce = `nonce of ${id}`,
        epoch = '',
        offset = 0,
      } = {}) => {
        await connection.say(
          `h${JSON.stringify([1, clientId, nonce, epoch, offset])}`,
        );
        const welcome = connection.take().findLast(([letter]) => letter == 'w');
        return welcome?.[1];
      },
      push: async (mutationId, tables = {}, values = {}) => {
        await connection.say(
          `p${JSON.stringify([mutationId, [tables, values, 1]])}`,
        );
      },
      take: () => {
        const frames = connection.frames.slice(taken);
        taken = connection.frames.length;
        return frames.map((frame) => [frame[0]!, JSON.parse(frame.slice(1))]);
      },
      leave: () => void connections.delete(connection),
    };
    connections.add(connection);
    return connection;
  };

  return {
    storage,
    edge,

    get room(): Room<MemoryConnection> {
      return room;
    },

    connect,

    /** What a GET would give. */
    getContent: async (): Promise<any> => {
      const content = await room.getContent();
      return content && JSON.parse(new TextDecoder().decode(content.bytes));
    },

    /** Where the room stands. */
    getPosition: async (): Promise<{epoch: string; offset: number}> => {
      const {epoch, offset} = (await room.getContent()) ?? {
        epoch: '',
        offset: 0,
      };
      return {epoch, offset};
    },

    /** The room wakes after a sleep: sockets and greetings are still there. */
    wake: () => {
      room = new Room(edge);
    },

    /** The room starts again after a crash, which ended all sockets. */
    restart: () => {
      connections.clear();
      room = new Room(edge);
    },

    /** Lets time pass, enough of it for all that was put off. */
    advance: (ms: number) => {
      now += ms;
      const due = [...waiting];
      waiting.clear();
      due.forEach((run) => run());
    },

    /** Whether something keeps the room awake. */
    isWaiting: () => waiting.size > 0,
  };
};
