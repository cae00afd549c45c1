/** Bounds of the room, each with its reason. */

/** A log shorter than this is not worth a snapshot, in UTF-16 units. */
export const MIN_COMPACTION_LENGTH = 64_000;

/**
 * Most of the log that is kept for, and sent to, a client that catches up, in
 * UTF-16 units: past it loading the content is no worse.
 */
export const MAX_CATCH_UP_LENGTH = 1_000_000;

/**
 * How many clients' answered pushes are remembered, the latest writers first.
 * One costs about 40 bytes of each snapshot.
 */
export const MAX_CLIENTS = 1_000;

/** Longest content that a PUT may bring, in UTF-16 units. */
export const MAX_CONTENT_LENGTH = 64_000_000;

/**
 * How long after a change a legacy client's own write of the same Row is shown
 * to it again: longer than any round trip.
 */
export const LEGACY_HEAL_MS = 10_000;
