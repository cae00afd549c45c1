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
  getOwn,
  visitChanges,
} from '../protocol/changes.js';
import {getContentLeaf, patchContent} from '../protocol/content.js';
import {delLeaf, forEachLeaf, getLeaf, type Leaves, setLeaf} from './leaves.js';

/** The Cells that the Store has now, for deletions of Rows and Tables. */
export type ForEachStoreCell = (
  tableId: string,
  rowId: string | undefined,
  visit: (rowId: string, cellId: string) => void,
) => void;

export type Overlay = ReturnType<typeof createOverlay>;

export const createOverlay = (forEachStoreCell: ForEachStoreCell) => {
  const truth: Leaves = new Map();
  const counts = new Map<string, number>();

  const getKey = (...path: unknown[]) => JSON.stringify(path);

  const isCovered = (tableId: string | null, rowId: string, cellId: string) =>
    counts.size > 0 &&
    (counts.has(getKey(tableId, rowId, cellId)) ||
      counts.has(getKey(tableId, rowId)) ||
      counts.has(getKey(tableId)));

  const count = (changes: Changes, by: 1 | -1) =>
    visitChanges(changes, (...path) => {
      const key = getKey(...path.slice(0, 3).filter((id) => id !== undefined));
      const sum = (counts.get(key) ?? 0) + by;
      sum ? counts.set(key, sum) : counts.delete(key);
    });

  /** Puts a push on top; `setTruth` has been called for what it covers. */
  const cover = (changes: Changes): void => count(changes, 1);

  /** Notes the truth of a Cell that a push is about to cover first. */
  const noteTruth = (
    tableId: string | null,
    rowId: string,
    cellId: string,
    atom: Atom,
  ): void => {
    if (getLeaf(truth, tableId, rowId, cellId) === undefined) {
      setLeaf(truth, tableId, rowId, cellId, atom);
    }
  };

  /**
   * Moves the truth by changes; what shows of it in the Store goes to target.
   * Answers whether any of it does not, being covered.
   */
  const advance = (changes: Changes, target: Leaves): boolean => {
    let covered = false;
    visitChanges(changes, (tableId, rowId, cellId, atom) => {
      const set = (r: string, c: string) => {
        const hidden = isCovered(tableId, r, c);
        covered ||= hidden;
        setLeaf(hidden ? truth : target, tableId, r, c, atom);
      };
      if (cellId !== undefined) {
        set(rowId!, cellId);
      } else {
        forEachStoreCell(tableId!, rowId, set);
        forEachLeaf(target, tableId, rowId, set);
        forEachLeaf(truth, tableId, rowId, set);
      }
    });
    return covered;
  };

  /**
   * Takes answered pushes off; the truth that shows where nothing covers it any
   * more goes to target. Those of `accepted` first become the truth, as they are.
   */
  const uncover = (
    pushes: Changes[],
    accepted: Changes[],
    target: Leaves,
  ): void => {
    for (const changes of accepted) {
      visitChanges(changes, (tableId, rowId, cellId, atom) =>
        cellId !== undefined
          ? setLeaf(truth, tableId, rowId!, cellId, atom)
          : forEachLeaf(truth, tableId, rowId, (r, c) =>
              setLeaf(truth, tableId, r, c, DELETED),
            ),
      );
    }
    for (const changes of pushes) {
      count(changes, -1);
    }
    for (const changes of pushes) {
      visitChanges(changes, (tableId, rowId, cellId) => {
        const show = (
          r: string,
          c: string,
          atom = getLeaf(truth, tableId, r, c),
        ) => {
          if (atom !== undefined && !isCovered(tableId, r, c)) {
            setLeaf(target, tableId, r, c, atom);
            delLeaf(truth, tableId, r, c);
          }
        };
        cellId !== undefined
          ? show(rowId!, cellId)
          : forEachLeaf(truth, tableId, rowId, show);
      });
    }
  };

  /** Takes the content as the truth, and puts the pushes on top of it, in place. */
  const rebase = (content: Content, pushes: Changes[]): void => {
    const tables: any = content[0];
    const note = (tableId: string | null, rowId: string, cellId: string) => {
      const atom = getContentLeaf(content, tableId, rowId, cellId);
      noteTruth(tableId, rowId, cellId, atom === undefined ? DELETED : atom);
    };
    truth.clear();
    for (const changes of pushes) {
      visitChanges(changes, (tableId, rowId, cellId) => {
        if (cellId !== undefined) {
          note(tableId, rowId!, cellId);
        } else {
          const table = getOwn<any>(tables, tableId!) ?? {};
          for (const r of rowId === undefined ? Object.keys(table) : [rowId]) {
            for (const c of Object.keys(getOwn<any>(table, r) ?? {})) {
              note(tableId, r, c);
            }
          }
        }
      });
    }
    for (const changes of pushes) {
      visitChanges(changes, (tableId, rowId, cellId, atom) =>
        patchContent(content, tableId, rowId, cellId, atom),
      );
    }
  };

  /** Turns content of the Store into the truth, in place. */
  const strip = (content: Content): void =>
    truth.forEach((rows, tableId) =>
      rows.forEach((cells, rowId) =>
        cells.forEach((atom, cellId) =>
          patchContent(content, tableId, rowId, cellId, atom),
        ),
      ),
    );

  return {cover, noteTruth, advance, uncover, rebase, strip};
};
