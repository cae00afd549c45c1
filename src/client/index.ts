export type {ChangesError} from './errors.js';
export {createPartyKitPersister} from './persister.js';
export type {SyncState} from './session.js';
export type {
  PartyKitPersister,
  PartyKitPersisterConfig,
  SyncStateListener,
} from './types.js';
