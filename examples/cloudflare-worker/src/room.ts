/** The room: what a list is made of, and who may change what in it. */
import type {Connection, ConnectionContext} from 'partyserver';
import {type Cell, createStore, type Store} from 'tinybase';
import {TinyBaseServer} from 'tinybase-partykit/partyserver';

type User = {user: string};
/** A connection for what is sent by it, a request for what comes by HTTP. */
type Who = Request | Connection;

const USER_HEADER = 'x-user';
const MAX_TEXT_LENGTH = 200;

/** The request, with its user for the room; headers are ASCII. */
export const setUser = (request: Request, user: string): Request => {
  const admitted = new Request(request);
  // Whatever a client has sent by this name is replaced.
  admitted.headers.set(USER_HEADER, encodeURIComponent(user));
  return admitted;
};

const readUser = ({headers}: Request): string =>
  decodeURIComponent(headers.get(USER_HEADER) ?? '');

const getUser = (who: Who): string =>
  who instanceof Request
    ? readUser(who)
    : ((who as Connection<User>).state?.user ?? '');

export class Room extends TinyBaseServer {
  // The room enforces it: what does not fit is not stored, and rolled back.
  override createStore(): Store {
    return createStore().setTablesSchema({
      things: {
        text: {type: 'string'},
        done: {type: 'boolean', default: false},
        by: {type: 'string'},
        at: {type: 'number'},
      },
    });
  }

  // The state of a connection is there for as long as its socket is, also where
  // the room has slept meanwhile.
  override onConnect(
    connection: Connection<User>,
    {request}: ConnectionContext,
  ): void {
    connection.setState({user: readUser(request)});
  }

  // Everybody may add things and tick them off, but in their own name.
  override canSetCell(
    _tableId: string,
    _rowId: string,
    cellId: string,
    cell: Cell,
    _initialSave: boolean,
    who: Who,
    oldCell?: Cell,
  ): boolean {
    switch (cellId) {
      case 'by':
        return cell == getUser(who) && (oldCell ?? cell) == cell;
      case 'text':
        return typeof cell == 'string' && cell.length <= MAX_TEXT_LENGTH;
      default:
        return true;
    }
  }

  // Whoever has added a thing removes it.
  override canDelRow(_tableId: string, rowId: string, who: Who): boolean {
    return this.getStore().getCell('things', rowId, 'by') == getUser(who);
  }

  override canDelCell(
    tableId: string,
    rowId: string,
    _cellId: string,
    who: Who,
  ): boolean {
    return this.canDelRow(tableId, rowId, who);
  }

  // A list has things alone.
  override canSetValue(): boolean {
    return false;
  }

  // Each commit says whose it was, in the feed, in the history and in webhooks.
  override getAuthor(who: Who): string {
    return getUser(who);
  }
}
