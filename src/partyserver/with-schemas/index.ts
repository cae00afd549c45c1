import type {
  Changes,
  Content,
  NoSchemas,
  OptionalSchemas,
  Store,
} from 'tinybase/with-schemas';
import {
  broadcastChanges as broadcast,
  loadStoreFromStorage as loadStore,
} from '../room-functions.js';
import {TinyBaseServer as Server} from '../tinybase-server.js';

export type {RoomLimits} from '../../protocol/limits.js';
export {forwardTo} from '../../server/move/forward-to.js';
export type {
  MoveConfig,
  MoveFromConfig,
} from '../../server/move/move-config.js';
export type {
  WebhookConfig,
  WebhookInclude,
} from '../../server/webhooks/webhook-config.js';
export {hasStoreInStorage} from '../room-functions.js';
export type {TinyBaseServerConfig} from '../tinybase-server.js';

/**
 * As `TinyBaseServer` of `tinybase-partykit/partyserver`, with schemas: those of
 * the Store that `createStore` returns.
 */
export class TinyBaseServer<
  Env extends Cloudflare.Env = Cloudflare.Env,
  Schemas extends OptionalSchemas = NoSchemas,
  Props extends Record<string, unknown> = Record<string, unknown>,
> extends Server<Env, Store<Schemas>, Props> {}

/** As `loadStoreFromStorage` of `tinybase-partykit/partyserver`, with schemas. */
export const loadStoreFromStorage = loadStore as unknown as <
  Schemas extends OptionalSchemas,
>(
  storage: DurableObjectStorage,
  storagePrefix?: string,
) => Promise<Content<Schemas>>;

/** As `broadcastChanges` of `tinybase-partykit/partyserver`, with schemas. */
export const broadcastChanges = broadcast as unknown as <
  Schemas extends OptionalSchemas,
>(
  server: Server<any, any, any>,
  changes: Changes<Schemas>,
  without?: string[],
) => Promise<void>;
