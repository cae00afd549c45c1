/** PartyKit's platform in memory: one room, its server class and its sockets. */
import type {Connection, Party} from 'partykit/server';
import type {PartySocket} from 'partysocket';
import type {TinyBasePartyKitServer} from 'tinybase-partykit/server';
import {createMemoryStorage, type MemoryStorage} from './memory-storage.js';

type ServerClass<Server> = new (party: Party) => Server;
type Listener = (event: any) => void;

export interface FakeConnection {
  readonly connection: Connection;
  /** What the room has sent. */
  readonly received: string[];
  closed?: [code: number, reason: string];
}

export interface FakePartyOptions {
  storage?: MemoryStorage;
  /**
   * Only what TinyBase's own halves use: no way to send to one connection, and
   * sockets of which nobody knows the state.
   */
  minimal?: boolean;
}

export const createFakeParty = <Server extends TinyBasePartyKitServer<any>>(
  ServerClass: ServerClass<Server>,
  options: FakePartyOptions = {},
) => {
  const {storage = createMemoryStorage(), minimal = false} = options;
  const connections = new Map<
    Connection,
    {receive: (frame: string) => void; attachment?: unknown}
  >();
  let lastId = 0;

  const send = (connection: Connection, frame: string): void =>
    connections.get(connection)?.receive(frame);

  const all = {
    id: 'room',
    name: 'main',
    storage: storage as any,
    broadcast: (frame: string, without: string[] = []) => {
      for (const connection of connections.keys()) {
        if (!without.includes(connection.id)) {
          send(connection, frame);
        }
      }
    },
    getConnections: () => connections.keys(),
  };
  const leastStorage = {
    get: storage.get,
    list: ({prefix}: {prefix: string}) => storage.list({prefix}),
    put: storage.put,
    delete: storage.delete,
  };
  const party = (minimal
    ? {storage: leastStorage, broadcast: all.broadcast}
    : all) as unknown as Party;

  let server = new ServerClass(party);

  const addConnection = (
    id: string | undefined,
    receive: (frame: string) => void,
    onClose: (code: number, reason: string) => void,
  ): Connection => {
    const connection = {
      id: id ?? `connection${++lastId}`,
      ...(minimal
        ? {}
        : {
            send: (frame: string) => send(connection, frame),
            close: (code: number, reason: string) => {
              connections.delete(connection);
              onClose(code, reason);
            },
          }),
    } as unknown as Connection;
    connections.set(connection, {receive});
    return connection;
  };

  const request = async (
    method: string,
    path: string,
    body?: string,
  ): Promise<Response> =>
    await server.onRequest(
      new Request(`http://localhost/parties/main/room${path}`, {
        method,
        body,
      }) as any,
    );

  return {
    party,
    storage,
    request,

    get server(): Server {
      return server;
    },

    /** Connects a client that only notes what it gets. */
    connect: (id?: string): FakeConnection => {
      const received: string[] = [];
      const fake: FakeConnection = {
        received,
        connection: addConnection(
          id,
          (frame) => received.push(frame),
          (...closed) => {
            fake.closed = closed;
          },
        ),
      };
      return fake;
    },

    /** Connects what a client takes for its PartySocket. */
    createSocket: (): PartySocket => {
      const listeners: {[type: string]: Set<Listener>} = {};
      const dispatch = (type: string, event: object = {}): void =>
        listeners[type]?.forEach((listener) => listener(event));
      let readyState = 0;
      let connection: Connection | undefined;
      const open = (): void => {
        readyState = 1;
        connection = addConnection(
          undefined,
          (data) => void setImmediate(() => dispatch('message', {data})),
          () => {
            readyState = 3;
            dispatch('close');
          },
        );
        dispatch('open');
      };
      const socket = {
        name: 'main',
        partySocketOptions: {host: 'localhost', room: 'room'},
        ...(minimal
          ? {}
          : {
              get readyState() {
                return readyState;
              },
              close: () => {
                readyState = 3;
                connections.delete(connection!);
                dispatch('close');
              },
              reconnect: () => {
                connections.delete(connection!);
                readyState = 3;
                dispatch('close');
                setImmediate(open);
              },
            }),
        send: (frame: string) =>
          void setImmediate(
            () => void server.onMessage(frame, connection!).catch(() => {}),
          ),
        addEventListener: (type: string, listener: Listener) =>
          (listeners[type] ??= new Set()).add(listener),
        removeEventListener: (type: string, listener: Listener) =>
          listeners[type]?.delete(listener),
      };
      minimal ? open() : setImmediate(open);
      if (!minimal) {
        Object.defineProperty(socket, 'readyState', {get: () => readyState});
      }
      return socket as unknown as PartySocket;
    },

    /** Answers `fetch` of what a client asks for. */
    fetch: async (url: string, init: RequestInit = {}): Promise<Response> =>
      await server.onRequest(new Request(url, init) as any),

    /** The room sleeps, and wakes with its sockets. */
    wake: (): void => {
      server = new ServerClass(party);
    },
  };
};
