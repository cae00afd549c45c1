/** A room whose log reaches back to its beginning, with webhooks where told. */
import {
  TinyBasePartyKitServer,
  type WebhookConfig,
} from '../../src/server/index.js';
import {PACE} from '../../src/server/webhooks/limits.js';

// A receiver that was killed is back within a second.
Object.assign(PACE, {
  timeoutMs: 1_000,
  leaseMs: 2_000,
  firstRetryMs: 50,
  maxRetryMs: 500,
});

export default class extends TinyBasePartyKitServer {
  override readonly config = {
    historyLimit: 100_000_000,
    webhooks: JSON.parse(
      (this.party.env.webhooks as string | undefined) ?? '[]',
    ) as WebhookConfig[],
  };
}
