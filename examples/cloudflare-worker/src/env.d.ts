/** What wrangler.jsonc binds, and the secret. */
import type {Room} from './room';

declare global {
  namespace Cloudflare {
    interface Env {
      Main: DurableObjectNamespace<Room>;
      /** What tokens are signed with. */
      TOKEN_SECRET: string;
    }
  }
}
