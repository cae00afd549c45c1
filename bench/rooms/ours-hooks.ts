/** A room whose hook makes it hold its Store in memory. */
import {TinyBasePartyKitServer} from '../../src/server/index.js';

export default class extends TinyBasePartyKitServer {
  override canSetCell(tableId: string): boolean {
    return tableId != 'closed';
  }
}
