import type {WebhookConfig} from '../../src/server/index.js';
import {PACE} from '../../src/server/webhooks/limits.js';
import Ours from './ours.js';

// What takes hours is to be seen within a test.
Object.assign(PACE, {
  timeoutMs: 400,
  leaseMs: 800,
  firstRetryMs: 50,
  maxRetryMs: 1_000,
});

/** A room with the webhooks of the variable `webhooks`. */
export default class extends Ours {
  override readonly config = {
    webhooks: JSON.parse(this.party.env.webhooks as string) as WebhookConfig[],
  };
}
