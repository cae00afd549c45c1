/**
 * Every bound in one place, with its reason. Lengths are in UTF-16 units of
 * JSON text unless they say bytes. docs/protocol.md says what happens at each.
 */

// Both halves keep to these: they are part of the protocol.

/**
 * Longest text of a push in one frame. The platform closes a socket at 1 MiB a
 * message, and a unit is at most three bytes on the wire.
 */
export const MAX_FRAME_LENGTH = 256_000;

/**
 * Longest push: what the room puts together in memory, and what one entry of the
 * log may hold.
 */
export const MAX_PUSH_LENGTH = 8_000_000;

/**
 * How deep an object or array Cell may nest: far from where JSON, called some
 * frames deeper elsewhere, overflows the stack.
 */
export const MAX_NESTING = 100;

// The client's.

/**
 * Most that a client keeps of what the room has not answered: far more than a
 * day's writing, and what a page can hold beside its Store.
 */
export const MAX_PENDING_LENGTH = 64_000_000;

/**
 * Most of it that is under way at a time, if not a single push is longer: well
 * below what a room lets one connection have waiting.
 */
export const MAX_IN_FLIGHT_LENGTH = 4_000_000;

// The room's; the first ones by default, see `RoomLimits`.

/** Longest content of a PUT: a room has 128 MB, for text and Store alike. */
export const MAX_CONTENT_LENGTH = 32_000_000;

/**
 * Most that is sent to a connection which gives no sign of reading it: more than
 * the largest commit, so that one alone cuts nobody off.
 */
export const MAX_UNREAD_LENGTH = 10_000_000;

/** Most that one connection may have waiting: likewise, a push and some. */
export const MAX_QUEUED_LENGTH = 10_000_000;

/** Most that all fragments of unfinished pushes may hold. */
export const MAX_FRAGMENTS_LENGTH = 32_000_000;

/**
 * Most of the log that is kept for, and sent to, a client that catches up: past
 * it loading the content is no worse.
 */
export const MAX_CATCH_UP_BYTES = 1_000_000;

/**
 * How many clients' answered pushes are remembered, the latest writers first.
 * One costs about 40 bytes of each snapshot.
 */
export const MAX_CLIENTS = 1_000;

/** Bounds of a room that its `config.limits` may move. */
export type RoomLimits = {
  /**
   * Longest push of a client: a longer one is refused. Clients send none that is
   * longer than the default, 8,000,000 UTF-16 units of JSON.
   */
  maxPushLength: number;
  /**
   * Longest content that a `PUT` may bring: past it the answer is 413. Defaults
   * to 32,000,000 UTF-16 units of JSON.
   */
  maxContentLength: number;
  /**
   * Most that is sent to a connection which gives no sign of reading it: then it
   * is closed (4429), and catches up when it comes back. Defaults to 10,000,000
   * UTF-16 units. TinyBase's own clients give no signs, and are never cut off.
   * So many bytes may wait for a reader of the live feed, which is cut off then.
   */
  maxUnreadLength: number;
  /**
   * Most that one connection may have waiting to be dealt with: then it is
   * closed (4429). Defaults to 10,000,000 UTF-16 units.
   */
  maxQueuedLength: number;
  /**
   * Most that unfinished fragments may hold in memory, all connections
   * together: then the one with most of it is closed (4429). Defaults to
   * 32,000,000 UTF-16 units.
   */
  maxFragmentsLength: number;
  /**
   * Most of the log that is kept for clients that catch up: who missed more
   * loads the whole. Defaults to 1,000,000 bytes.
   */
  maxCatchUpBytes: number;
  /**
   * How many clients' answered pushes are remembered, latest writers first. One
   * that comes back past it, with a push whose answer was lost, has that push
   * applied again. Up to half of them are clients of an `Idempotency-Key`, which
   * none with a WebSocket displaces. Defaults to 1,000.
   */
  maxClients: number;
};

/**
 * The room's limits where its config says nothing.
 *
 * @throws RangeError where one of the config's is no number, or below 0.
 */
