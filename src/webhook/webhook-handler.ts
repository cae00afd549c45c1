import {parseJson} from '../protocol/parse-changes.js';
import {
  parseWebhookEvent,
  type StoreUpdatedEvent,
} from '../protocol/webhook-event.js';
import {createWebhookSigner} from '../protocol/webhook-signature.js';
import {createClaims} from './claims.js';
import {MAX_BODY_BYTES} from './limits.js';
import {readBody} from './read-body.js';
import {respondDone, respondProblem} from './responses.js';
import {createSeenIds, type SeenIds} from './seen-ids.js';

/** How webhooks are received. */
export type WebhookHandlerOptions = {
  /**
   * The secret that the room signs with, `whsec_…`. While it is rotated, the old
   * and the new one: a webhook signed with any is taken.
   */
  secret: string | string[];
  /**
   * Called for each update of a Store. When it resolves the webhook is answered
   * with 204; where it throws, with 500, and the room sends it again. A webhook
   * is handled at least once: rarely, where an answer or a process was lost,
   * again.
   */
  onStoreUpdated: (event: StoreUpdatedEvent) => void | Promise<void>;
  /**
   * How many seconds the time of signing may be away from now, either way;
   * defaults to 300.
   */
  toleranceSeconds?: number;
  /** Longest body that is read; defaults to 4,000,000 bytes. */
  maxBodyBytes?: number;
  /**
   * Where the ids of handled webhooks are remembered, so that a replay is not
   * handled again. Defaults to this handler's memory, the latest 100,000.
   */
  seen?: SeenIds;
  /**
   * Told what `onStoreUpdated`, `seen` or the reading of a body has thrown; the
   * sender is not.
   */
  onIgnoredError?: (error: unknown) => void;
};

/** Answers a webhook's request. */
export type WebhookHandler = (request: Request) => Promise<Response>;

/**
 * A handler of a room's webhooks: it takes a Fetch `Request`, lets through what
 * is signed, fresh and new, and resolves to the `Response`. Make it once, where
 * the module is loaded: it remembers what it has handled.
 *
 * @throws TypeError where a secret is malformed or missing.
 *
 * @example
 * ```ts
 * import {createWebhookHandler} from 'tinybase-partykit/webhook';
 *
 * // app/webhook/route.ts of Next.js
 * export const POST = createWebhookHandler({
 *   secret: process.env.WEBHOOK_SECRET!,
 *   onStoreUpdated: async ({data: {room, toOffset}}) => {
 *     console.log(`${room} has moved to ${toOffset}`);
 *   },
 * });
 * ```
 */
export const createWebhookHandler = ({
  secret,
  onStoreUpdated,
  toleranceSeconds,
  maxBodyBytes = MAX_BODY_BYTES,
  seen = createSeenIds(),
  onIgnoredError,
}: WebhookHandlerOptions): WebhookHandler => {
  const signer = createWebhookSigner(secret);
  const claim = createClaims();

  const remember = async (id: string): Promise<void> => {
    try {
      await seen.add(id);
    } catch (error) {
      // It is handled all the same: another attempt would only repeat that.
      onIgnoredError?.(error);
    }
  };

  const handleOnce = async (
    id: string,
    event: StoreUpdatedEvent,
  ): Promise<Response> => {
    const release = claim(id);
    if (!release) {
      // Not to be awaited: the first may fail yet, and Workers let no request
      // wait for another.
      return respondProblem('underWay');
    }
    try {
      if (!(await seen.has(id))) {
        await onStoreUpdated(event);
        await remember(id);
      }
      return respondDone();
    } finally {
      release();
    }
  };

  const handle = async (request: Request): Promise<Response> => {
    if (request.method != 'POST') {
      return respondProblem('methodNotAllowed');
    }
    const body = await readBody(request, maxBodyBytes);
    if (!body) {
      return respondProblem('bodyTooLarge');
    }
    const verdict = await signer.verify({
      headers: request.headers,
      body,
      nowSeconds: Math.floor(Date.now() / 1000),
      toleranceSeconds,
    });
    if (!verdict.ok) {
      return respondProblem(verdict.reason);
    }
    const parsed = parseWebhookEvent(parseJson(new TextDecoder().decode(body)));
    switch (parsed.kind) {
      case 'known':
        return handleOnce(verdict.id, parsed.event);
      case 'unknown':
        return respondDone();
      case 'malformed':
        return respondProblem('bodyMalformed');
    }
  };

  return async (request) => {
    try {
      return await handle(request);
    } catch (error) {
      onIgnoredError?.(error);
      return respondProblem('failed');
    }
  };
};
