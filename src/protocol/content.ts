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

/**
 * Applies changes to content, in place. Rows and Tables that they empty are
 * removed in the end: to find out takes time with what else is there.
 */
export class ContentPatcher {
  readonly #content: Content;
  /** Tables of which something was deleted, and their Rows likewise. */
  readonly #thinned = new Map<string, Set<string>>();

  constructor(content: Content) {
    this.#content = content;
  }

  apply(changes: Changes): void {
    visitChanges(changes, (tableId, rowId, cellId, atom) => {
      if (tableId === null) {
        const [, values] = this.#content;
        atom === DELETED ? delete values[rowId!] : setOwn(values, rowId!, atom);
      } else if (atom === DELETED) {
        this.#delete(tableId, rowId, cellId);
      } else {
        const tables: any = this.#content[0];
        const table: any =
          getOwn(tables, tableId) ?? setOwn(tables, tableId, {});
        const row: any = getOwn(table, rowId!) ?? setOwn(table, rowId!, {});
        setOwn(row, cellId!, atom);
      }
    });
  }

  finish(): void {
    const [tables] = this.#content;
    for (const [tableId, rowIds] of this.#thinned) {
      const table = getOwn<any>(tables, tableId) ?? {};
      for (const rowId of rowIds) {
        const row = getOwn<any>(table, rowId);
        if (row && isEmptyThings(row)) {
          delete table[rowId];
        }
      }
      if (isEmptyThings(table)) {
        delete tables[tableId];
      }
    }
    this.#thinned.clear();
  }

  #delete(
    tableId: string,
    rowId: string | undefined,
    cellId: string | undefined,
  ): void {
    const [tables] = this.#content;
    const table = getOwn<any>(tables, tableId);
    if (!table) {
      return;
    }
    if (rowId === undefined) {
      delete tables[tableId];
      return;
    }
    let rowIds = this.#thinned.get(tableId);
    if (!rowIds) {
      rowIds = new Set();
      this.#thinned.set(tableId, rowIds);
    }
    if (cellId === undefined) {
      delete table[rowId];
    } else {
      const row = getOwn<any>(table, rowId);
      if (row) {
        delete row[cellId];
        rowIds.add(rowId);
      }
    }
  }
}

/** Applies changes to content, one after the other, in place. */
export const applyAllToContent = (content: Content, list: Changes[]): void => {
  const patcher = new ContentPatcher(content);
  list.forEach((changes) => patcher.apply(changes));
  patcher.finish();
};

/** Applies changes to content, in place. */
export const applyToContent = (content: Content, changes: Changes): void =>
  applyAllToContent(content, [changes]);
