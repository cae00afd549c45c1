/**
 * Which Rows and Values changed lately, and by whom: a legacy client that writes
 * where somebody else just has may show the other's value for ever, unless it is
 * shown the truth again.
 */
import {type Changes, visitChanges} from '../protocol/changes.js';
import {
  LEGACY_HEAL_MS,
  MAX_TOUCH_LENGTH,
  MAX_TOUCHES,
} from '../protocol/limits.js';

type Touch = {at: number; by: unknown; contested: boolean};

/** Ids that are long and begin alike count as one: that heals once too often. */
const getKey = (...ids: (string | null)[]): string =>
  // Cut before they are joined: a part of a string keeps all of it in memory.
  JSON.stringify(ids.map((id) => id?.slice(0, MAX_TOUCH_LENGTH)));

export class LegacyHeal {
  readonly #touches = new Map<string, Touch>();

  /** Notes a change; answers whether others changed the same place lately. */
  touch(
    by: unknown,
    changes: Changes,
    now: number,
    contested = false,
  ): boolean {
    const checks = new Set<string>();
    const marks = new Set<string>();
    visitChanges(changes, (tableId, rowId) => {
      const table = getKey('any', tableId);
      const deletion = getKey('deleted', tableId);
      const row = getKey(tableId, rowId ?? null);
      marks.add(table).add(rowId === undefined ? deletion : row);
      rowId === undefined ? checks.add(table) : checks.add(deletion).add(row);
    });
    let isContested = contested;
    for (const key of checks) {
      isContested ||= this.#isContested(key, by, now);
    }
    for (const key of marks) {
      const touch = {
        at: now,
        by,
        contested: isContested || this.#isContested(key, by, now),
      };
      this.#touches.delete(key);
      this.#touches.set(key, touch);
    }
    this.#prune(now);
    return isContested;
  }

  #isContested(key: string, by: unknown, now: number): boolean {
    const last = this.#touches.get(key);
    return (
      last !== undefined &&
      now - last.at < LEGACY_HEAL_MS &&
      (last.contested || last.by !== by)
    );
  }

  #prune(now: number): void {
    for (const [key, {at}] of this.#touches) {
      if (now - at < LEGACY_HEAL_MS && this.#touches.size <= MAX_TOUCHES) {
        return;
      }
      this.#touches.delete(key);
    }
  }
}
