/**
 * The room's truth under the client's pending pushes. The Store shows truth
 * with pending on top; of what pending covers, the truth is kept here, so that
 * an answered push leaves exactly the room's value behind, whatever was lost
 * on the way.
 */
import {
  type Atom,
  type Changes,
  type Content,
  DELETED,
  encodeAtom,
  visitChanges,
} from '../protocol/changes.js';
import {createLeaves, type Leaves} from './leaves.js';

/** Visits Cells that the Store has: of all, of a Table, or of a Row. */
export type ForEachStoreCell = (
  visit: (tableId: string | null, rowId: string, cellId: string) => void,
  tableId?: string | null,
  rowId?: string,
  cellId?: string,
) => void;

export const createOverlay = (forEachStoreCell: ForEachStoreCell) => {
  const truth = createLeaves();
  /** How many pushes cover a Cell, or all of a Row or Table. */
  const counts = createLeaves<number>();
  /** Whether something moved under pending since this was false. */
  let isHidden = false;

  /** Puts a push on top; the truth of all that it covers has been noted. */
  const cover = (changes: Changes, by = 1): void =>
    visitChanges(changes, (...[tableId, rowId, cellId]) =>
      counts.set(
        tableId,
        rowId,
        cellId,
        (counts.get(tableId, rowId, cellId) ?? 0) + by || undefined,
      ),
    );

  /**
   * Moves the truth of a Cell, or deletes that of a Row or Table; what shows of
   * it in the Store goes to target.
   */
  const move = (
    target: Leaves,
    tableId: string | null,
    rowId: string | undefined,
    cellId: string | undefined,
    atom: Atom,
  ): void => {
    if (cellId === undefined && counts.has(tableId)) {
      clear(target, tableId, rowId);
    } else {
      const isCovered = !!counts.find(tableId, rowId, cellId);
      isHidden ||= isCovered;
      (isCovered ? truth : target).set(
        tableId,
        rowId,
        cellId,
        encodeAtom(atom),
      );
    }
  };

  /** Deletes the truth of all Cells, or of those in a Table or a Row. */
  const clear = (
    target: Leaves,
    tableId?: string | null,
    rowId?: string,
  ): void => {
    const del = (t: string | null, r: string, c: string): void =>
      move(target, t, r, c, DELETED);
    forEachStoreCell(del, tableId, rowId);
    truth.forEach(del, tableId, rowId);
  };

  /**
   * Moves the truth by changes, as `move` does. Answers whether any of it does
   * not show, being covered.
   */
  const advance = (changes: Changes | Content, target: Leaves): boolean => {
    isHidden = false;
    visitChanges(changes, (...leaf) => move(target, ...leaf));
    return isHidden;
  };

  return {
    /** Of what pending covers, the truth. */
    truth,

    move,

    clear,

    advance,

    cover,

    /**
     * Takes pushes off; the truth that shows where nothing covers it any more
     * goes to target.
     */
    uncover: (pushes: Changes[], ...targets: Leaves[]): void => {
      pushes.forEach((changes) => cover(changes, -1));
      for (const changes of pushes) {
        visitChanges(changes, (...[tableId, rowId, cellId]) =>
          truth.forEach(
            (t, r, c, atom) => {
              if (!counts.find(t, r, c)) {
                targets.forEach((target) => target.set(t, r, c, atom));
                truth.set(t, r, c, undefined);
              }
            },
            tableId,
            rowId,
            cellId,
          ),
        );
      }
    },
  };
};
