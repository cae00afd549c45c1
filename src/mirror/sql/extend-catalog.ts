/** What a catalog becomes by what is to be kept. */
import type {
  Catalog,
  CatalogChange,
  CatalogTable,
  Limits,
  Needs,
} from './catalog.js';
import {type CellType, widen} from './cell-types.js';
import {chooseName} from './names.js';

/** Columns that each table has. */
export const KEY_COLUMNS = ['room', 'row_id'];
export const MORE_CELLS = 'more_cells';
/** For a moment, in the place of one that becomes text. */
export const NEW_COLUMN = 'tinybase_partykit_new';

const RESERVED_COLUMNS = [...KEY_COLUMNS, MORE_CELLS, NEW_COLUMN];

export type Ground = {
  prefix: string;
  /** Names that are the sink's own, with prefix. */
  reserved: string[];
  /** What is in the database, whoever made it. */
  relations: string[];
  /** The columns that tables of the sink have in the database, by the tables' names. */
  columns: Map<string, string[]>;
  /** Told that a Table could not be the table of its name. */
  onTaken: (tableId: string, wanted: string, name: string) => void;
};

/** As PostgreSQL calls indexes of keys, in the space of names that tables have. */
const KEY_NAME = /_pkey\d*$/;

/**
 * A name that nobody else has, not the app either: clients name Tables, and none
 * may stand in the way by naming one as a table of the app.
 */
const addTable = (
  {tables}: Catalog,
  tableId: string,
  {prefix, reserved, relations, onTaken}: Ground,
): CatalogTable => {
  const own = [...reserved, ...[...tables.values()].map(({name}) => name)];
  const plain = chooseName(tableId, own, prefix);
  if (KEY_NAME.test(plain)) {
    own.push(plain);
  }
  const wanted = chooseName(tableId, own, prefix);
  const name = chooseName(tableId, [...own, ...relations], prefix);
  if (name != wanted) {
    onTaken(tableId, wanted, name);
  }
  const table = {name, columns: new Map()};
  tables.set(tableId, table);
  return table;
};

const addCell = (
  {name: table, columns}: CatalogTable,
  {tableId, cellId, type}: {tableId: string; cellId: string; type: CellType},
  there: string[],
): CatalogChange => {
  // Somebody may have added columns: they are not the clients' to write to.
  const taken = [...[...columns.values()].map(({name}) => name), ...there];
  const name = chooseName(cellId, [...RESERVED_COLUMNS, ...taken]);
  const column = {name, type};
  columns.set(cellId, column);
  return {tableId, table, cellId, column};
};

/** Changes the catalog, and returns how. */
export const extendCatalog = (
  catalog: Catalog,
  needs: Needs,
  {maxTables, maxColumns, ...ground}: Limits & Ground,
): CatalogChange[] => {
  const changes: CatalogChange[] = [];
  for (const [tableId, cells] of needs) {
    let table = catalog.tables.get(tableId);
    if (!table) {
      if (catalog.tables.size >= maxTables) {
        continue;
      }
      table = addTable(catalog, tableId, ground);
      changes.push({tableId, table: table.name});
    }
    for (const [cellId, type] of cells) {
      const column = table.columns.get(cellId);
      if (column) {
        const wider = widen(column.type, type);
        if (wider != column.type) {
          column.type = wider;
          changes.push({tableId, table: table.name, cellId, column});
        }
      } else if (table.columns.size < maxColumns) {
        const there = ground.columns.get(table.name) ?? [];
        changes.push(addCell(table, {tableId, cellId, type}, there));
      }
    }
  }
  return changes;
};
