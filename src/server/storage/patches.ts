/** What a delta makes of Rows and Values that are met one by one. */
import {
  type Atom,
  DELETED,
  isEmptyThings,
  type RowChanges,
  type TableChanges,
} from '../../protocol/changes.js';
import {setOwn} from '../../protocol/content.js';
import type {DeltaList} from '../../protocol/delta.js';
import type {Thing} from './segments.js';

const isTable = (table: unknown): table is TableChanges =>
  table !== undefined && table !== DELETED;

/** The Cells that are set; undefined where there is none. */
const patchRow = (
  row: RowChanges,
  changes: RowChanges,
): RowChanges | undefined => {
  for (const cellId of Object.keys(changes)) {
    const atom = changes[cellId]!;
    atom === DELETED ? delete row[cellId] : setOwn(row, cellId, atom);
  }
  return isEmptyThings(row) ? undefined : row;
};

/**
 * Takes what it deals with out of the delta, which is a `Delta`'s: what is left
 * in the end is new.
 */
export class Patches {
  readonly #list: DeltaList;

  constructor(list: DeltaList) {
    this.#list = list;
  }

  /** A Row or Value as it is from then on; undefined where it is gone. */
  patch([tableId, rowId, row]: Thing): RowChanges | Atom | undefined {
    return tableId === null
      ? this.#patchValue(rowId, row as Atom)
      : this.#patchRow(tableId, rowId, row as RowChanges);
  }

  /** The new Rows of a Table; of one that was deleted first none is. */
  takeNewRows(tableId: string): Thing[] {
    return this.#list.some(([tables]) => tables[tableId] === DELETED)
      ? []
      : this.takeRest(tableId);
  }

  /** The Rows of a Table, or the Values, that were not met. */
  takeRest(tableId: string | null): Thing[] {
    const things: Thing[] = [];
    for (const [tables, values] of this.#list) {
      const table = tableId === null ? values : tables[tableId];
      for (const rowId of Object.keys(isTable(table) ? table : {})) {
        const changes = (table as any)[rowId]! as RowChanges | Atom;
        const row =
          changes === DELETED
            ? undefined
            : tableId === null
              ? changes
              : patchRow({}, changes as RowChanges);
        if (row !== undefined) {
          things.push([tableId, rowId, row]);
        }
      }
      tableId === null
        ? Object.keys(values).forEach((id) => delete values[id])
        : delete tables[tableId];
    }
    return things;
  }

  /** What was not met of any Table, in the order in which it was set. */
  *takeTables(): Generator<Thing> {
    // Of two changes the first are deletions alone.
    const [tables] = this.#list.at(-1) ?? [{}];
    for (const tableId of Object.keys(tables)) {
      yield* this.takeRest(tableId);
    }
  }

  #patchValue(valueId: string, atom: Atom): Atom | undefined {
    let patched = atom;
    for (const [, values] of this.#list) {
      patched = values[valueId] ?? (valueId in values ? null : patched);
      delete values[valueId];
    }
    return patched === DELETED ? undefined : patched;
  }

  #patchRow(
    tableId: string,
    rowId: string,
    row: RowChanges,
  ): RowChanges | undefined {
    let patched: RowChanges | undefined = row;
    for (const [tables] of this.#list) {
      const table = tables[tableId];
      const changes = isTable(table) ? table[rowId] : table;
      if (changes === DELETED) {
        patched = undefined;
      } else if (changes !== undefined && patched) {
        // Where the Row was deleted before it is a new one, and comes last.
        delete (table as TableChanges)[rowId];
        patched = patchRow(patched, changes);
      }
    }
    return patched;
  }
}
