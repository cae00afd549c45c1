/** `mirror_outbox`: what others have changed, until the room has it. */
import {type Kysely, sql} from 'kysely';
import type {Dialect} from './dialect.js';
import type {TableShape} from './tables.js';

const MAX_ENTRIES = 1_000;
const MAX_LENGTH = 500_000;
/** Of rows that others have changed: these at most are left as they are. */
const MAX_HELD = 10_000;
/** How far `listEditedRooms` looks. */
const MAX_LISTED = 10_000;

export const getOutboxShape = (
  name: string,
  {cellTypes}: Dialect,
): TableShape => ({
  name,
  columns: {
    id: ({serial}) => serial,
    room: ({id}) => sql`${id} not null`,
    sql_table: ({id}) => sql`${id} not null`,
    // Where the table is of several Tables.
    table_id: ({id}) => id,
    row_id: ({id}) => sql`${id} not null`,
    kind: ({id}) => sql`${id} not null`,
    // The columns that differ, of an update; all, of an insert.
    old_cells: () => cellTypes.json,
    new_cells: () => cellTypes.json,
    // Null until it is taken.
    push_number: ({integer}) => integer,
  },
  key: ['id'],
  index: ['room', 'push_number', 'id'],
});

/** What somebody has done to a row. */
export type Entry = {
  id: string;
  table: string;
  tableId: string | null;
  rowId: string;
  kind: 'insert' | 'update' | 'delete';
  /** As JSON, by column. */
  oldCells: string | null;
  newCells: string | null;
};

/** Rooms with something to take: some of them, where that is much. */
export const listEditedRooms = async (
  db: Kysely<any>,
  {getRef}: Dialect,
  {outbox, pushes}: {outbox: string; pushes: string},
): Promise<string[]> => {
  const {rows} = await sql<{room: string}>`
    select distinct room from (
      select room from ${getRef(outbox)} order by id limit ${sql.lit(MAX_LISTED)}
    ) as edited
    union select room from ${getRef(pushes)}
    where changes is not null`.execute(db);
  return rows.map(({room}) => room);
};

const readEntries = async (
  trx: Kysely<any>,
  {getRef, readJson}: Dialect,
  {name, where, order}: {name: string; where: any; order: any},
): Promise<Entry[]> => {
  const {rows} = await sql<any>`
    select id, sql_table, table_id, row_id, kind,
      ${readJson(sql`old_cells`)} as old_cells,
      ${readJson(sql`new_cells`)} as new_cells
    from ${getRef(name)} where ${where} ${order}`.execute(trx);
  return rows.map((row) => ({
    id: String(row.id),
    table: row.sql_table,
    tableId: row.table_id,
    rowId: row.row_id,
    kind: row.kind,
    oldCells: row.old_cells,
    newCells: row.new_cells,
  }));
};

/** What is to be taken next, as much as a push may well have. */
export const readUntaken = async (
  trx: Kysely<any>,
  dialect: Dialect,
  {name, room}: {name: string; room: string},
): Promise<Entry[]> => {
  const entries = await readEntries(trx, dialect, {
    name,
    where: sql`room = ${room} and push_number is null`,
    order: sql`order by id limit ${sql.lit(MAX_ENTRIES)}`,
  });
  let length = 0;
  const end = entries.findIndex(
    ({oldCells, newCells}, index) =>
      (length += (oldCells?.length ?? 0) + (newCells?.length ?? 0)) >
        MAX_LENGTH && index > 0,
  );
  return end < 0 ? entries : entries.slice(0, end);
};

export const readTaken = (
  trx: Kysely<any>,
  dialect: Dialect,
  {name, room, number}: {name: string; room: string; number: number},
): Promise<Entry[]> =>
  readEntries(trx, dialect, {
    name,
    where: sql`room = ${room} and push_number = ${number}`,
    order: sql`order by id`,
  });

/** Of an entry: which row it is about. */
export const toRowKey = (
  table: string,
  tableId: string | null | undefined,
  rowId: string,
): string => JSON.stringify([table, tableId ?? null, rowId]);

export const parseRowKey = (
  key: string,
): Pick<Entry, 'table' | 'tableId' | 'rowId'> => {
  const [table, tableId, rowId] = JSON.parse(key);
  return {table, tableId, rowId};
};

/** Which rows others have changed; undefined where that is too many. */
export const readHeldRows = async (
  trx: Kysely<any>,
  {getRef}: Dialect,
  {name, room}: {name: string; room: string},
): Promise<Set<string> | undefined> => {
  const {rows} = await sql<any>`
    select distinct sql_table, table_id, row_id from ${getRef(name)}
    where room = ${room} limit ${sql.lit(MAX_HELD + 1)}`.execute(trx);
  return rows.length > MAX_HELD
    ? undefined
    : new Set(
        rows.map((row) => toRowKey(row.sql_table, row.table_id, row.row_id)),
      );
};

const toIds = (entries: Entry[]) =>
  sql.join(entries.map(({id}) => sql.raw(BigInt(id).toString())));

/** By their ids: others may have become visible since they were read. */
export const markTaken = async (
  trx: Kysely<any>,
  {getRef}: Dialect,
  {name, entries, number}: {name: string; entries: Entry[]; number: number},
): Promise<void> => {
  await sql`update ${getRef(name)} set push_number = ${number}
    where id in (${toIds(entries)})`.execute(trx);
};

export const deleteEntries = async (
  trx: Kysely<any>,
  {getRef}: Dialect,
  {name, entries}: {name: string; entries: Entry[]},
): Promise<void> => {
  if (entries.length) {
    await sql`delete from ${getRef(name)}
      where id in (${toIds(entries)})`.execute(trx);
  }
};
