/** The room's class on partyserver. */
import {type Connection, Server, type WSMessage} from 'partyserver';
import type {Store} from 'tinybase';
import {answerRequest, COULD_NOT_ANSWER} from '../server/answer-request.js';
import {
  RESPONSE_HEADERS,
  type RoomConfig,
  setConfigDefaults,
} from '../server/room-config.js';
import {addRoomHooks, type RoomHooks} from '../server/room-hooks.js';
import {getHost, type HandlerName, RoomHost} from '../server/room-host.js';
import {createPartyServerConnections} from './partyserver-edge.js';

/** How a room is reached, and where it keeps what it holds. */
export type TinyBaseServerConfig = RoomConfig;

/** partyserver's `Server`, with what an app has of its room. */
const ServerWithHooks = addRoomHooks(Server) as unknown as {
  new <
    Env extends Cloudflare.Env,
    LiveStore,
    Props extends Record<string, unknown>,
  >(
    ctx: DurableObjectState,
    env: Env,
  ): RoomHooks<Request | Connection, LiveStore> & Server<Env, Props>;
  options: {hibernate?: boolean};
};

/** Undefined where an alarm from before its name was kept woke it. */
const getName = (server: Server<any, any>): string | undefined => {
  try {
    return server.name;
  } catch {
    return undefined;
  }
};

/** What partyserver shows of it to whoever has come is the message alone. */
const createPublicError = (cause: unknown): Error => {
  const error = new Error(COULD_NOT_ANSWER, {cause});
  error.stack = COULD_NOT_ANSWER;
  return error;
};

/**
 * A room of partyserver, a Durable Object, that holds the authoritative Store of
 * everyone who joins it.
 *
 * Extend it to give it a configuration, hooks or a schema: they are those of
 * `TinyBasePartyKitServer`. An override of `onRequest`, `onMessage`, `fetch` or
 * `alarm` must call the `super` implementation.
 *
 * A method that is called by RPC finds the Store where the class has an `onStart`
 * of its own and the stub comes from `getServerByName`; `broadcastChanges` needs
 * neither. Await neither a commit nor the Store in `blockConcurrencyWhile`: what
 * they wait for may have begun before, and then waits for that.
 *
 * What a handler throws is given to `onException`; who has come is told that the
 * room could not answer, and no more.
 *
 * The room answers preflights itself, by its `responseHeaders`. Where the Worker
 * turns requests down in `onBeforeRequest` it has to give `cors` as here, for
 * browsers to be told so; these headers win over the room's. `cors: true` leaves
 * `PUT` and `PATCH` out.
 *
 * @example
 * ```ts
 * import {routePartykitRequest} from 'partyserver';
 * import {TinyBaseServer} from 'tinybase-partykit/partyserver';
 *
 * export class Room extends TinyBaseServer {
 *   canSetCell(tableId: string, _rowId: string, cellId: string) {
 *     return tableId != 'prices' || cellId != 'locked';
 *   }
 * }
 *
 * export default {
 *   async fetch(request: Request, env: Cloudflare.Env) {
 *     const response = await routePartykitRequest(request, env, {
 *       cors: {
 *         'Access-Control-Allow-Origin': '*',
 *         'Access-Control-Allow-Methods': 'GET, HEAD, PUT, PATCH, OPTIONS',
 *         'Access-Control-Allow-Headers': '*, Authorization',
 *         'Access-Control-Max-Age': '86400',
 *       },
 *     });
 *     return response ?? new Response('Not found', {status: 404});
 *   },
 * };
 * ```
 */
export class TinyBaseServer<
  Env extends Cloudflare.Env = Cloudflare.Env,
  LiveStore = Store,
  Props extends Record<string, unknown> = Record<string, unknown>,
