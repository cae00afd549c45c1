/**
 * A room that a mirror follows. One called `webhook-THROTTLE-PORT` sends webhooks
 * to that port of this machine, at most one in so many milliseconds.
 */
import {
  TinyBasePartyKitServer,
  type TinyBasePartyKitServerConfig,
} from '../../src/server/index.js';
import {SECRET} from '../mirror/secret.js';

const WITH_WEBHOOK = /^webhook-(\d+)-(\d+)$/;

export default class extends TinyBasePartyKitServer {
  override readonly config = this.#getConfig();

  #getConfig(): TinyBasePartyKitServerConfig {
    const [, throttleMs, port] = WITH_WEBHOOK.exec(this.party.id) ?? [];
    return {
      // As much as is written while it is measured: what a mirror that is
      // behind has not read yet.
      historyLimit: 100_000_000,
      ...(port !== undefined && {
        webhooks: {
          url: `http://127.0.0.1:${port}`,
          secret: SECRET,
          throttleMs: Number(throttleMs),
          include: 'changes',
        },
      }),
    };
  }
}
