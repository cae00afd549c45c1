/** What a mirror holds at most, and how long it waits. */

/** Of events that were read and not yet written; a room is not read further. */
export const MAX_AHEAD_BYTES = 8_000_000;

/** Most commits in one batch, so that a transaction stays a short one. */
export const MAX_BATCH_COMMITS = 1_000;

/** The longest event or page that is taken; a room's content is one event. */
export const MAX_EVENT_UNITS = 500_000_000;

/** Most that is read of an answer that says what is wrong. */
export const MAX_ERROR_UNITS = 10_000;

/** A room sends something at least every 25 s (V6): silence is a dead stream. */
export const IDLE_MS = 65_000;

/** How long an answer of a room is waited for. */
export const ANSWER_MS = 60_000;

/** How soon after a failure it is tried again, doubled each time up to … */
export const RETRY_MS = 500;
export const MAX_RETRY_MS = 30_000;

/** How often a two-way sink is asked for what others have changed. */
export const DEFAULT_POLL_MS = 500;

/** Rooms that are told of edits at the same time. */
export const MAX_PUSHES = 8;

/**
 * How long a webhook waits for a live feed to have written it, until it is written
 * as if there was none: a room waits 15 s for an answer.
 */
export const DISCOVERY_MS = 5_000;

/** Rooms that are not followed, and whose content is kept in memory. */
export const MAX_IDLE_ROOMS = 50;
