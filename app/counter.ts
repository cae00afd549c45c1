/**
 * The one shared table: a café's counter, and what is on it when a room is new.
 */
import {getUniqueId} from 'tinybase';
import type {CellOrUndefined, Content, Row, Store} from 'tinybase';

export const COUNTER = 'counter';

export type CellId = 'item' | 'price' | 'stock';

/**
 * What a pane offers to an empty room. Both panes offer it at once, and so may
 * other tabs: the room takes the first and hands it to everyone.
 */
export const INITIAL_CONTENT: Content = [
  {
    [COUNTER]: {
      espresso: {item: 'Espresso', price: 2.4, stock: 40, added: 1},
      chai: {item: 'Chai latte', price: 3.8, stock: 18, added: 2},
      scone: {item: 'Scone', price: 3.2, stock: 6, added: 3},
      cake: {item: 'Lemon cake', price: 4.5, stock: 2, added: 4},
    },
  },
  {},
];

/**
 * Adds a Row under an Id that nobody else can choose. `addRow` would number it,
 * and two people who are offline would number theirs alike.
 */
export const addItem = (store: Store): string => {
  const rowId = getUniqueId();
  const row: Row = {item: 'New item', price: 1, stock: 0, added: Date.now()};
  store.setRow(COUNTER, rowId, row);
  return rowId;
};

export const getFirstRowId = (store: Store): string | undefined =>
  store.getSortedRowIds(COUNTER, 'added', false, 0, 1)[0];

export const getItemName = (store: Store, rowId: string): string =>
  formatCell('item', store.getCell(COUNTER, rowId, 'item'));

export const formatPrice = (price: CellOrUndefined): string =>
  typeof price === 'number' ? price.toFixed(2) : 'no price';

export const formatCell = (cellId: CellId, cell: CellOrUndefined): string => {
  if (cellId === 'price') {
    return formatPrice(cell);
  }
  return typeof cell === 'object' ? '' : `${cell ?? ''}`;
};

/**
 * The Cell that somebody typed, or undefined where it is none: nothing in a
 * name, letters in a number.
 */
export const parseCell = (
  cellId: CellId,
  typed: string,
): string | number | undefined => {
  const text = typed.trim();
  if (text === '' || cellId === 'item') {
    return text || undefined;
  }
  const number = Number(text.replace(',', '.').replace('−', '-'));
  return Number.isFinite(number) ? number : undefined;
};
