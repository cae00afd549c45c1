/** Which Table is which SQL table, and which Cell which column. */
import {type Kysely, sql} from 'kysely';
import {type CellType, widen} from './cell-types.js';
import {cut} from './cut.js';
import type {Dialect} from './dialect.js';
import type {TableShape} from './tables.js';

export type Column = {name: string; type: CellType};
export type CatalogTable = {name: string; columns: Map<string, Column>};
export type Catalog = {
  /** One more with each change. */
  version: number;
  /** Whether the tables may not be as it says yet. */
  isPending: boolean;
  /** What the limits were. */
  limits: string;
  tables: Map<string, CatalogTable>;
};

/** By Table and Cell, the types that are to be kept. */
export type Needs = Map<string, Map<string, CellType>>;

export type Limits = {maxTables: number; maxColumns: number};

/** An entry that is new, or of another type than before. */
export type CatalogChange = {
  tableId: string;
  table: string;
  /** Of a column; without it this is the table itself. */
  cellId?: string;
  column?: Column;
};

export const getCatalogShape = (name: string): TableShape => ({
  name,
  columns: {
    sql_table: ({id}) => sql`${id} not null`,
    sql_column: ({id}) => sql`${id} not null`,
    // As JSON: an id may have what no database can hold.
    table_id: ({json}) => sql`${json} not null`,
    cell_id: ({json}) => json,
    type: ({id}) => id,
  },
  key: ['sql_table', 'sql_column'],
});

export const getVersionShape = (name: string): TableShape => ({
  name,
  columns: {
    id: ({integer}) => sql`${integer} not null`,
    version: ({integer}) => sql`${integer} not null`,
    pending: ({integer}) => sql`${integer} not null`,
    limits: ({text}) => text,
  },
  key: ['id'],
});

type Names = {catalog: string; version: string};
type Row = {
  sql_table: string;
  sql_column: string;
  table_id: string;
  cell_id: string | null;
  type: CellType | null;
};

/** As it is now, and with `lock` stays until the transaction ends. */
export const readVersion = async (
  db: Kysely<any>,
  dialect: Dialect,
  {version, lock}: Names & {lock?: boolean},
): Promise<Omit<Catalog, 'tables'>> => {
  const {rows} = await sql<any>`
    select version, pending, limits from ${dialect.getRef(version)}
    where id = 1 ${lock ? dialect.shareLock : sql``}`.execute(db);
  return {
    version: Number(rows[0]?.version ?? 0),
    isPending: !!Number(rows[0]?.pending ?? 0),
    limits: rows[0]?.limits ?? '',
  };
};

export const loadCatalog = async (
  db: Kysely<any>,
  dialect: Dialect,
  names: Names,
): Promise<Catalog> => {
  // First, so that it is never newer than what it says to be.
  const version = await readVersion(db, dialect, names);
  const {rows} = await sql<Row>`
    select sql_table, sql_column, ${dialect.readJson(sql`table_id`)} as table_id,
      ${dialect.readJson(sql`cell_id`)} as cell_id, type
    from ${dialect.getRef(names.catalog)}
    order by sql_table, sql_column`.execute(db);
  const tables: Catalog['tables'] = new Map();
  // The table itself comes first: it has no name of a column.
  for (const {sql_table, sql_column, table_id, cell_id, type} of rows) {
    const tableId = JSON.parse(table_id) as string;
    if (cell_id == null) {
      tables.set(tableId, {name: sql_table, columns: new Map()});
    } else {
      const column = {name: sql_column, type: type!};
      tables.get(tableId)!.columns.set(JSON.parse(cell_id), column);
    }
  }
  return {...version, tables};
};

/** Whether the tables can have it: what is beyond the limits goes elsewhere. */
export const isCovered = (
  {tables}: Catalog,
  needs: Needs,
  {maxTables, maxColumns}: Limits,
): boolean => {
  for (const [tableId, cells] of needs) {
    const table = tables.get(tableId);
    if (!table) {
      if (tables.size < maxTables) {
        return false;
      }
      continue;
    }
    for (const [cellId, type] of cells) {
      const column = table.columns.get(cellId);
      if (
        column
          ? widen(column.type, type) != column.type
          : table.columns.size < maxColumns
      ) {
        return false;
      }
    }
  }
  return true;
};

/** Writes changes, after which the catalog is one version further, and pending. */
export const writeCatalog = async (
  trx: Kysely<any>,
  dialect: Dialect,
  {names, changes}: {names: Names; changes: CatalogChange[]},
): Promise<void> => {
  // First, so that it waits for those who are writing by what it was.
  await sql`update ${dialect.getRef(names.version)}
    set version = version + 1, pending = 1 where id = 1`.execute(trx);
  for (const part of cut(
    changes,
    500,
    ({tableId, cellId = ''}) => tableId.length + cellId.length,
  )) {
    const rows = part.map(
      ({tableId, table, cellId, column}) =>
        sql`(${sql.join([
          table,
          column?.name ?? '',
          JSON.stringify(tableId),
          cellId === undefined ? null : JSON.stringify(cellId),
          column?.type ?? null,
        ])})`,
    );
    await sql`insert into ${dialect.getRef(names.catalog)}
      (sql_table, sql_column, table_id, cell_id, type)
      values ${sql.join(rows)}
      ${dialect.orUpdate(['sql_table', 'sql_column'], ['type'])}`.execute(trx);
  }
};
