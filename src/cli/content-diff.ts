/** What has to change in content for it to be another. */
import {
  addChange,
  type Changes,
  type Content,
  createChanges,
  DELETED,
  visitChanges,
} from '../protocol/changes.js';
import {getContentLeaf, getOwn} from '../protocol/content.js';

const EMPTY: Content = [{}, {}];

/** Changes that make the one into the other; empty where they are the same. */
export const diffContent = (from: Content = EMPTY, to: Content): Changes => {
  const changes = createChanges();
  const add = (
    tableId: string | null,
    rowId?: string,
    cellId?: string,
    atom: any = DELETED,
  ): void => addChange(changes, tableId, rowId, cellId, atom);
  const tables: any = from[0];
  for (const tableId of Object.keys(tables)) {
    const table = getOwn<any>(to[0], tableId);
    if (!table) {
      add(tableId);
      continue;
    }
    for (const rowId of Object.keys(tables[tableId])) {
      const row = getOwn<any>(table, rowId);
      if (!row) {
        add(tableId, rowId);
        continue;
      }
      for (const cellId of Object.keys(tables[tableId][rowId])) {
        if (!Object.hasOwn(row, cellId)) {
          add(tableId, rowId, cellId);
        }
      }
    }
  }
  for (const valueId of Object.keys(from[1])) {
    if (!Object.hasOwn(to[1], valueId)) {
      add(null, valueId, '');
    }
  }
  visitChanges(to, (tableId, rowId, cellId, atom) => {
    if (getContentLeaf(from, tableId, rowId!, cellId!) !== atom) {
      add(tableId, rowId, cellId, atom);
    }
  });
  return changes;
};
