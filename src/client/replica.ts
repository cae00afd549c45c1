/**
 * The Store as a replica of the room: writes into it what comes from the room,
 * and tells what else changed in it.
 */
import type {Store} from 'tinybase';
import {
  type Atom,
  type Changes,
  type Content,
  DELETED,
  decodeAtom,
  encodeAtom,
} from '../protocol/changes.js';
import {decodeContent, getContentLeaf} from '../protocol/content.js';
import {getLeaf, type Leaves} from './leaves.js';
import {createOverlay} from './overlay.js';

type GetExpected = (
  tableId: string | null,
  rowId: string,
  cellId: string,
) => Atom | undefined;

export type Replica = ReturnType<typeof createReplica>;

export const createReplica = (
  store: Store,
  onLocalChanges: (changes: Changes) => void,
) => {
  let capturing = false;
  /** What the room's part of the transaction under way makes of a Cell. */
  let expected: GetExpected[] = [];

  const overlay = createOverlay((tableId, rowId, visit) =>
    (rowId === undefined ? store.getRowIds(tableId) : [rowId]).forEach((r) =>
      store.getCellIds(tableId, r).forEach((c) => visit(r, c)),
    ),
  );

  const listenerId = store.addDidFinishTransactionListener(() => {
    const getters = expected;
    expected = [];
    if (!capturing) {
      return;
    }
    const [, , cells, invalidCells, values, invalidValues, tableIds, rowIds] =
      store.getTransactionLog() as any;
    const changes: Changes = [Object.create(null), Object.create(null), 1];
    let changed = false;

    /** Whether the app, rather than the room, made the Cell what it is. */
    const isLocal = (
      tableId: string | null,
      rowId: string,
      cellId: string,
      [was, is]: [unknown, unknown],
      invalid: unknown,
    ): boolean => {
      let before = was === undefined ? DELETED : encodeAtom(was);
      const after = is === undefined ? DELETED : encodeAtom(is);
      for (const getExpected of getters) {
        before = getExpected(tableId, rowId, cellId) ?? before;
      }
      // What a schema made of the room's value is this client's view of it.
      if (getters.length && (after === before || invalid)) {
        return false;
      }
      overlay.noteTruth(tableId, rowId, cellId, before);
      return (changed = true);
    };
    const toAtom = (is: unknown) => (is === undefined ? DELETED : encodeAtom(is));

    for (const t of Object.keys(cells)) {
      const table: any = Object.create(null);
      for (const r of Object.keys(cells[t])) {
        const row: any = Object.create(null);
        for (const c of Object.keys(cells[t][r])) {
          const change = cells[t][r][c];
          if (isLocal(t, r, c, change, invalidCells[t]?.[r]?.[c])) {
            row[c] = toAtom(change[1]);
          }
        }
        if (!getters.length && rowIds[t]?.[r] == -1) {
          table[r] = DELETED;
        } else if (Object.keys(row).length) {
          table[r] = row;
        }
      }
      if (!getters.length && tableIds[t] == -1) {
        changes[0][t] = DELETED;
      } else if (Object.keys(table).length) {
        changes[0][t] = table;
      }
    }
    for (const v of Object.keys(values)) {
      if (isLocal(null, v, '', values[v], invalidValues[v])) {
        changes[1][v] = toAtom(values[v][1]);
      }
    }
    if (changed) {
      overlay.cover(changes);
      onLocalChanges(changes);
    }
  });

  const writeRow = (
    tableId: string,
    rowId: string,
    cells: Map<string, Atom>,
  ): void => {
    const has = [...cells.values()].some((atom) => atom !== DELETED);
    if (!has && store.getCellIds(tableId, rowId).every((id) => cells.has(id))) {
      // Cell by Cell a schema's defaults would keep the Row.
      store.delRow(tableId, rowId);
      return;
    }
    cells.forEach((atom, cellId) =>
      atom === DELETED
        ? store.delCell(tableId, rowId, cellId)
        : store.setCell(tableId, rowId, cellId, decodeAtom(atom) as any),
    );
  };

  /** Writes the Cells in one transaction; theirs are not local changes. */
  const write = (target: Leaves): void => {
    if (target.size) {
      expected.push((...path) => getLeaf(target, ...path));
      store.transaction(() =>
        target.forEach((rows, tableId) =>
          rows.forEach((cells, rowId) => {
            if (tableId !== null) {
              writeRow(tableId, rowId, cells);
            } else if (cells.get('') === DELETED) {
              store.delValue(rowId);
            } else {
              store.setValue(rowId, decodeAtom(cells.get('')!) as any);
            }
          }),
        ),
      );
    }
  };

  return {
    overlay,

    /** Whether local changes are told. */
    capture: (on: boolean): void => {
      capturing = on;
    },

    write,

    /** Replaces the content by the room's with the pushes on top; consumes it. */
    writeContent: (content: Content, pushes: Changes[]): void => {
      overlay.rebase(content, pushes);
      expected.push((...path) => {
        const atom = getContentLeaf(content, ...path);
        return atom === undefined ? DELETED : encodeAtom(atom);
      });
      decodeContent(content);
      store.setContent(content as any);
    },

    /** The Store's content without what is pending. */
    getBase: (): Content => {
      const content: any = JSON.parse(store.getJson());
      overlay.strip(content);
      return content;
    },

    destroy: (): void => {
      store.delListener(listenerId);
    },
  };
};
