/**
 * Content and changes as they travel and rest: TinyBase's shapes, with every
 * leaf a JSON primitive. An object or array Cell is TinyBase's encoded string
 * (U+FFFD and its JSON), a deletion at any depth is the string U+FFFC.
 */

/** Stands for a deleted Table, Row, Cell or Value. */
export const DELETED = '\uFFFC';
const JSON_PREFIX = '\uFFFD';

/** An encoded Cell or Value, or a deletion. */
export type Atom = string | number | boolean | null;
export type RowChanges = {[cellId: string]: Atom};
export type TableChanges = {[rowId: string]: RowChanges | typeof DELETED};
export type TablesChanges = {[tableId: string]: TableChanges | typeof DELETED};
export type ValuesChanges = {[valueId: string]: Atom};

/** What one transaction changed. */
export type Changes = [
  tables: TablesChanges,
  values: ValuesChanges,
  isChanges: 1,
];
/** The whole of a Store; holds no deletions. */
export type Content = [tables: TablesChanges, values: ValuesChanges];

/** A Cell or Value as an application sees it. */
export type Decoded = string | number | boolean | null | object;

/**
 * Receives each change. Without `rowId` a Table is deleted, without `cellId` a
 * Row. A Value comes as the Cell '' of the Row `valueId` of the Table null.
 */
export type Visit = (
  tableId: string | null,
  rowId: string | undefined,
  cellId: string | undefined,
  atom: Atom,
) => void;

/** Encodes a Cell or Value; a string that is encoded already stays as it is. */
export const encodeAtom = (value: unknown): Atom =>
  typeof value == 'object' && value
    ? JSON_PREFIX + JSON.stringify(value)
    : (value as Atom);

/** Whether a string stands for an object or array. */
export const isEncoded = (atom: string): boolean => atom[0] == JSON_PREFIX;

/** The Cell or Value that an application sees for an atom. */
export const decodeAtom = (atom: Atom): Decoded | null =>
  typeof atom == 'string' && isEncoded(atom) ? JSON.parse(atom.slice(1)) : atom;

/** Whether an object has no key; counts none of those that it has. */
export const isEmptyThings = (things: object): boolean => {
  for (const _ in things) {
    return false;
  }
  return true;
};

export const isEmpty = ([tables, values]: Content | Changes): boolean =>
  isEmptyThings(tables) && isEmptyThings(values);

/**
 * Visits each change, Tables before Values, in the order of the keys. TinyBase's
 * own changes may be given, too, where a deletion is undefined.
 */
export const visitChanges = (
  [tables, values]: Changes | Content,
  visit: Visit,
): void => {
  for (const tableId of Object.keys(tables)) {
    const table = tables[tableId];
    if (typeof table != 'object') {
      visit(tableId, undefined, undefined, DELETED);
    } else {
      for (const rowId of Object.keys(table)) {
        const row = table[rowId];
        if (typeof row != 'object') {
          visit(tableId, rowId, undefined, DELETED);
        } else {
          for (const cellId of Object.keys(row)) {
            visit(tableId, rowId, cellId, row[cellId]!);
          }
        }
      }
    }
  }
  for (const valueId of Object.keys(values)) {
    visit(null, valueId, '', values[valueId]!);
  }
};

/** Whether a list holds what can be visited: a frame may be another's. */
export const isDelta = (list: any): list is Changes[] => {
  try {
    return list.every((changes: any) => {
      visitChanges(changes, () => {});
      return changes[2] === 1;
    });
  } catch {
    return false;
  }
};

/** Changes to add to; ids such as `__proto__` are keys like any other. */
export const createChanges = (): Changes => [
  Object.create(null),
  Object.create(null),
  1,
];

/** Adds a change as in `Visit` to changes of `createChanges`. */
export const addChange = (
  [tables, values]: Changes,
  tableId: string | null,
  rowId: string | undefined,
  cellId: string | undefined,
  atom: Atom,
): void => {
  if (tableId === null) {
    values[rowId!] = atom;
  } else if (rowId === undefined) {
    tables[tableId] = DELETED;
  } else {
    const table = (tables[tableId] ??= Object.create(null)) as TableChanges;
    if (cellId === undefined) {
      table[rowId] = DELETED;
    } else {
      ((table[rowId] ??= Object.create(null)) as RowChanges)[cellId] = atom;
    }
  }
};

/** Adds a Cell or Value to changes of `createChanges`. */
export const addLeaf: (
  changes: Changes,
  tableId: string | null,
  rowId: string,
  cellId: string,
  atom: Atom,
) => void = addChange;
