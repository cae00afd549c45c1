import {MAX_SEEN_IDS} from './limits.js';

/**
 * Remembers the ids of webhooks that were handled. In several processes, have
 * them share one (in Redis, say): keep an id for twice `toleranceSeconds` at
 * least, better for as long as the sender may try again.
 */
export type SeenIds = {
  /** Whether a webhook of this id was handled. */
  has(id: string): boolean | Promise<boolean>;
  /** Remembers that it was. */
  add(id: string): void | Promise<unknown>;
};

/** Remembers ids in memory, the latest ones. */
export const createSeenIds = (maxIds = MAX_SEEN_IDS) => {
  const ids = new Set<string>();
  return {
    has: (id: string) => ids.has(id),
    add: (id: string) => {
      ids.add(id);
      if (ids.size > maxIds) {
        for (const oldestId of ids) {
          ids.delete(oldestId);
          break;
        }
      }
    },
  } satisfies SeenIds;
};
