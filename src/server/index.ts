export type {RoomLimits} from '../protocol/limits.js';
export {forwardTo} from './move/forward-to.js';
export type {MoveConfig, MoveFromConfig} from './move/move-config.js';
export type {WebhookConfig, WebhookInclude} from './webhooks/webhook-config.js';
export {
  broadcastChanges,
  hasStoreInStorage,
  loadStoreFromStorage,
  TinyBasePartyKitServer,
  type TinyBasePartyKitServerConfig,
} from './party-server.js';
