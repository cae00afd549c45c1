/** Every bound of who sends webhooks, with its reason. */

/** Most webhooks of a room: each costs requests for every update. */
export const MAX_WEBHOOKS = 10;

/** Longest body: just below what our receiver takes by default. */
export const MAX_BODY_BYTES = 3_999_999;

/** How long commits are gathered, if nobody says otherwise. */
export const THROTTLE_MS = 1_000;

/** Longest that they may be: who waits for a day may as well ask. */
export const MAX_THROTTLE_MS = 86_400_000;

/** Most events that a webhook sends by one alarm, if more are due … */
export const MAX_EVENTS_AT_ONCE = 20;

/**
 * … and that all of them do: a platform lets each call make so many requests, 50
 * at worst, the app's included.
 */
export const MAX_REQUESTS_AT_ONCE = 40;

/** How often an app's own alarm is tried again that throws: as PartyKit does. */
export const MAX_ALARM_RETRIES = 6;
export const ALARM_RETRY_MS = 2_000;

/** How long deliveries take, and wait where they fail. */
export const PACE = {
  /** How long an attempt may take: as Standard Webhooks advise, 15 to 30 s. */
  timeoutMs: 15_000,
  /** After that much an attempt counts as lost: the room may have died. */
  leaseMs: 20_000,
  /** How soon the alarm looks again where the room could not be read. */
  reopenMs: 60_000,
  /** The first wait; each is twice the one before … */
  firstRetryMs: 5_000,
  /** … up to this: a receiver that is back is not kept waiting for longer. */
  maxRetryMs: 3_600_000,
  /** Longest that a receiver may ask to wait for. */
  maxRetryAfterMs: 86_400_000,
  /** After so long without a success an idle room tries no more. */
  giveUpMs: 432_000_000,
};

export type Pace = typeof PACE;
