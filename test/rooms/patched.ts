/** A room that a back end writes to as well: it alone sets prices. */
import type * as Party from 'partykit/server';
import {TinyBasePartyKitServer} from '../../src/server/index.js';

type Who = Party.Request | Party.Connection;

/** Whether a hook is asked for a request, of a PUT or PATCH. */
const isRequest = (who: Who): boolean => 'headers' in who;

export default class PricedRoom extends TinyBasePartyKitServer {
  // Runs before the room is reached: a PATCH is let in with the key alone.
  static onBeforeRequest(
    request: Party.Request,
    {env: {BACK_END_KEY: key}}: Party.Lobby,
  ): Party.Request | Response {
    const isBackEnd =
      typeof key == 'string' &&
      request.headers.get('Authorization') == `Bearer ${key}`;
    return isBackEnd || request.method != 'PATCH'
      ? request
      : new Response('Unauthorized', {status: 401});
  }

  override canSetTable(
    tableId: string,
    initialSave: boolean,
    who: Who,
  ): boolean {
    return tableId != 'prices' || (isRequest(who) && !initialSave);
  }

  override canDelTable(tableId: string, who: Who): boolean {
    return tableId != 'prices' || isRequest(who);
  }

  // Nobody sets a price that is none.
  override canSetCell(
    tableId: string,
    _rowId: string,
    _cellId: string,
    cell: unknown,
  ): boolean {
    return tableId != 'prices' || (typeof cell == 'number' && cell >= 0);
  }
}