export const getRoomLimits = (config: Partial<RoomLimits> = {}): RoomLimits => {
  const limits: RoomLimits = {
    maxPushLength: MAX_PUSH_LENGTH,
    maxContentLength: MAX_CONTENT_LENGTH,
    maxUnreadLength: MAX_UNREAD_LENGTH,
    maxQueuedLength: MAX_QUEUED_LENGTH,
    maxFragmentsLength: MAX_FRAGMENTS_LENGTH,
    maxCatchUpBytes: MAX_CATCH_UP_BYTES,
    maxClients: MAX_CLIENTS,
  };
  for (const name of Object.keys(limits) as (keyof RoomLimits)[]) {
    const limit = config[name] ?? limits[name];
    if (!(limit >= 0)) {
      throw new RangeError(
        `config.limits.${name} is ${limit}: give a number of 0 or more, or ` +
          `leave it out for ${limits[name]}.`,
      );
    }
    limits[name] = limit;
  }
  return limits;
};

/**
 * How many bytes of the log are kept for history at least; 0 where it is not told.
 *
 * @throws RangeError where it is no number, or below 0.
 */
export const getHistoryLimit = (historyLimit?: number): number | undefined => {
  if (historyLimit !== undefined && !(historyLimit >= 0)) {
    throw new RangeError(
      `config.historyLimit is ${historyLimit}: give a number of bytes, 0 for ` +
        'no history to be told, or leave it out for what there is.',
    );
  }
  return historyLimit;
};

/** How many of a client's latest refused pushes the room remembers. */
export const MAX_REMEMBERED_REFUSALS = 32;

/** A log shorter than this is not worth a snapshot. */
export const MIN_COMPACTION_BYTES = 64_000;

/** A log longer than this is, however large the content. */
export const MAX_LOG_BYTES = 8_000_000;

/**
 * Most of the log that one snapshot takes in, or a commit more: what it changes
 * is in memory meanwhile. Where it is longer, a compaction does not wait.
 */
export const MAX_COMPACTED_BYTES = 2 * MAX_LOG_BYTES;

/** How long after it is due a compaction begins: bursts are shorter. */
export const COMPACTION_DELAY_MS = 1_000;

/** Longest that a compaction rests between two steps. */
export const MAX_COMPACTION_PAUSE_MS = 20;

/** Most that one turn takes up, if not a single push is longer. */
export const MAX_TURN_LENGTH = 8_000_000;

/** What a message takes up besides its text: a promise, a job, the parsed. */
export const MESSAGE_OVERHEAD = 200;

/** What a connection is sent before it is asked whether it has read that. */
export const PING_LENGTH = 256_000;

/** How often a reader of the live feed is sent something, and is to have read. */
export const FEED_KEEP_ALIVE_MS = 25_000;

/** How soon a reader whose stream has ended comes back. */
export const FEED_RETRY_MS = 1_000;

/** In what pieces a reader is sent content: that one is read shows that it is. */
export const FEED_PIECE_BYTES = 64_000;

/** How many commits a page of history has, unless told, and at most. */
export const DEFAULT_PAGE_COMMITS = 100;
export const MAX_PAGE_COMMITS = 1_000;

/** How much of the log a page of history is made of, or one commit more. */
export const MAX_PAGE_BYTES = 1_000_000;

/** How often a connection may say hello within ten seconds. */
export const MAX_HELLOS = 100;
export const HELLO_PERIOD_MS = 10_000;

/**
 * How long the room waits for a push's next fragment, and stays awake for it:
 * 256,000 units at 5 kB a second.
 */
export const FRAGMENT_TIMEOUT_MS = 60_000;

/** Longest author of a commit, in UTF-16 units: it is stored with each. */
export const MAX_AUTHOR_LENGTH = 256;

/** Longest client id, nonce: four times what the client gives. */
export const MAX_ID_LENGTH = 64;

/**
 * How long after a change a legacy client's own write of the same Row is shown
 * to it again: longer than any round trip.
 */
export const LEGACY_HEAL_MS = 10_000;

/** How many Rows and Values are watched for that, the latest ones. */
export const MAX_TOUCHES = 10_000;

/** How much of their ids tells them apart. */
export const MAX_TOUCH_LENGTH = 200;
