/**
 * The Store as a replica of the room: writes into it what comes from the room,
 * and tells what else changed in it.
 */
import type {Store} from 'tinybase';
import {
  type Atom,
  addLeaf,
  type Changes,
  type Content,
  createChanges,
  DELETED,
  decodeAtom,
  encodeAtom,
  visitChanges,
} from '../protocol/changes.js';
import {
  createOverlay,
  type ForEachStoreCell,
  getKey,
  type Leaves,
} from './overlay.js';

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
  /** What of it the Store took, before the app's listeners had their say. */
  let taken = new Set<string>();
  /** It was written within a transaction that the app has left open. */
  let isNested = false;

  const forEachStoreCell: ForEachStoreCell = (visit, tableId, rowId) => {
    (tableId === undefined ? store.getTableIds() : [tableId!]).forEach((t) =>
      (rowId === undefined ? store.getRowIds(t) : [rowId]).forEach((r) =>
        store.getCellIds(t, r).forEach((c) => visit(t, r, c)),
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

  const overlay = createOverlay(forEachStoreCell);

  const listenerId = store.addDidFinishTransactionListener(() => {
    const theirs = written;
    const theirsTaken = taken;
    written = undefined;
    taken = new Set();
    const [, , cells, invalidCells, values, invalidValues, tableIds, rowIds] =
      store.getTransactionLog() as any;
    if (theirs && isNested) {
      isNested = false;
      if (
        ![cells, values].some((things) => Object.keys(things).length) &&
        [...theirs.values()].some(
          ([t, r, c, atom]) => toAtom(getThing(t, r, c)) !== atom,
        )
      ) {
        // The app has rolled its transaction back, and the room's with it.
        // It may have written since.
        void Promise.resolve().then(() => {
          const target: Leaves = new Map();
          theirs.forEach((leaf) => overlay.move(target, ...leaf));
          write(target);
        });
        return;
      }
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
      [was, is]: [unknown, unknown],
      isInvalid: unknown,
    ): void => {
      const leaf = theirs?.get(getKey(tableId, rowId, cellId));
      const before = leaf ? leaf[3] : toAtom(was);
      const after = toAtom(is);
      // What a schema made of the room's value is this client's view of it.
      if (!theirs || (after !== before && !isInvalid)) {
        overlay.noteTruth(tableId, rowId, cellId, before);
        addLeaf(changes, tableId, rowId, cellId, after);
        changed = true;
      }
    };

    visitChanges([cells, values], (t, r, c, change: any) =>
      add(
        t,
        r!,
        c!,
        change,
        t === null ? invalidValues[r!] : invalidCells[t]?.[r!]?.[c!],
      ),
    );
    for (const t of theirs ? [] : Object.keys(changes[0])) {
      const table: any = changes[0][t];
      for (const r of Object.keys(table)) {
        if (rowIds[t]?.[r] < 0) {
          table[r] = DELETED;
        }
      }
      if (tableIds[t] < 0) {
        changes[0][t] = DELETED;
      }
    }
    // The log leaves out what a listener has set back to what it was.
    theirsTaken.forEach((key) => {
      const [t, r, c, atom] = theirs!.get(key)!;
      const is = getThing(t, r, c);
      if (
        toAtom(is) !== atom &&
        !(t === null ? values : cells[t]?.[r])?.[t === null ? r : c]
      ) {
        add(t, r, c, [undefined, is], false);
      }
    });
    if (changed) {
      overlay.cover(changes);
      onLocalChanges(changes);
    }
  });

  /**
   * Writes the Cells in one transaction; theirs are not local changes. What a
   * listener sets back is, where it is one of `heeded` or none are given: on
   * what the room has just refused nobody can insist.
   */
  const write = (
    target: Leaves,
    heeded: {has(key: string): boolean} = target,
    isRetry = false,
  ): void => {
    written = written ? new Map([...written, ...target]) : target;
    try {
      store.transaction(() =>
        target.forEach(([tableId, rowId, cellId, atom], key) => {
          const isDeleted = atom === DELETED;
          const thing = decodeAtom(atom) as any;
          if (tableId === null) {
            isDeleted ? store.delValue(rowId) : store.setValue(rowId, thing);
          } else if (!isDeleted) {
            store.setCell(tableId, rowId, cellId, thing);
          } else if (
            store
              .getCellIds(tableId, rowId)
              .every(
                (c) => target.get(getKey(tableId, rowId, c))?.[3] === DELETED,
              )
          ) {
            // Cell by Cell a schema's defaults would keep the Row.
            store.delRow(tableId, rowId);
          } else {
            store.delCell(tableId, rowId, cellId);
          }
          if (
            capturing &&
            heeded.has(key) &&
            toAtom(getThing(tableId, rowId, cellId)) === atom
          ) {
            taken.add(key);
          }
        }),
      );
      isNested = !!written;
    } catch (error) {
      // Rolled back, perhaps without a word to the listener: what can be
      // written without the Cell that an app's listener throws at, is.
      written = undefined;
      taken = new Set();
      if (target.size > 1) {
        target.forEach((leaf, key) =>
          write(new Map([[key, leaf]]), heeded, true),
        );
      }
      if (!isRetry) {
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
      const target: Leaves = new Map();
      overlay.replace(content, target);
      write(target);
    },

    /** The content without what is pending. */
    getBase: (): Changes => {
      const base = createChanges();
      const shown: Leaves = new Map();
      // What was written unsaved after a deletion that is pending becomes the
      // truth under that.
      visitChanges(
        JSON.parse(store.getJson()),
        (t, r, c, atom) =>
          overlay.truth.has(getKey(t, r, c)) ||
          overlay.move(shown, t, r!, c!, atom),
      );
      [shown, overlay.truth].forEach((leaves) =>
        leaves.forEach((leaf) => leaf[3] === DELETED || addLeaf(base, ...leaf)),
      );
      return base;
    },

    destroy: (): void => {
      store.delListener(listenerId);
    },
  };
};
