import {createStore} from 'tinybase';
import type {Cell} from 'tinybase';
import {TinyBasePartyKitServer} from 'tinybase-partykit/server';

/**
 * The demo's room: a café counter that several people keep at once.
 *
 * The schema fills in and throws out, the hook refuses. Whatever they change
 * about a write goes back to its author, so that every client shows what the
 * room holds.
 */
export default class CafeRoom extends TinyBasePartyKitServer {
  override createStore() {
    return createStore().setTablesSchema({
      counter: {
        item: {type: 'string', default: 'New item'},
        price: {type: 'number', default: 1},
        stock: {type: 'number', default: 0},
        added: {type: 'number', default: 0},
      },
    });
  }

  override async canSetCell(
    _tableId: string,
    _rowId: string,
    _cellId: string,
    cell: Cell,
  ): Promise<boolean> {
    return typeof cell !== 'number' || cell >= 0;
  }
}
