/** What a tabular SQL sink has in its tables, and what it should have there. */
import {type Kysely, sql} from 'kysely';
import type {Content} from 'tinybase';
import type {SqlKind} from './sql-database.js';

type CatalogRow = {
  sql_table: string;
  sql_column: string;
  table_id: string;
  cell_id: string | null;
  type: string | null;
};

export const readCatalog = async (
  db: Kysely<any>,
  kind: SqlKind,
  prefix = '',
): Promise<CatalogRow[]> => {
  // PostgreSQL's driver would parse JSON.
  const text = kind == 'postgres' ? sql`::text` : sql``;
  const {rows} = await sql<CatalogRow>`
    select sql_table, sql_column, table_id${text} as table_id,
      cell_id${text} as cell_id, type
    from ${sql.id(`${prefix}mirror_catalog`)}
    order by sql_table, sql_column`.execute(db);
  return rows.map((row) => ({
    ...row,
    table_id: JSON.parse(row.table_id),
    cell_id: row.cell_id == null ? null : JSON.parse(row.cell_id),
  }));
};

const parseJson = (thing: any): any =>
  typeof thing == 'string' ? JSON.parse(thing) : thing;

/** Text that is JSON as PostgreSQL makes it of a column: in one way to write it. */
const normalize = (kind: SqlKind, text: any): any => {
  if (kind == 'postgres' && /^[[{]/.test(text)) {
    try {
      return JSON.stringify(cleanJson(kind, JSON.parse(text)));
    } catch {
      return text;
    }
  }
  return text;
};

const fromColumn = (kind: SqlKind, type: string, value: any): any =>
  value == null
    ? undefined
    : type == 'text'
      ? normalize(kind, value)
      : type == 'boolean'
        ? Boolean(value)
        : type == 'json'
          ? kind == 'postgres'
            ? value
            : JSON.parse(value)
          : value;

/** PostgreSQL has tables of its own, which come first. */
const getTable = (kind: SqlKind, table: string) =>
  kind == 'postgres' ? sql.id('public', table) : sql.id(table);

type Lines = Map<string, unknown>;

/** Each Cell that is in a table of a room, by its table, row and column. */
export const readLines = async (
  db: Kysely<any>,
  kind: SqlKind,
  {room, prefix = ''}: {room: string; prefix?: string},
): Promise<Lines> => {
  const lines: Lines = new Map();
  const catalog = await readCatalog(db, kind, prefix);
  for (const {sql_table: table, sql_column, table_id: tableId} of catalog) {
    if (sql_column != '') {
      continue;
    }
    const columns = catalog.filter(
      (row) => row.sql_table == table && row.sql_column != '',
    );
    const {rows} = await sql<any>`
      select * from ${getTable(kind, table)} where room = ${room}`.execute(db);
    for (const row of rows) {
      lines.set(JSON.stringify([tableId, row.row_id]), true);
      for (const {sql_column, cell_id, type} of columns) {
        const cell = fromColumn(kind, type!, row[sql_column]);
        if (cell !== undefined) {
          lines.set(JSON.stringify([tableId, row.row_id, cell_id]), cell);
        }
      }
      const more = row.more_cells == null ? {} : parseJson(row.more_cells);
      for (const [cellId, cell] of Object.entries(more)) {
        lines.set(JSON.stringify([tableId, row.row_id, cellId]), cell);
      }
    }
  }
  const more = await sql<any>`
    select * from ${sql.id(`${prefix}more_rows`)} where room = ${room}`.execute(
    db,
  );
  for (const {table_id, row_id, more_cells} of more.rows) {
    lines.set(JSON.stringify([table_id, row_id]), true);
    for (const [cellId, cell] of Object.entries(parseJson(more_cells))) {
      if (cell !== null) {
        lines.set(JSON.stringify([table_id, row_id, cellId]), cell);
      }
    }
  }
  const values = await sql<any>`
    select * from ${sql.id(`${prefix}room_values`)} where room = ${room}`.execute(
    db,
  );
  for (const {value_id, value} of values.rows) {
    // PostgreSQL's driver has parsed JSON, also where that is a string.
    const parsed = kind == 'postgres' ? value : JSON.parse(value);
    lines.set(JSON.stringify([null, value_id]), parsed);
  }
  return lines;
};

const isKey = (id: string): boolean =>
  id.length <= 255 && !/[\0\p{Surrogate}]/u.test(id);

const clean = (kind: SqlKind, thing: any): any =>
  typeof thing == 'string'
    ? thing
        .replace(/\p{Surrogate}/gu, '\uFFFD')
        .replaceAll('\0', kind == 'postgres' ? '\uFFFD' : '\0')
    : thing;

/** In JSON the others keep half surrogate pairs, too. */
const cleanJson = (kind: SqlKind, thing: any): any => {
  if (kind != 'postgres') {
    return thing;
  }
  if (typeof thing == 'string') {
    return thing.replace(/[\0\p{Surrogate}]/gu, '\uFFFD');
  }
  if (Array.isArray(thing)) {
    return thing.map((one) => cleanJson(kind, one));
  }
  return thing && typeof thing == 'object'
    ? Object.fromEntries(
        Object.entries(thing).map(([id, one]) => [
          cleanJson(kind, id),
          cleanJson(kind, one),
        ]),
      )
    : thing;
};

/** What `readLines` should find, with the columns that there are. */
export const expectLines = (
  kind: SqlKind,
  [tables, values]: Content,
  catalog: CatalogRow[],
): Lines => {
  const lines: Lines = new Map();
  for (const [tableId, table] of Object.entries(tables)) {
    const columns = catalog.filter((row) => row.table_id == tableId);
    if (!columns.length && !isKey(tableId)) {
      continue;
    }
    for (const [rowId, row] of Object.entries(table)) {
      if (!isKey(rowId)) {
        continue;
      }
      lines.set(JSON.stringify([tableId, rowId]), true);
      for (const [cellId, cell] of Object.entries(row)) {
        const column = columns.find((one) => one.cell_id == cellId);
        if (cell !== null) {
          const id = column ? cellId : cleanJson(kind, cellId);
          const thing =
            column?.type != 'text'
              ? cleanJson(kind, cell)
              : typeof cell == 'string'
                ? clean(kind, cell)
                : JSON.stringify(cleanJson(kind, cell));
          lines.set(
            JSON.stringify([tableId, rowId, id]),
            column?.type == 'text' ? normalize(kind, thing) : thing,
          );
        }
      }
    }
  }
  for (const [valueId, value] of Object.entries(values)) {
    if (isKey(valueId)) {
      lines.set(JSON.stringify([null, valueId]), cleanJson(kind, value));
    }
  }
  return lines;
};
