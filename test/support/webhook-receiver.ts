/** Who receives webhooks, and what it answers. */
import {expect} from 'vitest';
import {
  createWebhookHandler,
  type StoreUpdatedEvent,
  type WebhookHandlerOptions,
} from '../../src/webhook/index.js';
import {
  createWebhookRequest,
  SECRET,
  type SigningOptions,
} from './webhook-requests.js';

/** A handler with what it was called with and told of. */
export const createReceiver = (
  options: Partial<WebhookHandlerOptions> = {},
) => {
  const events: StoreUpdatedEvent[] = [];
  const errors: unknown[] = [];
  const handle = createWebhookHandler({
    secret: SECRET,
    onStoreUpdated: (event) => void events.push(event),
    onIgnoredError: (error) => errors.push(error),
    ...options,
  });
  return {
    events,
    errors,
    handle,
    receive: (body?: string, signing?: SigningOptions) =>
      handle(createWebhookRequest(body, signing)),
  };
};

/** Expects an answer that is a problem, and returns its text. */
export const expectProblem = async (
  response: Response,
  status: number,
  title: string,
): Promise<string> => {
  expect(response.headers.get('Content-Type')).toBe('application/problem+json');
  const text = await response.text();
  expect(JSON.parse(text)).toEqual({status, title, detail: expect.any(String)});
  expect(response.status).toBe(status);
  return text;
};

/** A promise, and how to settle it. */
export const createDeferred = () => {
  let resolve = () => {};
  let reject = (_error: Error) => {};
  const promise = new Promise<void>(
    (...settle) => ([resolve, reject] = settle),
  );
  return {promise, resolve, reject};
};
