/** The room's live Store: filled from content, changed by changes. */
import type {Store} from 'tinybase';
import {
  addChange,
  addLeaf,
  type Changes,
  type Content,
  createChanges,
  DELETED,
  decodeAtom,
  encodeAtom,
  type Visit,
  visitChanges,
} from '../protocol/changes.js';
import {decodeContent, getContentLeaf} from '../protocol/content.js';

/** The atom that the Store has, or the deletion. */
const getAtom = (
  store: Store,
  tableId: string | null,
  rowId: string,
  cellId: string,
) => {
  const decoded =
    tableId === null
      ? store.getValue(rowId)
      : store.getCell(tableId, rowId, cellId);
  return decoded === undefined ? DELETED : encodeAtom(decoded);
};

/** Applies changes in one transaction. */
export const applyToStore = (store: Store, changes: Changes): void => {
  store.transaction(() =>
    visitChanges(changes, (tableId, rowId, cellId, atom) => {
      if (tableId === null) {
        atom === DELETED
          ? store.delValue(rowId!)
          : store.setValue(rowId!, decodeAtom(atom) as any);
      } else if (rowId === undefined) {
        store.delTable(tableId);
      } else if (cellId === undefined) {
        store.delRow(tableId, rowId);
      } else if (atom === DELETED) {
        // Unlike TinyBase's `applyChanges`, which deletes the whole Row where a
        // schema has a default for the Cell.
        store.delCell(tableId, rowId, cellId);
      } else {
        store.setCell(tableId, rowId, cellId, decodeAtom(atom) as any);
      }
    }),
  );
};

/** The changes of the transaction that is finishing, encoded. */
export const getTransactionChanges = (store: Store): Changes => {
  const changes = store.getTransactionChanges() as any;
  const encode = (thing: any, depth: number): any => {
    if (thing === undefined) {
      return DELETED;
    }
    if (!depth) {
      return encodeAtom(thing);
    }
    const encoded = Object.create(null);
    for (const id of Object.keys(thing)) {
      encoded[id] = encode(thing[id], depth - 1);
    }
    return encoded;
  };
  return [encode(changes[0], 3), encode(changes[1], 1), 1];
};

/** Whether the Store is as a change asks. */
const isInEffect = (
  store: Store,
  ...[tableId, rowId, cellId, atom]: Parameters<Visit>
): boolean =>
  cellId !== undefined
    ? getAtom(store, tableId, rowId!, cellId) === atom
    : rowId !== undefined
      ? !store.hasRow(tableId!, rowId)
      : !store.hasTable(tableId!);

/** Whether the Store now is as the changes ask, and whether nothing else is. */
export const compareToStore = (
  store: Store,
  asked: Changes,
  happened: Changes,
): {inEffect: boolean; asSent: boolean} => {
  let inEffect = true;
  visitChanges(asked, (tableId, rowId, cellId, atom) => {
    inEffect &&= isInEffect(store, tableId, rowId, cellId, atom);
  });
  let asSent = inEffect;
  const [tables] = asked as any;
  visitChanges(happened, (tableId, rowId, cellId) => {
    // A Row or Table that is gone may have held more than was asked for.
    const isAsked = (things: any, path: (string | undefined)[]): boolean =>
      things === DELETED ||
      (path[0] !== undefined &&
      things !== undefined &&
      Object.hasOwn(things, path[0])
        ? path.length == 1 || isAsked(things[path[0]], path.slice(1))
        : false);
    asSent &&=
      tableId === null
        ? Object.hasOwn(asked[1], rowId!)
        : isAsked(tables, [tableId, rowId, cellId]);
  });
  return {inEffect, asSent};
};

/** What the Store has where the changes are: to show a client the truth. */
export const getTruth = (store: Store, changes: Changes): Changes[] => {
  const deletions = createChanges();
  const truth = createChanges();
  const addRow = (tableId: string, rowId: string) =>
    store
      .getCellIds(tableId, rowId)
      .forEach((cellId) =>
        addLeaf(
          truth,
          tableId,
          rowId,
          cellId,
          getAtom(store, tableId, rowId, cellId),
        ),
      );
  visitChanges(changes, (tableId, rowId, cellId) => {
    if (cellId !== undefined) {
      addLeaf(
        truth,
        tableId,
        rowId!,
        cellId,
        getAtom(store, tableId, rowId!, cellId),
      );
    } else if (rowId !== undefined) {
      ((deletions[0] as any)[tableId!] ??= Object.create(null))[rowId] =
        DELETED;
      addRow(tableId!, rowId);
    } else {
      deletions[0][tableId!] = DELETED;
      store.getRowIds(tableId!).forEach((id) => addRow(tableId!, id));
    }
  });
  return [deletions, truth].filter(
    ([tables, values]) =>
      Object.keys(tables).length || Object.keys(values).length,
  );
};

/**
 * What the Store has where it is not as the changes ask: the changes that make
 * theirs the truth. And whether it is nowhere as they ask.
 */
export const getCorrection = (
  store: Store,
  asked: Changes,
): {correction: Changes; isNone: boolean} => {
  const refused = createChanges();
  let isNone = true;
  visitChanges(asked, (...change) => {
    if (isInEffect(store, ...change)) {
      isNone = false;
    } else {
      addChange(refused, ...change);
    }
  });
  // Where a Row or Table is still there, it is at least all that is.
  const [correction = createChanges()] = getTruth(store, refused).slice(-1);
  return {correction, isNone};
};

/** Sets the content; consumes it. */
export const setContent = (store: Store, content: Content): void => {
  decodeContent(content);
  store.setContent(content as any);
};

/** What a schema has made of content: the changes from it to the Store. */
export const getSchemaChanges = (
  store: Store,
  content: Content,
): Changes | undefined => {
  const changes = createChanges();
  const current: Content = JSON.parse(store.getJson());
  let changed = false;
  const compare = (from: Content, to: Content, isDeleted: boolean) =>
    visitChanges(to, (tableId, rowId, cellId, atom) => {
      if (getContentLeaf(from, tableId, rowId!, cellId!) !== atom) {
        changed = true;
        if (
          !isDeleted ||
          getContentLeaf(from, tableId, rowId!, cellId!) === undefined
        ) {
          addLeaf(
            changes,
            tableId,
            rowId!,
            cellId!,
            isDeleted ? DELETED : atom,
          );
        }
      }
    });
  compare(current, content, true);
  compare(content, current, false);
  return changed ? changes : undefined;
};
