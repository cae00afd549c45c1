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
  /** Whether somebody else has something of that name in the database. */
  isThere: (name: string) => boolean;
};

const addTable = (
  {tables}: Catalog,
  tableId: string,
  {prefix, reserved, isThere}: Ground,
): CatalogTable => {
  const taken = [...tables.values()].map(({name}) => name);
  const name = chooseName(tableId, [...reserved, ...taken], prefix);
  if (isThere(name)) {
    throw new Error(
      `The database has a \`${name}\` already, which is not of this sink: give ` +
        `the sink a \`tablePrefix\`, for the Table ${JSON.stringify(
          tableId.slice(0, 50),
        )} to become another table.`,
    );
  }
  const table = {name, columns: new Map()};
  tables.set(tableId, table);
  return table;
};

const addCell = (
  {name: table, columns}: CatalogTable,
  {tableId, cellId, type}: {tableId: string; cellId: string; type: CellType},
): CatalogChange => {
  const taken = [...columns.values()].map(({name}) => name);
  const name = chooseName(cellId, [...RESERVED_COLUMNS, ...taken]);
  const column = {name, type};
  columns.set(cellId, column);
  return {tableId, table, cellId, column};
};

/** Changes the catalog, and returns how. Throws where a name is somebody else's. */
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
        changes.push(addCell(table, {tableId, cellId, type}));
      }
    }
  }
  return changes;
};
