import type {Touched} from '../touched.js';
import type {Catalog} from './catalog.js';
import {createPlaceFinder} from './fold-edits.js';
import type {Entry} from './outbox.js';
import type {TabularNames} from './tabular-shapes.js';

/** The rows that entries are about. */
export const findTouched = (
  entries: Entry[],
  where: {catalog: Catalog; names: TabularNames},
): Touched => {
  const findPlace = createPlaceFinder(where);
  const touched: Touched = {tables: new Map(), valueIds: new Set()};
  for (const entry of entries) {
    const place = findPlace(entry);
    if (place?.kind == 'value') {
      touched.valueIds.add(entry.rowId);
    } else if (place) {
      const rowIds = touched.tables.get(place.tableId) ?? new Set<string>();
      touched.tables.set(place.tableId, rowIds);
      rowIds != 'all' && rowIds.add(entry.rowId);
    }
  }
  return touched;
};
