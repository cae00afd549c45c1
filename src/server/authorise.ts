/** Asks a room's hooks which of the changes it takes. */
import {createStore, type Store} from 'tinybase';
import {
  type Atom,
  type Changes,
  type Content,
  createChanges,
  DELETED,
  decodeAtom,
  isEmptyThings,
  type RowChanges,
  type TableChanges,
} from '../protocol/changes.js';
import {applyToStore} from './live-store.js';

type Verdict = boolean | Promise<boolean>;

/** TinyBase's eight hooks; `Who` is the request or the connection. */
export interface Hooks<Who = any> {
  canSetTable(tableId: string, initialSave: boolean, who: Who): Verdict;
  canDelTable(tableId: string, who: Who): Verdict;
  canSetRow(
    tableId: string,
    rowId: string,
    initialSave: boolean,
    who: Who,
  ): Verdict;
  canDelRow(tableId: string, rowId: string, who: Who): Verdict;
  canSetCell(
    tableId: string,
    rowId: string,
    cellId: string,
    cell: any,
    initialSave: boolean,
    who: Who,
    oldCell: any,
  ): Verdict;
  canDelCell(tableId: string, rowId: string, cellId: string, who: Who): Verdict;
  canSetValue(
    valueId: string,
    value: any,
    initialSave: boolean,
    who: Who,
    oldValue: any,
  ): Verdict;
  canDelValue(valueId: string, who: Who): Verdict;
}

export type Authorised = {accepted: Changes; refused: boolean};

const createThings = (): any => Object.create(null);
const decode = (atom: Atom) => decodeAtom(atom);

/** What a schema leaves of Rows to be changed: tried on a copy of them. */
const tryOut = (store: Store, tableId: string, rows: TableChanges): Store => {
  const copy = createStore().setTablesSchema(
    JSON.parse(store.getTablesSchemaJson()),
  );
  for (const rowId of Object.keys(rows)) {
    if (store.hasRow(tableId, rowId)) {
      copy.setRow(tableId, rowId, store.getRow(tableId, rowId));
    }
  }
  const changes = createChanges();
  changes[0][tableId] = rows;
  applyToStore(copy, changes);
  return copy;
};

/**
 * What the hooks let through. Deleting a Table asks for its Rows, deleting a Row
 * for its Cells, and whatever deletes the last of a Row or Table asks for that
 * too: no other way of deleting gets round a refusal.
 */
export const authorise = async (
  [tables, values]: Changes | Content,
  options: {hooks: Hooks; store: Store; who: unknown; initialSave: boolean},
): Promise<Authorised> => {
  const {hooks, store, who, initialSave} = options;
  const accepted: Changes = [createThings(), createThings(), 1];
  let refused = false;

  const allow = async (...verdicts: (() => Verdict)[]): Promise<boolean> => {
    for (const verdict of verdicts) {
      if (!(await verdict())) {
        refused = true;
        return false;
      }
    }
    return true;
  };
  const every = async (ids: string[], can: (id: string) => Promise<boolean>) =>
    (await Promise.all(ids.map(can))).every(Boolean);
  const each = <Thing>(
    things: {[id: string]: Thing},
    visit: (id: string, thing: Thing) => Promise<void>,
  ) => Promise.all(Object.keys(things).map((id) => visit(id, things[id]!)));

  const allowDelCell = (tableId: string, rowId: string, cellId: string) =>
    allow(() => hooks.canDelCell(tableId, rowId, cellId, who));
  const allowDelRow = (tableId: string, rowId: string) =>
    allow(
      () => hooks.canDelRow(tableId, rowId, who),
      () =>
        every(store.getCellIds(tableId, rowId), (cellId) =>
          allowDelCell(tableId, rowId, cellId),
        ),
    );

  const authoriseRow = async (
    tableId: string,
    rowId: string,
    row: RowChanges,
  ): Promise<RowChanges> => {
    const cells: RowChanges = createThings();
    await each(row, async (cellId, atom) => {
      if (
        atom === DELETED
          ? await allowDelCell(tableId, rowId, cellId)
          : await allow(() =>
              hooks.canSetCell(
                tableId,
                rowId,
                cellId,
                decode(atom),
                initialSave,
                who,
                store.getCell(tableId, rowId, cellId),
              ),
            )
      ) {
        cells[cellId] = atom;
      }
    });
    const cellIds = store.getCellIds(tableId, rowId);
    const empties =
      cellIds.length > 0 &&
      cellIds.every((cellId) => cellId in cells) &&
      (store.hasTablesSchema()
        ? !tryOut(store, tableId, {[rowId]: cells}).hasRow(tableId, rowId)
        : Object.values(cells).every((atom) => atom === DELETED));
    return empties && !(await allow(() => hooks.canDelRow(tableId, rowId, who)))
      ? createThings()
      : cells;
  };

  const authoriseTable = async (
    tableId: string,
    table: TableChanges,
  ): Promise<TableChanges> => {
    const rows: TableChanges = createThings();
    await each(table, async (rowId, row) => {
      if (row === DELETED) {
        if (await allowDelRow(tableId, rowId)) {
          rows[rowId] = DELETED;
        }
      } else if (
        await allow(() => hooks.canSetRow(tableId, rowId, initialSave, who))
      ) {
        const cells = await authoriseRow(tableId, rowId, row);
        if (!isEmptyThings(cells)) {
          rows[rowId] = cells;
        }
      }
    });
    const isDeletion = (rowId: string, row: RowChanges | string) =>
      row === DELETED ||
      (Object.values(row).every((atom) => atom === DELETED) &&
        store
          .getCellIds(tableId, rowId)
          .every((cellId) => cellId in (row as any)));
    const rowIds = store.getRowIds(tableId);
    const empties =
      rowIds.length > 0 &&
      rowIds.every((rowId) => rowId in rows) &&
      (store.hasTablesSchema()
        ? !tryOut(store, tableId, rows).hasTable(tableId)
        : Object.keys(rows).every((rowId) => isDeletion(rowId, rows[rowId]!)));
    return empties && !(await allow(() => hooks.canDelTable(tableId, who)))
      ? createThings()
      : rows;
  };

  await each(tables, async (tableId, table) => {
    if (table !== DELETED) {
      if (await allow(() => hooks.canSetTable(tableId, initialSave, who))) {
        const rows = await authoriseTable(tableId, table);
        if (!isEmptyThings(rows)) {
          accepted[0][tableId] = rows;
        }
      }
    } else if (await allow(() => hooks.canDelTable(tableId, who))) {
      const rowIds = store.getRowIds(tableId);
      const kept = new Set<string>();
      await Promise.all(
        rowIds.map(async (rowId) => {
          if (!(await allowDelRow(tableId, rowId))) {
            kept.add(rowId);
          }
        }),
      );
      accepted[0][tableId] = kept.size
        ? Object.fromEntries(
            rowIds
              .filter((rowId) => !kept.has(rowId))
              .map((rowId) => [rowId, DELETED]),
          )
        : DELETED;
    }
  });
  await each(values, async (valueId, atom) => {
    if (
      atom === DELETED
        ? await allow(() => hooks.canDelValue(valueId, who))
        : await allow(() =>
            hooks.canSetValue(
              valueId,
              decode(atom),
              initialSave,
              who,
              store.getValue(valueId),
            ),
          )
    ) {
      accepted[1][valueId] = atom;
    }
  });
  return {accepted, refused};
};
