/** Asks a room's hooks which of the changes it takes. */
import {createStore, type Store} from 'tinybase';
import {
  type Changes,
  type Content,
  createChanges,
  DELETED,
  decodeAtom,
  isEmptyThings,
  type RowChanges,
  type TableChanges,
  type TablesChanges,
  type ValuesChanges,
} from '../protocol/changes.js';
import {applyToStore} from './live-store.js';
import {each, type MaybePromise, andThen} from './verdicts.js';

type Verdict = MaybePromise<boolean>;

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

export type AuthoriseOptions = {
  hooks: Hooks;
  store: Store;
  who: unknown;
  initialSave: boolean;
};

const createThings = (): any => Object.create(null);

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

/** Asks for changes of one client, or of one request. */
class Authorisation {
  readonly #hooks: Hooks;
  readonly #store: Store;
  readonly #who: unknown;
  readonly #initialSave: boolean;
  refused = false;

  constructor({hooks, store, who, initialSave}: AuthoriseOptions) {
    this.#hooks = hooks;
    this.#store = store;
    this.#who = who;
    this.#initialSave = initialSave;
  }

  authoriseTables(
    tables: TablesChanges,
    accepted: TablesChanges,
  ): MaybePromise<void> {
    return each(Object.keys(tables), (tableId) => {
      const table = tables[tableId]!;
      const accept = (taken: TableChanges | typeof DELETED) => {
        if (taken === DELETED || !isEmptyThings(taken)) {
          accepted[tableId] = taken;
        }
      };
      return table === DELETED
        ? this.#when(this.#canDelTable(tableId), () =>
            andThen(this.#authoriseDelTable(tableId), accept),
          )
        : this.#when(
            this.#hooks.canSetTable(tableId, this.#initialSave, this.#who),
            () => andThen(this.#authoriseTable(tableId, table), accept),
          );
    });
  }

