/**
 * What an app may override of its room, and what it has of it, on any platform:
 * declared once, for the class of each of them.
 */
import type {Cell, Value} from 'tinybase';
import {
  type CellOrUndefined,
  createStore,
  type Id,
  type Store,
  type ValueOrUndefined,
} from 'tinybase';
import {getHost} from './room-host.js';

/** `Who` is the request or the connection that asks. */
export abstract class RoomHooks<Who = any, LiveStore = Store> {
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
    const {store} = getHost(this).room;
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
    _requestOrConnection: Who,
  ): boolean | Promise<boolean> {
    return true;
  }

  /** Whether a client may delete this Table; its Rows are asked for, too. */
  canDelTable(
    _tableId: Id,
    _requestOrConnection: Who,
  ): boolean | Promise<boolean> {
    return true;
  }

  /** Whether a client may change this Row. */
  canSetRow(
    _tableId: Id,
    _rowId: Id,
    _initialSave: boolean,
    _requestOrConnection: Who,
  ): boolean | Promise<boolean> {
    return true;
  }

  /** Whether a client may delete this Row; its Cells are asked for, too. */
  canDelRow(
    _tableId: Id,
    _rowId: Id,
    _requestOrConnection: Who,
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
    _requestOrConnection: Who,
    _oldCell: CellOrUndefined,
  ): boolean | Promise<boolean> {
    return true;
  }

  /** Whether a client may delete this Cell. */
  canDelCell(
    _tableId: Id,
    _rowId: Id,
    _cellId: Id,
    _requestOrConnection: Who,
  ): boolean | Promise<boolean> {
    return true;
  }

  /** Whether a client may set this Value. */
  canSetValue(
    _valueId: Id,
    _value: Value,
    _initialSave: boolean,
    _requestOrConnection: Who,
    _oldValue: ValueOrUndefined,
  ): boolean | Promise<boolean> {
    return true;
  }

  /** Whether a client may delete this Value. */
  canDelValue(
    _valueId: Id,
    _requestOrConnection: Who,
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
    _requestOrConnection: Who,
  ): string | undefined | Promise<string | undefined> {
    return undefined;
  }
}

/** The same on a class that extends another already. */
export const addRoomHooks = <Base extends new (...args: any[]) => object>(
  base: Base,
): Base => {
  const Extended = class extends base {};
  const {constructor: _, ...hooks} = Object.getOwnPropertyDescriptors(
    RoomHooks.prototype,
  );
  Object.defineProperties(Extended.prototype, hooks);
  return Extended;
};
