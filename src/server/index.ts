export type {RoomLimits} from '../protocol/limits.js';
export {
  broadcastChanges,
  hasStoreInStorage,
  loadStoreFromStorage,
  TinyBasePartyKitServer,
  type TinyBasePartyKitServerConfig,
} from './party-server.js';
