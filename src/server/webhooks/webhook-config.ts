/** What an app says of its webhooks, checked. */
import {
  createWebhookSigner,
  type WebhookSigner,
} from '../../protocol/webhook-signature.js';
import {MAX_THROTTLE_MS, MAX_WEBHOOKS, THROTTLE_MS} from './limits.js';

const INCLUDES = ['none', 'changes', 'content'] as const;

/** What a webhook tells beside that, and how far, the Store has moved on. */
export type WebhookInclude = (typeof INCLUDES)[number];

/** A server that is told, by signed webhooks, that the Store was updated. */
export type WebhookConfig = {
  /**
   * Where to, `https:` or `http:`. Take it from the room's environment, never
   * from what a user has written: the room asks whatever is there.
   */
  url: string;
  /**
   * What it shares with the receiver, `whsec_…`. While it is rotated the new and
   * the old one: each webhook is then signed with both.
   */
  secret: string | string[];
  /**
   * For how many milliseconds commits are gathered before one webhook tells of
   * them. Defaults to 1,000; with 0 there is one for every commit.
   */
  throttleMs?: number;
  /**
   * What else it tells: the `changes` of each commit, or all the `content`.
   * Defaults to `none`: the receiver loads what it needs.
   */
  include?: WebhookInclude;
  /**
   * What the room knows this webhook by; defaults to its `url`. With an id of
   * its own it goes on where it was when its `url` changes.
   */
  id?: string;
  /**
   * Told of each attempt that fails, and of what keeps the room from making
   * one. The webhook is sent again all the same, unless its receiver is gone.
   */
  onIgnoredError?: (error: unknown) => void;
};

/** A webhook whose config was found to be right. */
export type Webhook = {
  id: string;
  url: string;
  signer: WebhookSigner;
  throttleMs: number;
  include: WebhookInclude;
  /** Changes with what its receiver is reached by: then it is no longer gone. */
  identity: string;
  onIgnoredError: (error: unknown) => void;
};

const checkUrl = (url: string, name: string): void => {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new TypeError(
      url
        ? `${name}.url is no absolute URL: give one like ` +
            'https://example.com/webhook.'
        : `${name}.url is missing: is its environment variable set?`,
    );
  }
  if (!['https:', 'http:'].includes(parsed.protocol)) {
    throw new TypeError(
      `${name}.url begins with ${parsed.protocol}: give https:.`,
    );
  }
  if (parsed.username || parsed.password) {
    throw new TypeError(
      `${name}.url has a user or password, which fetch() refuses: webhooks are ` +
        'signed, and need none.',
    );
  }
};

const createSigner = (
  secret: string | string[],
  name: string,
): WebhookSigner => {
  try {
    return createWebhookSigner(secret);
  } catch (error) {
    throw new TypeError(`${name}.secret: ${(error as Error).message}`, {
      cause: error,
    });
  }
};

const parseWebhook = (config: WebhookConfig, name: string): Webhook => {
  const {url, secret, throttleMs = THROTTLE_MS, include = 'none'} = config;
  checkUrl(url, name);
  // A variable of the environment is a string.
  const isNumber = typeof throttleMs == 'number';
  if (!(isNumber && throttleMs >= 0 && throttleMs <= MAX_THROTTLE_MS)) {
    throw new RangeError(
      `${name}.throttleMs is ${throttleMs}: give 0 to ${MAX_THROTTLE_MS} ms, or ` +
        `leave it out for ${THROTTLE_MS}.`,
    );
  }
  if (!INCLUDES.includes(include)) {
    throw new TypeError(
      `${name}.include is ${include}: give one of ${INCLUDES.join(', ')}.`,
    );
  }
  return {
    id: config.id ?? url,
    url,
    signer: createSigner(secret, name),
    throttleMs,
    include,
    identity: JSON.stringify([url, secret]),
    onIgnoredError: (error) => {
      // It is the app's, and nothing waits for it; it may be async, too.
      const tell = async () => config.onIgnoredError?.(error);
      tell().catch(() => {});
    },
  };
};

/**
 * The webhooks of a room's config.
 *
 * @throws TypeError or RangeError that says which is wrong in what.
 */
export const parseWebhooks = (
  config: WebhookConfig | WebhookConfig[] = [],
): Webhook[] => {
  const webhooks = [config]
    .flat()
    .map((webhook, index) =>
      parseWebhook(webhook, `config.webhooks[${index}]`),
    );
  if (webhooks.length > MAX_WEBHOOKS) {
    throw new RangeError(
      `config.webhooks has ${webhooks.length}: give ${MAX_WEBHOOKS} at most.`,
    );
  }
  const ids = new Set<string>();
  for (const {id} of webhooks) {
    if (ids.has(id)) {
      throw new TypeError(
        `config.webhooks has two called ${id}: give each an id of its own.`,
      );
    }
    ids.add(id);
  }
  return webhooks;
};
