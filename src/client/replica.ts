/**
 * The Store as a replica of the room: writes into it what comes from the room,
 * and tells what else changed in it.
 */
import type {Store} from 'tinybase';
import {
  type Atom,
  addChange,
  type Changes,
  type Content,
  createChanges,
  DELETED,
  decodeAtom,
  encodeAtom,
  visitChanges,
} from '../protocol/changes.js';
import {createLeaves, type Leaves} from './leaves.js';
import {createOverlay, type ForEachStoreCell} from './overlay.js';

const toAtom = (thing: unknown): Atom =>
  thing === undefined ? DELETED : encodeAtom(thing);

export const createReplica = (
  store: Store,
  onLocalChanges: (changes: Changes) => void,
  /** Told what the app's listeners throw: it must stop nothing of ours. */
  onError: (error: unknown) => void,
) => {
  let capturing = false;
  /** What the transaction under way writes on behalf of the room. */
  let written: Leaves | undefined;
  /** What of it the Store did not take, or no listener may set back. */
  let unheeded = createLeaves();
  /** It was written within a transaction that the app has left open. */
  let isNested = false;

  const forEachStoreCell: ForEachStoreCell = (
    visit,
    tableId,
    rowId,
    cellId,
  ) => {
    (tableId === undefined ? store.getTableIds() : [tableId!]).forEach((t) =>
      (rowId === undefined ? store.getRowIds(t) : [rowId]).forEach((r) =>
        (cellId === undefined ? store.getCellIds(t, r) : [cellId]).forEach(
          (c) => visit(t, r, c),
        ),
      ),
    );
    if (tableId === undefined) {
      store.getValueIds().forEach((v) => visit(null, v, ''));
    }
  };

  const getThing = (tableId: string | null, rowId: string, cellId: string) =>
    tableId === null
      ? store.getValue(rowId)
      : store.getCell(tableId, rowId, cellId);

  /** Whether the Store has an atom, or is without a Row or Table. */
  const isShown = (
    tableId: string | null,
    rowId: string | undefined,
    cellId: string | undefined,
    atom: Atom,
  ): boolean =>
    rowId === undefined
      ? !store.hasTable(tableId!)
      : cellId === undefined
        ? !store.hasRow(tableId!, rowId)
        : toAtom(getThing(tableId, rowId, cellId)) === atom;

  const overlay = createOverlay(forEachStoreCell);

  /** Whether the transaction has changed what was written, and nothing else. */
  const isAsWritten = (theirs: Leaves): boolean => {
    let isSame = true;
    visitChanges(store.getTransactionChanges() as any, (...change) => {
      isSame &&= toAtom(change[3]) === theirs.get(...change);
    });
    theirs.forEach((...leaf) => {
      isSame &&= isShown(...leaf);
    });
    return isSame;
  };

  const onTransaction = (): void => {
    const theirs = written;
    const wasNested = theirs && isNested;
    written = undefined;
    isNested = false;
    // Mostly that is all, and to see it takes less than the log does.
    if (!wasNested && (!capturing || (theirs && isAsWritten(theirs)))) {
      return;
    }
    const [
      cellsTouched,
      valuesTouched,
      cells,
      invalidCells,
      values,
      invalidValues,
      tableIds,
      rowIds,
    ] = store.getTransactionLog() as any;
    if (wasNested && !cellsTouched && !valuesTouched) {
      // The app has rolled its transaction back, and the room's with it. It may
      // have written since.
      queueMicrotask(() => {
        const target = createLeaves();
        theirs.forEach((...leaf) => overlay.move(target, ...leaf));
        write(target);
      });
      return;
    }
    if (!capturing) {
      return;
    }
    const changes = createChanges();
    let changed = false;

    const add = (
      tableId: string | null,
      rowId: string,
      cellId: string,
      was: unknown,
      is: unknown,
    ): void => {
      const truth = theirs?.find(tableId, rowId, cellId);
      const before = truth === undefined ? toAtom(was) : truth;
      const after = toAtom(is);
      const isGone = (ids: any, id: any): boolean =>
        !theirs && tableId !== null && ids?.[id] < 0;
      if (after !== before) {
        if (overlay.truth.get(tableId, rowId, cellId) === undefined) {
          overlay.truth.set(tableId, rowId, cellId, before);
        }
        addChange(
          changes,
          tableId,
          isGone(tableIds, tableId) ? undefined : rowId,
          isGone(rowIds[tableId!], rowId) ? undefined : cellId,
          after,
        );
        changed = true;
      }
    };

    visitChanges([cells, values], (t, r, c, change: any) => {
      // What a schema made of the room's value is this client's view of it.
      if (
        !theirs ||
        !(t === null ? invalidValues[r!] : invalidCells[t]?.[r!]?.[c!])
      ) {
        add(t, r!, c!, change[0], change[1]);
      }
    });
    // The log leaves out what a listener has set back to what it was.
    theirs?.forEach((...[tableId, rowId, cellId]) =>
      forEachStoreCell(
        (...path) => {
          if (unheeded.find(...path) === undefined) {
            add(...path, undefined, getThing(...path));
          }
        },
        tableId,
        rowId,
        cellId,
      ),
    );
    if (changed) {
      overlay.cover(changes);
      onLocalChanges(changes);
    }
  };

  const listenerId = store.addDidFinishTransactionListener(onTransaction);

  /**
   * Writes the Cells in one transaction; theirs are not local changes. What a
   * listener sets back is, unless it is one of `refused`: on what the room has
   * just refused nobody can insist.
   */
  const write = (
    target: Leaves,
    refused = createLeaves(),
    isRetry = false,
  ): void => {
    if (written) {
      target.forEach((tableId, rowId, cellId, atom) => {
        written!.set(tableId, rowId, cellId, atom);
        unheeded.set(tableId, rowId, cellId, undefined);
      });
    } else {
      written = target;
      unheeded = refused;
    }
    try {
      store.transaction(() =>
        target.forEach((...leaf) => {
          const [tableId, rowId, cellId, atom] = leaf;
          if (!isShown(...leaf)) {
            const thing: any = decodeAtom(atom);
            if (atom !== DELETED) {
              tableId === null
                ? store.setValue(rowId, thing)
                : store.setCell(tableId, rowId, cellId, thing);
            } else if (tableId === null) {
              store.delValue(rowId);
            } else if (rowId === undefined) {
              store.delTable(tableId);
            } else if (
              cellId === undefined ||
              // Cell by Cell a schema's defaults would keep the Row.
              (store.hasTablesSchema() &&
                store
                  .getCellIds(tableId, rowId)
                  .every((c) => target.get(tableId, rowId, c) === DELETED))
            ) {
              store.delRow(tableId, rowId);
            } else {
              store.delCell(tableId, rowId, cellId);
            }
            if (!isShown(...leaf)) {
              unheeded.set(...leaf);
            }
          }
        }),
      );
      isNested = !!written;
    } catch (error) {
      // Rolled back, perhaps without a word to the listener: what can be
      // written without the Cell that an app's listener throws at, is.
      written = undefined;
      if (!isRetry) {
        target.forEach((tableId, rowId, cellId, atom) =>
          forEachStoreCell(
            (...path) => {
              const leaf = createLeaves();
              leaf.set(...path, atom);
              write(leaf, refused, true);
            },
            tableId,
            rowId,
            cellId,
          ),
        );
        onError(error);
      }
    }
  };

  return {
    overlay,

    write,

    /** Whether local changes are told. */
    capture: (on: boolean): void => {
      capturing = on;
    },

    /** Makes the content the room's, with what is pending on top. */
    writeContent: (content: Content): void => {
      const target = createLeaves();
      overlay.clear(target);
      overlay.advance(content, target);
      write(target);
    },

    /** The content without what is pending. */
    getBase: (): Changes => {
      const base = createChanges();
      const shown = createLeaves();
      // What was written unsaved after a deletion that is pending becomes the
      // truth under that.
      visitChanges(
        JSON.parse(store.getJson()),
        (...leaf) =>
          overlay.truth.get(...leaf) !== undefined ||
          overlay.move(shown, ...leaf),
      );
      [shown, overlay.truth].forEach((leaves) =>
        leaves.forEach(
          (...leaf) => leaf[3] === DELETED || addChange(base, ...leaf),
        ),
      );
      return base;
    },

    destroy: (): void => {
      store.delListener(listenerId);
    },
  };
};
