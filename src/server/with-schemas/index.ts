import type {Storage} from 'partykit/server';
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
  TinyBasePartyKitServer as Server,
} from '../party-server.js';

export type {RoomLimits} from '../../protocol/limits.js';
export {forwardTo} from '../move/forward-to.js';
export type {MoveConfig, MoveFromConfig} from '../move/move-config.js';
export type {
  WebhookConfig,
  WebhookInclude,
} from '../webhooks/webhook-config.js';
export {
  hasStoreInStorage,
  type TinyBasePartyKitServerConfig,
} from '../party-server.js';

/**
 * As `TinyBasePartyKitServer` of `tinybase-partykit/server`, with schemas:
 * those of the Store that `createStore` returns.
 */
export class TinyBasePartyKitServer<
  Schemas extends OptionalSchemas = NoSchemas,
> extends Server<Store<Schemas>> {}

/** As `loadStoreFromStorage` of `tinybase-partykit/server`, with schemas. */
export const loadStoreFromStorage = loadStore as unknown as <
  Schemas extends OptionalSchemas,
>(
  storage: Storage,
  storagePrefix?: string,
) => Promise<Content<Schemas>>;

/** As `broadcastChanges` of `tinybase-partykit/server`, with schemas. */
export const broadcastChanges = broadcast as unknown as <
  Schemas extends OptionalSchemas,
>(
  server: Server<any>,
  changes: Changes<Schemas>,
  without?: string[],
) => Promise<void>;
