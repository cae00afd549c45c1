/** Bounds that both halves keep to, each with its reason. */

/**
 * Longest text of a push in one frame, in UTF-16 units. The platform closes a
 * socket at 1 MiB a message, and a unit is at most three bytes on the wire.
 */
export const MAX_FRAME_LENGTH = 256_000;

/**
 * Longest push, in UTF-16 units of its JSON. What the room puts together in
 * memory, and what one log entry may hold.
 */
export const MAX_PUSH_LENGTH = 8_000_000;

/**
 * How deep an object or array Cell may nest: far from where JSON, called some
 * frames deeper elsewhere, overflows the stack.
 */
export const MAX_NESTING = 100;

/** Most fragments of one push, so that empty ones do not add up either. */
export const MAX_FRAGMENTS = 100;

/** How many of a client's latest refused pushes the room remembers. */
export const MAX_REMEMBERED_REFUSALS = 32;
