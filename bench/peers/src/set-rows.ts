import type {Store} from 'tinybase';
import {type Rows, TABLE} from './peer-client.js';

export const setRows = (store: Store, rows: Rows): void => {
  store.transaction(() =>
    Object.entries(rows).forEach(([rowId, row]) =>
      store.setPartialRow(TABLE, rowId, row),
    ),
  );
};
