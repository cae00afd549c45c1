/** Reading and changing content in place. */
import {
  type Atom,
  type Changes,
  type Content,
  DELETED,
  decodeAtom,
  isEmptyThings,
  visitChanges,
} from './changes.js';

/** Whether the object has this very key: ids such as `constructor` are data. */
export const getOwn = <Thing>(
  things: {[id: string]: Thing} | undefined,
  id: string,
): Thing | undefined =>
  things && Object.hasOwn(things, id) ? things[id] : undefined;

/** Sets a key, whatever it is called; `__proto__` is an id like any other. */
export const setOwn = <Thing>(
  things: {[id: string]: Thing},
  id: string,
  thing: Thing,
): Thing => {
  if (id == '__proto__') {
    Object.defineProperty(things, id, {
      value: thing,
      configurable: true,
      enumerable: true,
      writable: true,
    });
  } else {
    things[id] = thing;
  }
  return thing;
};

/** The atom in content, or undefined where there is none. */
export const getContentLeaf = (
  [tables, values]: Content,
  tableId: string | null,
  rowId: string,
  cellId: string,
): Atom | undefined =>
  tableId === null
    ? getOwn(values, rowId)
    : getOwn<any>(getOwn<any>(getOwn<any>(tables, tableId), rowId), cellId);

/** Sets or deletes in content, leaving no empty Row or Table behind. */
export const patchContent = (
  [tables, values]: Content,
  tableId: string | null,
  rowId: string | undefined,
  cellId: string | undefined,
  atom: Atom,
): void => {
  if (tableId === null) {
    atom === DELETED ? delete values[rowId!] : setOwn(values, rowId!, atom);
    return;
  }
  let table = getOwn<any>(tables, tableId);
  if (atom !== DELETED) {
    table ??= setOwn<any>(tables, tableId, {});
    setOwn(
      getOwn<any>(table, rowId!) ?? setOwn(table, rowId!, {}),
      cellId!,
      atom,
    );
    return;
  }
  if (table && rowId !== undefined) {
    const row = getOwn<any>(table, rowId);
    if (row && cellId !== undefined) {
      delete row[cellId];
    }
    if (row && (cellId === undefined || isEmptyThings(row))) {
      delete table[rowId];
    }
  }
  if (table && (rowId === undefined || isEmptyThings(table))) {
    delete tables[tableId];
  }
};

/** Whether no Table or Row is empty: a Store would not have it. */
export const isCompact = ([tables]: Content): boolean =>
  Object.values(tables).every(
    (table) =>
      !isEmptyThings(table as object) &&
      Object.values(table).every((row) => !isEmptyThings(row as object)),
  );

/** Replaces encoded objects and arrays by what they stand for, in place. */
export const decodeContent = (content: Content): void =>
  visitChanges(content, (tableId, rowId, cellId, atom) => {
    const decoded: any = decodeAtom(atom);
    if (decoded !== atom) {
      tableId === null
        ? setOwn(content[1], rowId!, decoded)
        : setOwn((content[0] as any)[tableId][rowId!], cellId!, decoded);
    }
  });

/** Applies changes to content, in place. */
export const applyToContent = (content: Content, changes: Changes): void =>
  visitChanges(changes, (...change) => patchContent(content, ...change));
