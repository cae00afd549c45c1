/** Webhooks as a room sends them, signed by the reference library. */
import {Webhook} from 'standardwebhooks';

export const makeSecret = (byte: number, length = 32): string =>
  `whsec_${Buffer.alloc(length, byte).toString('base64')}`;

export const SECRET = makeSecret(1);

/** The body of an event, with more or other data. */
export const makeBody = (data: object = {}): string =>
  JSON.stringify({
    type: 'storeUpdated',
    timestamp: '2026-01-02T03:04:05.678Z',
    data: {room: 'room', epoch: 'epoch', fromOffset: 2, toOffset: 5, ...data},
  });

export type SigningOptions = {id?: string; secret?: string; atMs?: number};

export const signHeaders = (
  body: string,
  {id = 'id', secret = SECRET, atMs = Date.now()}: SigningOptions = {},
): {[name: string]: string} => ({
  'webhook-id': id,
  'webhook-timestamp': `${Math.floor(atMs / 1000)}`,
  'webhook-signature': new Webhook(secret).sign(id, new Date(atMs), body),
});

/** A signed request. */
export const createWebhookRequest = (
  body = makeBody(),
  options?: SigningOptions,
): Request =>
  new Request('https://example.com/webhook', {
    method: 'POST',
    headers: signHeaders(body, options),
    body,
  });
