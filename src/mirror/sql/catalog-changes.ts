/** What becomes of tables where a catalog changes. */
import type {Captured} from './capture.js';
import type {Catalog, CatalogChange, CatalogTable} from './catalog.js';
import {MORE_CELLS} from './extend-catalog.js';
import type {Widened} from './shape-tables.js';

export const copyCatalog = (catalog: Catalog): Catalog => ({
  ...catalog,
  tables: new Map(
    [...catalog.tables].map(([id, {name, columns}]) => [
      id,
      {
        name,
        columns: new Map(
          [...columns].map(([cellId, column]) => [cellId, {...column}]),
        ),
      },
    ]),
  ),
});

export const toCaptured = ({name, columns}: CatalogTable): Captured => ({
  name,
  idColumn: 'row_id',
  columns: [...[...columns.values()].map(({name}) => name), MORE_CELLS],
});

/** Columns that become text, by table. */
export const listWidened = (
  {tables}: Catalog,
  changes: CatalogChange[],
): Map<string, Widened[]> => {
  const widened = new Map<string, Widened[]>();
  for (const {tableId, table, cellId, column} of changes) {
    const list = widened.get(table) ?? [];
    widened.set(table, list);
    const before = tables.get(tableId)?.columns.get(cellId ?? '');
    if (cellId !== undefined && before && before.type != column!.type) {
      list.push({name: before.name, from: before.type});
    }
  }
  return widened;
};
