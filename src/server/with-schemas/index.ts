import type {Storage} from 'partykit/server';
import type {Changes, Content, OptionalSchemas} from 'tinybase/with-schemas';
import {
  broadcastChanges as broadcast,
  loadStoreFromStorage as loadStore,
  type TinyBasePartyKitServer,
} from '../party-server.js';

export {
  hasStoreInStorage,
  TinyBasePartyKitServer,
  type TinyBasePartyKitServerConfig,
} from '../party-server.js';

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
  server: TinyBasePartyKitServer,
  changes: Changes<Schemas>,
  without?: string[],
) => Promise<void>;
