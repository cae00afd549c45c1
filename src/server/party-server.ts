/** The room's class on PartyKit. */
import type {
  Connection,
  Party,
  Request as PartyRequest,
  Server,
  ServerOptions,
  Storage,
} from 'partykit/server';
import type {Changes, Content, Store} from 'tinybase';
import {answerRequest} from './answer-request.js';
import {applyChanges} from './apply-changes.js';
import {createPartyKitConnections} from './partykit-edge.js';
import {type RoomConfig, setConfigDefaults} from './room-config.js';
import {RoomHooks} from './room-hooks.js';
import {getHost, RoomHost} from './room-host.js';
import {hasStore, readStore} from './stored-content.js';
import {VisitedRoomId} from './webhooks/partykit-webhooks.js';

/** How a room is reached, and where it keeps what it holds. */
export type TinyBasePartyKitServerConfig = RoomConfig;

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
export class TinyBasePartyKitServer<LiveStore = Store>
  extends RoomHooks<PartyRequest | Connection, LiveStore>
  implements Server
{
  readonly party: Party;
  readonly config: TinyBasePartyKitServerConfig = {};
  /**
   * Hibernation is on: an idle room sleeps and its sockets stay open. Without it
   * PartyKit itself mixes up two connections of the same id.
   */
  readonly options: ServerOptions = {hibernate: true};

  constructor(party: Party) {
    super();
    this.party = party;
    setConfigDefaults(this.config);
    const roomId = new VisitedRoomId(party);
    const host = new RoomHost<Connection>(this, {
      base: TinyBasePartyKitServer.prototype,
      get storage() {
        return party.storage;
      },
      connections: createPartyKitConnections(party),
      parseMessage: ([message, connection]) => [connection, message],
      findRoomId: () => roomId.find(),
      noteVisit: (visit) => roomId.note(visit),
      runHandler: (_name, run) => run(),
      // PartyKit has no handler for it, but a log.
      // oxlint-disable-next-line no-console
      report: (error) => console.error(error),
      start: () => undefined,
    });
    host.wrapHandlers();
    // An alarm may be the first to come. By then a subclass has its config.
    queueMicrotask(() => {
      if (this.config.webhooks) {
        try {
          void host.room;
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
    // PartyKit answers an error with its message, and logs all of it.
    return await answerRequest(this, request as unknown as Request, () =>
      isPatchHarmless(this),
    );
  }

  /**
   * Deals with the messages of clients, and leaves any other alone. Resolves
   * when what a message changes is stored and sent to everyone.
   */
  async onMessage(
    message: string | ArrayBuffer | ArrayBufferView,
    connection: Connection,
  ): Promise<void> {
    await getHost(this).visit(connection).receive(connection, message);
  }
}

/** Whether who may send a `PATCH` could as well connect, and push. */
const isPatchHarmless = (server: TinyBasePartyKitServer<any>): boolean => {
  const host = getHost(server);
  const {onBeforeConnect, onBeforeRequest} = server.constructor as any;
  return (
    !!onBeforeRequest ||
    (!onBeforeConnect &&
      !host.isOverridden('onConnect') &&
      !host.isOverridden('onMessage'))
  );
};

/**
 * Whether a Store is in a room's storage, be it this library's or TinyBase's.
 *
 * @param storagePrefix The `storagePrefix` of the server's config.
 */
export const hasStoreInStorage: (
  storage: Storage,
  storagePrefix?: string,
) => Promise<boolean> = hasStore;

/**
 * The content in a room's storage, be it this library's or TinyBase's; empty
 * where there is none.
 *
 * @param storagePrefix The `storagePrefix` of the server's config.
 */
export const loadStoreFromStorage: (
  storage: Storage,
  storagePrefix?: string,
) => Promise<Content> = readStore;

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
export const broadcastChanges: (
  server: TinyBasePartyKitServer<any>,
  changes: Changes,
  without?: string[],
) => Promise<void> = applyChanges;
