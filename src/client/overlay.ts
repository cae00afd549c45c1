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

/** A Cell; a Value is the Cell '' of the Row `valueId` of the Table null. */
export type Leaf = [
  tableId: string | null,
  rowId: string,
  cellId: string,
  atom: Atom,
];
export type Leaves = Map<string, Leaf>;

export const getKey = (
  tableId: string | null,
  rowId?: string,
  cellId?: string,
): string => JSON.stringify([tableId, rowId, cellId]);

const setLeaf = (leaves: Leaves, ...leaf: Leaf): void => {
  leaves.set(getKey(leaf[0], leaf[1], leaf[2]), leaf);
};

/** Visits Cells that the Store has: of all, of a Table, or of a Row. */
export type ForEachStoreCell = (
  visit: (tableId: string | null, rowId: string, cellId: string) => void,
  tableId?: string | null,
  rowId?: string,
) => void;

export const createOverlay = (forEachStoreCell: ForEachStoreCell) => {
  const truth: Leaves = new Map();
  /** The truth in a Table, and in a Row, for deletions of those. */
  const index = new Map<string, Leaves>();
  /** How many pushes cover a Cell, or all of a Row or Table. */
  const counts = new Map<string, number>();

  const setTruth = (...leaf: Leaf): void => {
    const [tableId, rowId, cellId] = leaf;
    const key = getKey(tableId, rowId, cellId);
    truth.set(key, leaf);
    for (const place of [getKey(tableId), getKey(tableId, rowId)]) {
      index.set(place, (index.get(place) ?? new Map()).set(key, leaf));
    }
  };

  const delTruth = ([tableId, rowId, cellId]: Leaf): void => {
    const key = getKey(tableId, rowId, cellId);
    truth.delete(key);
    for (const place of [getKey(tableId), getKey(tableId, rowId)]) {
      index.get(place)!.delete(key);
      index.get(place)!.size || index.delete(place);
    }
  };

  const getTruthIn = (tableId: string | null, rowId?: string): Leaf[] => [
    ...(index.get(getKey(tableId, rowId))?.values() ?? []),
  ];

  const isCovered = (tableId: string | null, rowId: string, cellId: string) =>
    counts.size > 0 &&
    (counts.has(getKey(tableId, rowId, cellId)) ||
      counts.has(getKey(tableId, rowId)) ||
      counts.has(getKey(tableId)));

  const count = (changes: Changes, by: 1 | -1): void =>
    visitChanges(changes, (...[tableId, rowId, cellId]) => {
      const key = getKey(tableId, rowId, cellId);
      const sum = (counts.get(key) ?? 0) + by;
      sum ? counts.set(key, sum) : counts.delete(key);
    });

  /** Moves the truth of a Cell; answers whether pending covers it. */
  const move = (target: Leaves, ...leaf: Leaf): boolean => {
    const covered = isCovered(leaf[0], leaf[1], leaf[2]);
    covered ? setTruth(...leaf) : setLeaf(target, ...leaf);
    return covered;
  };

  return {
    /** What pending covers, and the truth of it. */
    truth,

    move,

    /** Puts a push on top; the truth of all that it covers has been noted. */
    cover: (changes: Changes): void => count(changes, 1),

    /** Notes the truth of a Cell that a push is about to cover. */
    noteTruth: (...leaf: Leaf): void => {
      if (!truth.has(getKey(leaf[0], leaf[1], leaf[2]))) {
        setTruth(...leaf);
      }
    },

    /**
     * Moves the truth by changes; what shows of it in the Store goes to target.
     * Answers whether any of it does not, being covered.
     */
    advance: (changes: Changes, target: Leaves): boolean => {
      let covered = false;
      visitChanges(changes, (tableId, rowId, cellId, atom) => {
        if (cellId !== undefined) {
          covered =
            move(target, tableId, rowId!, cellId, encodeAtom(atom)) || covered;
        } else {
          const del = (r: string, c: string) => {
            covered = move(target, tableId, r, c, DELETED) || covered;
          };
          forEachStoreCell((_, r, c) => del(r, c), tableId, rowId);
          getTruthIn(tableId, rowId).forEach(([, r, c]) => del(r, c));
        }
      });
      return covered;
    },

    /** Takes content as the truth; what shows of it goes to target. */
    replace: (content: Content, target: Leaves): void => {
      truth.forEach((leaf) => {
        leaf[3] = DELETED;
      });
      forEachStoreCell((...path) => move(target, ...path, DELETED));
      visitChanges(content, (tableId, rowId, cellId, atom) =>
        move(target, tableId, rowId!, cellId!, encodeAtom(atom)),
      );
    },

    /**
     * Takes pushes off; the truth that shows where nothing covers it any more
     * goes to target. Those of `accepted` become the truth first, as they are.
     */
    uncover: (pushes: Changes[], accepted: Changes[], target: Leaves): void => {
      for (const changes of accepted) {
        visitChanges(changes, (tableId, rowId, cellId, atom) =>
          cellId !== undefined
            ? setTruth(tableId, rowId!, cellId, atom)
            : getTruthIn(tableId, rowId).forEach((leaf) => {
                leaf[3] = DELETED;
              }),
        );
      }
      pushes.forEach((changes) => count(changes, -1));
      const show = (leaf: Leaf | undefined) => {
        if (leaf && !isCovered(leaf[0], leaf[1], leaf[2])) {
          setLeaf(target, ...leaf);
          delTruth(leaf);
        }
      };
      for (const changes of pushes) {
        visitChanges(changes, (tableId, rowId, cellId) =>
          cellId !== undefined
            ? show(truth.get(getKey(tableId, rowId, cellId)))
            : getTruthIn(tableId, rowId).forEach(show),
        );
      }
    },
  };
};
