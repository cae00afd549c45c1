/** One attempt to deliver one webhook. */
import {PACE, type Pace} from './limits.js';
import {parseRetryAfterMs} from './retries.js';
import type {Webhook} from './webhook-config.js';

export type Message = {
  /** The same in each attempt. */
  id: string;
  body: Uint8Array<ArrayBuffer>;
};

export type Outcome =
  | {kind: 'delivered'}
  | {kind: 'gone'; error: Error}
  | {
      kind: 'failed';
      error: Error;
      /** How long the receiver asks to wait for. */
      retryAfterMs: number;
    };

export type SendingEdge = {
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** In milliseconds since 1970. */
  now(): number;
  /** Runs something after a delay; answers how to cancel that. */
  schedule(run: () => void, delayMs: number): () => void;
};

/** Which webhook, but none of a secret that its path may have. */
const nameWebhook = ({url}: Webhook): string =>
  `The webhook to ${new URL(url).origin}`;

const judgeResponse = (
  webhook: Webhook,
  {status, headers}: Response,
  now: number,
): Outcome => {
  if (status >= 200 && status < 300) {
    return {kind: 'delivered'};
  }
  const what = `${nameWebhook(webhook)} was answered with ${status}`;
  if (status == 410) {
    return {
      kind: 'gone',
      error: new Error(
        `${what}: it is sent no more, until its url or secret is another.`,
      ),
    };
  }
  const isRedirect = status >= 300 && status < 400;
  return {
    kind: 'failed',
    error: new Error(
      isRedirect ? `${what}: redirects are not followed.` : `${what}.`,
    ),
    retryAfterMs: parseRetryAfterMs(headers.get('Retry-After'), now),
  };
};

const post = async (
  edge: SendingEdge,
  webhook: Webhook,
  {id, body}: Message,
  signal: AbortSignal,
): Promise<Outcome> => {
  const timestampSeconds = Math.floor(edge.now() / 1_000);
  const signature = await webhook.signer.sign({id, timestampSeconds, body});
  const response = await edge.fetch(webhook.url, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      'User-Agent': 'tinybase-partykit',
      'webhook-id': id,
      'webhook-timestamp': `${timestampSeconds}`,
      'webhook-signature': signature,
    },
    body,
    redirect: 'manual',
    signal,
  });
  // Nobody reads it, and unread it would hold the connection.
  void response.body?.cancel().catch(() => {});
  return judgeResponse(webhook, response, edge.now());
};

/** Signs and sends a webhook, and says how that went; it never throws. */
export const sendWebhook = async (
  edge: SendingEdge,
  webhook: Webhook,
  message: Message,
  {timeoutMs}: Pace = PACE,
): Promise<Outcome> => {
  const abort = new AbortController();
  let cancel = () => {};
  const tooLate = new Promise<never>((_, reject) => {
    cancel = edge.schedule(() => {
      const error = new Error(`no answer within ${timeoutMs} ms`);
      reject(error);
      abort.abort(error);
    }, timeoutMs);
  });
  try {
    return await Promise.race([
      post(edge, webhook, message, abort.signal),
      tooLate,
    ]);
  } catch (cause) {
    const {message: reason} = cause as Error;
    return {
      kind: 'failed',
      error: new Error(`${nameWebhook(webhook)} has failed: ${reason}`, {
        cause,
      }),
      retryAfterMs: 0,
    };
  } finally {
    cancel();
  }
};
