/** Which Rows and Values a batch may have changed, for who keeps them one by one. */
import type {Batch} from './sink.js';

/** What has to be written again from the content; what is not there is gone. */
export type Touched = {
  /** By Table: some of its Rows, or all that a sink has of it. */
  tables: Map<string, Set<string> | 'all'>;
  valueIds: Set<string>;
};

/** Undefined where all is to be replaced. */
export const getTouched = ({commits}: Batch): Touched | undefined => {
  if (!commits) {
    return undefined;
  }
  const touched: Touched = {tables: new Map(), valueIds: new Set()};
  for (const {changes: list} of commits) {
    for (const [tables, values] of list) {
      for (const [tableId, table] of Object.entries(tables)) {
        if (!table) {
          touched.tables.set(tableId, 'all');
          continue;
        }
        const rowIds = touched.tables.get(tableId) ?? new Set();
        touched.tables.set(tableId, rowIds);
        if (rowIds != 'all') {
          Object.keys(table).forEach((rowId) => rowIds.add(rowId));
        }
      }
      Object.keys(values).forEach((id) => touched.valueIds.add(id));
    }
  }
  return touched;
};
