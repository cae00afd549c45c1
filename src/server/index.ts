export {
  broadcastChanges,
  hasStoreInStorage,
  loadStoreFromStorage,
  TinyBasePartyKitServer,
  type TinyBasePartyKitServerConfig,
} from './party-server.js';
