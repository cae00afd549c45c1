/** Joins what a platform gives and what an app's class says into a room. */
import {getHistoryLimit, getRoomLimits} from '../protocol/limits.js';
import {isArchiveRequest} from './move/archive-request.js';
import {AwayError} from './move/away-error.js';
import {createResidence} from './move/create-residence.js';
import {respondAway, respondToMove} from './move/respond-to-move.js';
import {Room} from './room.js';
import type {RoomConfig} from './room-config.js';
import type {RoomConnection, RoomConnections} from './room-edge.js';
import type {RoomHooks} from './room-hooks.js';
import type {KeyValueStorage} from './storage/key-value-storage.js';
import type {AlarmStorage} from './webhooks/app-storage.js';
import {startWebhooks} from './webhooks/start-webhooks.js';
import {parseWebhooks} from './webhooks/webhook-config.js';
import type {Webhooks} from './webhooks/webhooks.js';

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

export type HandlerName = (typeof HANDLERS)[number];

/** The class of a platform, or an app's that extends it. */
export type RoomServer = RoomHooks<any, any> & {readonly config: RoomConfig};

/** What differs from one platform to the next. */
export interface Platform<Connection extends RoomConnection> {
  /** The prototype of its class: what is not as there is the app's. */
  readonly base: object;
  readonly storage: KeyValueStorage;
  readonly connections: RoomConnections<Connection>;
  /** What is what among the arguments of `onMessage`. */
  parseMessage(args: any[]): [connection: Connection, message: unknown];
  /** The id of the room, where it is known. */
  findRoomId(): string | undefined;
  /** Whether a request or a connection is the first to tell it. */
  noteVisit(visit: object): boolean;
  /** Runs a handler of the app's, and deals with what it throws. */
  runHandler(name: HandlerName, run: () => Promise<unknown>): Promise<unknown>;
  /** Tells the app what has failed where nobody waits for it. */
  report(error: unknown): void;
  /**
   * Where the class has to be started before its room is: resolves when it is.
   * Undefined where it is, or is just being started.
   */
  start(): Promise<void> | undefined;
}

const hosts = new WeakMap<object, RoomHost<any>>();

export class RoomHost<Connection extends RoomConnection = RoomConnection> {
  readonly #server: RoomServer;
  readonly #platform: Platform<Connection>;
  #room: Room<Connection> | undefined;
  #webhooks: Webhooks | undefined;
  /** Runs the app's `onStart`, where that could not be. */
  #startLate: (() => Promise<unknown>) | undefined;
  /** Pending while that runs. */
  #starting: Promise<unknown> | undefined;
  /** Pending while the room is looked for. */
  #settling: Promise<void> | undefined;

  /** To be made by the constructor of the platform's class. */
  constructor(server: RoomServer, platform: Platform<Connection>) {
    this.#server = server;
    this.#platform = platform;
    hosts.set(server, this);
  }

