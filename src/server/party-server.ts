import type {
  Connection,
  Party,
  Request as PartyRequest,
  Server,
  ServerOptions,
  Storage,
} from 'partykit/server';
import {
  type CellOrUndefined,
  type Changes,
  type Content,
  createStore,
  type Id,
  type Store,
  type ValueOrUndefined,
} from 'tinybase';
import type {Cell, Value} from 'tinybase';
import type {Changes as EncodedChanges} from '../protocol/changes.js';
import {decodeContent} from '../protocol/content.js';
import {
  getHistoryLimit,
  getRoomLimits,
  type RoomLimits,
} from '../protocol/limits.js';
import {parseChanges} from '../protocol/parse-changes.js';
import {createPartyKitConnections} from './partykit-edge.js';
import {Room} from './room.js';
import {RoomLog} from './storage/room-log.js';
import {respondToStoreRequest} from './store-http.js';
import {startWebhooks, type Visit} from './webhooks/partykit-webhooks.js';
import {parseWebhooks, type WebhookConfig} from './webhooks/webhook-config.js';

/** How a room is reached, and where it keeps what it holds. */
export type TinyBasePartyKitServerConfig = {
  /** The path of the content below the room's URL; defaults to `/store`. */
  storePath?: string;
  /**
   * What the room's WebSocket messages begin with, to tell them from an app's
   * own; defaults to an empty string.
   */
  messagePrefix?: string;
  /**
   * What the room's keys in durable storage begin with, to tell them from an
   * app's own; defaults to an empty string.
   */
  storagePrefix?: string;
  /**
   * Headers of every response. Defaults to `Access-Control-Allow-Origin`,
   * `-Methods` and `-Headers` of `*`; what is set here replaces all of them.
   */
  responseHeaders?: HeadersInit;
  /**
   * Whether `PATCH` at `storePath` may change the content: for back ends, which
   * have no WebSocket. It asks the hooks as a push does, with the request in
   * place of the connection. Defaults to whether it lets in nobody new: the class
   * has `onBeforeRequest`, or nothing of its own that may turn a connection down
   * (`onBeforeConnect`, `onConnect`, `onMessage`).
   */
  allowPatch?: boolean;
  /** Bounds other than the defaults. */
  limits?: Partial<RoomLimits>;
  /**
   * Whether who may `GET` the content may also follow it live, by server-sent
   * events; defaults to true. A room stays awake while somebody does.
   */
  feed?: boolean;
  /**
   * How much of the log is kept for history, in bytes, if that is more than
   * `limits.maxCatchUpBytes`. Who may `GET` the content may ask for each commit of
   * the past (`?since=`) and for the content as it was (`?at=`), as far as the log
   * reaches, with what has been overwritten and deleted since. Defaults to what
   * the log has anyhow; 0 tells nothing of the past.
   */
  historyLimit?: number;
  /**
   * Who is told, by signed webhooks, that the Store was updated; defaults to
   * nobody. See docs/webhooks.md for what the room does with its alarm then.
   */
  webhooks?: WebhookConfig | WebhookConfig[];
};

const RESPONSE_HEADERS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': '*',
  'Access-Control-Allow-Headers': '*',
};

const HOOKS = [
  'canSetTable',
  'canDelTable',
  'canSetRow',
  'canDelRow',
  'canSetCell',
  'canDelCell',
  'canSetValue',
  'canDelValue',
] as const;

const HANDLERS = [
  'onStart',
  'onConnect',
  'onMessage',
  'onRequest',
  'onClose',
  'onError',
  'onAlarm',
] as const;

const rooms = new WeakMap<TinyBasePartyKitServer<any>, Room<Connection>>();

/** Of rooms that send webhooks: what is told of each visit. */
const onVisits = new WeakMap<Room<Connection>, (visit: Visit) => void>();

/**
 * A PartyKit room that holds the authoritative Store of everyone who joins it.
 *
 * Extend it to give it a configuration, hooks or a schema. A handler that you
 * override must call the `super` implementation, where there is one.
 *
 * @example
 * ```ts
 * export default class extends TinyBasePartyKitServer {
 *   canSetCell(tableId: string, _rowId: string, cellId: string) {
 *     return tableId != 'prices' || cellId != 'locked';
 *   }
 * }
 * ```
 */
