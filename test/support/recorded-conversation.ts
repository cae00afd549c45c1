/** Real client sessions and a real room, and a record of all they say. */
import {createHash} from 'node:crypto';
import {createStore, type Store} from 'tinybase';
import {createSession, type Session} from '../../src/client/session.js';
import {respondToStoreRequest} from '../../src/server/store-http.js';
import {
  createMemoryRoom,
  type MemoryConnection,
  type MemoryRoomOptions,
} from './memory-room.js';
import {createScriptedSocket} from './scripted-socket.js';
import {createScriptedWorld, settle} from './scripted-world.js';

const MAX_LENGTH = 300;
const MAX_VALUE_BYTES = 4_000;
const MAX_ROUNDS = 1_000;

const hash = (data: string | Uint8Array): string =>
  createHash('sha256').update(data).digest('hex').slice(0, 16);

/** A text as it is where it is short, else what tells it from others. */
const abbreviate = (text: string): string =>
  text.length > MAX_LENGTH
    ? `${text.slice(0, 30)}… ${text.length} units, ${hash(text)}`
    : text;

/** A stored value as JSON can hold it; what is UTF-8 says so. */
const describeValue = (value: unknown): unknown => {
  if (value instanceof Uint8Array) {
    // A page of the log has at most 4,000, from which the room opens again.
    return value.length > MAX_VALUE_BYTES
      ? `${value.length} bytes, ${hash(value)}`
      : {utf8: new TextDecoder().decode(value)};
  }
  return typeof value == 'string' ? abbreviate(value) : value;
};

/** A stored value as it was before `describeValue`. */
export const restoreValue = (value: any): unknown =>
  typeof value?.utf8 == 'string' ? new TextEncoder().encode(value.utf8) : value;

type Line = {
  carryUp: () => Promise<void>[];
  carryDown: () => boolean;
};

export interface RecordedClient {
  readonly store: Store;
  readonly session: Session;
  readonly errors: unknown[];
  /** As `startAutoPersisting` of the persister does. */
  start(initialContent?: any): Promise<void>;
  disconnect(): void;
  reconnect(): void;
}

export const createRecordedConversation = (options: MemoryRoomOptions = {}) => {
  const room = createMemoryRoom(options);
  const record: string[] = [];
  const lines: Line[] = [];

  /** Carries all frames to where they belong, until nobody says more. */
  const flush = async (): Promise<void> => {
    // A request and what follows from it take some rounds without a frame.
    let rounds = 0;
    for (let idleRounds = 0; idleRounds < 10; idleRounds++) {
      if (++rounds > MAX_ROUNDS) {
        throw new Error(`They never stop: ${record.slice(-5).join(', ')}`);
      }
      await settle();
      const said = lines.flatMap(({carryUp}) => carryUp());
      await Promise.all(said);
      const heard = lines.map(({carryDown}) => carryDown());
      if (said.length || heard.some(Boolean)) {
        idleRounds = 0;
      }
    }
  };

  const carryDown = (
    name: string,
    connection: MemoryConnection | undefined,
    deliver: (frame: string) => void,
  ): boolean => {
    const frames = connection?.frames.splice(0) ?? [];
    frames.forEach((frame) => {
      record.push(`${name} < ${abbreviate(frame)}`);
      deliver(frame);
    });
    return frames.length > 0;
  };

  const createClient = (name: string): RecordedClient => {
    const store = createStore();
    const {environment} = createScriptedWorld();
    const errors: unknown[] = [];
    const up: string[] = [];
    const socket = createScriptedSocket({onSend: (frame) => up.push(frame)});
    let connection: MemoryConnection | undefined;
    let lastId = 0;
    const session = createSession(
      store,
      socket.connection,
      {},
      {onError: (error) => errors.push(error), onChange: () => {}},
      {
        ...environment,
        createId: () => `${name}${++lastId}`,
        fetch: async (url, init) => {
          const response = await respondToStoreRequest(
            room.room,
            new Request(url, init),
            {},
          );
          const body = init.body as string | undefined;
          const text = await response.clone().text();
          record.push(
            [
              `${name} ${init.method ?? 'GET'}`,
              ...(body === undefined ? [] : [abbreviate(body)]),
              `> ${response.status}`,
              response.headers.get('ETag') ?? 'no ETag',
              abbreviate(text),
            ].join(' '),
          );
          return response;
        },
      },
    );
    lines.push({
      carryUp: () =>
        up.splice(0).map((frame) => {
          record.push(`${name} > ${abbreviate(frame)}`);
          return connection?.say(frame) ?? Promise.resolve();
        }),
      carryDown: () => carryDown(name, connection, socket.deliver),
    });
    const client = {
      store,
      session,
      errors,
      reconnect: () => {
        connection = room.connect(name);
        socket.open();
      },
      disconnect: () => {
        connection?.leave();
        connection = undefined;
        up.splice(0);
        socket.close();
      },
      start: async (initialContent?: any) => {
        client.reconnect();
        session.setAutoSave(true);
        session.setAutoLoad(true);
        const starting = session.load(initialContent).then(async () => {
          await session.save();
          session.join();
        });
        await flush();
        await starting;
        await flush();
      },
    };
    return client;
  };

  return {
    room,
    record,
    flush,
    createClient,

    /** Connects a client of TinyBase's, which only speaks in changes. */
    createLegacyClient: (name: string) => {
      const connection = room.connect(name);
      lines.push({
        carryUp: () => [],
        carryDown: () => carryDown(name, connection, () => {}),
      });
      return {
        say: async (frame: string): Promise<void> => {
          record.push(`${name} > ${frame}`);
          await connection.say(frame);
          await flush();
        },
      };
    },

    /** What is stored, such that JSON can hold it. */
    getStored: (): {[key: string]: unknown} =>
      Object.fromEntries(
        room.storage
          .getEntries()
          .map(([key, value]) => [key, describeValue(value)]),
      ),
  };
};
