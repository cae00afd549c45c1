/** Every bound of who receives webhooks, with its reason. */

/** Longest body: below what hosts of such handlers take (4.5 MB on Vercel). */
export const MAX_BODY_BYTES = 4_000_000;

/**
 * How many ids of handled webhooks are remembered, the latest ones: some 10 MB
 * at worst. A webhook can be replayed for twice the tolerance, ten minutes: that
 * is 160 a second in one process.
 */
export const MAX_SEEN_IDS = 100_000;

/**
 * How long a webhook counts as being handled: twice what Standard Webhooks
 * advise a sender to wait. A host may end a request without a word, and what was
 * never finished must not keep its retries out for ever.
 */
export const HANDLING_TIMEOUT_MS = 60_000;

/** When to send a webhook again that is being handled. */
export const RETRY_AFTER_SECONDS = 5;
