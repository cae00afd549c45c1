/**
 * Several changes as one. A set after the deletion of its Row cannot be told
 * from a set alone in TinyBase's shape, so that a delta is one or two changes:
 * where need be the deletions of Rows and Tables first, then all the rest.
 */
import {
  type Changes,
  DELETED,
  isEmptyThings,
  type RowChanges,
  type TableChanges,
  type TablesChanges,
  type ValuesChanges,
} from './changes.js';

/** One or two changes, to be applied in order; none where nothing changed. */
export type DeltaList = Changes[];

const createThings = (): any => Object.create(null);

/** Collects changes in order, keeping what a later one leaves of them. */
export class Delta {
  #cleared: TablesChanges = createThings();
  #tables: TablesChanges = createThings();
  #values: ValuesChanges = createThings();
  /** Tables of which something was taken out that may have been the last. */
  readonly #thinned = new Set<string>();

  /** Adds changes that come after all that is there already. */
  add([tables, values]: Changes): this {
    for (const tableId of Object.keys(tables)) {
      const table = tables[tableId]!;
      if (table === DELETED) {
        this.#cleared[tableId] = DELETED;
        delete this.#tables[tableId];
      } else {
        for (const rowId of Object.keys(table)) {
          const row = table[rowId]!;
          if (row === DELETED) {
            this.#clearRow(tableId, rowId);
          } else {
            this.#setRow(tableId, rowId, row);
          }
        }
      }
    }
    for (const valueId of Object.keys(values)) {
      this.#values[valueId] = values[valueId]!;
    }
    return this;
  }

  isEmpty(): boolean {
    this.#removeEmpty();
    return [this.#cleared, this.#tables, this.#values].every(isEmptyThings);
  }

  /** The changes; the delta must not be added to afterwards. */
  toList(): DeltaList {
    if (this.isEmpty()) {
      return [];
    }
    if (
      Object.keys(this.#tables).some((tableId) =>
        this.#isAnyCleared(tableId, this.#tables[tableId] as TableChanges),
      )
    ) {
      return [
        [this.#cleared, createThings(), 1],
        [this.#tables, this.#values, 1],
      ];
    }
    for (const tableId of Object.keys(this.#cleared)) {
      const cleared = this.#cleared[tableId]!;
      const table = this.#tables[tableId];
      this.#tables[tableId] =
        table === undefined
          ? cleared
          : Object.assign(table as TableChanges, cleared);
    }
    return [[this.#tables, this.#values, 1]];
  }

  #isAnyCleared(tableId: string, table: TableChanges): boolean {
    return (
      tableId in this.#cleared &&
      Object.keys(table).some((rowId) => this.#isCleared(tableId, rowId))
    );
  }

  #isCleared(tableId: string, rowId: string): boolean {
    const cleared = this.#cleared[tableId];
    return cleared === DELETED || (cleared !== undefined && rowId in cleared);
  }

  #clearRow(tableId: string, rowId: string): void {
    const table = this.#tables[tableId] as TableChanges | undefined;
    if (table?.[rowId] !== undefined) {
      delete table[rowId];
      this.#thinned.add(tableId);
    }
    if (this.#cleared[tableId] !== DELETED) {
      const cleared = (this.#cleared[tableId] ??= createThings());
      (cleared as TableChanges)[rowId] = DELETED;
    }
  }

  #setRow(tableId: string, rowId: string, row: RowChanges): void {
    const cleared = this.#isCleared(tableId, rowId);
    for (const cellId of Object.keys(row)) {
      const table = (this.#tables[tableId] ??= createThings()) as TableChanges;
      const merged = (table[rowId] ??= createThings()) as RowChanges;
      merged[cellId] = row[cellId]!;
      if (cleared && row[cellId] === DELETED) {
        // The Row's deletion says so already.
        delete merged[cellId];
        this.#thinned.add(tableId);
      }
    }
  }

  /**
   * Removes Rows and Tables that hold nothing. To look for that takes time with
   * what else is there: it is put off until it counts.
   */
  #removeEmpty(): void {
    for (const tableId of this.#thinned) {
      const table = this.#tables[tableId] as TableChanges | undefined;
      for (const rowId of Object.keys(table ?? {})) {
        if (isEmptyThings(table![rowId] as RowChanges)) {
          delete table![rowId];
        }
      }
      if (table && isEmptyThings(table)) {
        delete this.#tables[tableId];
      }
    }
    this.#thinned.clear();
  }
}
