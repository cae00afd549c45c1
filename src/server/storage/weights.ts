/**
 * How much of a snapshot changes take away, to tell when it holds too much that
 * is gone. The size of each Table is known, and that of a Row or Value which is
 * large by itself; of any other the average counts.
 */
import {
  type Atom,
  type Changes,
  DELETED,
  type RowChanges,
  type TableChanges,
} from '../../protocol/changes.js';

/**
 * What there is of a Table, or of all Values (null); with an id, of one large Row
 * or Value.
 */
export type Weight = [
  tableId: string | null,
  rowId: string | null,
  bytes: number,
  rows: number,
  cells: number,
];

/** How many are kept, and of ids up to which length: they rest in the head. */
const MAX_TABLES = 32;
const MAX_LARGE = 64;
const MAX_WEIGHED_ID_LENGTH = 200;
/** A Row or Value that is weighed by itself. */
const MIN_LARGE_BYTES = 16_000;

/** A weight, and how many of its bytes are gone. */
type Weighed = {weight: Weight; gone: number};

type TableWeight = {
  rest: Weighed;
  large: Map<string, Weighed>;
};

const measureAtom = (atom: Atom): number =>
  atom === DELETED ? 0 : typeof atom == 'string' ? atom.length : 4;

const countCells = (row: RowChanges | Atom): number =>
  typeof row == 'object' && row ? Object.keys(row).length : 1;

export class Weights {
  readonly #tables = new Map<string | null, TableWeight>();

  constructor(list: Weight[] = []) {
    for (const weight of list) {
      const [tableId, rowId] = weight;
      const table = this.#ensure(tableId);
      rowId === null
        ? (table.rest.weight = weight)
        : table.large.set(rowId, {weight, gone: 0});
    }
  }

  /** Notes that a snapshot has Rows of about the same, or Values of no Table. */
  add(
    tableId: string | null,
    things: {[rowId: string]: RowChanges | Atom},
    bytes: number,
  ): void {
    const {rest, large} = this.#ensure(tableId);
    const rowIds = Object.keys(things);
    const [rowId] = rowIds;
    const cells = countCells(things[rowId!]!) * rowIds.length;
    if (bytes > MIN_LARGE_BYTES && rowIds.length == 1) {
      const weight: Weight = [tableId, rowId!, bytes, 1, cells];
      large.set(rowId!, {weight, gone: 0});
    } else {
      rest.weight[2] += bytes;
      rest.weight[3] += rowIds.length;
      rest.weight[4] += cells;
    }
  }

  /** The largest of them. */
  toList(): Weight[] {
    const getLargest = (all: Weighed[], count: number) =>
      all
        .map(({weight}) => weight)
        .filter(
          ([tableId, rowId]) =>
            `${tableId ?? ''}${rowId ?? ''}`.length <= MAX_WEIGHED_ID_LENGTH,
        )
        .sort((one, other) => other[2] - one[2])
        .slice(0, count);
    const tables = [...this.#tables.values()];
    return [
      ...getLargest(
        tables.map(({rest}) => rest),
        MAX_TABLES,
      ),
      ...getLargest(
        tables.flatMap(({large}) => [...large.values()]),
        MAX_LARGE,
      ),
    ];
  }

  /** How many bytes of the snapshot changes take away; none is counted twice. */
  take([tables, values]: Changes): number {
    let taken = 0;
    for (const tableId of Object.keys(tables)) {
      const table = this.#tables.get(tableId);
      const rows = tables[tableId]!;
      if (table && rows === DELETED) {
        taken += take(table.rest, Infinity);
        table.large.forEach((weighed) => (taken += take(weighed, Infinity)));
      } else if (table) {
        for (const rowId of Object.keys(rows)) {
          taken += takeOfRow(
            table.large.get(rowId) ?? table.rest,
            (rows as TableChanges)[rowId]!,
          );
        }
      }
    }
    const table = this.#tables.get(null);
    for (const valueId of table ? Object.keys(values) : []) {
      const weighed = table!.large.get(valueId) ?? table!.rest;
      taken += takeOfCell(weighed, values[valueId]!);
    }
    return taken;
  }

  #ensure(tableId: string | null): TableWeight {
    let table = this.#tables.get(tableId);
    if (!table) {
      const weight: Weight = [tableId, null, 0, 0, 0];
      table = {rest: {weight, gone: 0}, large: new Map()};
      this.#tables.set(tableId, table);
    }
    return table;
  }
}

/** Counts bytes as gone, if so many are left. */
const take = (weighed: Weighed, bytes: number): number => {
  const taken = Math.min(bytes, weighed.weight[2] - weighed.gone);
  weighed.gone += taken;
  return taken;
};

const takeOfRow = (
  weighed: Weighed,
  row: RowChanges | typeof DELETED,
): number => {
  const [, , bytes, rows] = weighed.weight;
  if (row === DELETED) {
    return rows ? take(weighed, bytes / rows) : 0;
  }
  let taken = 0;
  for (const cellId of Object.keys(row)) {
    taken += takeOfCell(weighed, row[cellId]!);
  }
  return taken;
};

/** What is about as long as others are takes nothing away. */
const takeOfCell = (weighed: Weighed, atom: Atom): number => {
  const [, , bytes, , cells] = weighed.weight;
  return cells
    ? take(weighed, Math.max(0, bytes / cells - 2 * measureAtom(atom)))
    : 0;
};
