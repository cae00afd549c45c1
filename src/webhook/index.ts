export type {
  StoreCommit,
  StoreUpdatedEvent,
} from '../protocol/webhook-event.js';
export {
  createNodeWebhookListener,
  type NodeRequest,
  type NodeResponse,
} from './node-listener.js';
export type {SeenIds} from './seen-ids.js';
export {
  createWebhookHandler,
  type WebhookHandler,
  type WebhookHandlerOptions,
} from './webhook-handler.js';
