/** A Durable Object in memory: its class, its storage and its sockets. */
import {createAlarmStorage} from './alarm-storage.js';
import {FakeWebSocket} from './fake-workers.js';

type ServerClass<Server> = new (ctx: any, env: any) => Server;

type Entries = {
  fetch(request: any): Promise<any>;
  webSocketMessage(socket: any, message: any): Promise<void>;
  alarm(): Promise<void>;
};

export const createFakeDurableObject = <Server extends Entries>(
  ServerClass: ServerClass<Server>,
  storage = createAlarmStorage(),
) => {
  const sockets: {ws: FakeWebSocket; tags: string[]}[] = [];
  /** Ends of critical sections. */
  const onFree: (() => void)[] = [];
  const ctx = {
    id: {name: 'room'},
    acceptWebSocket: (ws: FakeWebSocket, tags: string[]) =>
      sockets.push({ws, tags}),
    getWebSockets: (tag?: string) =>
      sockets
        .filter(({tags}) => tag === undefined || tags.includes(tag))
        .map(({ws}) => ws),
    blockConcurrencyWhile: async (run: () => Promise<unknown>) => {
      const result = await run();
      onFree.splice(0).forEach((note) => note());
      return result;
    },
  };
  // Each instance has an object of its own for the same storage.
  const create = () =>
    new ServerClass({...ctx, storage: Object.create(storage)}, {});
  let server = create();

  const request = async (
    method: string,
    path: string,
    body?: string,
  ): Promise<Response> =>
    await server.fetch(
      new Request(`http://localhost/parties/main/room${path}`, {
        method,
        ...(body === undefined ? {} : {body}),
      }),
    );

  return {
    storage,
    request,
    onFree,

    get server(): Server {
      return server;
    },

    getContent: async (): Promise<any> => {
      const text = await (await request('GET', '/store')).text();
      return text && JSON.parse(text);
    },

    /** Connects; what the room sends is in `received`. */
    connect: async (id = 'id') => {
      const {webSocket} = await server.fetch(
        new Request(`http://localhost/parties/main/room?_pk=${id}`, {
          headers: {Upgrade: 'websocket'},
        }),
      );
      const index = sockets.length - 1;
      return {
        received: (webSocket as FakeWebSocket).received,
        /** Undefined where partyserver has not accepted it. */
        get socket(): any {
          return sockets[index]?.ws;
        },
        say: async (frame: string) =>
          await server.webSocketMessage(sockets[index]!.ws, frame),
      };
    },

    /** The alarm that is set goes off. */
    ring: async () => {
      storage.alarm.at = null;
      await server.alarm();
    },

    /** The object sleeps, and wakes with its sockets. */
    wake: () => {
      for (const entry of sockets) {
        entry.ws = new FakeWebSocket(entry.ws);
      }
      server = create();
    },
  };
};
