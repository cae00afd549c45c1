/** A value for each Cell, by Table, Row and Cell; Values as in `Visit`. */
import type {Atom} from '../protocol/changes.js';

export type Leaves = Map<string | null, Map<string, Map<string, Atom>>>;

export const getLeaf = (
  leaves: Leaves,
  tableId: string | null,
  rowId: string,
  cellId: string,
): Atom | undefined => leaves.get(tableId)?.get(rowId)?.get(cellId);

const ensure = <Key, Value>(
  map: Map<Key, Map<any, Value>>,
  key: Key,
): Map<any, Value> => {
  let child = map.get(key);
  if (!child) {
    map.set(key, (child = new Map()));
  }
  return child;
};

export const setLeaf = (
  leaves: Leaves,
  tableId: string | null,
  rowId: string,
  cellId: string,
  atom: Atom,
): void => {
  ensure(ensure(leaves, tableId), rowId).set(cellId, atom);
};

export const delLeaf = (
  leaves: Leaves,
  tableId: string | null,
  rowId: string,
  cellId: string,
): void => {
  const rows = leaves.get(tableId);
  const cells = rows?.get(rowId);
  if (cells?.delete(cellId) && !cells.size) {
    rows!.delete(rowId);
    if (!rows!.size) {
      leaves.delete(tableId);
    }
  }
};

/** Visits the leaves of a Table, or of one Row; they may be deleted meanwhile. */
export const forEachLeaf = (
  leaves: Leaves,
  tableId: string | null,
  rowId: string | undefined,
  visit: (rowId: string, cellId: string, atom: Atom) => void,
): void =>
  leaves
    .get(tableId)
    ?.forEach(
      (cells, id) =>
        (rowId === undefined || rowId === id) &&
        cells.forEach((atom, cellId) => visit(id, cellId, atom)),
    );
