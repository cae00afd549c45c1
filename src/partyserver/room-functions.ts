/** What a server may do with its room, and with its storage without the room. */
import type {Changes, Content} from 'tinybase';
import {applyChanges} from '../server/apply-changes.js';
import {hasStore, readStore} from '../server/stored-content.js';
import type {TinyBaseServer} from './tinybase-server.js';

/**
 * Whether a Store is in a room's storage, be it this library's or TinyBase's.
 *
 * @param storage A server's `ctx.storage`.
 * @param storagePrefix The `storagePrefix` of the server's config.
 */
export const hasStoreInStorage: (
  storage: DurableObjectStorage,
  storagePrefix?: string,
) => Promise<boolean> = hasStore;

/**
 * The content in a room's storage, be it this library's or TinyBase's; empty
 * where there is none.
 *
 * @param storage A server's `ctx.storage`.
 * @param storagePrefix The `storagePrefix` of the server's config.
 */
export const loadStoreFromStorage: (
  storage: DurableObjectStorage,
  storagePrefix?: string,
) => Promise<Content> = readStore;

/**
 * Applies changes of the server's own to the room, stores them and tells all
 * clients; resolves when that is done, or within a hook's turn when it is
 * applied. In a room that has no Store yet it makes one: clients load it, and
 * their initial content is not used. Where nothing has started the server yet, as
 * in a method that is called by RPC, this does.
 *
 * @param changes What changed, as TinyBase's `getTransactionChanges` gives it.
 * @param without Ids of connections which show it already. It spares TinyBase's
 * own clients an echo; ours need none spared.
 * @throws TypeError where the changes are malformed.
 */
export const broadcastChanges: (
  server: TinyBaseServer<any, any, any>,
  changes: Changes,
  without?: string[],
) => Promise<void> = applyChanges;