  authoriseValues(
    values: ValuesChanges,
    accepted: ValuesChanges,
  ): MaybePromise<void> {
    return each(Object.keys(values), (valueId) => {
      const atom = values[valueId]!;
      return this.#when(
        atom === DELETED
          ? this.#hooks.canDelValue(valueId, this.#who)
          : this.#hooks.canSetValue(
              valueId,
              decodeAtom(atom),
              this.#initialSave,
              this.#who,
              this.#store.getValue(valueId),
            ),
        () => {
          accepted[valueId] = atom;
        },
      );
    });
  }

  /** Does something where a hook lets it, and notes where it does not. */
  #when(
    verdict: Verdict,
    run: () => MaybePromise<void>,
    otherwise = (): void => {},
  ): MaybePromise<void> {
    return andThen(verdict, (isAllowed) => {
      if (isAllowed) {
        return run();
      }
      this.refused = true;
      return otherwise();
    });
  }

  #canDelTable(tableId: string): Verdict {
    return this.#hooks.canDelTable(tableId, this.#who);
  }

  #canDelCells(
    tableId: string,
    rowId: string,
    cellIds: string[],
  ): MaybePromise<boolean> {
    let allowed = true;
    const asked = each(cellIds, (cellId) =>
      this.#when(
        this.#hooks.canDelCell(tableId, rowId, cellId, this.#who),
        () => {},
        () => {
          allowed = false;
        },
      ),
    );
    return andThen(asked, () => allowed);
  }

  /** A Row, and all of its Cells. */
  #canDelRow(tableId: string, rowId: string): MaybePromise<boolean> {
    return andThen(
      this.#hooks.canDelRow(tableId, rowId, this.#who),
      (isAllowed) => {
        this.refused ||= !isAllowed;
        return (
          isAllowed &&
          this.#canDelCells(
            tableId,
            rowId,
            this.#store.getCellIds(tableId, rowId),
          )
        );
      },
    );
  }

  #authoriseDelTable(
    tableId: string,
  ): MaybePromise<TableChanges | typeof DELETED> {
    const rowIds = this.#store.getRowIds(tableId);
    const kept = new Set<string>();
    const asked = each(rowIds, (rowId) =>
      andThen(this.#canDelRow(tableId, rowId), (isAllowed) => {
        if (!isAllowed) {
          kept.add(rowId);
        }
      }),
    );
    return andThen(asked, () => {
      if (!kept.size) {
        return DELETED;
      }
      const rows: TableChanges = createThings();
      for (const rowId of rowIds) {
        if (!kept.has(rowId)) {
          rows[rowId] = DELETED;
        }
      }
      return rows;
    });
  }

  #authoriseTable(
    tableId: string,
    table: TableChanges,
  ): MaybePromise<TableChanges> {
    const rows: TableChanges = createThings();
    const asked = each(Object.keys(table), (rowId) => {
      const row = table[rowId]!;
      if (row === DELETED) {
        return andThen(this.#canDelRow(tableId, rowId), (isAllowed) => {
          if (isAllowed) {
            rows[rowId] = DELETED;
          }
        });
      }
      return this.#when(
        this.#hooks.canSetRow(tableId, rowId, this.#initialSave, this.#who),
        () =>
          andThen(this.#authoriseRow(tableId, rowId, row), (cells) => {
            if (!isEmptyThings(cells)) {
              rows[rowId] = cells;
            }
          }),
      );
    });
    return andThen(asked, () =>
      this.#emptiesTable(tableId, rows)
        ? this.#unlessKept(this.#canDelTable(tableId), rows)
        : rows,
    );
  }

  #authoriseRow(
    tableId: string,
    rowId: string,
    row: RowChanges,
  ): MaybePromise<RowChanges> {
    const cells: RowChanges = createThings();
    const asked = each(Object.keys(row), (cellId) => {
      const atom = row[cellId]!;
      return this.#when(
        atom === DELETED
          ? this.#hooks.canDelCell(tableId, rowId, cellId, this.#who)
          : this.#hooks.canSetCell(
              tableId,
              rowId,
              cellId,
              decodeAtom(atom),
              this.#initialSave,
              this.#who,
              this.#store.getCell(tableId, rowId, cellId),
            ),
        () => {
          cells[cellId] = atom;
        },
      );
    });
    return andThen(asked, () =>
      this.#emptiesRow(tableId, rowId, cells)
        ? this.#unlessKept(
            this.#hooks.canDelRow(tableId, rowId, this.#who),
            cells,
          )
        : cells,
    );
  }

  /** What deletes the last of something, or nothing where that is to stay. */
  #unlessKept<Things extends object>(
    verdict: Verdict,
    things: Things,
  ): MaybePromise<Things> {
    return andThen(verdict, (isAllowed) => {
      this.refused ||= !isAllowed;
      return isAllowed ? things : createThings();
    });
  }

  #emptiesRow(tableId: string, rowId: string, cells: RowChanges): boolean {
    const store = this.#store;
    const cellIds = store.getCellIds(tableId, rowId);
    return (
      cellIds.length > 0 &&
      cellIds.every((cellId) => cellId in cells) &&
      (store.hasTablesSchema()
        ? !tryOut(store, tableId, {[rowId]: cells}).hasRow(tableId, rowId)
        : Object.values(cells).every((atom) => atom === DELETED))
    );
  }

  #emptiesTable(tableId: string, rows: TableChanges): boolean {
    const store = this.#store;
    const isDeletion = (rowId: string) => {
      const row = rows[rowId]!;
      return (
        row === DELETED ||
        (Object.values(row).every((atom) => atom === DELETED) &&
          store.getCellIds(tableId, rowId).every((cellId) => cellId in row))
      );
    };
    const rowIds = Object.keys(rows);
    // Counted first: a Table may have many more Rows than a push changes.
    const count = store.getRowCount(tableId);
    return (
      count > 0 &&
      count <= rowIds.length &&
      store.getRowIds(tableId).every((rowId) => rowId in rows) &&
      (store.hasTablesSchema()
        ? !tryOut(store, tableId, rows).hasTable(tableId)
        : rowIds.every(isDeletion))
    );
  }
}

/**
 * What the hooks let through. Deleting a Table asks for its Rows, deleting a Row
 * for its Cells, and whatever deletes the last of a Row or Table asks for that
 * too: no other way of deleting gets round a refusal.
 */
export const authorise = async (
  [tables, values]: Changes | Content,
  options: AuthoriseOptions,
): Promise<Authorised> => {
  const accepted: Changes = [createThings(), createThings(), 1];
  const authorisation = new Authorisation(options);
  await authorisation.authoriseTables(tables, accepted[0]);
  await authorisation.authoriseValues(values, accepted[1]);
  return {accepted, refused: authorisation.refused};
};
