/**
 * What both halves' rooms under test add to their server class: storage that
 * counts its operations, and routes by which a test looks into it.
 */
import type * as Party from 'partykit/server';

type Room = Party.Server & {
  config: {storagePrefix?: string};
  onRequest(request: Party.Request): Promise<Response> | Response;
};
type RoomClass = (new (...args: any[]) => Room) & {prototype: Room};
type LoadStore = (storage: Party.Storage, prefix?: string) => Promise<unknown>;

/** What a room has asked of its storage since it was last asked for this. */
export interface StorageCounts {
  listCalls: number;
  keysListed: number;
  keysRead: number;
  keysWritten: number;
  keysDeleted: number;
}

const TOKEN = 'secret';

/**
 * Adds the observation to a server class; `loadStore` is of the same half.
 * Without the variable `storagePrefix` it stores without a prefix.
 */
export const observe = <Base extends RoomClass>(
  Base: Base,
  loadStore: LoadStore,
) =>
  class extends Base {
    #storage: Party.Storage;
    /** Another one after the room has slept. */
    readonly #instance = crypto.randomUUID();
    #counts = createCounts();

    constructor(...args: any[]) {
      const [room] = args as [Party.Room];
      const counts = createCounts();
      super(withStorage(room, countOperations(room.storage, counts)));
      this.#storage = room.storage;
      if (typeof room.env.storagePrefix == 'string') {
        this.config = {storagePrefix: room.env.storagePrefix};
      }
      this.#counts = counts;
    }

    /** Rooms called `private-…` want a token, in the query. */
    static onBeforeConnect = checkToken;
    static onBeforeRequest = checkToken;

    override async onRequest(request: Party.Request): Promise<Response> {
      const storage = this.#storage;
      switch (/\/debug\/(\w+)$/.exec(new URL(request.url).pathname)?.[1]) {
        case 'storage':
          return Response.json([...(await storage.list())]);
        case 'content':
          return Response.json(
            await loadStore(storage, this.config.storagePrefix),
          );
        case 'put':
          await storage.put(await request.json<Record<string, unknown>>());
          return Response.json(null);
        case 'instance':
          return Response.json(this.#instance);
        case 'counts': {
          const counts = {...this.#counts};
          Object.assign(this.#counts, createCounts());
          return Response.json(counts);
        }
        default:
          return await super.onRequest(request);
      }
    }
  };

function checkToken(
  request: Party.Request,
  lobby: Party.Lobby,
): Party.Request | Response {
  return lobby.id.startsWith('private-') &&
    new URL(request.url).searchParams.get('token') !== TOKEN
    ? new Response('no token', {status: 401})
    : request;
}

const createCounts = (): StorageCounts => ({
  listCalls: 0,
  keysListed: 0,
  keysRead: 0,
  keysWritten: 0,
  keysDeleted: 0,
});

const sizeOf = (keys: unknown): number =>
  Array.isArray(keys)
    ? keys.length
    : typeof keys == 'object' && keys
      ? Object.keys(keys).length
      : 1;

type Operation = (...args: any[]) => any;

const countOperations = <Target extends object>(
  target: Target,
  counts: StorageCounts,
): Target => {
  const counted: Record<string, (method: Operation) => Operation> = {
    list: (list) => async (options) => {
      counts.listCalls++;
      const entries = (await list(options)) as Map<string, unknown>;
      counts.keysListed += entries.size;
      return entries;
    },
    get: (get) => (keys, options) => {
      counts.keysRead += sizeOf(keys);
      return get(keys, options);
    },
    put:
      (put) =>
      (keys, ...rest) => {
        counts.keysWritten += sizeOf(keys);
        return put(keys, ...rest);
      },
    delete: (del) => (keys, options) => {
      counts.keysDeleted += sizeOf(keys);
      return del(keys, options);
    },
    transaction: (transaction) => (action: Operation) =>
      transaction((inner: object) => action(countOperations(inner, counts))),
  };
  return new Proxy(target, {
    get: (_, key) => {
      const member = Reflect.get(target, key, target) as unknown;
      if (typeof member != 'function') {
        return member;
      }
      const method = member.bind(target) as Operation;
      return counted[String(key)]?.(method) ?? method;
    },
  });
};

const withStorage = (room: Party.Room, storage: Party.Storage): Party.Room =>
  new Proxy(room, {
    get: (_, key) =>
      key == 'storage' ? storage : Reflect.get(room, key, room),
  });
