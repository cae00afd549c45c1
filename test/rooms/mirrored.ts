// party/server.ts
import {
  TinyBasePartyKitServer,
  type TinyBasePartyKitServerConfig,
} from '../../src/server/index.js';

export default class extends TinyBasePartyKitServer {
  override readonly config: TinyBasePartyKitServerConfig = {
    // How far back each commit is told by itself.
    historyLimit: 10_000_000,
    webhooks: {
      url: this.party.env.WEBHOOK_URL as string,
      secret: this.party.env.WEBHOOK_SECRET as string,
      include: 'changes',
    },
  };
}
