/** What a batch needs tables and columns for. */
import type {Content, Row, Table} from 'tinybase';
import {getOwn} from '../../protocol/content.js';
import type {Touched} from '../touched.js';
import type {Needs} from './catalog.js';
import {getCellType, widen} from './cell-types.js';

/** The Rows of a Table that are to be written. */
function* listRows(table: Table, rowIds: Set<string> | 'all'): Generator<Row> {
  for (const rowId of rowIds == 'all' ? Object.keys(table) : rowIds) {
    const row = getOwn(table, rowId);
    if (row) {
      yield row;
    }
  }
}

/** Of all content, where `touched` is undefined. */
export const findNeeds = (
  [tables]: Content,
  touched: Touched | undefined,
): Needs => {
  const needs: Needs = new Map();
  for (const tableId of touched?.tables.keys() ?? Object.keys(tables)) {
    const table = getOwn(tables, tableId);
    if (!table) {
      continue;
    }
    const cells = new Map();
    needs.set(tableId, cells);
    for (const row of listRows(table, touched?.tables.get(tableId) ?? 'all')) {
      for (const [cellId, cell] of Object.entries(row)) {
        const type = getCellType(cell);
        if (type) {
          cells.set(cellId, widen(cells.get(cellId), type));
        }
      }
    }
  }
  return needs;
};