export class TinyBasePartyKitServer<LiveStore = Store> implements Server {
  readonly party: Party;
  readonly config: TinyBasePartyKitServerConfig = {};
  /**
   * Hibernation is on: an idle room sleeps and its sockets stay open. Without it
   * PartyKit itself mixes up two connections of the same id.
   */
  readonly options: ServerOptions = {hibernate: true};

  constructor(party: Party) {
    this.party = party;
    this.config.storePath ??= '/store';
    this.config.messagePrefix ??= '';
    this.config.storagePrefix ??= '';
    this.config.responseHeaders ??= RESPONSE_HEADERS;
    // A handler of the app may read the Store: it waits until that is loaded.
    const handlers = this as any;
    for (const name of HANDLERS) {
      const handler = handlers[name];
      if (
        handler &&
        handler != (TinyBasePartyKitServer.prototype as any)[name]
      ) {
        handlers[name] = async (...args: unknown[]) => {
          const room = getRoom(this);
          if (
            name == 'onMessage' &&
            room.receiveSign(args[1] as Connection, args[0])
          ) {
            // A client asks now and then whether the room is there: that is not
            // worth loading the Store of a room that sleeps.
            return undefined;
          }
          await room.load();
          try {
            return await handler.apply(this, args);
          } finally {
            if (name == 'onMessage') {
              room.keepGreeting(args[1] as Connection);
            }
          }
        };
      }
    }
    // An alarm may be the first to come. By then a subclass has its config.
    queueMicrotask(() => {
      if (this.config.webhooks) {
        try {
          getRoom(this);
        } catch {
          // What is wrong with it is told to whoever comes first.
        }
      }
    });
  }

  /**
   * Answers requests for the content at `storePath`, and any other with 404. An
   * override deals with the app's own requests and calls this for the rest.
   */
  async onRequest(request: PartyRequest): Promise<Response> {
    // A subclass may have replaced the whole config by a field of its own.
    const {
      storePath = '/store',
      responseHeaders = RESPONSE_HEADERS,
      allowPatch = isPatchHarmless(this),
    } = this.config;
    if (!new URL(request.url).pathname.endsWith(storePath)) {
      return new Response(null, {status: 404, headers: responseHeaders});
    }
    try {
      return await respondToStoreRequest(
        getRoom(this, request),
        request as unknown as Request,
        {responseHeaders, allowPatch},
      );
    } catch (cause) {
      // PartyKit answers with the message, and logs all of it.
      throw new Error('The room could not answer: try again.', {cause});
    }
  }

  /**
   * Deals with the messages of clients, and leaves any other alone. Resolves
   * when what a message changes is stored and sent to everyone.
   */
  async onMessage(
    message: string | ArrayBuffer | ArrayBufferView,
    connection: Connection,
  ): Promise<void> {
    await getRoom(this, connection).receive(connection, message);
  }

  /**
   * Makes the Store that the room holds. Override it to return one with a
   * schema, which the room then enforces: what it changes or refuses of a push
   * is corrected on the client. Must be a regular Store, and without content.
   */
  createStore(): LiveStore {
    return createStore() as LiveStore;
  }

  /**
   * The room's live Store. What you write to it is stored and sent to everyone,
   * like a client's push, but asks no hook. It is there in every handler that is
   * a method (`onStart`, `onConnect`, `onRequest`, …). In a room that has no
   * Store yet this makes one: clients load it, and their initial content is not
   * used. Finish a transaction in the same step: the room starts anew where a
   * push meets one that is open across an `await`.
   *
   * @throws Where the Store is not loaded yet, as in the constructor.
   */
  getStore(): LiveStore {
    const {store} = getRoom(this);
    if (!store) {
      throw new Error(
        'The Store is not loaded yet: call getStore() in onStart or a later ' +
          'handler, written as a method of the class.',
      );
    }
    return store as LiveStore;
  }

