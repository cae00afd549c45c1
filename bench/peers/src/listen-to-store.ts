/** Tells of the Cells that a TinyBase Store is given, by the transaction. */
import type {Store} from 'tinybase';
import {TABLE} from './peer-client.js';

export const listenToStore = (
  store: Store,
  onCells: ((cells: unknown[]) => void) | undefined,
): void => {
  if (!onCells) {
    return;
  }
  let cells: unknown[] = [];
  store.addCellListener(TABLE, null, null, (_store, _table, _row, _cell, now) =>
    cells.push(now),
  );
  store.addDidFinishTransactionListener(() => {
    if (cells.length) {
      const told = cells;
      cells = [];
      onCells(told);
    }
  });
};