> extends ServerWithHooks<Env, LiveStore, Props> {
  /**
   * Hibernation is on: an idle room sleeps and its sockets stay open. Without it
   * partyserver itself mixes up two connections of the same id.
   */
  static override options: {hibernate?: boolean} = {hibernate: true};

  readonly config: TinyBaseServerConfig = {};
  #start: 'none' | 'under way' | 'done' = 'none';

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    setConfigDefaults(this.config);
    const host = new RoomHost<Connection>(this, {
      base: TinyBaseServer.prototype,
      storage: ctx.storage,
      connections: createPartyServerConnections(this),
      parseMessage: ([connection, message]) => [connection, message],
      findRoomId: () => getName(this),
      noteVisit: () => false,
      runHandler: (name, run) => this.#runHandler(name, run),
      report: (error) => this.#report(error),
      start: () =>
        this.#start == 'none' ? this.setName(this.name) : undefined,
    });
    host.wrapHandlers();
  }

  /**
   * Runs before anything else of a room that has just been made or woken; nothing
   * else comes in before it has resolved.
   */
  override onStart(_props?: Props): void | Promise<void> {
    this.#start = 'done';
  }

  /**
   * Answers requests for the content at `storePath`, and any other with 404. An
   * override deals with the app's own requests and calls this for the rest.
   */
  override async onRequest(request: Request): Promise<Response> {
    try {
      // Whom the Worker lets connect may not be whom it lets request.
      return await answerRequest(this, request, () => false);
    } catch (error) {
      return this.#fail(error);
    }
  }

  /**
   * Deals with the messages of clients, and leaves any other alone. Resolves
   * when what a message changes is stored and sent to everyone.
   */
  override async onMessage(
    connection: Connection,
    message: WSMessage,
  ): Promise<void> {
    await getHost(this).visit(connection).receive(connection, message);
  }

  override async fetch(request: Request): Promise<Response> {
    const away = await this.#settle(request);
    if (away) {
      return away;
    }
    const response = await super.fetch(request);
    // It has failed to start, and partyserver says why.
    return response.status == 500 && this.#start != 'done'
      ? this.#respondFailure()
      : response;
  }

  override async alarm(): Promise<void> {
    // Whose it is can be told as long as nothing has run.
    getHost(this).noteAlarm();
    await super.alarm();
  }

  /** Before the server starts, which may last for so long, and waits for no more. */
  async #settle(request: Request): Promise<Response | undefined> {
    try {
      return await getHost(this).settle(request);
    } catch {
      // It is told to whom it concerns, as ever.
      return undefined;
    }
  }

  async #runHandler(
    name: HandlerName,
    run: () => Promise<unknown>,
  ): Promise<unknown> {
    switch (name) {
      case 'onStart':
        return await this.#runStart(run);
      case 'onConnect':
        try {
          return await run();
        } catch (error) {
          this.#report(error);
          throw createPublicError(error);
        }
      case 'onRequest':
        try {
          return await run();
        } catch (error) {
          return this.#fail(error);
        }
      default:
        return await run();
    }
  }

  /**
   * partyserver starts anew where it fails, and lets nothing else in meanwhile:
   * what has begun here must have ended by then, not to be waited for in vain.
   */
  async #runStart(run: () => Promise<unknown>): Promise<void> {
    this.#start = 'under way';
    try {
      await run();
      this.#start = 'done';
    } catch (error) {
      this.#start = 'none';
      await getHost(this)
        .room.read(async () => {})
        .catch(() => {});
      this.#report(error);
      throw createPublicError(error);
    }
  }

  #report(error: unknown): void {
    try {
      void Promise.resolve(this.onException(error)).catch(() => {});
    } catch {
      // It is the app's, and was told.
    }
  }

  #fail(error: unknown): Response {
    // An app may throw anything, `undefined` too.
    this.#report((error as {cause?: unknown} | undefined)?.cause ?? error);
    return this.#respondFailure();
  }

  #respondFailure(): Response {
    const {responseHeaders = RESPONSE_HEADERS} = this.config;
    return new Response(COULD_NOT_ANSWER, {
      status: 500,
      headers: responseHeaders,
    });
  }
}