  /** Whether a client may change this Table. */
  canSetTable(
    _tableId: Id,
    _initialSave: boolean,
    _requestOrConnection: PartyRequest | Connection,
  ): boolean | Promise<boolean> {
    return true;
  }

  /** Whether a client may delete this Table; its Rows are asked for, too. */
  canDelTable(
    _tableId: Id,
    _requestOrConnection: PartyRequest | Connection,
  ): boolean | Promise<boolean> {
    return true;
  }

  /** Whether a client may change this Row. */
  canSetRow(
    _tableId: Id,
    _rowId: Id,
    _initialSave: boolean,
    _requestOrConnection: PartyRequest | Connection,
  ): boolean | Promise<boolean> {
    return true;
  }

  /** Whether a client may delete this Row; its Cells are asked for, too. */
  canDelRow(
    _tableId: Id,
    _rowId: Id,
    _requestOrConnection: PartyRequest | Connection,
  ): boolean | Promise<boolean> {
    return true;
  }

  /** Whether a client may set this Cell. */
  canSetCell(
    _tableId: Id,
    _rowId: Id,
    _cellId: Id,
    _cell: Cell,
    _initialSave: boolean,
    _requestOrConnection: PartyRequest | Connection,
    _oldCell: CellOrUndefined,
  ): boolean | Promise<boolean> {
    return true;
  }

  /** Whether a client may delete this Cell. */
  canDelCell(
    _tableId: Id,
    _rowId: Id,
    _cellId: Id,
    _requestOrConnection: PartyRequest | Connection,
  ): boolean | Promise<boolean> {
    return true;
  }

  /** Whether a client may set this Value. */
  canSetValue(
    _valueId: Id,
    _value: Value,
    _initialSave: boolean,
    _requestOrConnection: PartyRequest | Connection,
    _oldValue: ValueOrUndefined,
  ): boolean | Promise<boolean> {
    return true;
  }

  /** Whether a client may delete this Value. */
  canDelValue(
    _valueId: Id,
    _requestOrConnection: PartyRequest | Connection,
  ): boolean | Promise<boolean> {
    return true;
  }

  /**
   * Whose doing it is what a client sends, for commits to say it in the feed, in
   * the history and in webhooks: a string of at most 256 UTF-16 units, such as the
   * id of a user, or undefined for nobody in particular. Where a class overrides
   * it, the room asks for each push, `PATCH` and initial `PUT`, and a commit has
   * the pushes of one author only: pushes of many at once are as many commits. The
   * Store is loaded for it, as for the `can…` hooks. Where it throws, or returns
   * something else, the changes are refused.
   *
   * @example
   * ```ts
   * import type * as Party from 'partykit/server';
   * import {TinyBasePartyKitServer} from 'tinybase-partykit/server';
   *
   * export default class extends TinyBasePartyKitServer {
   *   getAuthor(who: Party.Request | Party.Connection) {
   *     return 'headers' in who
   *       ? (who.headers.get('x-user-id') ?? undefined)
   *       : who.id;
   *   }
   * }
   * ```
   */
  getAuthor(
    _requestOrConnection: PartyRequest | Connection,
  ): string | undefined | Promise<string | undefined> {
    return undefined;
  }
}

const isOverridden = (server: any, name: string): boolean =>
  server[name] != (TinyBasePartyKitServer.prototype as any)[name];

/** Whether who may send a `PATCH` could as well connect, and push. */
const isPatchHarmless = (server: TinyBasePartyKitServer<any>): boolean => {
  const {onBeforeConnect, onBeforeRequest} = server.constructor as any;
  return (
    !!onBeforeRequest ||
    (!onBeforeConnect &&
      !isOverridden(server, 'onConnect') &&
      !isOverridden(server, 'onMessage'))
  );
};

const createId = (): string => crypto.randomUUID().replaceAll('-', '');

