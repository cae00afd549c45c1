/**
 * How much of a snapshot changes take away, to tell when it holds too much that
 * is gone. The size of each large Table is known, and that of a large Row or
 * Value; of any other the average of those like it counts.
 */
import {
  type Changes,
  DELETED,
  type RowChanges,
  type TableChanges,
} from '../../protocol/changes.js';
import {type Column, type Things, Weighed} from './weighed.js';

/**
 * What there is of a Table, or of all Values (null), but for what is weighed by
 * itself; with an id, of one large Row or Value.
 */
export type Weight = [
  tableId: string | null,
  rowId: string | null,
  bytes: number,
  rows: number,
  columns: Column[],
];

/** As they rest in the head; `others` are all other Tables together. */
export type WeightList = {
  list: Weight[];
  others: [tables: number, bytes: number, rows: number, columns: Column[]];
};

/** How many are kept, and of ids up to which length: they rest in the head. */
const MAX_TABLES = 32;
const MAX_LARGE = 64;
const MAX_LARGE_COLUMNS = 2;
const MAX_WEIGHED_ID_LENGTH = 200;
/** A Row or Value that is weighed by itself. */
const MIN_LARGE_BYTES = 16_000;

type TableWeight = {
  rest: Weighed;
  large: Map<string, Weighed>;
};

const getHeaviest = <Key>(
  all: [key: Key, bytes: number][],
  count: number,
): Key[] =>
  all
    .sort(([, one], [, other]) => other - one)
    .slice(0, count)
    .map(([key]) => key);

const sumBytes = ({rest, large}: TableWeight): number =>
  [...large.values()].reduce((sum, {bytes}) => sum + bytes, rest.bytes);

export class Weights {
  readonly #tables = new Map<string | null, TableWeight>();
  /** Tables that are not weighed by themselves. */
  #others = new Weighed();
  #otherTables = 0;

  constructor({list, others}: Partial<WeightList> = {}) {
    for (const [tableId, rowId, bytes, rows, columns] of list ?? []) {
      const table = this.#ensure(tableId);
      const weighed = new Weighed(bytes, rows, columns);
      rowId === null ? (table.rest = weighed) : table.large.set(rowId, weighed);
    }
    if (others) {
      const [tables, ...weight] = others;
      this.#otherTables = tables;
      this.#others = new Weighed(...weight);
    }
  }

  /**
   * Notes that a snapshot has Rows of about the same, or Values of no Table. All
   * of a Table come one after the other.
   */
  add(tableId: string | null, things: Things, bytes: number): void {
    if (!this.#tables.has(tableId) && this.#tables.size > 4 * MAX_TABLES) {
      this.#shrink();
    }
    const {rest, large} = this.#ensure(tableId);
    const ids = Object.keys(things);
    const isLarge =
      ids.length == 1 &&
      bytes > MIN_LARGE_BYTES &&
      `${tableId ?? ''}${ids[0]}`.length <= MAX_WEIGHED_ID_LENGTH;
    const weighed = isLarge ? new Weighed() : rest;
    if (isLarge) {
      large.set(ids[0]!, weighed);
    }
    tableId === null
      ? weighed.addValues(things as any, bytes)
      : weighed.addRows(things as any, bytes);
  }

  toList(): WeightList {
    this.#shrink();
    const list: Weight[] = [];
    for (const [tableId, {rest, large}] of this.#tables) {
      list.push([tableId, null, rest.bytes, rest.rows, rest.toColumns()]);
      for (const [rowId, weighed] of large) {
        const columns = weighed.toColumns(MAX_LARGE_COLUMNS);
        list.push([tableId, rowId, weighed.bytes, weighed.rows, columns]);
      }
    }
    const {bytes, rows} = this.#others;
    return {
      list,
      others: [this.#otherTables, bytes, rows, this.#others.toColumns()],
    };
  }

  /** How many bytes of the snapshot changes take away; none is counted twice. */
  take([tables, values]: Changes): number {
    let taken = 0;
    for (const tableId of Object.keys(tables)) {
      const rows = tables[tableId]!;
      taken +=
        rows === DELETED
          ? this.#takeTable(tableId)
          : this.#takeOfTable(tableId, rows);
    }
    const table = this.#tables.get(null);
    for (const valueId of table ? Object.keys(values) : []) {
      const weighed = table!.large.get(valueId) ?? table!.rest;
      taken += weighed.takeOfCell(valueId, values[valueId]!);
    }
    return taken;
  }

  #takeTable(tableId: string): number {
    const table = this.#tables.get(tableId);
    if (!table) {
      const count = this.#otherTables;
      return count ? this.#others.take(this.#others.bytes / count) : 0;
    }
    let taken = table.rest.take(Infinity);
    table.large.forEach((weighed) => (taken += weighed.take(Infinity)));
    return taken;
  }

  #takeOfTable(tableId: string, rows: TableChanges): number {
    const {rest, large} = this.#tables.get(tableId) ?? {rest: this.#others};
    let taken = 0;
    for (const rowId of Object.keys(rows)) {
      const row = rows[rowId] as RowChanges | typeof DELETED;
      taken += (large?.get(rowId) ?? rest).takeOfRow(row);
    }
    return taken;
  }

  /** Keeps the heaviest Tables, and of those the heaviest Rows. */
  #shrink(): void {
    const kept = new Set(
      getHeaviest(
        [...this.#tables].flatMap(([id, table]): [string, number][] =>
          id === null || id.length > MAX_WEIGHED_ID_LENGTH
            ? []
            : [[id, sumBytes(table)]],
        ),
        MAX_TABLES,
      ),
    );
    for (const [tableId, {rest, large}] of this.#tables) {
      if (tableId !== null && !kept.has(tableId)) {
        [rest, ...large.values()].forEach((one) => this.#others.merge(one));
        this.#otherTables++;
        this.#tables.delete(tableId);
      }
    }
    const tables = [...this.#tables.values()];
    const largest = new Set(
      getHeaviest(
        tables.flatMap(({large}) =>
          [...large.values()].map((one): [Weighed, number] => [one, one.bytes]),
        ),
        MAX_LARGE,
      ),
    );
    for (const {rest, large} of tables) {
      for (const [rowId, weighed] of large) {
        if (!largest.has(weighed)) {
          rest.merge(weighed);
          large.delete(rowId);
        }
      }
    }
  }

  #ensure(tableId: string | null): TableWeight {
    let table = this.#tables.get(tableId);
    if (!table) {
      table = {rest: new Weighed(), large: new Map()};
      this.#tables.set(tableId, table);
    }
    return table;
  }
}
