/**
 * Things by Table, Row and Cell. As in `Visit` a Value is the Cell '' of the Row
 * `valueId` of the Table null, and what has no Cell is of a whole Row or Table.
 */
import {type Atom, DELETED} from '../protocol/changes.js';

type TableId = string | null;
type Id = string | undefined;

const getOrAdd = <Key, Child>(
  parent: Map<Key, Map<Id, Child>>,
  key: Key,
): Map<Id, Child> => {
  const child = parent.get(key) ?? new Map<Id, Child>();
  child.size || parent.set(key, child);
  return child;
};

const forEachIn = <Key, Child>(
  parent: Map<Key, Child>,
  key: Key | undefined,
  visit: (child: Child, key: Key) => void,
): void => {
  if (key === undefined) {
    parent.forEach(visit);
  } else {
    const child = parent.get(key);
    child === undefined || visit(child, key);
  }
};

/** For a whole Row the `cellId` is undefined, for a Table the `rowId`, too. */
export type Leaf<Thing = Atom> = [
  tableId: string | null,
  rowId: any,
  cellId: any,
  thing: Thing,
];

export type Leaves<Thing = Atom> = ReturnType<typeof createLeaves<Thing>>;

export const createLeaves = <Thing = Atom>() => {
  const tables = new Map<TableId, Map<Id, Map<Id, Thing>>>();

  const get = (
    tableId: TableId,
    rowId?: Id,
    cellId?: Id,
    _thing?: unknown,
  ): Thing | undefined => tables.get(tableId)?.get(rowId)?.get(cellId);

  const find = (
    tableId: TableId,
    rowId?: Id,
    cellId?: Id,
    _thing?: unknown,
  ): Thing | undefined => {
    const thing = get(tableId, rowId, cellId);
    return thing === undefined && rowId !== undefined
      ? find(tableId, cellId === undefined ? cellId : rowId)
      : thing;
  };

  return {
    /** Whether there is anything in a Table. */
    has: (tableId: TableId): boolean => tables.has(tableId),

    get,

    /** The thing of a Cell, else that of all its Row or Table. */
    find,

    /**
     * Sets a thing, or takes it away. The deletion of a Row or Table takes the
     * place of all that was in it.
     */
    set: (
      tableId: TableId,
      rowId: Id,
      cellId: Id,
      thing: Thing | undefined,
    ): void => {
      const rows = getOrAdd(tables, tableId);
      if (thing === DELETED && cellId === undefined) {
        rowId === undefined ? rows.clear() : rows.delete(rowId);
      }
      const cells = getOrAdd(rows, rowId);
      thing === undefined ? cells.delete(cellId) : cells.set(cellId, thing);
      cells.size || rows.delete(rowId);
      rows.size || tables.delete(tableId);
    },

    /** Visits all, or what there is in a Table, of a Row, of a Cell. */
    forEach: (
      visit: (...leaf: Leaf<Thing>) => void,
      tableId?: TableId,
      rowId?: Id,
      cellId?: Id,
    ): void =>
      forEachIn(tables, tableId, (rows, t) =>
        forEachIn(rows, rowId, (cells, r) =>
          forEachIn(cells, cellId, (thing, c) => visit(t, r, c, thing)),
        ),
      ),
  };
};