  /**
   * The room; made when first needed, for a subclass to have its config by then.
   * That takes nothing from storage yet.
   */
  get room(): Room<Connection> {
    return (this.#room ??= this.#createRoom());
  }

  /** The room, for a request or a connection that comes to it. */
  visit(visit: object): Room<Connection> {
    const {room} = this;
    if (this.#platform.noteVisit(visit)) {
      this.#webhooks?.noteVisit();
    }
    return room;
  }

  /**
   * An alarm has gone off, and may be the first to come: to be called before any
   * handler runs.
   */
  noteAlarm(): void {
    void this.room;
    this.#webhooks?.noteRing();
  }

  /** Answers a request that concerns where the room lives, if it is one. */
  answerMove(request: Request): Promise<Response | undefined> {
    return respondToMove(request, this.#server.config, () =>
      this.visit(request),
    );
  }

  /**
   * Where the room may have to be fetched first, waits until it is there; answers
   * who comes in vain. To be called before anything that lets nothing else in: what
   * is fetched would wait for that, and that for it.
   */
  async settle(request: Request): Promise<Response | undefined> {
    const {config} = this.#server;
    if (
      (!config.move && !config.moveFrom) ||
      isArchiveRequest(request) ||
      this.#platform.findRoomId() === undefined
    ) {
      return undefined;
    }
    try {
      if (!this.room.isOpen) {
        await (this.#settling ??= this.room.open().finally(() => {
          this.#settling = undefined;
        }));
      }
      await this.#starting;
    } catch (error) {
      if (error instanceof AwayError) {
        return respondAway(error, config.responseHeaders);
      }
      throw error;
    }
    return undefined;
  }

  /** To be awaited, if there is anything to, before the room is used. */
  start(): Promise<void> | undefined {
    return this.#platform.start();
  }

  /** Whether something is not the platform's class's own, but the app's. */
  isOverridden(name: string): boolean {
    return (this.#server as any)[name] != (this.#platform.base as any)[name];
  }

  /**
   * Has each handler of the app's wait until the Store is loaded, which it may
   * read.
   */
  wrapHandlers(): void {
    const handlers = this.#server as any;
    for (const name of HANDLERS) {
      const handler = handlers[name];
      if (handler && this.isOverridden(name)) {
        handlers[name] = (...args: unknown[]) =>
          this.#platform.runHandler(name, () =>
            this.#handle(name, args, handler),
          );
      }
    }
  }

  async #handle(
    name: HandlerName,
    args: unknown[],
    handler: (...args: unknown[]) => unknown,
  ): Promise<unknown> {
    if (name == 'onRequest') {
      const response = await this.answerMove(args[0] as Request);
      if (response) {
        return response;
      }
    }
    const {room} = this;
    // The platform never calls it again: it runs when the room lives here.
    const startLate = () => {
      this.#startLate = () => this.#handle(name, args, handler);
    };
    if (name == 'onStart' && this.#settling) {
      return startLate();
    }
    if (name != 'onMessage') {
      try {
        await room.load();
      } catch (error) {
        if (error instanceof AwayError && name == 'onStart') {
          return startLate();
        }
        if (error instanceof AwayError && name == 'onRequest') {
          return respondAway(error, this.#server.config.responseHeaders);
        }
        throw error;
      }
      return await handler.apply(this.#server, args);
    }
    const [connection, message] = this.#platform.parseMessage(args);
    if (room.receiveSign(connection, message)) {
      // A client asks now and then whether the room is there: that is not
      // worth loading the Store of a room that sleeps.
      return undefined;
    }
    await room.load();
    try {
      return await handler.apply(this.#server, args);
    } finally {
      room.keepGreeting(connection);
    }
  }

  #createRoom(): Room<Connection> {
    const server = this.#server;
    const {storage, connections, findRoomId} = this.#platform;
    const {config} = server;
    const {storagePrefix = ''} = config;
    const webhooks = parseWebhooks(config.webhooks);
    // The one that webhooks need is no handler of the app's.
    const handlers = HANDLERS.filter(
      (name) =>
        name != 'onAlarm' || !webhooks.length || this.isOverridden(name),
    );
    const room = new Room<Connection>({
      ...connections,
      storage,
      storagePrefix,
      residence: createResidence(config, {
        storage,
        findRoomId,
        onEnter: () => {
          const startLate = this.#startLate;
          this.#startLate = this.#settling = undefined;
          if (startLate) {
            this.#starting = startLate()
              .catch((error: unknown) => this.#platform.report(error))
              .finally(() => {
                this.#starting = undefined;
              });
          }
        },
        onFailure: (error) => this.#platform.report(error),
      }),
      limits: getRoomLimits(config.limits),
      get hasFeed() {
        return config.feed ?? true;
      },
      historyLimit: getHistoryLimit(config.historyLimit),
      get messagePrefix() {
        return config.messagePrefix ?? '';
      },
      hooks: server,
      hasHooks: () => HOOKS.some((name) => this.isOverridden(name)),
      hasAuthors: () => this.isOverridden('getAuthor'),
      getAuthor: (who) => server.getAuthor(who),
      needsStore: () =>
        this.isOverridden('createStore') ||
        this.isOverridden('getAuthor') ||
        handlers.some((name) => this.isOverridden(name)),
      createStore: () => server.createStore(),
      createEpoch: createId,
      createMark: createId,
      now: () => Date.now(),
      schedule: (run, delayMs = 0) => {
        const timer = setTimeout(run, delayMs);
        return () => clearTimeout(timer);
      },
    });
    if (webhooks.length) {
      this.#webhooks = startWebhooks(room, {
        webhooks,
        storage: storage as KeyValueStorage & AlarmStorage,
        storagePrefix,
        findRoomId,
      });
      this.#takeAlarm(this.#webhooks);
    }
    return room;
  }

  /** The alarm goes off for the webhooks, too. */
  #takeAlarm(webhooks: Webhooks): void {
    const server = this.#server as {onAlarm?: () => unknown};
    const app = this.isOverridden('onAlarm')
      ? server.onAlarm?.bind(server)
      : undefined;
    server.onAlarm = () => webhooks.ring(app);
  }
}

const createId = (): string => crypto.randomUUID().replaceAll('-', '');

/** The host of a platform's class. */
export const getHost = (server: object): RoomHost => {
  const host = hosts.get(server);
  if (!host) {
    throw new TypeError('This is no server with a room.');
  }
  return host;
};
