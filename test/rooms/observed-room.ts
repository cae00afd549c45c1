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
    readonly #storage: Party.Storage;
    /** Another one after the room has slept. */
    readonly #instance = crypto.randomUUID();
    #counts = createCounts();

    constructor(...args: any[]) {
      super(...args);
      // TinyBase's own has it too, and does not declare it.
      const {storage, env} = (this as unknown as {party: Party.Room}).party;
      this.#storage = bindOperations(storage);
      countOperations(storage, this.#counts);
      if (typeof env.storagePrefix == 'string') {
        this.config = {storagePrefix: env.storagePrefix};
      }
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
type Operations = Pick<
  Party.Storage,
  'list' | 'get' | 'put' | 'delete' | 'transaction'
>;

/** The same storage, past what is counted of it. */
const bindOperations = (storage: Party.Storage): Party.Storage =>
  Object.fromEntries(
    (['list', 'get', 'put', 'delete', 'transaction'] as const).map((name) => [
      name,
      (storage[name] as Operation).bind(storage),
    ]),
  ) as unknown as Party.Storage;

/** Has a storage count from here on, on the object itself. */
const countOperations = (storage: Operations, counts: StorageCounts): void => {
  const counted: {[Name in keyof Operations]: (own: Operation) => Operation} = {
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
    transaction: (transaction) => (run: Operation) =>
      transaction((inner: Operations) => {
        countOperations(inner, counts);
        return run(inner);
      }),
  };
  for (const [name, count] of Object.entries(counted)) {
    const own = storage[name as keyof Operations] as Operation | undefined;
    if (own) {
      Object.assign(storage, {[name]: count(own.bind(storage))});
    }
  }
};
