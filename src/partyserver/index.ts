export type {RoomLimits} from '../protocol/limits.js';
export {forwardTo} from '../server/move/forward-to.js';
export type {MoveConfig, MoveFromConfig} from '../server/move/move-config.js';
export type {
  WebhookConfig,
  WebhookInclude,
} from '../server/webhooks/webhook-config.js';
export {
  broadcastChanges,
  hasStoreInStorage,
  loadStoreFromStorage,
} from './room-functions.js';
export {TinyBaseServer, type TinyBaseServerConfig} from './tinybase-server.js';