/** The room of a server; made when first needed, for its config to be set. */
const getRoom = (
  server: TinyBasePartyKitServer<any>,
  visit?: Visit,
): Room<Connection> => {
  let room = rooms.get(server);
  if (!room) {
    const {party, config} = server;
    const {storagePrefix = ''} = config;
    const webhooks = parseWebhooks(config.webhooks);
    // The one that webhooks need is no handler of the app's.
    const handlers = HANDLERS.filter(
      (name) =>
        name != 'onAlarm' || !webhooks.length || isOverridden(server, name),
    );
    room = new Room<Connection>({
      ...createPartyKitConnections(party),
      storage: party.storage,
      storagePrefix,
      limits: getRoomLimits(config.limits),
      get hasFeed() {
        return config.feed ?? true;
      },
      historyLimit: getHistoryLimit(config.historyLimit),
      get messagePrefix() {
        return config.messagePrefix ?? '';
      },
      hooks: server,
      hasHooks: () => HOOKS.some((name) => isOverridden(server, name)),
      hasAuthors: () => isOverridden(server, 'getAuthor'),
      getAuthor: (who) => server.getAuthor(who as PartyRequest | Connection),
      needsStore: () =>
        isOverridden(server, 'createStore') ||
        isOverridden(server, 'getAuthor') ||
        handlers.some((name) => isOverridden(server, name)),
      createStore: () => server.createStore(),
      createEpoch: createId,
      createMark: createId,
      now: () => Date.now(),
      schedule: (run, delayMs = 0) => {
        const timer = setTimeout(run, delayMs);
        return () => clearTimeout(timer);
      },
    });
    rooms.set(server, room);
    if (webhooks.length) {
      const config = {webhooks, storagePrefix};
      onVisits.set(room, startWebhooks(server, room, config));
    }
  }
  if (visit) {
    onVisits.get(room)?.(visit);
  }
  return room;
};

const openLog = async (
  storage: Storage,
  storagePrefix = '',
): Promise<[log: RoomLog, legacy: Content | undefined]> => {
  const log = new RoomLog(storage, storagePrefix);
  return [log, (await log.open(() => '', true)) as Content | undefined];
};

/**
 * Whether a Store is in a room's storage, be it this library's or TinyBase's.
 *
 * @param storagePrefix The `storagePrefix` of the server's config.
 */
export const hasStoreInStorage = async (
  storage: Storage,
  storagePrefix?: string,
): Promise<boolean> => {
  const [log, legacy] = await openLog(storage, storagePrefix);
  return !!(log.epoch || legacy);
};

/**
 * The content in a room's storage, be it this library's or TinyBase's; empty
 * where there is none.
 *
 * @param storagePrefix The `storagePrefix` of the server's config.
 */
export const loadStoreFromStorage = async (
  storage: Storage,
  storagePrefix?: string,
): Promise<Content> => {
  const [log, legacy] = await openLog(storage, storagePrefix);
  const content: any = log.epoch
    ? await log.readContent()
    : (legacy ?? [{}, {}]);
  decodeContent(content);
  return content;
};

/**
 * Applies changes of the server's own to the room, stores them and tells all
 * clients; resolves when that is done, or within a hook's turn when it is
 * applied. Unlike TinyBase's it stores them, too. In
 * a room that has no Store yet it makes one: clients load it, and their initial
 * content is not used.
 *
 * @param changes What changed, as TinyBase's `getTransactionChanges` gives it.
 * @param without Ids of connections which show it already. It spares TinyBase's
 * own clients an echo; ours need none spared.
 * @throws TypeError where the changes are malformed.
 */
export const broadcastChanges = async (
  server: TinyBasePartyKitServer<any>,
  changes: Changes,
  without?: string[],
): Promise<void> => {
  const encoded: EncodedChanges | undefined = parseChanges(
    JSON.parse(
      JSON.stringify(changes, (_key, thing) =>
        thing === undefined ? '\uFFFC' : thing,
      ),
    ),
  );
  if (!encoded) {
    throw new TypeError(
      'Malformed changes: give [tables, values, 1], as getTransactionChanges() ' +
        'of a Store does.',
    );
  }
  await getRoom(server).apply(encoded, without);
};
