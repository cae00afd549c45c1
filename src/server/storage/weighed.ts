/** What some Rows, or Values, take up, and how much of that is gone. */
import {type Atom, DELETED, type RowChanges} from '../../protocol/changes.js';

/** What the Cells of an id hold, or those of all ids not named (null). */
export type Column = [cellId: string | null, bytes: number, cells: number];

export type Things = {[id: string]: RowChanges | Atom};

/** How many are named, and of ids up to which length: they rest in the head. */
const MAX_COLUMNS = 6;
const MAX_COLUMN_ID_LENGTH = 60;
/** What punctuation adds to a Row, and to a Cell. */
const ROW_LENGTH = 6;
const CELL_LENGTH = 4;

type ColumnWeight = {bytes: number; cells: number; gone: number};

const measureAtom = (atom: Atom): number =>
  atom === DELETED ? 0 : typeof atom == 'string' ? atom.length : 4;

export class Weighed {
  bytes = 0;
  rows = 0;
  #gone = 0;
  #columns = new Map<string | null, ColumnWeight>();

  constructor(bytes = 0, rows = 0, columns: Column[] = []) {
    this.bytes = bytes;
    this.rows = rows;
    columns.forEach((column) => this.#addColumn(...column));
  }

  /** Adds Rows that are about the same. */
  addRows(rows: {[rowId: string]: RowChanges}, bytes: number): void {
    const rowIds = Object.keys(rows);
    const [rowId] = rowIds;
    const cells = Object.entries(rows[rowId!]!);
    const length = cells.reduce(
      (sum, [cellId, atom]) =>
        sum + cellId.length + measureAtom(atom) + CELL_LENGTH,
      rowId!.length + ROW_LENGTH,
    );
    for (const [cellId, atom] of cells) {
      const share = measureAtom(atom) / length;
      this.#addColumn(cellId, bytes * share, rowIds.length);
    }
    this.bytes += bytes;
    this.rows += rowIds.length;
  }

  /** Adds Values; each is what a Cell is elsewhere. */
  addValues(values: {[valueId: string]: Atom}, bytes: number): void {
    for (const valueId of Object.keys(values)) {
      this.#addColumn(valueId, measureAtom(values[valueId]!), 1);
      this.rows++;
    }
    this.bytes += bytes;
  }

  /** Adds what others are, which are not told apart any more. */
  merge(other: Weighed): void {
    this.bytes += other.bytes;
    this.rows += other.rows;
    other.#columns.forEach(({bytes, cells}, cellId) =>
      this.#addColumn(cellId, bytes, cells),
    );
  }

  /** The heaviest columns, and all others in one. */
  toColumns(maxColumns = MAX_COLUMNS): Column[] {
    this.#prune(maxColumns);
    return [...this.#columns].map(([cellId, {bytes, cells}]) => [
      cellId,
      Math.round(bytes),
      cells,
    ]);
  }

  /** Counts bytes as gone, if so many are left; answers how many. */
  take(bytes: number): number {
    const taken = Math.min(bytes, this.bytes - this.#gone);
    this.#gone += taken;
    return taken;
  }

  /** Counts what a change of a Row takes away. */
  takeOfRow(row: RowChanges | typeof DELETED): number {
    if (row === DELETED) {
      return this.rows ? this.take(this.bytes / this.rows) : 0;
    }
    let taken = 0;
    for (const cellId of Object.keys(row)) {
      taken += this.takeOfCell(cellId, row[cellId]!);
    }
    return taken;
  }

  /** What is about as long as what was there takes nothing away. */
  takeOfCell(cellId: string, atom: Atom): number {
    const column = this.#columns.get(cellId) ?? this.#columns.get(null);
    if (!column?.cells) {
      return 0;
    }
    const bytes = column.bytes / column.cells - 2 * measureAtom(atom);
    const taken = this.take(
      Math.max(0, Math.min(bytes, column.bytes - column.gone)),
    );
    column.gone += taken;
    return taken;
  }

  #addColumn(cellId: string | null, bytes: number, cells: number): void {
    const isNamed = cellId !== null && cellId.length <= MAX_COLUMN_ID_LENGTH;
    const key = isNamed ? cellId : null;
    let column = this.#columns.get(key);
    if (!column) {
      if (this.#columns.size > 10 * MAX_COLUMNS) {
        this.#prune(MAX_COLUMNS);
      }
      column = {bytes: 0, cells: 0, gone: 0};
      this.#columns.set(key, column);
    }
    column.bytes += bytes;
    column.cells += cells;
  }

  #prune(maxColumns: number): void {
    const lightest = [...this.#columns]
      .filter(([cellId]) => cellId !== null)
      .sort(([, one], [, other]) => other.bytes - one.bytes)
      .slice(maxColumns);
    for (const [cellId, {bytes, cells}] of lightest) {
      this.#columns.delete(cellId);
      this.#addColumn(null, bytes, cells);
    }
  }
}
