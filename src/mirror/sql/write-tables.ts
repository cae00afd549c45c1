/** Writes what is touched of a room's content into its tables. */
import type {Kysely} from 'kysely';
import {sql} from 'kysely';
import type {Content, Row} from 'tinybase';
import {getOwn} from '../../protocol/content.js';
import type {Touched} from '../touched.js';
import type {Catalog, CatalogTable} from './catalog.js';
import {toParameter} from './cell-types.js';
import type {Dialect} from './dialect.js';
import {MORE_CELLS} from './extend-catalog.js';
import {parseRowKey, toRowKey} from './outbox.js';
import type {TabularNames} from './tabular-shapes.js';
import type {UnkeptIds} from './unkept-ids.js';
import {type Parameters, type Things, writeThings} from './upsert.js';

export type RoomContent = {
  room: string;
  content: Content;
  catalog: Catalog;
  /** Everything where it is undefined. */
  touched: Touched | undefined;
  /**
   * Rows that are left as they are, by `toRowKey`: others have changed them, and
   * the room is still to be told. Not where all of a Table is written.
   */
  held?: ReadonlySet<string>;
};

export type Place = {dialect: Dialect; names: TabularNames; unkept: UnkeptIds};

/** The Cells that have no column, as JSON; null where there are none but null. */
const toMoreCells = (
  {toJson}: Dialect,
  {columns}: CatalogTable,
  row: Row,
): string | null => {
  const more = Object.entries(row).filter(
    ([id, cell]) => cell !== null && !columns.has(id),
  );
  return more.length ? toJson(JSON.stringify(Object.fromEntries(more))) : null;
};

const toParameters = (
  dialect: Dialect,
  table: CatalogTable,
  row: Row,
): Parameters => [
  ...[...table.columns].map(([cellId, {type}]) =>
    toParameter(dialect, type, getOwn(row, cellId)),
  ),
  toMoreCells(dialect, table, row),
];

/** Where the Rows of a Table are; undefined where they are nowhere. */
const findRows = (
  {dialect, names, unkept}: Place,
  {room, catalog, content}: RoomContent,
  tableId: string,
): Things | undefined => {
  const table = catalog.tables.get(tableId);
  const rows = getOwn(content[0], tableId)!;
  const idColumn = 'row_id';
  if (table) {
    const columns = [...table.columns.values()].map(({name}) => name);
    return {
      name: table.name,
      common: {room},
      idColumn,
      columns: [...columns, MORE_CELLS],
      toParameters: (id) => toParameters(dialect, table, rows[id]!),
    };
  }
  return unkept.isKey('Table', tableId)
    ? {
        name: names.moreRows,
        common: {room, table_id: tableId},
        idColumn,
        columns: [MORE_CELLS],
        toParameters: (id) => [dialect.toJson(JSON.stringify(rows[id]))],
      }
    : undefined;
};

const writeRows = async (
  trx: Kysely<any>,
  place: Place,
  {tableId, ...what}: RoomContent & {tableId: string},
): Promise<void> => {
  const things = findRows(place, what, tableId);
  if (things) {
    const rows = getOwn(what.content[0], tableId) ?? {};
    const rowIds = what.touched?.tables.get(tableId) ?? 'all';
    const isAll = rowIds == 'all';
    const {name, common} = things;
    const isHeld = (id: string): boolean =>
      !isAll && !!what.held?.has(toRowKey(name, common.table_id, id));
    await writeThings(trx, place.dialect, {
      ...things,
      ids: [...(isAll ? Object.keys(rows) : rowIds)].filter(
        (id) => place.unkept.isKey('Row', id) && !isHeld(id),
      ),
      isThere: (id) => Object.hasOwn(rows, id),
      isAll,
    });
  }
};

const writeTables = async (
  trx: Kysely<any>,
  place: Place,
  what: RoomContent,
): Promise<void> => {
  const {room, content, catalog, touched} = what;
  if (!touched) {
    const moreRows = place.dialect.getRef(place.names.moreRows);
    await sql`delete from ${moreRows} where room = ${room}`.execute(trx);
  }
  const tableIds = touched
    ? touched.tables.keys()
    : new Set([...catalog.tables.keys(), ...Object.keys(content[0])]);
  for (const tableId of tableIds) {
    await writeRows(trx, place, {...what, tableId});
  }
};

const writeValues = async (
  trx: Kysely<any>,
  {dialect, names, unkept}: Place,
  {room, content: [, values], touched, held}: RoomContent,
): Promise<void> => {
  const ids = [...(touched?.valueIds ?? Object.keys(values))];
  const isHeld = (id: string): boolean =>
    !!touched && !!held?.has(toRowKey(names.values, null, id));
  await writeThings(trx, dialect, {
    name: names.values,
    common: {room},
    idColumn: 'value_id',
    columns: ['value'],
    toParameters: (id) => [dialect.toJson(JSON.stringify(values[id]))],
    ids: ids.filter((id) => unkept.isKey('Value', id) && !isHeld(id)),
    isThere: (id) => Object.hasOwn(values, id),
    isAll: !touched,
  });
};

/** In a transaction, as the mirror. */
export const writeContent = async (
  trx: Kysely<any>,
  place: Place,
  what: RoomContent,
): Promise<void> => {
  await writeTables(trx, place, what);
  await writeValues(trx, place, what);
};

/** Whether others have changed rows that were written in place of theirs. */
export const isAnyWritten = (
  {names}: Place,
  {catalog, touched, held}: RoomContent,
  now: ReadonlySet<string> | undefined,
): boolean => {
  if (!touched || !held || !now) {
    return false;
  }
  const tableIds = new Map(
    [...catalog.tables].map(([tableId, {name}]) => [name, tableId]),
  );
  return [...now].some((key) => {
    const {table, tableId, rowId} = parseRowKey(key);
    const rowIds = touched.tables.get(tableId ?? tableIds.get(table) ?? '');
    return (
      !held.has(key) &&
      (table == names.values
        ? touched.valueIds.has(rowId)
        : rowIds != 'all' && !!rowIds?.has(rowId))
    );
  });
};
